"""Builders of small kernels over a board in memory, and calls by their current task."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from tyrne.abi import KNOWN_RIGHTS, CapHandle, Rights, TaskState
from tyrne.boot.start import start_system
from tyrne.hal.aarch64.syndrome import cause_of, fault_address
from tyrne.hal.boot_info import BootInfo
from tyrne.hal.cause import Cause
from tyrne.hal.frame import Vector
from tyrne.hosted import shown
from tyrne.kernel.address_space import AddressSpace
from tyrne.kernel.arena import Arena
from tyrne.kernel.cap_table import CapTable
from tyrne.kernel.capability import AddressSpaceHandle, Capability, CapObject, EndpointHandle
from tyrne.kernel.endpoint import Endpoint
from tyrne.kernel.frames import FrameRange, Frames
from tyrne.kernel.kernel import Kernel
from tyrne.kernel.task import Context, Task
from tyrne.kernel.user_memory import UserWindow
from tyrne.lang import Trap, u16, u32, u64
from tyrne.system.manifest import System, encode
from tyrne.system.manifest import Task as TaskRecord
from tyrne.system.parts import CONSOLE_CAP, Cap, Region
from tyrne.system.program import Program, Segment
from tyrne.testing.board import PAGE, RAM, MemoryBoard

shown.install()

IMAGE = RAM + 2 * PAGE
"""Where the kernel image starts; below lies the firmware."""
BASE = 0x80_0000
"""Where the programs of tests are mapped."""
NULL = 2**64 - 1
"""The handle word that means "no capability"."""
ALL = Rights(int(KNOWN_RIGHTS))
"""Every right there is, whatever the object."""
SVC = 0x5600_0000
"""ESR_EL1 of SVC #0."""
PANIC = (Trap, AssertionError)
"""What a failed check of an invariant raises under CPython."""
STORE_FAULT = 0x9200_004F
"""ESR_EL1 of a store from EL0 that the page's permissions refuse (level 3)."""


STRANGERS = [Endpoint() for _ in range(16)]
"""Endpoints of no kernel: what a test names that has a table and no more."""
SPACES = [AddressSpace() for _ in range(17)]
"""Address spaces of no kernel."""
for _stranger in STRANGERS:
    _stranger.life.count = u64(1)


class ScarceFrames(Frames):
    """Frames that run out after `left` more allocations, whatever the bitmap says."""

    left: int | None = None

    def allocate(self, memory: Any) -> u64 | None:
        if self.left == 0:
            return None
        if self.left is not None:
            self.left -= 1
        return super().allocate(memory)


