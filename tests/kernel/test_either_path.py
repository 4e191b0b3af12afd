"""The fast path and the general one, where tests of the calls themselves go only one of the two."""

from __future__ import annotations

import pytest

from kernel.pair import WORDS, Pair, arrived
from tyrne.abi import CallNumber as C
from tyrne.abi import CapKind, Rights
from tyrne.hal.pages import PAGE_SIZE as PAGE
from tyrne.kernel import kernel
from tyrne.kernel.task import TaskState
from tyrne.testing.kernels import BASE, NULL
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
