"""A board in memory, and builders of kernels, tables and systems for tests.

Import it as `kernel.support`: the folder of conftest.py is on the path.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from enum import Enum
from typing import Any

from tyrne.boot.start import start_system
from tyrne.hal.boot_info import BootInfo
from tyrne.hal.descriptors import PAGE_SIZE
from tyrne.hal.frame import Call, ThreadState, TrapFrame, Vector
from tyrne.hal.interrupt import Interrupt
from tyrne.kernel.abi import KNOWN_RIGHTS, CapHandle, Rights, TaskState
from tyrne.kernel.arena import Arena, SlotId
from tyrne.kernel.cap_table import CapTable
from tyrne.kernel.capability import AddressSpaceHandle, Capability, CapObject, EndpointHandle
from tyrne.kernel.frames import FrameRange, Frames
from tyrne.kernel.kernel import Kernel
from tyrne.kernel.task import Task
from tyrne.kernel.task_queue import TaskQueue
from tyrne.lang import Array, Trap, u8, u16, u32, u64
from tyrne.system.manifest import System, encode
from tyrne.system.manifest import Task as TaskRecord
from tyrne.system.parts import CONSOLE_CAP, Cap, Region
from tyrne.system.program import Program, Segment

PAGE = int(PAGE_SIZE)
RAM = 0x4000_0000
POISON = 0xA5
"""What RAM holds before anything is written to it."""
IMAGE = RAM + 2 * PAGE
"""Where the kernel image starts; below lies the firmware."""
BASE = 0x80_0000
"""Where the programs of tests are mapped."""
NULL = 2**64 - 1
ALL = Rights(int(KNOWN_RIGHTS))
SVC = 0x5600_0000
"""ESR_EL1 of SVC #0."""
PANIC = (Trap, AssertionError)
"""What a failed check of an invariant raises under CPython."""
STORE_FAULT = 0x9200_004F
"""ESR_EL1 of a store from EL0 that the page's permissions refuse (level 3)."""


class FakeBoard:
    """RAM as bytes, and a record of every call that leaves the kernel. Accesses outside RAM fail."""

    def __init__(self, pages: int = 64) -> None:
        self.ram = bytearray([POISON]) * (pages * PAGE)
        self.end = RAM + len(self.ram)
        self.log = bytearray()
        self.console: list[tuple[int, int]] = []
        self.events: list[tuple[Any, ...]] = []
        self.traces: list[tuple[Any, ...]] = []
        self.kernel: Kernel[FakeBoard] | None = None
        self.interrupt = Interrupt.LIMIT
        """What the next interrupts are."""
        self.armed = 0
        self.tick = 0

    def _at(self, address: int, length: int) -> int:
        offset = int(address) - RAM
        assert offset >= 0 and offset + length <= len(self.ram), f"outside RAM: {int(address):#x}"
        return offset

    def read8(self, address: u64) -> u8:
        return u8(self.ram[self._at(address, 1)])

    def write8(self, address: u64, value: u8) -> None:
        self.ram[self._at(address, 1)] = value

    def read64(self, address: u64) -> u64:
        assert address % 8 == 0
        return u64(struct.unpack_from("<Q", self.ram, self._at(address, 8))[0])

    def write64(self, address: u64, value: u64) -> None:
        assert address % 8 == 0
        struct.pack_into("<Q", self.ram, self._at(address, 8), value)

    def zero(self, address: u64, length: u64) -> None:
        self.put(address, bytes(int(length)))

    def copy(self, target: u64, source: u64, length: u64) -> None:
        assert target + length <= source or source + length <= target
        self.put(target, self.get(source, length))

    def get(self, address: int, length: int) -> bytes:
        offset = self._at(address, length)
        return bytes(self.ram[offset : offset + length])

    def put(self, address: int, data: bytes) -> None:
        offset = self._at(address, len(data))
        self.ram[offset : offset + len(data)] = data

    def activate(self, root: u64, asid: u16) -> None:
        self.events.append(("activate", int(root), int(asid)))

    def tables_written(self) -> None:
        self.events.append(("tables_written",))

    def code_written(self) -> None:
        self.events.append(("code_written",))

    def invalidate_page(self, asid: u16, address: u64) -> None:
        self.events.append(("invalidate_page", int(asid), int(address)))

    def invalidate_space(self, asid: u16) -> None:
        self.events.append(("invalidate_space", int(asid)))

    def put_log(self, byte: u8) -> None:
        self.log.append(byte)

    def put_console(self, task: u32, byte: u8) -> None:
        self.console.append((int(task), int(byte)))

    def frequency(self) -> u64:
        return u64(62_500_000)

    def ticks(self) -> u64:
        return u64(5)

    def arm_limit(self, instructions: u64) -> None:
        self.armed = int(instructions)

    def arm_tick(self, instructions: u64) -> None:
        assert instructions > 0
        self.tick = int(instructions)

    def acknowledge_interrupt(self) -> Interrupt:
        return self.interrupt

    def switch_thread(self, old: ThreadState | None, new: ThreadState) -> None:
        self.events.append(("switch_thread", old, new))

    def open_floating(self, state: ThreadState) -> None:
        state.floating = True
        self.events.append(("open_floating", state))

    def call_from_kernel(self, frame: TrapFrame) -> None:
        assert self.kernel is not None
        self.kernel.trap_from_kernel(frame)

    def trace_call(self, task: u32, call: Call, frame: TrapFrame) -> None:
        self.traces.append(("call", int(task), call, tuple(int(frame.x[i]) for i in range(8))))

    def trace_exit(self, task: u32, call: Call) -> None:
        self.traces.append(("exit", int(task), call))

    def trace_fault(self, task: u32, syndrome: u64, address: u64, pc: u64) -> None:
        self.traces.append(("fault", int(task), int(syndrome), int(address), int(pc)))

    def trace_end(self, task: u32, code: u64) -> None:
        self.traces.append(("end", int(task), int(code)))

    def trace_waiting(self, task: u32) -> None:
        self.traces.append(("waiting", int(task)))

    def written(self) -> bytes:
        """What tasks wrote to the console."""
        return bytes(byte for _, byte in self.console)

    def lines(self) -> list[str]:
        """The kernel's own lines."""
        return self.log.decode().splitlines()


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
    assert frames.manage(FrameRange(u64(RAM), u64(RAM + pages * PAGE))) is None
    for first, end in reserved:
        assert frames.reserve(FrameRange(u64(RAM + first * PAGE), u64(RAM + end * PAGE))) is None
    return frames


