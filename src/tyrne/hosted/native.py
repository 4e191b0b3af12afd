"""The native machine: the compiled kernel in this process, the same CPU, RAM and recorder as under CPython.

The kernel's structs are registers' home: the CPU loads and stores a task's frame where the library keeps it. After each
call the journal is executed, then the next task runs.
"""

from __future__ import annotations

import mmap
import re
from collections.abc import Callable
from typing import Any, Final

from tyrne.boards.native import journal
from tyrne.compiler.build import HostLibrary, build_host_library
from tyrne.compiler.build.host import CompiledTrap, build_counting_library
from tyrne.hal.exit_status import PANIC
from tyrne.hosted.cpu import NO_LIMIT, Cpu
from tyrne.hosted.engine import Places
from tyrne.hosted.loading import load
from tyrne.hosted.panic import describe
from tyrne.hosted.ram import PRIVATE, Ram, address_of
from tyrne.hosted.recorder import Recorder
from tyrne.hosted.registers import GeneralRegisters
from tyrne.lang import Trap

ROOT: Final = "tyrne.boards.native.image"
_FIELDS: Final = {int(kind): count for kind, count in journal.FIELDS.items()}
_HEADER, _CAPACITY = int(journal.HEADER_WORDS), int(journal.CAPACITY)
_NEVER: Final = int(journal.NEVER)


class NativeKernel:
    """The compiled kernel with RAM and a journal. The library's state is the process's: one instance at a time."""

    def __init__(self, ram: Ram, debug_console: bool = True, root: str = ROOT, counting: bool = False) -> None:
        """With `counting`, the kernel counts its edges: `library` is a CountingLibrary."""
        build: Callable[..., HostLibrary] = build_counting_library if counting else build_host_library
        self.library: Final = build(root, {"debug_console": debug_console})
        self._ram: Final = ram
        self._journal_memory: Final = mmap.mmap(-1, 8 * (_HEADER + _CAPACITY), flags=PRIVATE)
        self._words: Final = memoryview(self._journal_memory).cast("Q")
        self._let_the_kernel_call_itself()
        self.trap: Final[Callable[..., Any]] = self.library.function("trap")
        self.restart()

    def restart(self) -> None:
        """Forget all that happened; RAM stays as it is."""
        self.library.reset()
        self._words[0] = self._words[1] = 0
        ram = self._ram
        self.library.call("attach", ram.start, ram.size, ram.host_address(), address_of(self._journal_memory))

    def set_instructions(self, instructions: int) -> None:
        """Tell the kernel's clock."""
        self._words[1] = instructions

    def take_journal(self) -> list[int]:
        """The words of all records since the last time."""
        words = self._words
        count = words[0]
        words[0] = 0
        return words[_HEADER : _HEADER + count].tolist()

    def take_records(self) -> list[tuple[int, ...]]:
        """The journal as tuples of kind and fields."""
        words = self.take_journal()
        records = []
        at = 0
        while at < len(words):
            end = at + 1 + _FIELDS[words[at]]
            records.append(tuple(words[at:end]))
            at = end
        return records

    def _let_the_kernel_call_itself(self) -> None:
        """The one extern is the library's own handler: a pointer from C to C."""
        ffi, lib = self.library.ffi, self.library.lib
        lib.kp_extern_trap_from_kernel = ffi.cast(
            ffi.typeof(lib.kp_extern_trap_from_kernel), ffi.addressof(lib, "k_handle_trap_from_kernel")
        )


