"""Making objects at a quota's expense: what each kind takes, when it runs out, and how claims move and come back."""

from __future__ import annotations

from typing import Any

import pytest

from tyrne.abi import CallNumber as C
from tyrne.abi import CapKind, Rights, Status, rights_over
from tyrne.kernel.arena import Arena
from tyrne.kernel.config import MAX_DEPTH
from tyrne.kernel.creation import make_object
from tyrne.kernel.quota import FRAMES, pay_back
from tyrne.kernel.task import Task
from tyrne.lang import u8, u16, u64
from tyrne.system.parts import Quota as Claims
from tyrne.testing.board import PAGE
from tyrne.testing.kernels import BASE, age
from tyrne.testing.state import kernel_state, resources, state
from tyrne.testing.world import PLENTY, World, claims

NOT_MADE = (CapKind.DEBUG_CONSOLE, CapKind.REPLY, CapKind.CLOCK, CapKind.INTERRUPT)
KINDS = [kind for kind in CapKind if kind not in NOT_MADE]
FRAMES_OF = {CapKind.ADDRESS_SPACE: 1, CapKind.MEMORY: 3}
"""What one object of a kind takes of frames, memory being made of three pages."""


class Payer(World):
    """Task 0 holds its quota."""

    def __init__(self, quota: Claims = PLENTY, **terms: int) -> None:
        super().__init__(1, quota=quota, **terms)  # type: ignore[arg-type]
        self.purse = self.give_quota(0)

    def create(self, kind: CapKind, pages: int = 3, purse: int | None = None) -> int:
        return self.ok(0, C.CREATE, self.purse if purse is None else purse, kind.value, pages)


@pytest.mark.parametrize("kind", KINDS)
def test_a_new_object_has_all_rights_hangs_under_its_quota_and_costs_one_claim(kind: CapKind) -> None:
    w = Payer()
    before = w.claims(0)
    made = w.create(kind)
    slot = w.slot(0, made)
    assert slot.held().rights == rights_over(kind) and slot.held().badge == 0
    origin = slot.parent
    assert origin is not None and origin.is_origin and origin.parent is w.slot(0, w.purse)
    frames = FRAMES_OF.get(kind, 0)
    assert before[kind.name] - w.claims(0).get(kind.name, 0) == 1
    assert before["FRAMES"] - w.claims(0).get("FRAMES", 0) == frames


@pytest.mark.parametrize("kind", KINDS)
def test_making_and_dropping_gives_everything_back(kind: CapKind) -> None:
    w = Payer()
    before = resources(w.kernel)
    for _ in range(3):
        w.ok(0, C.CAP_DROP, w.create(kind))
    assert resources(w.kernel) == before


def test_memory_has_from_1_to_512_pages() -> None:
    w = Payer(Claims(memory=1, frames=2))
    for pages, status in ((0, "BAD_ARGUMENT"), (512, "QUOTA_EXCEEDED"), (513, "BAD_ARGUMENT")):
        assert w.refused(0, C.CREATE, w.purse, CapKind.MEMORY.value, pages).name == status
    w.create(CapKind.MEMORY, 1)


def test_a_quota_one_level_above_the_deepest_still_pays() -> None:
    w = Payer()
    purse = w.purse
    while w.slot(0, purse).depth < MAX_DEPTH - 1:
        purse = w.ok(0, C.CAP_DERIVE, purse, int(rights_over(CapKind.QUOTA)), 0)
    w.create(CapKind.ENDPOINT, purse=purse)


@pytest.mark.parametrize("kind", KINDS)
def test_a_quota_runs_out_for_one_kind_and_not_for_the_others(kind: CapKind) -> None:
    w = Payer()
    for _ in range(w.claims(0)[kind.name]):
        w.create(kind)
    assert w.refused(0, C.CREATE, w.purse, kind.value, 3) is Status.QUOTA_EXCEEDED
    for other in KINDS:
        if other is not kind:
            w.create(other)


@pytest.mark.parametrize("kind", [CapKind.ADDRESS_SPACE, CapKind.MEMORY])
def test_frames_of_a_quota_run_out_too(kind: CapKind) -> None:
    w = Payer(Claims(spaces=3, memory=3, frames=4))
    w.create(CapKind.MEMORY, 4)
    assert w.refused(0, C.CREATE, w.purse, kind.value, 1) is Status.QUOTA_EXCEEDED


