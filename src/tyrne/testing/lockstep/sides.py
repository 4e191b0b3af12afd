"""The two kernels that go in lock step, behind one interface. Tasks are numbered by their places in the arena."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator, Mapping
from typing import Any, Final

from tyrne.boards.native import journal
from tyrne.boot.start import start_system
from tyrne.hal.aarch64.syndrome import cause_of, fault_address
from tyrne.hal.boot_info import BootInfo
from tyrne.hal.frame import Vector
from tyrne.hosted.native_kernel import NativeKernel, offsets
from tyrne.hosted.ram import Ram
from tyrne.kernel.task import Task
from tyrne.lang import u64
from tyrne.testing.general import general_trap
from tyrne.testing.invariants.task_states import StateChanges, call_made, changes_are_in_the_table
from tyrne.testing.lockstep.counted_work import CountingKernel
from tyrne.testing.lockstep.journal_board import JournalBoard, Record
from tyrne.testing.lockstep.places import Saved
from tyrne.testing.lockstep.step import FRAME_WORDS, PC, PSTATE, SP, Step

RAM_SIZE: Final = 2 << 20
"""Small, so that it is compared often and frames run out."""
TASKS: Final = 16
NO_TASK: Final = -1
IDLE: Final = TASKS
"""The number of the thread that the processor holds while nobody is ready."""


class PythonSide:
    """The kernel as CPython runs it, by the general path alone: so the two are compared as well."""

    def __init__(self, debug_console: bool) -> None:
        self.board: Final = JournalBoard(RAM_SIZE)
        self.kernel: Final = CountingKernel(self.board, debug_console)
        self.board.kernel_entry = self.kernel.trap_from_kernel
        self.tasks: Final = list(self.kernel.tasks.items)
        self._places: Final = {id(task): place for place, task in enumerate(self.tasks)}
        threads = {id(task.thread): place for place, task in enumerate(self.tasks)} | {id(self.kernel.idle): IDLE}
        self.board.number_of = lambda state: threads[id(state)]
        self._frames: Final = [task.frame for task in self.tasks]
        self._changes: Final = StateChanges(self.kernel)
        self.wrong: list[str] = []
        """The changes of tasks' states by the last trap that there must not be."""
        self._initial: Final = Saved(self.kernel, self.board)

    def reset(self) -> None:
        """As it was when it was made: nothing has booted, RAM is zero."""
        self._initial.restore()
        self.board.reset()
        self.kernel.take_counts()

    def draw_ticks(self, seed: int) -> None:
        self.board.drawn_ticks.sow(u64(seed))

    def boot(self, info: BootInfo) -> int:
        return self._place(start_system(self.kernel, info))

    def trap(self, step: Step) -> int:
        what = u64(step.syndrome)
        cause = cause_of(step.vector, what)
        made = call_made(self.kernel, cause)
        self._changes.take()
        task = general_trap(self.kernel, cause, what, fault_address(what, u64(step.address)))
        self.wrong = list(changes_are_in_the_table(self._changes.take(), made))
        if step.vector is Vector.SYNCHRONOUS:
            self.board.charge()
        return self._place(task)

    def waits(self) -> bool:
        return self.kernel.waits()

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
            elif number == PSTATE:
                frame.pstate = u64(value)
            else:
                frame.x[number] = u64(value)

    def _place(self, task: Task | None) -> int:
        return NO_TASK if task is None else self._places[id(task)]


class NativeSide:
    """The kernel as the compiler translated it. The library's state is the process's: one of each kind at a time."""

    def __init__(self, debug_console: bool, counting: bool = False) -> None:
        self.ram: Final = Ram(size=RAM_SIZE)
        self.native: Final = NativeKernel(self.ram, debug_console, counting=counting)
        library = self.native.library
        self._ffi: Final = library.ffi
        at = offsets(library.unit.offsets)
        places = [at[f"TRAP_FRAME_{name}"] for name in ("X", "SP", "PC", "PSTATE")]
        assert places == [8 * word for word in (0, SP, PC, PSTATE)], "a frame is not the 34 words in their order"
        tasks = [self._address(library.ffi.addressof(library.lib.KERNEL.tasks.items[i])) for i in range(TASKS)]
        self._frames: Final = [(ctypes.c_uint64 * FRAME_WORDS).from_address(task + at["TASK_FRAME"]) for task in tasks]
        self._places: Final = {task: place for place, task in enumerate(tasks)}
        self._threads: Final = {task + at["TASK_THREAD"]: place for place, task in enumerate(tasks)}
        self._threads[self._address(library.ffi.addressof(library.lib.KERNEL.idle))] = IDLE
        self._boot: Final = library.function("boot")
        self._exit_status: Final = library.function("exit_status")

    def reset(self) -> None:
        """As it was when it was made: nothing has booted, RAM is zero."""
        self.ram.clear()
        self.native.restart()

    def draw_ticks(self, seed: int) -> None:
        self.native.library.call("draw_ticks", seed)

    def boot(self, info: BootInfo) -> int:
        return self._place(self._boot(info.ram_start, info.ram_end, info.image_start, info.image_end, info.manifest))

    def trap(self, step: Step) -> int:
        return self._place(self.native.trap(step.vector.value, step.syndrome, step.address))

    def waits(self) -> bool:
        return bool(self.native.library.call("waits"))

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
