"""The stack of what is to be reaped, and what comes into it in which order."""

from __future__ import annotations

from tyrne.abi import CallNumber as C
from tyrne.abi import CapKind, Rights
from tyrne.kernel.life import Life, LifeStack
from tyrne.lang import u64
from tyrne.testing.kernels import BASE, NULL
from tyrne.testing.world import World

K = CapKind


def taken(lives: LifeStack) -> list[Life]:
    """What is on a stack, the top first; it is empty afterwards."""
    found = []
    while lives.top is not None:
        found.append(lives.top)
        lives.pop(lives.top)
    return found


def test_who_came_last_is_taken_first_each_once() -> None:
    lives, some = LifeStack(), [Life() for _ in range(3)]
    for life in (some[0], some[1], some[0], some[2], some[2]):
        lives.push(life)
    assert taken(lives) == some[::-1]
    assert not any(life.listed or life.next for life in some)


def test_a_life_that_was_taken_off_can_come_again() -> None:
    lives, life = LifeStack(), Life()
    for _ in range(2):
        lives.push(life)
        assert taken(lives) == [life]


def test_what_comes_while_another_is_reaped_comes_on_top_of_it() -> None:
    lives, some = LifeStack(), [Life() for _ in range(2)]
    lives.push(some[0])
    lives.push(some[1])
    lives.push(some[0])
    assert taken(lives) == [some[1], some[0]]


def test_a_reference_is_good_as_long_as_the_life_lasts_that_it_means() -> None:
    life = Life()
    life.count = u64(3)
    assert life.lasts(u64(3))
    assert not any(life.lasts(u64(count)) for count in (0, 1, 2, 4, 5))


def test_the_task_that_lost_its_name_last_ends_first() -> None:
    """A revocation takes the youngest child first."""
    w = World(1)
    quota = w.give_quota(0)
    space = w.ok(0, C.CREATE, quota, K.ADDRESS_SPACE.value, 0)
    for number in (1, 2):
        task = w.ok(0, C.CREATE, quota, K.TASK.value, 0)
        w.ok(0, C.TASK_CONFIGURE, task, space, BASE, BASE, BASE + 0x100)
        assert w.task(number).number == number
    w.board.traces.clear()
    w.ok(0, C.CAP_REVOKE, quota)
    assert [trace for trace in w.board.traces if trace[0] == "end"] == [("end", 1, 0), ("end", 2, 0)]


def test_an_endpoint_counts_who_may_receive_from_it() -> None:
    w = World(1)
    origin = w.endpoint()
    endpoint = w.endpoint_at(origin)
    assert endpoint.receivable == 0, "its origin does not count"
    word = w.give(0, origin)
    copy = w.ok(0, C.CAP_COPY, word, int(Rights.RECV))
    w.ok(0, C.CAP_COPY, word, int(Rights.SEND))
    assert endpoint.receivable == 2
    w.ok(0, C.CAP_MOVE, copy, NULL)
    assert endpoint.receivable == 2
    w.ok(0, C.CAP_DROP, word)
    assert endpoint.receivable == 1 and w.kernel.endpoints.population == 1
