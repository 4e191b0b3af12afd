"""How the kernel's objects look in a debugger and in a failed test: `<Task 1 'pong': receiving, pc 0x8000a4>`.

A place names other places only shortly, so that no text is long and none runs in circles. Nothing is changed by being
looked at, and whatever state a place is in, half made or damaged, it has some text.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

from tyrne.abi import CapHandle, CapKind, decode_call_number, pack_handle
from tyrne.hal.frame import Call, ThreadState, TrapFrame
from tyrne.hal.image import Image
from tyrne.kernel.address_space import AddressSpace
from tyrne.kernel.arena import Arena
from tyrne.kernel.cap_slot import CapSlot
from tyrne.kernel.cap_table import CapTable
from tyrne.kernel.capability import Capability, Clock, DebugConsole, InterruptHandle, MemoryHandle, kind_of
from tyrne.kernel.core import Core
from tyrne.kernel.endpoint import Endpoint
from tyrne.kernel.frames import Frames
from tyrne.kernel.kernel import Kernel
from tyrne.kernel.life import Life, LifeStack
from tyrne.kernel.line import Line
from tyrne.kernel.memory import Region
from tyrne.kernel.notification import Notification
from tyrne.kernel.quota import Quota
from tyrne.kernel.scheduler import Scheduler
from tyrne.kernel.task import Task, TaskQueue
from tyrne.kernel.user_memory import UserWindow
from tyrne.lang import Trap, u64

MOST: Final = 8
"""Tasks of a queue that are named."""


def _name(task: Task) -> str:
    """`1 'pong'`: the number of a task, and its name where it has one."""
    name = bytes(map(int, task.name)).rstrip(b"\0").decode(errors="backslashreplace")
    return f"{int(task.number)} {name!r}" if name else f"{int(task.number)}"


def _task(task: Task) -> str:
    fault = task.fault
    why = "" if fault is None else f", fault {int(fault.what):#x} at {int(fault.address):#x}"
    priority = f", priority {int(task.priority)}"
    return f"Task {_name(task)}: {task.state.name.lower()}{priority}, pc {int(task.frame.pc):#x}{why}"


def _waiting(queue: TaskQueue) -> Iterator[str]:
    """The tasks of a queue, also of a damaged one that ends nowhere."""
    task = queue.head
    for _ in range(MOST):
        if task is None:
            return
        yield _name(task)
        task = task.next
    if task is not None:
        yield "…"


def _queue(queue: TaskQueue) -> str:
    return f"TaskQueue: {', '.join(_waiting(queue)) or 'empty'}"


def _held(capability: Capability) -> str:
    """`endpoint 0, RECV|SEND, badge 0x5`."""
    named = capability.object
    kind = kind_of(named).name.lower()
    what = kind
    if isinstance(named, DebugConsole):
        what = "console"
    elif isinstance(named, InterruptHandle):
        what += f" {int(named.at.number)}"
    elif not isinstance(named, Clock):
        what += f" {int(named.at.life.index)}"
    if isinstance(named, MemoryHandle):
        what += f", pages {int(named.first)} to {int(named.first + named.pages) - 1}"
    rights = "|".join(str(right.name) for right in capability.rights) or "no rights"
    return f"{what}, {rights}" + (f", badge {int(capability.badge):#x}" if capability.badge else "")


def _slot(slot: CapSlot) -> str:
    place = "origin" if slot.is_origin else f"{int(slot.index)}" if slot.table is not None else "of an object"
    capability = slot.capability
    children = ", has children" if slot.first_child is not None else ""
    mapped = "" if slot.placement is None else f", mapped at {int(slot.placement.address):#x}"
    return f"CapSlot {place}: {'empty' if capability is None else _held(capability)}{mapped}{children}"


def _table(table: CapTable) -> str:
    used = [f"{int(slot.index)} {_held(slot.held())}" for slot in table.slots if slot.capability is not None]
    return f"CapTable, {len(used)} of {len(table.slots)} used: {'; '.join(used[:MOST]) or 'empty'}"


def _number(place: Any) -> str:
    """The index of an object in its arena."""
    return f"{int(place.life.index)}" if place.life.count % 2 == 1 else "unused"


def _endpoint(endpoint: Endpoint) -> str:
    waits = [("senders", endpoint.senders), ("receivers", endpoint.receivers)]
    queues = "".join(f", {what} {', '.join(_waiting(queue))}" for what, queue in waits if queue.head is not None)
    return f"Endpoint {_number(endpoint)}: {endpoint.state.name.lower()}{queues}"


def _notification(notification: Notification) -> str:
    waiters = ", ".join(_waiting(notification.waiters))
    bound = ", bound" if notification.bound is not None else ""
    return f"Notification {_number(notification)}: word {int(notification.word):#x}{bound}, waiters {waiters or 'none'}"


def _line(line: Line) -> str:
    bound = "unbound" if line.bound is None else f"bound to bits {int(line.bound.bits):#x}"
    return f"Line {int(line.number)}: {bound}, {'open' if line.open else 'masked'}"


def _space(space: AddressSpace) -> str:
    return f"AddressSpace {int(space.asid)}: root {int(space.root):#x}, {int(space.frames)} frames"


def _region(region: Region) -> str:
    what = "device" if region.device else "RAM"
    where = f"at {int(region.address(u64(0))):#x}" if region.cleared else "without a place"
    return f"Region {_number(region)}: {int(region.pages)} pages of {what} {where}"


def _quota(quota: Quota) -> str:
    kinds = ["frames", *(kind.name.lower() for kind in CapKind)]
    left = [f"{kind} {int(claim)}" for kind, claim in zip(kinds, quota.claims, strict=False) if claim]
    return f"Quota {_number(quota)}: {', '.join(left) or 'nothing left'}"


def _arena(arena: Arena[Any]) -> str:
    of = type(arena.items[0]).__name__ if len(arena.items) else "nothing"
    return f"Arena of {of}: {int(arena.population)} of {len(arena.items)}"


def _core(core: Core) -> str:
    ready = [name for queue in core.ready for name in _waiting(queue)]
    runs = "nobody" if core.current is None else _name(core.current)
    return f"Core: runs {runs}, ready {', '.join(ready[:MOST]) or 'nobody'}"


def _scheduler(scheduler: Scheduler) -> str:
    return f"Scheduler: {_core(scheduler.core).removeprefix('Core: ')}"


def _kernel(kernel: Kernel[Any]) -> str:
    current = kernel.scheduler.core.current
    runs = "nobody" if current is None else f"task {_name(current)}"
    return f"Kernel: runs {runs}; {int(kernel.tasks.population)} tasks, {int(kernel.endpoints.population)} endpoints"


def _frames(frames: Frames) -> str:
    kept, used = int(frames.reserved_frames), int(frames.allocated + frames.promised)
    return f"Frames: {kept} reserved, {used} allocated, {int(frames.total()) - kept - used} free"


def _handle(handle: CapHandle) -> str:
    return f"CapHandle: {int(pack_handle(handle)):#x}"


def _thread(thread: ThreadState) -> str:
    return f"ThreadState: floating {thread.floating}, tpidr {int(thread.tpidr):#x}"


def _frame(frame: TrapFrame) -> str:
    x = [f"x{i} {int(frame.x[i]):#x}" for i in (*range(6), 8)]
    return f"TrapFrame: pc {int(frame.pc):#x}, sp {int(frame.sp):#x}, {', '.join(x)}"


def _image(image: Image) -> str:
    return f"Image: {int(image.segment_count)} segments, entry {int(image.entry):#x}"


def _call(call: Call) -> str:
    number = decode_call_number(call.number, True)
    name = f"call {int(call.number)}" if number is None else number.name.lower()
    words = ", ".join(f"{int(word):#x}" for word in (call.a0, call.a1, call.a2, call.a3, call.a4, call.a5))
    return f"Call: {name}({words})"


def _window(window: UserWindow) -> str:
    return f"UserWindow: {int(window.base):#x} to {int(window.base) + int(window.length):#x}"


def _life(life: Life) -> str:
    use = "lives" if life.count % 2 == 1 else "free"
    return f"Life of place {int(life.index)}: {use}, generation {life.generation()}"


def _lives(lives: LifeStack) -> str:
    """How many there are, also in a damaged list that ends nowhere."""
    number, life = 0, lives.top
    while life is not None and number < MOST:
        number, life = number + 1, life.next
    return f"LifeStack: {number} to reap{'' if life is None else ', and more'}"


TEXTS: Final[dict[type, Callable[[Any], str]]] = {
    AddressSpace: _space,
    Arena: _arena,
    Call: _call,
    CapHandle: _handle,
    CapSlot: _slot,
    CapTable: _table,
    Core: _core,
    Endpoint: _endpoint,
    Frames: _frames,
    Image: _image,
    Kernel: _kernel,
    Life: _life,
    LifeStack: _lives,
    Line: _line,
    Notification: _notification,
    Quota: _quota,
    Region: _region,
    Scheduler: _scheduler,
    Task: _task,
    TaskQueue: _queue,
    ThreadState: _thread,
    TrapFrame: _frame,
    UserWindow: _window,
}
"""The text of an object by its class."""


def _shower(text: Callable[[Any], str]) -> Callable[[Any], str]:
    def show(place: Any) -> str:
        try:
            return f"<{text(place)}>"
        except (Trap, Exception):  # half made, or damaged by a test
            return object.__repr__(place)

    return show


def install() -> None:
    """Let the kernel's classes show their objects so, in this process."""
    for kind, text in TEXTS.items():
        setattr(kind, "__repr__", _shower(text))  # noqa: B010