def test_no_more_pages_than_the_quota_has_frames() -> None:
    w = Payer(Claims(memory=3, frames=4))
    assert w.refused(0, C.CREATE, w.purse, CapKind.MEMORY.value, 5) is Status.QUOTA_EXCEEDED
    w.create(CapKind.MEMORY, 4)


@pytest.mark.parametrize("kind", KINDS)
def test_an_arena_without_a_place_refuses_as_a_quota_does(kind: CapKind) -> None:
    """Claims never exceed places, but for those that were retired: as if all free ones had been."""
    w = Payer()
    kernel = w.kernel
    arena: Arena[Any] = {
        CapKind.ENDPOINT: kernel.endpoints,
        CapKind.NOTIFICATION: kernel.notifications,
        CapKind.TASK: kernel.tasks,
        CapKind.ADDRESS_SPACE: kernel.spaces,
        CapKind.MEMORY: kernel.regions,
        CapKind.QUOTA: kernel.quotas,
    }[kind]  # type: ignore[assignment]
    for index in range(len(arena.items)):
        if not arena.occupied[index]:
            age(arena, index, 1 << 32)
    arena.touched = u16(len(arena.items))
    assert arena.is_full()
    assert w.refused(0, C.CREATE, w.purse, kind.value, 3) is Status.QUOTA_EXCEEDED


@pytest.mark.parametrize("kind", NOT_MADE)
def test_what_cannot_be_made_is_not_made_for_a_quota_with_a_claim_on_it_either(kind: CapKind) -> None:
    w = Payer()
    w.quotas[0].claims[kind.value] = u64(1)
    before = kernel_state(w.kernel)
    made = make_object(w.kernel, w.slot(0, w.purse), w.quotas[0], kind, u64(1))
    assert made is Status.BAD_ARGUMENT
    assert kernel_state(w.kernel) == before


def test_a_claim_that_nobody_paid_for_returns_to_nobody() -> None:
    w = Payer()
    before = kernel_state(w.kernel)
    pay_back(None, FRAMES, u64(1))
    assert kernel_state(w.kernel) == before


def test_a_new_quota_is_empty_and_what_is_moved_to_it_can_be_spent() -> None:
    w = Payer()
    child = w.create(CapKind.QUOTA)
    made = w.kernel.quotas.items[2]
    assert claims(made) == {}
    assert w.refused(0, C.CREATE, child, CapKind.ENDPOINT.value, 0) is Status.QUOTA_EXCEEDED
    w.ok(0, C.QUOTA_MOVE, w.purse, child, CapKind.ENDPOINT.value, 1)
    assert claims(made) == {"ENDPOINT": 1} and w.claims(0)["ENDPOINT"] == PLENTY.endpoints - 1
    w.create(CapKind.ENDPOINT, purse=child)
    assert claims(made) == {}


@pytest.mark.parametrize("kind", [0, *(kind.value for kind in KINDS)])
def test_claims_move_both_ways_and_none_appears_or_is_lost(kind: int) -> None:
    w = Payer()
    child = w.create(CapKind.QUOTA)
    own, made = w.quotas[0].claims, w.kernel.quotas.items[2].claims
    there = int(own[kind])
    for amount in (0, 1, there - 1):
        w.ok(0, C.QUOTA_MOVE, w.purse, child, kind, amount)
    assert (own[kind], made[kind]) == (0, there)
    assert w.refused(0, C.QUOTA_MOVE, w.purse, child, kind, 1) is Status.QUOTA_EXCEEDED
    w.ok(0, C.QUOTA_MOVE, child, w.purse, kind, there)
    assert (own[kind], made[kind]) == (there, 0)
    w.ok(0, C.QUOTA_MOVE, w.purse, w.purse, kind, there)
    assert own[kind] == there


def test_there_are_claims_up_to_the_last_kind_also_of_those_that_nobody_has() -> None:
    w = Payer()
    last = max(kind.value for kind in CapKind)
    for kind, status in ((last, Status.QUOTA_EXCEEDED), (last + 1, Status.BAD_ARGUMENT)):
        assert w.refused(0, C.QUOTA_MOVE, w.purse, w.purse, kind, 1) is status