def handle(index: int, generation: int = 0) -> CapHandle:
    return CapHandle(u16(index), u32(generation))


def slot_id(index: int, generation: int = 0) -> SlotId:
    return SlotId(u16(index), u32(generation))


def endpoint_object(index: int = 0, generation: int = 0) -> EndpointHandle:
    return EndpointHandle(slot_id(index, generation))


def space_object(index: int = 0, generation: int = 0) -> AddressSpaceHandle:
    return AddressSpaceHandle(slot_id(index, generation))


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


def slim_kernel(board: FakeBoard, tasks: int = 3, slots: int = 6, debug_console: bool = True) -> Kernel[FakeBoard]:
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
    kernel: Kernel[FakeBoard],
    *tasks: TaskRecord,
    endpoints: int = 2,
    limit: int = 0,
    notifications: int = 0,
    memory: Sequence[Region] = (),
    slice: int = 0,
) -> Task | None:
    """Boot a kernel with the manifest of these tasks as its image."""
    board = kernel.board
    board.kernel = kernel
    manifest = encode(System("test", endpoints, tasks, notifications, tuple(memory), slice), limit)
    board.put(IMAGE, manifest)
    image_end = IMAGE + len(manifest)
    return start_system(kernel, BootInfo(u64(RAM), u64(board.end), u64(IMAGE), u64(image_end), u64(IMAGE)))


def booted(
    *tasks: TaskRecord, debug_console: bool = True, slots: int = 6, pages: int = 64, **system: Any
) -> Kernel[FakeBoard]:
    """A kernel that has just entered the first of its tasks: by default one with the console at handle word 0."""
    kernel = slim_kernel(FakeBoard(pages), max(1, len(tasks)), slots, debug_console)
    boot(kernel, *(tasks or (task_record("one", CONSOLE_CAP),)), **system)
    return kernel


def current(kernel: Kernel[FakeBoard]) -> Task:
    task = kernel.scheduler.current
    assert task is not None
    return task


def registers(task: Task) -> tuple[int, ...]:
    """x0 to x7 of a task."""
    return tuple(int(task.frame.x[register]) for register in range(8))


def system_call(kernel: Kernel[FakeBoard], number: int, *arguments: int) -> tuple[int, ...]:
    """Let the current task make a system call; x0 to x7 of its frame afterwards."""
    task = current(kernel)
    for register, value in enumerate([*arguments, *[0] * (6 - len(arguments))]):
        task.frame.x[register] = u64(value)
    task.frame.x[6] = task.frame.x[7] = u64(0x5EC4E7)  # ignored, but rewritten
    task.frame.x[8] = u64(number)
    kernel.trap(Vector.SYNCHRONOUS, u64(SVC), u64(0))
    return registers(task)


