"""Notifications by their calls: bits before and after, who is woken, and endpoints that take signals."""

from __future__ import annotations

import pytest

from tyrne.abi import SIGNAL_BADGE, Rights, Status
from tyrne.abi import CallNumber as C
from tyrne.kernel.task import TaskState as T
from tyrne.testing.kernels import NULL
from tyrne.testing.world import World


class Bells(World):
    """Tasks 0 to 3 hold a notification and an endpoint."""

    def __init__(self) -> None:
        super().__init__(4)
        self.bell_object = self.notification()
        self.door_object = self.endpoint()
        self.bell = [self.give(task, self.bell_object) for task in range(4)]
        self.door = [self.give(task, self.door_object) for task in range(4)]

    def bits(self) -> int:
        return int(self.notification_at(self.bell_object).word)


def signal(bits: int) -> tuple[int, ...]:
    return (0, int(SIGNAL_BADGE), 0, bits, 0, 0, NULL, NULL)


def test_bits_accumulate_until_a_poll_takes_them_all() -> None:
    w = Bells()
    assert w.call(0, C.POLL, w.bell[0]) == (0,) * 8
    for bits in (0b01, 0b10, 0b10, 1 << 63):
        assert w.call(0, C.NOTIFY, w.bell[0], bits) == (0,) * 8
    assert w.call(1, C.POLL, w.bell[1]) == (0, 1 << 63 | 0b11, 0, 0, 0, 0, 0, 0)
    assert w.call(1, C.POLL, w.bell[1]) == (0,) * 8


def test_bits_that_are_there_are_taken_by_a_wait_at_once() -> None:
    w = Bells()
    w.ok(0, C.NOTIFY, w.bell[0], NULL)
    assert w.call(1, C.WAIT, w.bell[1]) == signal(NULL)
    assert w.bits() == 0


def test_a_signal_wakes_the_first_who_waits_with_the_bits_and_leaves_none() -> None:
    w = Bells()
    for task in (2, 1, 3):
        w.blocks(task, C.WAIT, w.bell[task])
    for number, task in enumerate((2, 1, 3)):
        w.ok(0, C.NOTIFY, w.bell[0], 1 << number)
        assert w.x(task) == signal(1 << number) and w.state(task) is T.READY
        assert w.bits() == 0
    w.ok(0, C.NOTIFY, w.bell[0], 8)
    assert w.bits() == 8


def test_no_bits_wake_nobody() -> None:
    w = Bells()
    w.blocks(1, C.WAIT, w.bell[1])
    w.ok(0, C.NOTIFY, w.bell[0], 0)
    assert w.state(1) is T.RECEIVING


def test_who_signals_goes_on_and_who_is_woken_stands_behind_its_equals() -> None:
    w = Bells()
    w.blocks(1, C.WAIT, w.bell[1])
    w.ok(0, C.NOTIFY, w.bell[0], 1)
    assert w.current() == 0 and w.ready()[-1] == 1


def test_a_more_urgent_waiter_runs_at_once() -> None:
    w = World(2, priorities=(8, 2))
    bell = w.notification()
    mine, its = w.give(0, bell), w.give(1, bell)
    w.blocks(1, C.WAIT, its)
    w.ok(0, C.NOTIFY, mine, 1)
    assert w.current() == 1 and w.ready() == [0]


# --- bound to an endpoint


def test_a_bound_signal_wakes_who_waits_at_the_endpoint() -> None:
    w = Bells()
    w.ok(1, C.BIND, w.door[1], w.bell[1])
    w.blocks(1, C.WAIT, w.door[1])
    w.ok(0, C.NOTIFY, w.bell[0], 6)
    assert w.x(1) == signal(6) and w.bits() == 0


def test_bits_from_before_are_given_to_who_waits_when_it_is_bound() -> None:
    w = Bells()
    w.ok(0, C.NOTIFY, w.bell[0], 6)
    w.blocks(1, C.WAIT, w.door[1])
    w.ok(0, C.BIND, w.door[0], w.bell[0])
    assert w.x(1) == signal(6) and w.bits() == 0


def test_bits_from_before_are_taken_by_the_next_wait_ahead_of_messages() -> None:
    w = Bells()
    w.ok(0, C.BIND, w.door[0], w.bell[0])
    w.ok(0, C.NOTIFY, w.bell[0], 6)
    w.ok(0, C.SEND, w.door[0], 1, 2, 3, 4, NULL)
    assert w.call(1, C.WAIT, w.door[1]) == signal(6)
    assert w.call(1, C.WAIT, w.door[1]) == (0, 0, 1, 2, 3, 4, NULL, NULL)


def test_signals_need_no_room_in_a_table() -> None:
    w = Bells()
    w.ok(0, C.BIND, w.door[0], w.bell[0])
    w.fill_table(1)
    w.blocks(2, C.CALL, w.door[2], 1, 2, 3, 4, NULL)
    w.ok(0, C.NOTIFY, w.bell[0], 6)
    assert w.call(1, C.WAIT, w.door[1]) == signal(6)
    assert w.refused(1, C.WAIT, w.door[1]) is Status.RECEIVER_TABLE_FULL


def test_who_waits_at_the_notification_itself_comes_first() -> None:
    w = Bells()
    w.ok(0, C.BIND, w.door[0], w.bell[0])
    w.blocks(1, C.WAIT, w.door[1])
    w.blocks(2, C.WAIT, w.bell[2])
    w.ok(0, C.NOTIFY, w.bell[0], 1)
    assert (w.state(1), w.state(2)) == (T.RECEIVING, T.READY)
    w.ok(0, C.NOTIFY, w.bell[0], 2)
    assert w.x(1) == signal(2)


