"""What others do between two steps of an end finds nothing that is half gone, and gains nothing by it."""

from __future__ import annotations

from tyrne.abi import CallNumber as C
from tyrne.abi import CapKind, Rights, TaskState
from tyrne.kernel.work import Reaping
from tyrne.testing import World
from tyrne.testing.kernels import BASE

PLACE = 0x100_0000


def test_memory_goes_while_the_space_that_it_is_mapped_in_is_half_gone() -> None:
    world = World(2)
    other, _ = world.give_task(1, 0), world.give_space(1, 0)
    quota, memory = world.give_quota(0), world.give(0, world.memory())
    space = world.ok(0, C.CREATE, quota, CapKind.ADDRESS_SPACE.value)
    world.ok(0, C.MAP, space, memory, PLACE, 0)
    before = world.claims(0)
    world.preempted(0, 1, C.CAP_DROP, space)
    assert world.current() == 1
    assert isinstance(world.task(0).work, Reaping)
    world.ok(1, C.TASK_END, other, 0)
    assert world.state(0) is TaskState.EXITED
    assert world.claims(0) == {**before, "ADDRESS_SPACE": before["ADDRESS_SPACE"] + 1, "FRAMES": before["FRAMES"] + 4}


def test_what_has_ended_may_live_again_and_derive_from_what_it_is_given() -> None:
    """Also in the slots that were free when it ended."""
    world = World(2)
    task, space, door = world.give_task(0, 1), world.give_space(0, 1), world.endpoint()
    world.give(0, door)
    first, second = world.give(1, door), world.give(1, door)
    world.ok(1, C.CAP_DROP, second)
    world.ok(0, C.TASK_END, task, 0)
    world.ok(0, C.TASK_CONFIGURE, task, space, BASE, BASE, BASE)
    world.ok(0, C.TASK_RESUME, task)
    for _ in range(2):
        made = world.give(1, door)
        assert made not in (first, second)
        world.ok(1, C.CAP_DERIVE, made, int(Rights.SEND), 0)


def test_claims_return_to_who_paid_although_another_quota_takes_the_place_of_one_that_goes() -> None:
    for steps in (1, 2, 3):
        world = World(2)
        mine, others = world.give_quota(0), world.give_quota(1)
        before = world.claims(0)
        inner = world.ok(0, C.CREATE, mine, CapKind.QUOTA.value)
        world.ok(0, C.QUOTA_MOVE, mine, inner, CapKind.ENDPOINT.value, 1)
        world.ok(0, C.CREATE, inner, CapKind.ENDPOINT.value)
        world.preempted(0, steps, C.CAP_REVOKE, mine)
        assert world.current() == 1
        world.ok(1, C.CREATE, others, CapKind.QUOTA.value)
        while world.current() != 0:
            world.tick()
        assert world.claims(0) == before