class NativeMachine:
    """One run of one system."""

    def __init__(self, manifest: bytes, recorder: Recorder, debug_console: bool = True) -> None:
        self.recorder: Final = recorder
        self.ram: Final = Ram()
        self.cpu: Final = Cpu(self.ram)
        self.kernel: Final = NativeKernel(self.ram, debug_console)
        self._info: Final = load(self.ram, self.cpu, manifest)
        self._offsets: Final = offsets(self.kernel.library.unit.offsets)
        self._frames: Final[dict[int, GeneralRegisters]] = {}
        self._states: Final[dict[int, Places]] = {}
        self._alarm_at = _NEVER
        """The count of instructions at which the kernel wants to be interrupted."""

    def run(self) -> None:
        """Boot, and run until nothing is left to run."""
        try:
            self._loop()
            status = self.kernel.library.call("exit_status")
        except CompiledTrap as trap:
            self._execute_journal()
            self.recorder.panic(f"!! tyrne panic: {trap}\n".encode())
            status = int(PANIC)
        except (Trap, Exception) as cause:
            self.recorder.panic(describe(cause).encode())
            status = int(PANIC)
        self.recorder.end(status, self.cpu.instructions)

    def _loop(self) -> None:
        info, ffi = self._info, self.kernel.library.ffi
        trap, cpu, frame_at = self.kernel.trap, self.cpu, self._offsets["TASK_FRAME"]
        task = self.kernel.library.call(
            "boot", info.ram_start, info.ram_end, info.image_start, info.image_end, info.manifest
        )
        while True:
            self._execute_journal()
            if task == ffi.NULL:
                return
            remaining = min(self._alarm_at - cpu.instructions, NO_LIMIT)
            stop = cpu.run(self._frame(int(ffi.cast("uintptr_t", task)) + frame_at), remaining)
            self.kernel.set_instructions(cpu.instructions)
            if cpu.stop_request.made and cpu.stop_request.left is None:
                cpu.stop_request.left = int(self.kernel.library.call("stop"))
            task = trap(stop.vector.value, stop.syndrome, stop.address)

    def _execute_journal(self) -> None:
        recorder, cpu = self.recorder, self.cpu
        words = self.kernel.take_journal()
        at = 0
        while at < len(words):
            kind = words[at]
            end = at + 1 + _FIELDS[kind]
            fields = words[at + 1 : end]
            at = end
            match kind:
                case journal.CALL:
                    if recorder.asks_for(fields[8]):
                        recorder.call(fields[0], fields[1], fields[2:8], fields[8:])
                    else:
                        recorder.pass_over(fields[0])
                case journal.CONSOLE:
                    recorder.console(*fields)
                case journal.LOG:
                    recorder.log(*fields)
                case journal.ACTIVATE:
                    cpu.set_translation(*fields)
                case journal.SWITCH_THREAD:
                    if fields[0]:
                        cpu.store_extended(self._state(fields[0]))
                    cpu.load_extended(self._state(fields[1]))
                case journal.CODE_WRITTEN:
                    cpu.flush_code()
                case journal.INVALIDATE_PAGES | journal.INVALIDATE_SPACE:
                    cpu.flush_translations()
                case journal.EXIT:
                    recorder.exit(fields[0], fields[1], fields[2:])
                case journal.FAULT:
                    recorder.fault(*fields)
                case journal.END:
                    recorder.task_end(*fields)
                case journal.STANDING:
                    recorder.standing(*fields)
                case journal.ALARM:
                    self._alarm_at = fields[0]

    def _frame(self, address: int) -> GeneralRegisters:
        known = self._frames.get(address)
        if known is None:
            at = self._offsets
            x = address + at["TRAP_FRAME_X"]
            others = (address + at[f"TRAP_FRAME_{name}"] for name in ("SP", "PSTATE", "PC"))
            known = self._frames[address] = GeneralRegisters([*range(x, x + 31 * 8, 8), *others])
        return known

    def _state(self, address: int) -> Places:
        known = self._states.get(address)
        if known is None:
            at = self._offsets
            q = address + at["THREAD_STATE_Q"]
            others = (address + at[f"THREAD_STATE_{name}"] for name in ("FPCR", "FPSR", "TPIDR"))
            known = self._states[address] = Places([*range(q, q + 32 * 16, 16), *others])
        return known


def offsets(header: str) -> dict[str, int]:
    """The numbers that a unit's header for assembly defines."""
    return {name: int(value, 0) for name, value in re.findall(r"^#define (\w+) (\w+)$", header, re.MULTILINE)}
