"""Unicorn's C interface, as far as one CPU needs it, and the two places where it keeps what the interface hides.

The library's own Python classes convert every register to an object; a trap needs 34 of them, so this module calls the
C functions on prepared buffers. ESR_EL1 and FAR_EL1 are never set by Unicorn's CPU: the syndrome and the fault address
of an exception stand in its internal state, and so does the exact number of instructions begun. `layout` finds both by
experiment, once in a process, and refuses a library that keeps them elsewhere.
"""

from __future__ import annotations

import ctypes
import functools
import mmap
import struct
import weakref
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from unicorn import arm64_const as reg
from unicorn import unicorn_const as const
from unicorn.unicorn_py3.unicorn import uclib

from tyrne.hal.aarch64 import control, descriptors
from tyrne.hal.pages import MappingFlags
from tyrne.hosted.errors import EngineError
from tyrne.hosted.ram import Ram
from tyrne.lang import u64

VERSION: Final = "2.1.4"
"""Of the package `unicorn` that this was measured with."""

OK: Final = const.UC_ERR_OK
EXCEPTION: Final = const.UC_ERR_EXCEPTION
"""The CPU took an exception: with no interrupt hook, every trap from EL0 ends a run this way."""

SystemRegister = tuple[int, int, int, int, int]
"""op0, op1, CRn, CRm, op2 of MSR."""
SCR_EL3: Final = (3, 6, 1, 1, 0)
HCR_EL2: Final = (3, 4, 1, 1, 0)
SCTLR_EL1: Final = (3, 0, 1, 0, 0)
CPACR_EL1: Final = (3, 0, 1, 0, 2)
TTBR0_EL1: Final = (3, 0, 2, 0, 0)
TTBR1_EL1: Final = (3, 0, 2, 0, 1)
TCR_EL1: Final = (3, 0, 2, 0, 2)
MAIR_EL1: Final = (3, 0, 10, 2, 0)
CNTKCTL_EL1: Final = (3, 0, 14, 1, 0)
MDSCR_EL1: Final = (2, 0, 0, 2, 2)
PMUSERENR_EL0: Final = (3, 3, 9, 14, 0)

GENERAL: Final = (*(getattr(reg, f"UC_ARM64_REG_X{i}") for i in range(31)), reg.UC_ARM64_REG_SP,
                  reg.UC_ARM64_REG_PSTATE, reg.UC_ARM64_REG_PC)  # fmt: skip
"""x0 to x30, SP (of EL0, while the CPU is there), PSTATE, PC."""
EXTENDED: Final = (*(getattr(reg, f"UC_ARM64_REG_Q{i}") for i in range(32)),
                   reg.UC_ARM64_REG_FPCR, reg.UC_ARM64_REG_FPSR, reg.UC_ARM64_REG_TPIDR_EL0)  # fmt: skip
"""q0 to q31, FPCR, FPSR, TPIDR_EL0."""

_library: Final = ctypes.CDLL(uclib._name)
_P, _U64, _INT, _SIZE = ctypes.c_void_p, ctypes.c_uint64, ctypes.c_int, ctypes.c_size_t


def _function(name: str, *arguments: Any) -> Any:
    function = getattr(_library, name)
    function.argtypes = (_P, *arguments)
    function.restype = _INT
    return function


_strerror: Final = _library.uc_strerror
_strerror.restype = ctypes.c_char_p
_close: Final = _function("uc_close")
_context_size: Final = _function("uc_context_size")
_mem_map_ptr: Final = _function("uc_mem_map_ptr", _U64, _SIZE, ctypes.c_uint32, _P)
emu_start: Final = _function("uc_emu_start", _U64, _U64, _U64, _SIZE)
emu_stop: Final = _function("uc_emu_stop")
reg_read_batch: Final = _function("uc_reg_read_batch", _P, _P, _INT)
reg_write_batch: Final = _function("uc_reg_write_batch", _P, _P, _INT)
reg_write: Final = _function("uc_reg_write", _INT, _P)
context_save: Final = _function("uc_context_save", _P)
context_restore: Final = _function("uc_context_restore", _P)
context_alloc: Final = _function("uc_context_alloc", _P)
context_free: Final = _function("uc_context_free")
hook_del: Final = _function("uc_hook_del", _SIZE)
hook_add: Final = _function("uc_hook_add", _P, _INT, _P, _P, _U64, _U64)
vmem_read: Final = _function("uc_vmem_read", _U64, _INT, _P, _SIZE)
vmem_translate: Final = _function("uc_vmem_translate", _U64, _INT, _P)
ctl: Final = _function("uc_ctl", _INT)