def test_a_binding_is_undone_by_null_and_then_each_is_free_for_another() -> None:
    w = Bells()
    other_bell, other_door = w.give(0, w.notification()), w.give(0, w.endpoint())
    w.ok(0, C.BIND, w.door[0], w.bell[0])
    assert w.refused(0, C.BIND, w.door[0], w.bell[0]) is Status.BAD_STATE
    assert w.refused(0, C.BIND, w.door[0], other_bell) is Status.BAD_STATE
    assert w.refused(0, C.BIND, other_door, w.bell[0]) is Status.BAD_STATE
    w.ok(0, C.BIND, w.door[0], NULL)
    w.ok(0, C.BIND, w.door[0], NULL)
    w.blocks(1, C.WAIT, w.door[1])
    w.ok(0, C.NOTIFY, w.bell[0], 1)
    assert w.state(1) is T.RECEIVING and w.bits() == 1
    w.ok(0, C.BIND, w.door[0], other_bell)
    w.ok(0, C.BIND, other_door, w.bell[0])


@pytest.mark.parametrize("which", ["endpoint", "notification"])
def test_a_binding_goes_with_either_of_the_two(which: str) -> None:
    w = World(1)
    quota = w.give_quota(0)
    door, bell = (w.ok(0, C.CREATE, quota, kind, 0) for kind in (2, 3))
    w.ok(0, C.BIND, door, bell)
    w.ok(0, C.CAP_DROP, door if which == "endpoint" else bell)
    kept = w.kernel.notifications.items[0] if which == "endpoint" else w.kernel.endpoints.items[0]
    assert kept.bound is None
    if which == "endpoint":
        w.ok(0, C.BIND, w.ok(0, C.CREATE, quota, 2, 0), bell)
    else:
        w.ok(0, C.BIND, door, w.ok(0, C.CREATE, quota, 3, 0))


class Bound(World):
    """Task 0 holds an endpoint and a notification; it bound them by a child of each."""

    def __init__(self) -> None:
        super().__init__(2)
        self.roots = [self.give(0, made) for made in (self.endpoint(), self.notification())]
        rights = (Rights.RECV | Rights.TRANSFER, Rights.WAIT | Rights.TRANSFER)
        self.pair = [
            self.ok(0, C.CAP_DERIVE, root, int(right), 0) for root, right in zip(self.roots, rights, strict=True)
        ]
        self.ok(0, C.BIND, *self.pair)

    def is_bound(self) -> bool:
        door, bell = self.kernel.endpoints.items[0], self.kernel.notifications.items[0]
        assert (door.bound is bell) == (bell.bound is door)
        return door.bound is bell


@pytest.mark.promise(
    "one by which a notification was bound to an endpoint, of either, afterwards: is gone, and the two are bound "
    "no more"
)
@pytest.mark.parametrize("which", [0, 1])
@pytest.mark.parametrize("how", ["drop", "revoke", "move", "send", "exit"])
def test_a_binding_lasts_as_long_as_both_capabilities_by_which_it_was_made_stay_where_they_are(
    how: str, which: int
) -> None:
    w = Bound()
    assert w.is_bound()
    match how:
        case "drop":
            w.ok(0, C.CAP_DROP, w.pair[which])
        case "revoke":
            w.ok(0, C.CAP_REVOKE, w.roots[which])
        case "move":
            w.ok(0, C.CAP_MOVE, w.pair[which], w.give_task(0, 1))
        case "send":
            w.ok(0, C.SEND, w.give(0, w.endpoint()), 0, 0, 0, 0, w.pair[which])
        case "exit":
            w.call(0, C.TASK_EXIT, 0)
    assert not w.is_bound()
    if how != "exit":
        w.ok(0, C.BIND, *w.roots)
        assert w.is_bound()


def test_a_binding_does_not_end_with_other_capabilities_over_the_two() -> None:
    w = Bound()
    for root, right in zip(w.roots, (Rights.RECV, Rights.WAIT), strict=True):
        w.ok(0, C.CAP_DROP, w.ok(0, C.CAP_DERIVE, root, int(right), 0))
    assert w.is_bound()


def test_a_binding_is_undone_by_any_capability_to_receive_from_the_endpoint_and_then_ends_with_nothing() -> None:
    w = Bound()
    w.ok(0, C.BIND, w.roots[0], NULL)
    assert not w.is_bound()
    w.ok(0, C.BIND, *w.roots)
    w.ok(0, C.CAP_REVOKE, w.roots[0])
    assert w.is_bound()  # by the roots, which stay


@pytest.mark.promise("one by which a task waits, afterwards: the task goes on with ABORTED")
def test_a_waiter_is_released_with_aborted_when_its_capability_is_revoked() -> None:
    w = Bells()
    child = w.ok(0, C.CAP_DERIVE, w.bell[0], 0x100 | 0x8, 0)
    passed = w.ok(0, C.CAP_MOVE, child, w.give_task(0, 1))
    w.blocks(1, C.WAIT, passed)
    w.blocks(2, C.WAIT, w.bell[2])
    w.ok(0, C.CAP_REVOKE, w.bell[0])
    assert w.x(1) == (Status.ABORTED.value, 0, 0, 0, 0, 0, 0, 0)
    assert (w.state(1), w.state(2)) == (T.READY, T.RECEIVING)


def test_a_new_notification_in_a_used_place_has_no_bits() -> None:
    w = World(1)
    quota = w.give_quota(0)
    bell = w.ok(0, C.CREATE, quota, 3, 0)
    w.ok(0, C.NOTIFY, bell, 5)
    w.ok(0, C.CAP_DROP, bell)
    assert w.ok(0, C.POLL, w.ok(0, C.CREATE, quota, 3, 0)) == 0