def test_the_claims_of_a_destroyed_quota_return_with_what_was_made_by_it() -> None:
    w = Payer()
    before = resources(w.kernel)
    child = w.create(CapKind.QUOTA)
    for kind, amount in ((0, 10), *((kind.value, 1) for kind in KINDS)):
        w.ok(0, C.QUOTA_MOVE, w.purse, child, kind, amount)
    for kind in KINDS:
        w.create(kind, purse=child)
    assert w.refused(0, C.CAP_DROP, child) is Status.HAS_CHILDREN
    w.ok(0, C.CAP_REVOKE, child)
    assert claims(w.kernel.quotas.items[2])["FRAMES"] == 10
    w.ok(0, C.CAP_DROP, child)
    assert resources(w.kernel) == before


@pytest.mark.promise(
    "an object that was made through a quota capability, afterwards: is destroyed, with every capability over it",
)
def test_revoking_a_quota_destroys_quotas_made_by_quotas_made_by_it_with_all_they_made() -> None:
    w = Payer()
    first = w.create(CapKind.QUOTA)
    for kind, amount in ((0, 10), *((kind.value, 1) for kind in KINDS)):
        w.ok(0, C.QUOTA_MOVE, w.purse, first, kind, amount)
    second = w.create(CapKind.QUOTA, purse=first)
    for kind in KINDS:
        if kind is not CapKind.QUOTA:
            w.ok(0, C.QUOTA_MOVE, first, second, kind.value, 1)
    w.ok(0, C.QUOTA_MOVE, first, second, 0, 10)
    for kind in KINDS:
        if kind is not CapKind.QUOTA:
            w.create(kind, purse=second)
    w.ok(0, C.CAP_REVOKE, w.purse)
    assert w.claims(0) == claims_of(PLENTY)
    assert not w.holds(0, first) and not w.holds(0, second)


def claims_of(quota: Claims) -> dict[str, int]:
    return {
        "ENDPOINT": quota.endpoints,
        "NOTIFICATION": quota.notifications,
        "TASK": quota.tasks,
        "ADDRESS_SPACE": quota.spaces,
        "MEMORY": quota.memory,
        "QUOTA": quota.quotas,
        "FRAMES": quota.frames,
    }


def test_what_a_copy_of_a_quota_made_stays_when_the_original_is_revoked_and_both_spend_the_same_claims() -> None:
    w = Payer()
    copy = w.ok(0, C.CAP_COPY, w.purse, int(rights_over(CapKind.QUOTA)))
    mine, its = w.create(CapKind.ENDPOINT), w.create(CapKind.ENDPOINT, purse=copy)
    assert w.claims(0).get("ENDPOINT", 0) == 0
    w.ok(0, C.CAP_REVOKE, w.purse)
    assert not w.holds(0, mine) and w.holds(0, its)


def test_one_task_cannot_use_up_what_another_was_promised() -> None:
    w = World(2)
    one, two = w.give_quota(0), w.give_quota(1)
    for kind in KINDS:
        while w.status(0, C.CREATE, one, kind.value, 1) is Status.OK:
            pass
    for kind in KINDS:
        w.ok(1, C.CREATE, two, kind.value, 1)


def test_the_tables_of_a_space_are_paid_by_the_quota_that_made_it_whoever_maps() -> None:
    w = World(2)
    purse = w.give_quota(0)
    space = w.ok(0, C.CREATE, purse, CapKind.ADDRESS_SPACE.value, 0)
    passed = w.ok(0, C.CAP_MOVE, w.ok(0, C.CAP_COPY, space, int(Rights.MAP | Rights.TRANSFER)), w.give_task(0, 1))
    memory = w.give(1, w.memory(1))
    before, other = w.claims(0)["FRAMES"], w.claims(1)["FRAMES"]
    w.ok(1, C.MAP, passed, memory, BASE, 0)
    assert (w.claims(0)["FRAMES"], w.claims(1)["FRAMES"]) == (before - 3, other)
    w.ok(1, C.UNMAP, passed, memory)
    assert w.claims(0)["FRAMES"] == before


def test_a_mapping_whose_tables_cannot_be_paid_is_refused() -> None:
    w = Payer(Claims(spaces=1, frames=3))
    space = w.create(CapKind.ADDRESS_SPACE)
    memory = w.give(0, w.memory(1))
    assert w.refused(0, C.MAP, space, memory, BASE, 0) is Status.QUOTA_EXCEEDED