_IO_WRITE: Final = const.UC_CTL_IO_WRITE << 30
FLUSH_TRANSLATIONS: Final = const.UC_CTL_TLB_FLUSH | _IO_WRITE
FLUSH_CODE: Final = const.UC_CTL_TB_FLUSH | _IO_WRITE
_SET_MODEL: Final = const.UC_CTL_CPU_MODEL | 1 << 26 | _IO_WRITE
_SET_EXITS: Final = const.UC_CTL_UC_USE_EXITS | 1 << 26 | _IO_WRITE


SYSTEM_REGISTER: Final = reg.UC_ARM64_REG_CP_REG
"""The register number that stands for a system register, which the value names."""


class _Block(ctypes.Structure):
    _fields_ = (("pc", ctypes.c_uint64), ("instructions", ctypes.c_uint16), ("size", ctypes.c_uint16))


NewBlock: Final = ctypes.CFUNCTYPE(None, _P, ctypes.POINTER(_Block), ctypes.POINTER(_Block), _P)
"""Called when the CPU has translated a block that it is about to enter for the first time."""

Instruction: Final = ctypes.CFUNCTYPE(None, _P, ctypes.c_uint64, ctypes.c_uint32, _P)
"""Called before each instruction, with its address and size."""


Access: Final = ctypes.CFUNCTYPE(None, _P, _INT, ctypes.c_uint64, _INT, ctypes.c_int64, _P)
"""Called when an instruction reads or writes memory, with the kind of access, its address, size and value."""


class _SystemRegisterValue(ctypes.Structure):
    _fields_ = (
        ("crn", ctypes.c_uint32), ("crm", ctypes.c_uint32), ("op0", ctypes.c_uint32), ("op1", ctypes.c_uint32),
        ("op2", ctypes.c_uint32), ("value", ctypes.c_uint64),
    )  # fmt: skip


def address_of_function(name: str) -> int:
    """Where a function of the library is, for code that is not Python."""
    return ctypes.cast(getattr(_library, name), _P).value or 0


def check(error: int, what: str) -> None:
    if error != OK:
        raise EngineError(f"the CPU refused: {what}: {_strerror(error).decode()}")


class Places:
    """Host addresses of 64-bit words (128-bit for q registers), one for each register of a list."""

    def __init__(self, addresses: Sequence[int]) -> None:
        self._pointers: Final = (_P * len(addresses))(*addresses)
        self.pointers: Final = ctypes.addressof(self._pointers)


class Registers:
    """A list of registers in the form that the batch calls take."""

    def __init__(self, registers: tuple[int, ...]) -> None:
        self._numbers: Final = (_INT * len(registers))(*registers)
        self.address: Final = ctypes.addressof(self._numbers)
        self.count: Final = len(registers)


class Engine:
    """One Unicorn CPU, a Cortex-A72 at EL0 with its translation on and every optional EL0 feature closed."""

    def __init__(self, ram: Ram) -> None:
        handle = _P()
        check(_library.uc_open(const.UC_ARCH_ARM64, const.UC_MODE_ARM, ctypes.byref(handle)), "open")
        self.handle: Final[int] = handle.value or 0
        check(ctl(self.handle, _SET_MODEL, reg.UC_CPU_ARM64_A72), "model")
        check(_mem_map_ptr(self.handle, ram.start, ram.size, const.UC_PROT_ALL, ram.host_address()), "memory")
        context = _P()
        check(context_alloc(self.handle, ctypes.byref(context)), "context")
        self.context: Final[int] = context.value or 0
        self.state: Final = (ctypes.c_char * _context_size(self.handle)).from_address(self.context)
        """The CPU's internal state, as `context_save` last copied it."""
        self._scratch: Final = _SystemRegisterValue()
        weakref.finalize(self, _give_back, self.handle, self.context, ram.map)
        # In this order: EL1 is taken as AArch32 until SCR_EL3.RW and HCR_EL2.RW are set; the CPU's cached view of its
        # mode is rebuilt by a write to a system register after PSTATE.
        self.write(SCR_EL3, 0x501)
        self.write(HCR_EL2, 1 << 31)
        self.write(MAIR_EL1, descriptors.MAIR)
        self.write(TCR_EL1, descriptors.TCR)
        self.write(CPACR_EL1, control.CPACR_OPEN)
        self.write(CNTKCTL_EL1, control.CNTKCTL)
        self.write(MDSCR_EL1, control.MDSCR)
        self.write(PMUSERENR_EL0, control.PMUSERENR)
        self.write(SCTLR_EL1, control.SCTLR)
        self.set_register(reg.UC_ARM64_REG_PSTATE, 0)
        self.write(TTBR0_EL1, 0)
        # No address ends a run, also not the `until` of a call: only traps and the instruction count do.
        check(ctl(self.handle, _SET_EXITS, 1), "exits")

    def write(self, register: SystemRegister, value: int) -> None:
        """MSR, at the highest exception level."""
        scratch = self._scratch
        scratch.op0, scratch.op1, scratch.crn, scratch.crm, scratch.op2 = register
        scratch.value = value
        check(reg_write(self.handle, reg.UC_ARM64_REG_CP_REG, ctypes.addressof(scratch)), "system register")

    def set_register(self, register: int, value: int) -> None:
        check(reg_write(self.handle, register, ctypes.byref(ctypes.c_uint64(value))), "register")


