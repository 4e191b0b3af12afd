"""The CPU: runs one thread at EL0 behind its page tables until it traps or has begun a number of instructions."""

from __future__ import annotations

import ctypes
import struct
import zlib
from collections.abc import Callable
from typing import Any, Final, NamedTuple

from unicorn import unicorn_const as const

from tyrne.hal.frame import Vector
from tyrne.hosted import engine
from tyrne.hosted.access import decode
from tyrne.hosted.bus import PAGE, Bus
from tyrne.hosted.drivers import Driver, fastest
from tyrne.hosted.engine import Engine, Places, Registers
from tyrne.hosted.errors import EngineError
from tyrne.hosted.ram import Ram
from tyrne.hosted.registers import GeneralRegisters
from tyrne.hosted.stop import StopRequest

NO_LIMIT: Final = 1 << 62
"""Instructions: more than a run can begin."""

SLICE: Final = 20_000_000
"""Instructions, about 0.1 s: signals of the host are handled between slices."""
_TRAPPED_MSR_DAIF: Final = 0x18 << 26 | 1 << 25 | 4 << 10 | 31 << 5
_UNDEFINED: Final = 0x0200_0000
_TRAPPED_REGISTER: Final = 0x18 << 26 | 1 << 25
_EVENT_COUNTER: Final = 0xFFDF_FBC0, 0xD51B_E880
"""Mask and value: MRS and MSR of PMEVCNTRn_EL0 and PMEVTYPERn_EL0, n = 4 and 5: a Cortex-A72 has six event counters,
Unicorn four."""
_PC_ALIGNMENT: Final = 0x8A00_0000
_INSTRUCTION_ABORT, _DATA_ABORT = 0x20, 0x24
_EXCEPTION_STATE: Final = struct.Struct("<IIQ")
_EL_MASK: Final = 0xF
_EXTENDED: Final = Registers(engine.EXTENDED)

_EXTERNAL_READ, _EXTERNAL_WRITE = 0x9200_0410, 0x9200_0450
_MISALIGNED_READ, _MISALIGNED_WRITE = 0x9200_0021, 0x9200_0061
_EXTERNAL_ABORTS: Final = {
    const.UC_ERR_READ_UNMAPPED: _EXTERNAL_READ,
    const.UC_ERR_WRITE_UNMAPPED: _EXTERNAL_WRITE,
    const.UC_ERR_FETCH_UNMAPPED: 0x8200_0410,
}
"""Accesses through a valid page to where no RAM is: synchronous external aborts whose FAR is not valid (FnV)."""


class Stop(NamedTuple):
    """Why a thread stopped: a trap with ESR_EL1 and FAR_EL1 (0 where the class has none), or IRQ: its instructions are
    used up."""

    vector: Vector
    syndrome: int
    address: int


class Hook(NamedTuple):
    """What the emulator is to tell: its number, and the function in a form that the emulator calls."""

    number: int
    callback: Any


class SavedCpu(NamedTuple):
    """The emulator's state, compressed, and how many instructions have begun."""

    state: bytes
    instructions: int


INTERRUPTED: Final = Stop(Vector.IRQ, 0, 0)