def managed(pages: int, reserved: Sequence[tuple[int, int]] = ()) -> ScarceFrames:
    """Frames over `pages` pages of RAM; `reserved` are ranges of page numbers."""
    frames = ScarceFrames(-(-pages // 64) * 64)
    frames.manage(FrameRange(u64(RAM), u64(RAM + pages * PAGE)))
    for first, end in reserved:
        frames.reserve(FrameRange(u64(RAM + first * PAGE), u64(RAM + end * PAGE)))
    return frames


def is_allocated(frames: Frames, address: int) -> bool:
    """Whether an address is that of a frame that was allocated: reserved frames are not."""
    if int(address) % PAGE or not frames.extent.contains(u64(address)):
        return False
    if any(kept.contains(u64(address)) for kept in list(frames.reserved)[: frames.reserved_ranges]):
        return False
    index = (int(address) - int(frames.extent.start)) // PAGE
    return bool(int(frames.taken[index // 64]) >> index % 64 & 1)


def handle(index: int, generation: int = 0) -> CapHandle:
    """Names a slot of a capability table, by default as it is filled for the first time."""
    return CapHandle(u16(index), u32(generation))


def life(generation: int = 0) -> u64:
    """Which life of its place an object lives that has been freed so many times."""
    return u64(2 * generation + 1)


def age(arena: Arena[Any], index: int, generation: int) -> None:
    """Let a place of an arena be in another generation."""
    arena.items[index].life.count = u64(2 * int(generation) + arena.occupied[index])


def living(named: Any) -> Any:
    """The object that a handle of the kernel's names; None when the life that is meant is over, or yet to come."""
    return named.at if named.at.life.lasts(named.life) else None


def endpoint_object(index: int = 0, generation: int = 0, kernel: Kernel[Any] | None = None) -> EndpointHandle:
    """Names the endpoint in a place of a kernel, whether or not there is one; or one of no kernel, which lives."""
    return EndpointHandle(STRANGERS[index] if kernel is None else kernel.endpoints.items[index], life(generation))


def space_object(index: int = 0, generation: int = 0, kernel: Kernel[Any] | None = None) -> AddressSpaceHandle:
    """Names the address space in a place of a kernel, whether or not there is one; or one of no kernel, which does not
    live."""
    return AddressSpaceHandle(SPACES[index] if kernel is None else kernel.spaces.items[index], life(generation))


def insert(table: CapTable, rights: Rights = ALL, named: CapObject | None = None) -> CapHandle:
    """A new root capability, over endpoint 0 unless said otherwise."""
    made = table.insert(Capability(rights, endpoint_object() if named is None else named), None)
    assert isinstance(made, CapHandle)
    return made


def held(table: CapTable) -> list[CapHandle]:
    """The handles of all capabilities of a table."""
    return [slot.handle() for slot in table.slots if slot.capability is not None]


def fill(table: CapTable) -> None:
    """Leave no free slot."""
    while not table.is_full():
        insert(table, Rights.NONE)


def program(code: bytes = b"code", base: int = BASE) -> Program:
    """A flat image, its stack directly above."""
    segment = Segment(base, writable=False, executable=True, data=code, memory=len(code))
    return Program(base, (segment,), segment.end)


def task_record(name: str, *caps: Cap, code: bytes = b"code", **terms: Any) -> TaskRecord:
    """A task with a page of code and one of stack; `terms` are its priority, supervisor, quota, mappings, held."""
    return TaskRecord(name, program(code), 1, caps, **terms)


def slim_kernel(board: MemoryBoard, tasks: int = 3, slots: int = 6, debug_console: bool = True) -> Kernel[MemoryBoard]:
    """A kernel with small arenas and tables, so that states are quick to compare and limits near."""
    kernel = Kernel(board, debug_console)
    kernel.empty_table.seal()
    kernel.tasks = Arena(tasks, lambda _: Task())
    for task in kernel.tasks.items:
        task.capabilities = CapTable(slots)
    kernel.frames = ScarceFrames(-(-len(board.ram) // PAGE // 64) * 64)
    board.kernel = kernel
    return kernel


def boot(
    kernel: Kernel[MemoryBoard],
    *tasks: TaskRecord,
    endpoints: int = 2,
    limit: int = 0,
    notifications: int = 0,
    memory: Sequence[Region] = (),
    slice: int = 0,
) -> Task | None:
    """Boot a kernel with the manifest of these tasks as its image; who runs first.

    `endpoints` and `notifications` are how many there are; `limit` and `slice` are in instructions, 0 for none.
    """
    board = kernel.board
    board.kernel = kernel
    manifest = encode(System("test", endpoints, tasks, notifications, tuple(memory), slice), limit)
    board.put(IMAGE, manifest)
    image_end = IMAGE + len(manifest)
    return start_system(kernel, BootInfo(u64(RAM), u64(board.end), u64(IMAGE), u64(image_end), u64(IMAGE)))


def booted(
    *tasks: TaskRecord, debug_console: bool = True, slots: int = 6, pages: int = 64, **system: Any
) -> Kernel[MemoryBoard]:
    """A kernel that has just entered the first of its tasks: by default one with the console at handle word 0."""
    kernel = slim_kernel(MemoryBoard(pages), max(1, len(tasks)), slots, debug_console)
    boot(kernel, *(tasks or (task_record("one", CONSOLE_CAP),)), **system)
    return kernel


def current(kernel: Kernel[MemoryBoard]) -> Task:
    """The task that runs; there must be one."""
    task = kernel.scheduler.core.current
    assert task is not None
    return task


def context_of(task: Task) -> Context:
    """What the system calls of a task act with; it must have it."""
    assert task.context is not None
    return task.context


def move_window(task: Task, base: int, length: int) -> None:
    """Let a task's window be some other range of bytes."""
    task.context = replace(context_of(task), window=UserWindow(u64(base), u64(length)))


def registers(task: Task) -> tuple[int, ...]:
    """x0 to x7 of a task."""
    return tuple(int(task.frame.x[register]) for register in range(8))


def run(kernel: Kernel[MemoryBoard], task: Task) -> None:
    """Let a ready task have the CPU, as if it had been its turn; who had it is next after it. One that has ended takes
    a step of its end; one that has work left does that first, whoever more urgent is ready."""
    core = kernel.scheduler.core
    before = core.current
    if before is task:
        return
    assert task.state is TaskState.READY or task.state is TaskState.ENDING, f"task {task.number} is {task.state.name}"
    kernel.scheduler.withdraw(task)
    if before is not None:
        core.enqueue_first(before)
    core.current = task
    core.reach = task.priority + 1
    kernel.leave()
    if task.state is TaskState.READY:
        run(kernel, task)


def trap(kernel: Kernel[Any], vector: Vector, syndrome: u64, address: u64) -> Task | None:
    """One transition, as a processor makes it; `syndrome` and `address` are ESR_EL1 and FAR_EL1. Who runs next."""
    return kernel.trap(cause_of(vector, syndrome), syndrome, fault_address(syndrome, address))


def system_call(kernel: Kernel[MemoryBoard], number: int, *arguments: int) -> tuple[int, ...]:
    """Let the current task make a system call; x0 to x7 of its frame afterwards."""
    task = current(kernel)
    for register, value in enumerate([*arguments, *[0] * (6 - len(arguments))]):
        task.frame.x[register] = u64(value)
    task.frame.x[6] = task.frame.x[7] = u64(0x5EC4E7)  # ignored, but rewritten
    task.frame.x[8] = u64(number)
    kernel.trap(Cause.CALL, u64(SVC), u64(0))
    return registers(task)
