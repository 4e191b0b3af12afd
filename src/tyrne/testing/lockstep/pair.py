"""Two kernels side by side, one in CPython and one compiled: each trap is taken by both, what they do is compared."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from tyrne.boards.native import journal
from tyrne.boot.start import start_system
from tyrne.compiler.build.compare import Comparer
from tyrne.hal.boot_info import BootInfo
from tyrne.hal.frame import Vector
from tyrne.hosted.native import NativeKernel, offsets
from tyrne.hosted.ram import Ram
from tyrne.kernel.kernel import Kernel
from tyrne.kernel.task import Task
from tyrne.lang import u64
from tyrne.testing.lockstep.agreement import compiled, interpreted
from tyrne.testing.lockstep.journal_board import JournalBoard, Record

RAM_SIZE: Final = 2 << 20
"""Small, so that it is compared often and frames run out."""
IMAGE: Final = 0x4008_0000
TASKS: Final = 16
NO_TASK: Final = -1
FRAME_WORDS: Final = 34
"""x0 to x30, SP, PC, PSTATE."""
SP: Final = 31
PC: Final = 32

_memcmp = ctypes.CDLL(None).memcmp
_memcmp.argtypes = (ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t)


class DisagreementError(AssertionError):
    """The two kernels differ."""


class PanicError(AssertionError):
    """A check of the kernel has failed, on both sides alike: a task can stop the machine."""


class UnfairError(AssertionError):
    """Both kernels let another task run than the most urgent one that is ready."""


@dataclass(frozen=True)
class Step:
    """What the current task does next: run for some instructions, set registers, trap.

    Registers are numbered as in a frame; those that are not named stay as they are.
    """

    instructions: int
    registers: Mapping[int, int]
    vector: Vector
    syndrome: int
    address: int

    def __str__(self) -> str:
        set_to = " ".join(f"{_register(number)}={value:#x}" for number, value in self.registers.items())
        return f"{self.vector.name} {self.syndrome:#x} {self.address:#x} +{self.instructions} with {set_to or '-'}"


def _register(number: int) -> str:
    return {SP: "sp", PC: "pc"}.get(number, f"x{number}")


class PythonSide:
    """The kernel as CPython runs it."""

    def __init__(self, debug_console: bool) -> None:
        self.board: Final = JournalBoard(RAM_SIZE)
        self.kernel: Final = Kernel(self.board, debug_console)
        self.board.kernel_entry = self.kernel.trap_from_kernel
        self.tasks: Final = list(self.kernel.tasks.items)
        self._places: Final = {id(task): place for place, task in enumerate(self.tasks)}
        threads = {id(task.thread): place for place, task in enumerate(self.tasks)}
        self.board.number_of = lambda state: threads[id(state)]
        self._frames: Final = [task.frame for task in self.tasks]

    def boot(self, info: BootInfo) -> int:
        return self._place(start_system(self.kernel, info))

    def trap(self, step: Step) -> int:
        return self._place(self.kernel.trap(step.vector, u64(step.syndrome), u64(step.address)))

    def exit_status(self) -> int:
        return self.kernel.exit_status()

    def registers(self, task: int) -> list[int]:
        frame = self._frames[task]
        return [*frame.x, frame.sp, frame.pc, frame.pstate]

    def set_registers(self, task: int, registers: Mapping[int, int]) -> None:
        frame = self._frames[task]
        for number, value in registers.items():
            if number == SP:
                frame.sp = u64(value)
            elif number == PC:
                frame.pc = u64(value)
            else:
                frame.x[number] = u64(value)

    def _place(self, task: Task | None) -> int:
        return NO_TASK if task is None else self._places[id(task)]


class NativeSide:
    """The kernel as the compiler translated it."""

    def __init__(self, debug_console: bool) -> None:
        self.ram: Final = Ram(size=RAM_SIZE)
        self.native: Final = NativeKernel(self.ram, debug_console)
        library = self.native.library
        self._ffi: Final = library.ffi
        at = offsets(library.unit.offsets)
        places = [at[f"TRAP_FRAME_{name}"] for name in ("X", "SP", "PC", "PSTATE")]
        assert places == [8 * word for word in (0, SP, PC, 33)], "a frame is not the 34 words in their order"
        tasks = [self._address(library.ffi.addressof(library.lib.KERNEL.tasks.items[i])) for i in range(TASKS)]
        self._frames: Final = [(ctypes.c_uint64 * FRAME_WORDS).from_address(task + at["TASK_FRAME"]) for task in tasks]
        self._places: Final = {task: place for place, task in enumerate(tasks)}
        self._threads: Final = {task + at["TASK_THREAD"]: place for place, task in enumerate(tasks)}
        self._boot: Final = library.function("boot")
        self._exit_status: Final = library.function("exit_status")

    def boot(self, info: BootInfo) -> int:
        return self._place(self._boot(info.ram_start, info.ram_end, info.image_start, info.image_end, info.manifest))

    def trap(self, step: Step) -> int:
        return self._place(self.native.trap(step.vector.value, step.syndrome, step.address))

    def exit_status(self) -> int:
        status: int = self._exit_status()
        return status

    def registers(self, task: int) -> list[int]:
        return self._frames[task][:]

    def set_registers(self, task: int, registers: Mapping[int, int]) -> None:
        frame = self._frames[task]
        for number, value in registers.items():
            frame[number] = value

    def take_records(self) -> Iterator[Record]:
        """The journal, with threads as the places of their tasks."""
        for record in self.native.take_records():
            if record[0] == journal.SWITCH_THREAD:
                yield (record[0], self._threads[record[1]] if record[1] else 0, self._threads[record[2]])
            else:
                yield record

    def _place(self, task: Any) -> int:
        return NO_TASK if task == self._ffi.NULL else self._places[self._address(task)]

    def _address(self, pointer: Any) -> int:
        return int(self._ffi.cast("uintptr_t", pointer))


class Pair:
    """Both kernels of one system. Tasks are numbered by their places in the kernel's arena."""

    def __init__(self, manifest: bytes, debug_console: bool) -> None:
        self.python: Final = PythonSide(debug_console)
        self.native: Final = NativeSide(debug_console)
        self._state: Final = Comparer(self.native.native.library, {"KERNEL": self.python.kernel}, {"Kernel.board"})
        self.current = NO_TASK
        self.stopped = False
        """Nothing is left to run."""
        self.records: list[Record] = []
        """What the last step put into the journal."""
        end = IMAGE + len(manifest)
        start = self.native.ram.start
        info = BootInfo(u64(start), u64(start + RAM_SIZE), u64(IMAGE), u64(end), u64(IMAGE))
        for ram in self.python.board, self.native.ram:
            ram.bytes[IMAGE - start : end - start] = manifest
        self._switch("boot", lambda side: side.boot(info))
        self.compare_all("boot")

    def take(self, step: Step) -> None:
        """The current task does a step; result, journal and the registers of who trapped and who runs are compared."""
        before = self.current
        self.python.board.instructions += step.instructions
        self.native.native.set_instructions(self.python.board.instructions)
        for side in self.python, self.native:
            side.set_registers(before, step.registers)
        what = f"task {before}: {step}"
        self._switch(what, lambda side: side.trap(step))
        for task in {before, self.current} - {NO_TASK}:
            self._same(f"{what}: registers of task {task}", self.python.registers(task), self.native.registers(task))
        self._check_turn(what)

    def compare_all(self, what: str) -> None:
        """Whole RAM, all registers, and the whole state of the kernel."""
        if _memcmp(self.python.board.host_address(), self.native.ram.host_address(), RAM_SIZE):
            raise DisagreementError(f"{what}: RAM differs first at {self._first_byte():#x}")
        for task in range(TASKS):
            self._same(f"{what}: registers of task {task}", self.python.registers(task), self.native.registers(task))
        difference = self._state.difference()
        if difference is not None:
            raise DisagreementError(f"{what}: {difference}")
        if self.stopped:
            self._same(f"{what}: exit status", self.python.exit_status(), self.native.exit_status())

    def _switch(self, what: str, call: Callable[[Any], int]) -> None:
        left, right = interpreted(call, self.python), compiled(call, self.native)  # type: ignore[arg-type]
        self._same(f"{what}: result", left, right)
        self.records = self.python.board.take_records()
        self._same(f"{what}: journal", self.records, list(self.native.take_records()))
        if left[0] == "trap":
            raise PanicError(f"{what}: {left[1]} at {left[2]}:{left[3]}")
        self.current = left[1]
        self.stopped = self.current == NO_TASK

    def _same(self, what: str, python: Any, native: Any) -> None:
        if python != native:
            raise DisagreementError(f"{what}:\n  CPython  {python}\n  compiled {native}")

    def _check_turn(self, what: str) -> None:
        kernel = self.python.kernel
        levels = int(kernel.scheduler.levels)
        if kernel.limit_reached or levels == 0:
            return
        most_urgent = (levels & -levels).bit_length() - 1
        if self.stopped or most_urgent < self.python.tasks[self.current].priority:
            raise UnfairError(f"{what}: a task of priority {most_urgent} is ready, and does not run")

    def _first_byte(self) -> int:
        pairs = zip(self.python.board.bytes, self.native.ram.bytes, strict=True)
        return self.native.ram.start + next(i for i, (left, right) in enumerate(pairs) if left != right)