def _give_back(handle: int, context: int, _ram: mmap.mmap) -> None:
    """Free an engine's host memory; its RAM is kept until then."""
    context_free(context)
    _close(handle)


@dataclass(frozen=True)
class Layout:
    """Byte offsets: of {u32 syndrome; u32; u64 address} and of the address that the exclusive monitor watches in the
    CPU's state, of the counter in the engine's."""

    exception: int
    monitor: int
    counter: int


_CODE: Final = 0x0080_0000
_COUNT: Final = 0x5A5A_1234
_SCAN: Final = 4096
"""The engine's own structure is larger than this (about 15 KB)."""


@functools.cache
def layout() -> Layout:
    """Find where this library keeps syndrome, fault address, monitor and instruction counter; cached for the process.

    Two loads from addresses that nothing maps must leave both addresses, each with the syndrome of a translation fault
    at level 0 before it, at one and the same place; and a count of three instructions beside their limit. Two exclusive
    loads must leave their addresses, which no register holds any more, at one and the same place.
    """
    ram = Ram(size=8 * 4096)
    engine = Engine(ram)
    code = ram.start + 4 * 4096
    page = descriptors.page_descriptor(u64(code), MappingFlags.USER | MappingFlags.EXECUTE)
    for level, descriptor in enumerate([*(ram.start + 4096 * table | 3 for table in (1, 2, 3)), page]):
        ram.write64(u64(ram.start + 4096 * level + 8 * (_CODE >> (39 - 9 * level) & 511)), u64(descriptor))
    nop, load = 0xD503201F, 0xF9400020  # nop; ldr x0, [x1]
    exclusive = (0xC85F_7C20, 0xAA1F_03E1, 0xD400_0001)  # ldxr x0, [x1]; mov x1, xzr; svc #0
    ram.bytes[code - ram.start : code - ram.start + 24] = struct.pack("<6I", nop, nop, load, *exclusive)
    engine.write(TTBR0_EL1, ram.start | 1 << 48)

    def run(start: int, address: int) -> None:
        engine.set_register(reg.UC_ARM64_REG_X1, address)
        emu_start(engine.handle, start, 0, 0, _COUNT)
        context_save(engine.handle, engine.context)

    watched: list[set[int]] = []
    for address in (_CODE + 0x5A8, _CODE + 0xC30):
        run(_CODE + 12, address)
        watched.append(set(_places(engine.state.raw, struct.pack("<Q", address))))
    seen: list[tuple[set[int], set[int]]] = []
    for address in (0x0000_5A5A_1357_9BD0, 0x0000_6C6C_2468_ACE8):
        run(_CODE, address)
        structure = ctypes.string_at(engine.handle, _SCAN)
        faults = {
            place - 8
            for place in _places(engine.state.raw, struct.pack("<Q", address))
            if engine.state.raw[place - 8 : place - 4] == struct.pack("<I", 0x9200_0004)
        }
        seen.append((faults, set(_places(structure, struct.pack("<QQ", 3, _COUNT)))))
    found = seen[0][0] & seen[1][0]
    monitors = watched[0] & watched[1]
    counters = seen[0][1] & seen[1][1]
    if len(found) != 1 or len(monitors) != 1 or len(counters) != 1:
        from importlib import metadata  # here: it is slow to import

        raise EngineError(
            f"unicorn {metadata.version('unicorn')}: exception syndrome, exclusive monitor or instruction counter "
            f"not found in its state; pip install unicorn=={VERSION}"
        )
    return Layout(found.pop(), monitors.pop(), counters.pop())


def _places(data: bytes, pattern: bytes) -> list[int]:
    return [i for i in range(8, len(data) - len(pattern), 4) if data.startswith(pattern, i)]
