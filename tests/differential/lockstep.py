"""Two kernels side by side, one in CPython and one compiled: each call is made on both, and all they do is compared."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import kernel_parts
from agreement import compiled, interpreted
from journal_board import JournalBoard, Record

from tyrne.boards.native import journal
from tyrne.compiler.build.compare import Comparer
from tyrne.hal.boot_info import BootInfo
from tyrne.hal.frame import Vector
from tyrne.hosted.native import NativeKernel, offsets
from tyrne.hosted.ram import Ram
from tyrne.kernel.kernel import Kernel
from tyrne.kernel.task import Task
from tyrne.lang import u64

RAM_SIZE: Final = 2 << 20
"""Small, so that it is compared often and frames run out."""
IMAGE: Final = 0x4008_0000
TASKS: Final = 16
PARTS: Final = Path(kernel_parts.__file__)
NO_TASK: Final = -1
STOPPED: Final = "stopped"

_memcmp = ctypes.CDLL(None).memcmp
_memcmp.argtypes = (ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t)

Registers = list[int]
"""x0 to x30, SP, PC, PSTATE."""


class DisagreementError(AssertionError):
    """The two kernels differ."""


class PythonSide:
    """The kernel as CPython runs it."""

    def __init__(self, debug_console: bool) -> None:
        self.board: Final = JournalBoard(RAM_SIZE)
        self.kernel: Final = Kernel(self.board, debug_console)
        self.board.kernel_entry = self.kernel.trap_from_kernel
        self.tasks: Final = list(self.kernel.tasks.items)
        numbers = {id(task.thread): number for number, task in enumerate(self.tasks)}
        self.board.number_of = lambda state: numbers[id(state)]
        self._frames: Final = [task.frame for task in self.tasks]

    def boot(self, info: BootInfo) -> int:
        return self._number(self.kernel.boot(info))

    def trap(self, vector: Vector, syndrome: int, address: int) -> int:
        return self._number(self.kernel.trap(vector, u64(syndrome), u64(address)))

    def part(self, name: str, *arguments: int) -> int:
        function = getattr(kernel_parts, PART_FUNCTIONS[name])
        result: int = function(self.kernel, *map(u64, arguments))
        return result

    def registers(self, task: int) -> Registers:
        frame = self._frames[task]
        return [*frame.x, frame.sp, frame.pc, frame.pstate]

    def set_registers(self, task: int, x: dict[int, int]) -> None:
        frame = self._frames[task]
        for number, value in x.items():
            frame.x[number] = u64(value)

    def _number(self, task: Task | None) -> int:
        return NO_TASK if task is None else next(i for i, known in enumerate(self.tasks) if known is task)


class NativeSide:
    """The kernel as the compiler translated it."""

    def __init__(self, debug_console: bool) -> None:
        self.ram: Final = Ram(size=RAM_SIZE)
        self.native: Final = NativeKernel(self.ram, debug_console, str(PARTS))
        library = self.native.library
        self._ffi: Final = library.ffi
        at = offsets(library.unit.offsets)
        frames = [self._address(library.call("frame_of", number)) for number in range(TASKS)]
        self._x: Final = [(ctypes.c_uint64 * 31).from_address(frame + at["TRAP_FRAME_X"]) for frame in frames]
        self._rest: Final = [
            [ctypes.c_uint64.from_address(frame + at[f"TRAP_FRAME_{name}"]) for name in ("SP", "PC", "PSTATE")]
            for frame in frames
        ]
        self._numbers: Final = {frame - at["TASK_FRAME"]: number for number, frame in enumerate(frames)}
        self._threads: Final = {
            frame - at["TASK_FRAME"] + at["TASK_THREAD"]: number for number, frame in enumerate(frames)
        }
        self._boot: Final = library.function("boot")
        self._parts: Final = {name: library.function(name) for name in PART_FUNCTIONS}

    def boot(self, info: BootInfo) -> int:
        return self._number(self._boot(info.ram_start, info.ram_end, info.image_start, info.image_end, info.manifest))

    def trap(self, vector: Vector, syndrome: int, address: int) -> int:
        return self._number(self.native.trap(vector.value, syndrome, address))

    def part(self, name: str, *arguments: int) -> int:
        result: int = self._parts[name](*arguments)
        return result

    def registers(self, task: int) -> Registers:
        return [*self._x[task], *(word.value for word in self._rest[task])]

    def set_registers(self, task: int, x: dict[int, int]) -> None:
        words = self._x[task]
        for number, value in x.items():
            words[number] = value

    def take_records(self) -> Iterator[Record]:
        for record in self.native.take_records():
            if record[0] == journal.SWITCH_THREAD:
                yield (record[0], self._threads[record[1]] if record[1] else 0, self._threads[record[2]])
            else:
                yield record

    def _number(self, task: Any) -> int:
        return NO_TASK if task == self._ffi.NULL else self._numbers[self._address(task)]

    def _address(self, pointer: Any) -> int:
        return int(self._ffi.cast("uintptr_t", pointer))


PART_FUNCTIONS: Final = {
    "copy": "on_copy", "derive": "on_derive", "revoke": "on_revoke", "drop": "on_drop", "depth": "on_depth",
    "references": "on_references", "mint_endpoint": "on_mint_endpoint", "make_notification": "on_make_notification",
    "free_notification": "on_free_notification", "notify": "on_notify", "consume": "on_consume",
    "cancel_recv": "on_cancel_recv", "create_space": "on_create_space", "map_page": "on_map",
    "unmap_page": "on_unmap", "translate": "on_translate", "allocate": "on_allocate", "free": "on_free",
}  # fmt: skip
"""Exports of kernel_parts, and what they stand for."""


class Pair:
    """Both kernels of one system."""

    def __init__(self, manifest: bytes, debug_console: bool) -> None:
        self.python: Final = PythonSide(debug_console)
        self.native: Final = NativeSide(debug_console)
        self._state: Final = Comparer(self.native.native.library, {"KERNEL": self.python.kernel}, {"Kernel.board"})
        self.current = NO_TASK
        self.stopped = False
        """No further call makes sense: nothing is left to run, or a check failed on both sides."""
        end = IMAGE + len(manifest)
        info = BootInfo(
            u64(self.native.ram.start), u64(self.native.ram.start + RAM_SIZE), u64(IMAGE), u64(end), u64(IMAGE)
        )
        for ram in self.python.board, self.native.ram:
            ram.bytes[IMAGE - ram.start : end - ram.start] = manifest
        self._switch("boot", lambda side: side.boot(info))
        self.compare_all("boot")

    def advance(self, instructions: int) -> None:
        """User instructions have begun: both clocks go on."""
        self.python.board.instructions += instructions
        self.native.native.set_instructions(self.python.board.instructions)

    def trap(self, vector: Vector, syndrome: int, address: int, x: dict[int, int]) -> None:
        """The current task traps with new values in some registers."""
        before = self.current
        for side in self.python, self.native:
            side.set_registers(before, x)
        what = f"trap {vector.name} {syndrome:#x} {address:#x} of task {before} with {_hex(x)}"
        self._switch(what, lambda side: side.trap(vector, syndrome, address))
        for task in {before, self.current} - {NO_TASK}:
            self._same(f"{what}: registers of task {task}", self.python.registers(task), self.native.registers(task))

    def part(self, name: str, *arguments: int) -> int | None:
        """An operation inside the kernel; None when its check failed on both sides."""
        what = f"{name}({', '.join(map(hex, arguments))})"
        outcome = self._both(what, lambda side: side.part(name, *arguments))
        if outcome[0] == "trap":
            self.stopped = True
            return None
        result: int = outcome[1]
        return result

    def compare_all(self, what: str) -> None:
        """Whole RAM, all registers, and the whole state of the kernel."""
        if _memcmp(self.python.board.host_address(), self.native.ram.host_address(), RAM_SIZE):
            raise DisagreementError(f"{what}: RAM differs first at {self._first_byte():#x}")
        for task in range(TASKS):
            self._same(f"{what}: registers of task {task}", self.python.registers(task), self.native.registers(task))
        difference = self._state.difference()
        if difference is not None:
            raise DisagreementError(f"{what}: {difference}")

    def _switch(self, what: str, call: Callable[[Any], int]) -> None:
        outcome = self._both(what, call)
        self.current = NO_TASK if outcome[0] == "trap" else outcome[1]
        self.stopped = self.current == NO_TASK

    def _both(self, what: str, call: Callable[[Any], int]) -> tuple[Any, ...]:
        left, right = interpreted(call, self.python), compiled(call, self.native)  # type: ignore[arg-type]
        self._same(f"{what}: result", left, right)
        self._same(f"{what}: journal", self.python.board.take_records(), list(self.native.take_records()))
        return left

    def _same(self, what: str, python: Any, native: Any) -> None:
        if python != native:
            raise DisagreementError(f"{what}:\n  CPython  {python}\n  compiled {native}")

    def _first_byte(self) -> int:
        pairs = zip(self.python.board.bytes, self.native.ram.bytes, strict=True)
        return self.native.ram.start + next(i for i, (left, right) in enumerate(pairs) if left != right)


def _hex(x: dict[int, int]) -> str:
    return " ".join(f"x{number}={value:#x}" for number, value in x.items())