def run(kernel: Kernel[FakeBoard], task: Task) -> None:
    """Let a ready task have the CPU, as if it had been its turn; who had it is next after it."""
    scheduler = kernel.scheduler
    before = scheduler.current
    if before is task:
        return
    assert task.state is TaskState.READY, f"task {task.number} is {task.state.name}"
    scheduler.withdraw(task)
    if before is not None:
        scheduler.ready[before.priority].push_front(before)
        scheduler.levels = scheduler.levels | u64(1) << before.priority
    scheduler.current = task
    kernel.leave()


def state(*places: object, without: Sequence[object] = ()) -> object:
    """A value that is equal for equal states of all that the places reach; board memory included.

    References are numbered in the order in which they are met, so that aliasing counts and identity does not.
    """
    numbers: dict[int, int] = {id(skipped): -1 for skipped in without}
    met: list[Any] = []

    def value(thing: Any) -> object:
        if thing is None or isinstance(thing, (int, bytes, str, Enum)):
            return thing
        if isinstance(thing, (bytearray, tuple, list)):
            return bytes(thing) if isinstance(thing, bytearray) else tuple(map(value, thing))
        if type(thing).__hash__ is not object.__hash__:
            return thing  # a frozen dataclass
        if id(thing) not in numbers:
            numbers[id(thing)] = len(numbers)
            met.append(thing)
        return ("object", numbers[id(thing)])

    found: list[object] = [tuple(map(value, places))]
    for thing in met:  # which grows on the way
        if isinstance(thing, Array):
            found.append(tuple(map(value, thing)))
        else:
            found.append((type(thing).__name__, *((name, value(part)) for name, part in sorted(vars(thing).items()))))
    return tuple(found)


def kernel_state(kernel: Kernel[FakeBoard], frame: TrapFrame | None = None) -> object:
    """All that a refused system call must leave alone: everything but x0 to x8 of the caller, and the traces.

    `frame` holds the caller's registers: the current task's, unless said otherwise.
    """
    board = kernel.board
    task = kernel.scheduler.current
    if frame is None and task is not None:
        frame = task.frame
    kept = () if frame is None else (list(frame.x)[9:], frame.sp, frame.pc, frame.pstate)
    return state(kernel, board.ram, board.console, board.log, board.events, kept, without=(board, frame))


def changes(before: Any, after: Any) -> str:
    """Where two states differ, in short; empty for equal ones."""
    if before == after:
        return ""
    found = []
    for old, new in zip(before, after, strict=False):
        fields = zip(old, new, strict=False) if isinstance(old, tuple) and isinstance(new, tuple) else [(old, new)]
        found += [f"{str(was)[:200]} -> {str(now)[:200]}" for was, now in fields if was != now]
    return "\n".join(found) or "more objects"


def resources(kernel: Kernel[FakeBoard]) -> dict[str, object]:
    """What every life must give back: frames, places in arenas, claims, slots, queues; generations do not count."""
    arenas = (kernel.tasks, kernel.endpoints, kernel.notifications, kernel.spaces, kernel.regions, kernel.quotas)

    def names(queue: TaskQueue) -> list[int]:
        found = []
        at = queue.head
        while at is not None:
            found.append(int(at.number))
            at = at.next
        return found

    return {
        "frames": (tuple(kernel.frames.taken), kernel.frames.stats()),
        "alive": [tuple(arena.occupied) for arena in arenas],
        "claims": [tuple(map(int, quota.claims)) for quota in kernel.quotas.items],
        "spaces": [int(space.frames) for space in kernel.spaces.items],
        "tables": [tuple(slot.capability for slot in task.capabilities.slots) for task in kernel.tasks.items],
        "room": [sum(task.capabilities.has_room(u64(n)) for n in range(1, 65)) for task in kernel.tasks.items],
        "homes": [(task.home.capability, task.supervisor.capability) for task in kernel.tasks.items],
        "ready": [names(queue) for queue in kernel.scheduler.ready],
        "endpoints": [
            (names(e.senders), names(e.receivers), e.state, e.message, e.badge, e.parked.capability, e.bound is None)
            for e in kernel.endpoints.items
        ],
        "notifications": [(n.word, names(n.waiters), n.bound is None) for n in kernel.notifications.items],
    }
