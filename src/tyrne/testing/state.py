"""The whole state of a kernel as values that compare: what a call changed, and what a life gave back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import fields, is_dataclass
from enum import Enum
from types import NoneType
from typing import Any, Final

from tyrne.hal.frame import TrapFrame
from tyrne.hal.pages import PAGE_SIZE
from tyrne.hosted.taken import pages_held, taken_frames
from tyrne.kernel.kernel import Kernel
from tyrne.kernel.task import TaskQueue
from tyrne.lang import Array, u64
from tyrne.testing.board import MemoryBoard

_SCALARS: Final = (NoneType, int, bytes, str, Enum)
_is_scalar: dict[type, bool] = {}
_parts: dict[type, tuple[str, ...] | None] = {}
_sorted_names: dict[tuple[str, ...], tuple[str, ...]] = {}


def state(*places: object, without: Sequence[object] = ()) -> object:
    """A value that is equal for equal states of all that the places reach; board memory included.

    References are numbered in the order in which they are met, so that aliasing counts and identity does not.
    """
    numbers: dict[int, int] = {id(skipped): -1 for skipped in without}
    met: list[Any] = []
    is_scalar = _is_scalar

    def values(things: Iterable[Any]) -> tuple[object, ...]:
        return tuple([thing if is_scalar.get(type(thing)) else value(thing) for thing in things])

    def value(thing: Any) -> object:
        kind = type(thing)
        if kind not in is_scalar:
            is_scalar[kind] = issubclass(kind, _SCALARS)
            _parts[kind] = tuple(field.name for field in fields(thing)) if is_dataclass(thing) else None
        if is_scalar[kind]:
            return thing
        if isinstance(thing, (bytearray, tuple, list)):
            return bytes(thing) if isinstance(thing, bytearray) else values(thing)
        names = _parts[kind]
        if names is not None:
            return (kind.__name__, *values([getattr(thing, name) for name in names]))
        if id(thing) not in numbers:
            numbers[id(thing)] = len(numbers)
            met.append(thing)
        return ("object", numbers[id(thing)])

    found: list[object] = [values(places)]
    for thing in met:  # which grows on the way
        if isinstance(thing, Array):
            found.append(values(thing))
        else:
            held = vars(thing)
            names = names_in_order(tuple(held))
            parts = values([held[name] for name in names])
            found.append((type(thing).__name__, *zip(names, parts, strict=True)))
    return tuple(found)


def names_in_order(names: tuple[str, ...]) -> tuple[str, ...]:
    """Sorted; each set of names once."""
    if names not in _sorted_names:
        _sorted_names[names] = tuple(sorted(names))
    return _sorted_names[names]


def kernel_state(kernel: Kernel[MemoryBoard], frame: TrapFrame | None = None) -> object:
    """All that a refused system call must leave alone: everything but x0 to x8 of the caller, and the traces.

    `frame` holds the caller's registers: the current task's, unless said otherwise.
    """
    board = kernel.board
    task = kernel.scheduler.core.current
    if frame is None and task is not None:
        frame = task.frame
    kept = () if frame is None else (list(frame.x)[9:], frame.sp, frame.pc, frame.pstate)
    due = board.alarm_at, board.turn_end, sorted(board.unmasked)
    return state(kernel, board.ram, board.console, board.log, board.events, due, kept, without=(board, frame))


def changes(before: Any, after: Any) -> str:
    """Where two states differ, in short; empty for equal ones."""
    if before == after:
        return ""
    found = []
    for old, new in zip(before, after, strict=False):
        fields = zip(old, new, strict=False) if isinstance(old, tuple) and isinstance(new, tuple) else [(old, new)]
        found += [f"{str(was)[:200]} -> {str(now)[:200]}" for was, now in fields if was != now]
    return "\n".join(found) or "more objects"


def resources(kernel: Kernel[MemoryBoard]) -> dict[str, object]:
    """What every life must give back: frames, places in arenas, claims, slots, queues; generations do not count.

    A region that lives may have taken frames in the meantime that it was promised.
    """
    arenas = (kernel.tasks, kernel.endpoints, kernel.notifications, kernel.spaces, kernel.regions, kernel.quotas)

    def names(queue: TaskQueue) -> list[int]:
        found = []
        at = queue.head
        while at is not None:
            found.append(int(at.number))
            at = at.next
        return found

    regions = zip(kernel.regions.items, kernel.regions.occupied, strict=True)
    held = {frame for region, alive in regions if alive for frame in pages_held(region)}
    of_regions = {(frame - int(kernel.frames.extent.start)) // int(PAGE_SIZE) for frame in held}
    return {
        "frames": (set(taken_frames(kernel.frames)) - of_regions, kernel.frames.allocated + kernel.frames.promised),
        "alive": [tuple(arena.occupied) for arena in arenas],
        "claims": [tuple(map(int, quota.claims)) for quota in kernel.quotas.items],
        "spaces": [int(space.frames) for space in kernel.spaces.items],
        "tables": [tuple(slot.capability for slot in task.capabilities.slots) for task in kernel.tasks.items],
        "room": [sum(task.capabilities.has_room(u64(n)) for n in range(1, 65)) for task in kernel.tasks.items],
        "homes": [(task.home.capability, task.supervisor.capability) for task in kernel.tasks.items],
        "ready": [names(queue) for queue in kernel.scheduler.core.ready],
        "endpoints": [
            (names(e.senders), names(e.receivers), e.state, e.message, e.badge, e.parked.capability, e.bound is None)
            for e in kernel.endpoints.items
        ],
        "notifications": [(n.word, names(n.waiters), n.bound is None) for n in kernel.notifications.items],
    }
