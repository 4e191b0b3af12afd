"""Failure at every allocation: each call, made where it would succeed, with one thing after another used up.

Used up are: the slots of the caller's and of the other tasks' tables, each claim of each quota, frames down to any
number that the call needs, frames that lie together, and each arena. Whatever is missing, the call either does not need
it, or returns its error and leaves the whole kernel byte for byte as it was; given back what was missing, it succeeds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import pytest

from properties import scenarios
from properties.scenarios import ME, OTHER, SCENARIOS, world
from tyrne.abi import CallNumber as C
from tyrne.abi import CapKind, Rights, Status, TaskState
from tyrne.hal.frame import Vector
from tyrne.inspect.slots import arenas
from tyrne.kernel.capability import Capability, DebugConsole
from tyrne.kernel.quota import CLAIMS
from tyrne.lang import u16, u64
from tyrne.rows import check_rows
from tyrne.testing.invariants import check_system
from tyrne.testing.kernels import SVC, run, trap
from tyrne.testing.state import kernel_state
from tyrne.testing.world import World

K, S = CapKind, Status

# --- what is used up, and given back

Shortage = Callable[[World], AbstractContextManager[None]]
SHORTAGES: dict[str, Shortage] = {}


def shortage(name: str, make: Callable[..., Iterator[None]], *arguments: Any) -> None:
    SHORTAGES[name] = lambda w: contextmanager(make)(w, *arguments)


def slots(w: World, task: int, leave: int) -> Iterator[None]:
    table = w.task(task).capabilities
    fillers = []
    while table.has_room(u64(leave + 1)):
        fillers.append(table.allocate())
        fillers[-1].fill(Capability(Rights.NONE, DebugConsole()), None, w.task(task).life.origin.depth)
    yield
    for slot in reversed(fillers):
        if slot.capability is not None:  # the task has not ended
            slot.clear()


def claims(w: World, claim: int, leave: int) -> Iterator[None]:
    """Of one kind in every quota, so many left."""
    were = [int(quota.claims[claim]) for quota in w.kernel.quotas.items]
    for quota in w.kernel.quotas.items:
        quota.claims[claim] = u64(min(int(quota.claims[claim]), leave))
    now = [int(quota.claims[claim]) for quota in w.kernel.quotas.items]
    yield
    for quota, before, after in zip(w.kernel.quotas.items, were, now, strict=True):
        quota.claims[claim] += u64(before - after)


def frames(w: World, leave: int) -> Iterator[None]:
    """Fewer frames than the quotas promise."""
    taken = []
    while w.kernel.frames.available() > leave:
        taken.append(w.kernel.frames.allocate(w.board))
    yield
    for frame in taken:
        assert frame is not None
        w.kernel.frames.free(frame)


def scattered(w: World) -> Iterator[None]:
    """Every other frame: enough, but no two together."""
    taken = [w.kernel.frames.allocate(w.board) for _ in range(int(w.kernel.frames.available()))]
    for frame in taken[::2]:
        assert frame is not None
        w.kernel.frames.free(frame)
    yield
    for frame in taken[1::2]:
        assert frame is not None
        w.kernel.frames.free(frame)


def places(w: World, kind: str) -> Iterator[None]:
    """No free place in an arena, as when all others were retired."""
    arena = arenas(w.kernel)[kind]
    taken: list[u16] = []
    while not arena.is_full():
        made = arena.allocate()
        assert made is not None
        taken.append(made.life.index)
    for index in taken:  # occupied by nothing that could be reaped
        arena.occupied[index] = False
    yield
    for index in reversed(taken):
        arena.occupied[index] = True
        arena.free(index)


for left in range(3):
    shortage(f"own slots {left}", slots, ME, left)
shortage("slots of the other", slots, OTHER, 0)
shortage("one slot of the other", slots, OTHER, 1)
for claim in range(CLAIMS):
    shortage(f"claim {claim}", claims, claim, 0)
for left in range(1, 5):
    shortage(f"claimed frames {left}", claims, 0, left)
for left in range(6):
    shortage(f"frames {left}", frames, left)
shortage("frames together", scattered)
for arena_name in ("task", "endpoint", "notification", "space", "region", "quota"):
    shortage(f"places {arena_name}", places, arena_name)


# --- what each call says

FULL, TOO_FULL = S.CAPS_EXHAUSTED, S.RECEIVER_TABLE_FULL
NO_SLOT = {"own slots 0": FULL}
NO_SLOT_TO_RECEIVE = {"own slots 0": TOO_FULL}


def created(kind: CapKind, arena: str) -> dict[str, Status]:
    return {**NO_SLOT, f"claim {kind.value}": S.QUOTA_EXCEEDED, f"places {arena}": S.QUOTA_EXCEEDED}


def short_of(frames: int, *, quota: bool = True) -> dict[str, Status]:
    """Refusals of a call that takes so many frames."""
    found = {f"frames {left}": S.OUT_OF_FRAMES for left in range(frames)}
    if quota:
        found |= {"claim 0": S.QUOTA_EXCEEDED}
        found |= {f"claimed frames {left}": S.QUOTA_EXCEEDED for left in range(1, frames)}
    return found


REFUSED: dict[str, dict[str, Status]] = {
    "recv": NO_SLOT_TO_RECEIVE,
    "send_wait_to_a_receiver": {"slots of the other": TOO_FULL},
    "call_a_receiver": {"one slot of the other": TOO_FULL},
    "wait_for_what_is_parked": NO_SLOT_TO_RECEIVE,
    "wait_for_a_call_with_a_capability": NO_SLOT_TO_RECEIVE,
    "wait_for_a_fault": NO_SLOT_TO_RECEIVE,
    "reply": {"slots of the other": TOO_FULL},
    "cap_copy": NO_SLOT,
    "cap_derive": NO_SLOT,
    "cap_move": NO_SLOT,
    "cap_move_to_another": {"slots of the other": FULL},
    "memory_derive": NO_SLOT,
    "create task": created(K.TASK, "task"),
    "create endpoint": created(K.ENDPOINT, "endpoint"),
    "create notification": created(K.NOTIFICATION, "notification"),
    "create quota": created(K.QUOTA, "quota"),
    "create address_space": created(K.ADDRESS_SPACE, "space") | short_of(1),
    "create memory": created(K.MEMORY, "region") | short_of(3),
    "quota_move": {"claim 4": S.QUOTA_EXCEEDED},
    "quota_move_frames": {"claim 0": S.QUOTA_EXCEEDED, "claimed frames 1": S.QUOTA_EXCEEDED}
    | {"claimed frames 2": S.QUOTA_EXCEEDED},
    "map": short_of(3),
    "map_across_two_tables": short_of(4),
}
"""By call, then by shortage; every other pair succeeds, or waits as it would have."""


def attempt(w: World, number: C, arguments: tuple[int, ...]) -> Status | None:
    """The caller makes a call, whatever the invariants say: its status, None when it waits or has ended."""
    task = w.task(ME)
    for register, value in enumerate([*arguments, *[0] * (6 - len(arguments))]):
        task.frame.x[register] = u64(value)
    trap(w.kernel, Vector.SYNCHRONOUS, u64(SVC), u64(0))
    return Status(int(task.frame.x[0])) if task.state is TaskState.READY else None


@pytest.mark.parametrize("name", SCENARIOS)
def test_whatever_is_used_up_a_call_returns_its_error_with_nothing_changed_and_succeeds_later(name: str) -> None:
    refused = {}
    for what, make in SHORTAGES.items():
        w = world()
        number, arguments = SCENARIOS[name](w)
        caller = w.task(ME)
        run(w.kernel, caller)
        caller.frame.x[8] = u64(number.value)
        with make(w):
            before = kernel_state(w.kernel)
            status = attempt(w, number, arguments)
            if status is not None and status is not S.OK:
                refused[what] = status
                assert tuple(caller.frame.x[i] for i in range(1, 8)) == (0,) * 7
                unchanged = kernel_state(w.kernel) == before
                assert unchanged, f"{name} without {what} is refused, {status.name}, and changed something"
        check_system(w.kernel)
        if what in refused:
            assert attempt(w, number, arguments) in (None, S.OK), f"{name} after {what}"
            check_system(w.kernel)
    assert refused == REFUSED.get(name, {})


def test_every_call_has_a_scenario() -> None:
    check_rows(scenarios.__file__, "SCENARIOS", {make(world())[0] for make in SCENARIOS.values()}, C)