def test_a_mapping_pays_only_for_tables_that_are_missing() -> None:
    w = Payer(Claims(spaces=1, frames=4))
    space = w.create(CapKind.ADDRESS_SPACE)
    for page in range(4):
        w.ok(0, C.MAP, space, w.give(0, w.memory(1)), BASE + page * PAGE, 0)
    memory = w.give(0, w.memory(1))
    assert w.refused(0, C.MAP, space, memory, BASE + (1 << 21), 0) is Status.QUOTA_EXCEEDED


@pytest.mark.promise(
    "A frame is zeroed before a task can see it: a table or a page of a program when it is handed out, a region's when "
    "it is first mapped, all of it before any page of it can be used"
)
def test_new_memory_is_zero_when_a_task_can_see_it() -> None:
    w = Payer()
    made = w.create(CapKind.MEMORY, 2)
    region, space = w.kernel.regions.items[0], w.give_space(0, 0)
    w.ok(0, C.MAP, space, made, 1 << 28, 1)
    places = [int(region.address(u64(page))) for page in range(2)]
    for place in places:
        w.board.put(place, b"secret" * 100)
    w.ok(0, C.CAP_DROP, made)
    made = w.create(CapKind.MEMORY, 2)
    w.ok(0, C.MAP, space, made, 1 << 28, 1)
    assert [int(region.address(u64(page))) for page in range(2)] == places, "the same frames"
    assert [w.board.get(place, PAGE) for place in places] == [bytes(PAGE)] * 2


def test_a_new_task_is_the_least_urgent_inactive_nameless_and_empty() -> None:
    w = Payer()
    made = w.create(CapKind.TASK)
    assert w.call(0, C.TASK_STATE, made) == (0,) * 8
    task = w.task(1)
    assert task.priority == 15 and task.name[0] == 0 and task.supervisor.capability is None
    assert w.call(0, C.TASK_READ, made, 0) == (0,) * 8


@pytest.mark.parametrize("how", ["exits", "faults"])
def test_a_task_in_the_place_of_another_has_nothing_of_it(how: str) -> None:
    w = World(1, quota=Claims(tasks=1, spaces=1, frames=40))
    purse = w.give_quota(0)
    made, space = (w.ok(0, C.CREATE, purse, kind.value) for kind in (CapKind.TASK, CapKind.ADDRESS_SPACE))
    task = w.task(1)
    w.ok(0, C.TASK_CONFIGURE, made, space, BASE, BASE, BASE + PAGE)
    w.ok(0, C.TASK_RESUME, made)
    task.name[0] = u8(ord("x"))
    task.frame.sp = task.frame.pc = task.frame.pstate = u64(0x5EC4E7)
    task.thread.floating = True
    task.thread.fpcr = task.thread.fpsr = task.thread.tpidr = u64(0x5EC4E7)
    for registers in (task.frame.x, task.thread.q):
        for register in range(len(registers)):
            registers[register] = u64(0x5EC4E7)
    if how == "exits":
        w.call(1, C.TASK_EXIT, 7)
    else:
        w.fault(1)
    w.ok(0, C.CAP_DROP, made)
    assert w.kernel.tasks.population == 1
    made = w.ok(0, C.CREATE, purse, CapKind.TASK.value)
    assert w.slot(0, made).parent is task.life.origin, "the place is another"
    assert task.name[0] == 0 and task.exit_code == 0 and task.fault is None
    assert w.call(0, C.TASK_STATE, made) == (0,) * 8
    assert state(task.frame, task.thread) == state(Task().frame, Task().thread)


@pytest.mark.repeats
@pytest.mark.parametrize("rounds", [40])
def test_a_thousand_frames_later_every_quota_is_as_before(rounds: int) -> None:
    w = Payer()
    before = resources(w.kernel)
    for _ in range(rounds):
        space, memory = w.create(CapKind.ADDRESS_SPACE), w.create(CapKind.MEMORY, 20)
        w.ok(0, C.MAP, space, memory, BASE, 1)
        w.ok(0, C.CAP_DROP, space)
        w.ok(0, C.CAP_DROP, memory)
    assert resources(w.kernel) == before
    assert w.quotas[0].claims[FRAMES] == u64(PLENTY.frames)