class Cpu:
    """One CPU over one RAM.

    `instructions` counts every instruction begun at EL0, those that trapped included. The same start gives the same
    run, to the instruction.
    """

    def __init__(self, ram: Ram, drive: Callable[[Engine], Driver] = fastest) -> None:
        self._layout: Final = engine.layout()
        self._engine: Final = Engine(ram)
        self._handle: Final = self._engine.handle
        self.driver: Final = drive(self._engine)
        self._hooks: Final[list[Hook]] = []
        self.instructions = 0
        self.stop_request = StopRequest()
        """Ends `run` before its limit."""
        self.bus: Bus | None = None
        """Where the devices are, if there are any. Its time is that at which an instruction ends `run`."""

    def set_translation(self, root: int, asid: int) -> None:
        """Translate EL0 through the level 0 table at `root`. Another ASID than before forgets what was cached."""
        self._engine.write(engine.TTBR0_EL1, root | asid << 48)

    def set_kernel_translation(self, root: int) -> None:
        """Translate the upper half, which is closed to EL0, through the level 0 table at `root`."""
        self._engine.write(engine.TTBR1_EL1, root)

    def flush_translations(self) -> None:
        """Forget every cached translation."""
        engine.ctl(self._handle, engine.FLUSH_TRANSLATIONS)

    def flush_code(self) -> None:
        """Forget every decoded instruction."""
        engine.ctl(self._handle, engine.FLUSH_CODE)

    def load_extended(self, registers: Places) -> None:
        engine.reg_write_batch(self._handle, _EXTENDED.address, registers.pointers, _EXTENDED.count)

    def store_extended(self, registers: Places) -> None:
        engine.reg_read_batch(self._handle, _EXTENDED.address, registers.pointers, _EXTENDED.count)

    def save(self) -> SavedCpu:
        """What the CPU holds of the thread that it runs, between two runs: its internal state, and its count."""
        engine.context_save(self._handle, self._engine.context)
        return SavedCpu(zlib.compress(self._engine.state.raw, 1), self.instructions)

    def restore(self, saved: SavedCpu) -> None:
        """Hold again what was saved, and forget what is cached of memory, which may be another now."""
        self._engine.state.raw = zlib.decompress(saved.state)
        engine.check(engine.context_restore(self._handle, self._engine.context), "restore")
        self.flush_translations()
        self.flush_code()
        self.driver.instructions = self.instructions = saved.instructions

    def watch(self, start: int, end: int, begun: Callable[[int], None]) -> Hook:
        """From now on, tell the address of each instruction from `start` up to `end` before it is executed."""

        def instruction(_engine: Any, address: int, _size: Any, _data: Any) -> None:
            if self.driver.begins(address):
                begun(address)

        return self._hook(const.UC_HOOK_CODE, engine.Instruction(instruction), start, end)

    def watch_memory(self, start: int, end: int, reads: bool, writes: bool, told: Callable[[], None]) -> Hook:
        """From now on, tell of each access of a task to physical memory from `start` up to `end`, while it is made."""

        def accessed(*_: Any) -> None:
            told()

        kinds = const.UC_HOOK_MEM_READ * reads | const.UC_HOOK_MEM_WRITE * writes
        return self._hook(kinds, engine.Access(accessed), start, end)

    def forget(self, hook: Hook) -> None:
        """Tell no more of what somebody has watched."""
        self._hooks.remove(hook)
        engine.check(engine.hook_del(self._handle, hook.number), "hook")
        self.flush_code()

    def _hook(self, kinds: int, callback: Any, start: int, end: int) -> Hook:
        number = ctypes.c_size_t()
        error = engine.hook_add(
            self._handle, ctypes.byref(number), kinds, ctypes.cast(callback, ctypes.c_void_p), None, start, end - 1
        )
        engine.check(error, "hook")
        hook = Hook(number.value, callback)
        self._hooks.append(hook)
        self.flush_code()
        return hook

    def run(self, registers: GeneralRegisters, limit: int, pause: bool = False) -> Stop:
        """Run at EL0 from `registers` until a trap, or until `limit` instructions have begun and the next is due. After
        a `pause` there the thread can go on as if nothing had been."""
        if registers.pstate & _EL_MASK:
            raise EngineError(f"PSTATE {registers.pstate:#x} is not EL0")
        if registers.pc & 3:
            return Stop(Vector.SYNCHRONOUS, _PC_ALIGNMENT, registers.pc)
        if self.bus is not None:
            return self._run_with(self.bus, registers, limit, pause)
        while limit > 0:
            part = min(limit, 1 if self.stop_request.made else SLICE)  # one: a run that has begun has instructions
            stop = self._run(registers, part)
            if stop is not INTERRUPTED:
                return stop
            limit = 0 if self.stop_request.made else limit - part
        if not pause:
            self.driver.take_exception()
        return INTERRUPTED

    def _run_with(self, bus: Bus, registers: GeneralRegisters, limit: int, pause: bool) -> Stop:
        """As `run`: an interrupt line that is pending ends it too, before the next instruction."""
        end = self.instructions + limit
        while True:
            bus.advance()
            left = end - self.instructions
            if left <= 0 or bus.lines.pending is not None:
                break
            left = min(left, bus.until_event, 1 if self.stop_request.made else SLICE)
            stop = self.served(bus, registers, self._run(registers, left))
            if stop not in (None, INTERRUPTED):
                return stop
            if self.stop_request.made:
                break
        if not pause:
            self.driver.take_exception()
        return INTERRUPTED

    def served(self, bus: Bus, registers: GeneralRegisters, stop: Stop) -> Stop | None:
        """Let a device serve the access that has stopped the CPU; None when it has, else why the CPU has stopped."""
        if stop.syndrome not in (_EXTERNAL_READ, _EXTERNAL_WRITE):
            return stop
        access = decode(self._code(registers.pc), registers)
        if access is None or access.address % PAGE + access.length > PAGE:
            return stop
        physical = ctypes.c_uint64()
        protection = const.UC_PROT_WRITE if access.store else const.UC_PROT_READ
        error = engine.vmem_translate(self._handle, access.address, protection, ctypes.addressof(physical))
        place = None if error else bus.place(physical.value)
        if place is None:
            return stop
        if not access.aligned:
            return Stop(Vector.SYNCHRONOUS, _MISALIGNED_WRITE if access.store else _MISALIGNED_READ, access.address)
        bus.serve(place, physical.value, access, registers)
        return None

    def _run(self, registers: GeneralRegisters, limit: int) -> Stop:
        return self.stopped(registers, *self.driver.run(registers, limit))

    def stopped(self, registers: GeneralRegisters, error: int, reached: bool) -> Stop:
        """Why the CPU has stopped, by what its driver says."""
        self.instructions = self.driver.instructions
        pc = registers.pc
        if pc & 3:  # whatever else is wrong with the address: of the faults of a fetch this one comes first
            return Stop(Vector.SYNCHRONOUS, _PC_ALIGNMENT, pc)
        if error == engine.EXCEPTION:
            return self._exception(pc)
        if error in _EXTERNAL_ABORTS:
            return Stop(Vector.SYNCHRONOUS, _EXTERNAL_ABORTS[error], 0)
        engine.check(error, "run")
        if reached:
            return INTERRUPTED
        raise EngineError(f"the CPU stopped at {pc:#x} without a reason")

    def _exception(self, pc: int) -> Stop:
        syndrome, _, address = _EXCEPTION_STATE.unpack_from(self._engine.state, self._layout.exception)
        if syndrome == 0:
            syndrome = self._trapped_system_instruction(pc)
        elif syndrome == _UNDEFINED:
            syndrome = self._trapped_event_counter(pc)
        if syndrome >> 26 in (_INSTRUCTION_ABORT, _DATA_ABORT):
            return Stop(Vector.SYNCHRONOUS, syndrome, address)
        return Stop(Vector.SYNCHRONOUS, syndrome, 0)

    def _trapped_system_instruction(self, pc: int) -> int:
        """The syndrome of MSR DAIFSet and DAIFClr, which Unicorn loses: EC 0x18 and the fields of the instruction.

        op1 and op2 stand in each other's place, as in what QEMU reports: a task's fault is the same on both.
        """
        code = self._code(pc)
        op1, crm, op2 = code >> 16 & 7, code >> 8 & 15, code >> 5 & 7
        return _TRAPPED_MSR_DAIF | op1 << 17 | op2 << 14 | crm << 1

    def _trapped_event_counter(self, pc: int) -> int:
        """The syndrome of an access to an event counter that Unicorn does not have; else that of the undefined."""
        code = self._code(pc)
        mask, value = _EVENT_COUNTER
        if code & mask != value:
            return _UNDEFINED
        op0, op1, crn, crm, op2 = code >> 19 & 3, code >> 16 & 7, code >> 12 & 15, code >> 8 & 15, code >> 5 & 7
        register = op0 << 20 | op2 << 17 | op1 << 14 | crn << 10 | crm << 1
        return _TRAPPED_REGISTER | register | (code & 31) << 5 | code >> 21 & 1

    def _code(self, pc: int) -> int:
        """The instruction at an address that EL0 may execute."""
        word = (ctypes.c_char * 4)()
        engine.check(engine.vmem_read(self._handle, pc, const.UC_PROT_EXEC, ctypes.addressof(word), 4), "fetch")
        return int.from_bytes(word.raw, "little")
