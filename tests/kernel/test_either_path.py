"""The fast path and the general one, where tests of the calls themselves go only one of the two."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from kernel.pair import ANSWER, WORDS, Pair, arrived
from tyrne.abi import CallNumber as C
from tyrne.abi import CapKind, Rights
from tyrne.hal.pages import PAGE_SIZE as PAGE
from tyrne.kernel import kernel
from tyrne.kernel.fast_path import fast_call, fast_call_2
from tyrne.kernel.task import TaskState
from tyrne.lang import u64
from tyrne.testing.invariants import check_system
from tyrne.testing.kernels import BASE, NULL, run
from tyrne.testing.world import World


def test_a_capability_goes_with_a_call_to_a_receiver_whose_slots_were_used_before() -> None:
    w = Pair()
    box = w.endpoint()
    gift = w.give(0, box, Rights.TRANSFER | Rights.SEND, badge=99)
    for used in [w.give(1, w.notification()), w.give(1, w.notification())]:
        w.ok(1, C.CAP_DROP, used)
    w.blocks(1, C.WAIT, w.server)
    w.call(0, C.CALL, w.client, *WORDS, gift)
    got, reply = w.x(1)[6:8]
    assert w.x(1) == arrived(WORDS, cap=got, reply=reply) and NULL not in (got, reply)
    assert not w.holds(0, gift) and w.slot(1, got).held().badge == 99
    assert w.task(0).state is TaskState.CALLING


@pytest.mark.parametrize("fast", [True, False])
def test_a_poll_takes_the_bits_on_either_path(fast: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    w = World(1)
    bell = w.give(0, w.notification())
    w.ok(0, C.NOTIFY, bell, 5)
    if not fast:
        monkeypatch.setattr(kernel, "fast_call_2", lambda *_: None)
    assert [w.call(0, C.POLL, bell)[:2] for _ in range(2)] == [(0, 5), (0, 0)]


@pytest.mark.parametrize("fast", [True, False])
def test_a_call_that_lets_the_last_work_be_done_is_made_once_on_either_path(
    fast: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A task ends, and a tick comes after its first step. The task that it made yields, and is ended by the rest."""
    w = World(1)
    quota = w.give_quota(0)
    task, space = (w.ok(0, C.CREATE, quota, kind.value, 0) for kind in (CapKind.TASK, CapKind.ADDRESS_SPACE))
    w.ok(0, C.TASK_CONFIGURE, task, space, BASE, BASE, BASE + PAGE)
    w.ok(0, C.TASK_RESUME, task)
    w.ok(0, C.TASK_PRIORITY, task, 8)
    w.board.tick_after = w.board.steps + 1
    w.call(0, C.TASK_EXIT, 0)
    assert w.task(0).state is TaskState.ENDING and w.kernel.scheduler.core.current is w.task(1)
    if not fast:
        monkeypatch.setattr(kernel, "fast_call_2", lambda *_: None)
    w.board.traces.clear()
    w.call(1, C.TASK_YIELD)
    assert w.kernel.scheduler.core.current is None
    assert [trace[0] for trace in w.board.traces if trace[0] != "standing"] == ["call", "end"]
    assert w.board.log.count(b"all tasks complete") == 1


class Ready(Pair):
    """The tables of both have free slots that were used before: the fast path takes no others."""

    def __init__(self) -> None:
        super().__init__()
        for task in (0, 1):
            for word in [self.give_console(task) for _ in range(3)]:
                self.ok(task, C.CAP_DROP, word)
        self.bell = self.give(0, self.notification())

    def gift(self) -> int:
        self.blocks(1, C.WAIT, self.server)
        return self.give_console(0)

    def repair(self) -> int:
        """Task 0 waits for its repair by task 1; the handle of the reply capability."""
        self.supervise(0, self.door)
        self.blocks(1, C.WAIT, self.server)
        self.fault(0)
        return self.x(1)[7]

    def alone(self) -> None:
        for task in (1, 2):
            self.blocks(task, C.WAIT, self.give(task, self.notification()))


def to_receiver(w: Ready) -> tuple[int, ...]:
    w.blocks(1, C.WAIT, w.server)
    return 0, C.CALL.value, w.client, *WORDS, NULL


def yield_alone(w: Ready) -> tuple[int, ...]:
    w.alone()
    return 0, C.TASK_YIELD.value


DONE: dict[str, tuple[int, Callable[[Ready], tuple[int, ...]]]] = {
    # which tier does it; who makes which call, with which arguments
    "call": (1, to_receiver),
    "reply_wait": (1, lambda w: (1, C.REPLY_WAIT.value, w.serve(), *ANSWER, w.server)),
    "reply_wait, a repair": (1, lambda w: (1, C.REPLY_WAIT.value, w.repair(), 0, 0, 0, 0, w.server)),
    "a number that names no call": (1, lambda _: (0, 0xFFFF)),
    "call with a gift": (2, lambda w: (0, C.CALL.value, w.client, *WORDS, w.gift())),
    "call by what names nothing": (2, lambda _: (0, C.CALL.value, 0x7777, *WORDS, NULL)),
    "task_yield among equals": (2, lambda _: (0, C.TASK_YIELD.value)),
    "task_yield alone": (2, yield_alone),
    "notify": (2, lambda w: (0, C.NOTIFY.value, w.bell, 1)),
    "poll": (2, lambda w: (0, C.POLL.value, w.bell)),
}


@pytest.mark.parametrize("what", DONE)
def test_a_call_without_surprises_is_made_by_its_tier_of_the_fast_path(what: str) -> None:
    w = Ready()
    tier, prepare = DONE[what]
    task, number, *arguments = prepare(w)
    caller = w.task(task)
    run(w.kernel, caller)
    for register, value in enumerate(arguments):
        caller.frame.x[register] = u64(value)
    caller.frame.x[8] = u64(number)
    following = fast_call(w.kernel, caller)
    assert (following is not None) is (tier == 1)
    if following is None:
        following = fast_call_2(w.kernel, caller)
    assert following is not None and following is w.kernel.scheduler.core.current
    check_system(w.kernel)
