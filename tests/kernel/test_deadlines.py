"""Deadlines: what happens when their time comes, and all with which they go: the table of
docs/decisions/0037-time.md. Each on the fast path, where there is one, and on the general path."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from deadline_events import TABLE
from hall import (
    AT,
    BITS,
    ENDS,
    KINDS,
    SIGNALS,
    TIMED_OUT,
    WAITS,
    Hall,
    count,
    fault_is_queued,
    fault_is_received,
    for_signals,
    repaired,
    resumed,
    suspended,
    suspends_itself,
)

from tyrne.abi import CallNumber as C
from tyrne.abi import Status
from tyrne.kernel.task import TaskState as T
from tyrne.testing.kernels import run

# --- its time comes


def test_a_deadline_that_signals_does_so_and_is_gone_while_its_task_runs(hall: type[Hall]) -> None:
    w = hall()
    w.arm(SIGNALS)
    assert (w.board.alarm_at, w.signalled()) == (count(AT), 0)
    run(w.kernel, w.task(0))
    w.alarm()
    assert (w.signalled(), w.stands(), w.board.alarm_at, w.current()) == (BITS, False, None, 0)


STANDING: dict[str, tuple[Callable[[Hall], None], Callable[[Hall], None]]] = {
    # what its task does while a deadline does not count, and how it goes on
    "runs": (lambda _: None, lambda _: None),
    "is suspended": (suspended, resumed),
    "has suspended itself": (suspends_itself, resumed),
    "waits for a repair": (fault_is_received, repaired),
    "waits to tell its fault": (fault_is_queued, repaired),
}


@KINDS
@pytest.mark.parametrize("what", STANDING)
def test_a_deadline_that_signals_does_so_whatever_its_task_does_and_one_that_ends_a_wait_waits_for_one(
    what: str, kind: str, hall: type[Hall]
) -> None:
    stop, go_on = STANDING[what]
    w = hall()
    w.supervise(0, w.slot(1, w.doors).parent)  # type: ignore[arg-type]
    w.arm(kind)
    stop(w)
    state, registers = w.state(0), w.x(0)
    assert w.board.alarm_at == (count(AT) if kind == SIGNALS else None)
    if kind == SIGNALS:
        w.alarm()
    else:
        w.board.time = count(AT) + 77
    assert (w.state(0), w.x(0), w.stands()) == (state, registers, kind == ENDS)
    assert w.signalled() == (BITS if kind == SIGNALS else 0)
    go_on(w)
    assert w.state(0) is T.READY and w.stands() is (kind == ENDS)
    if kind == ENDS:
        w.blocks(0, C.WAIT, w.bell)
        assert w.board.alarm_at == count(AT) < w.board.time, "it is past"
        w.alarm()
        assert w.x(0) == TIMED_OUT and w.state(0) is T.READY and not w.stands()


# --- in a wait


@KINDS
@pytest.mark.parametrize("wait", WAITS)
@pytest.mark.parametrize("past", [False, True])
def test_a_wait_goes_on_beside_a_signal_and_ends_with_timed_out(
    wait: str, kind: str, past: bool, hall: type[Hall]
) -> None:
    w = hall()
    if past:
        w.board.time = count(AT) + 1000
    w.arm(kind)
    if past and kind == SIGNALS:
        assert (w.board.alarm_at, w.signalled()) == (count(AT), 0), "at once, and not before"
    WAITS[wait](w)
    state = w.state(0)
    assert w.board.alarm_at == count(AT)
    w.alarm()
    assert not w.stands() and w.board.alarm_at is None
    if kind == SIGNALS:
        assert (w.state(0), w.signalled()) == (state, BITS)
    else:
        assert (w.state(0), w.x(0), w.signalled()) == (T.READY, TIMED_OUT, 0)
        assert w.task(0).queue is w.kernel.scheduler.core.ready[8] or w.current() == 0
        assert (w.task(0).offer.value, w.task(0).through, w.task(0).reply) == (0, None, None)
        door = w.endpoint_at(w.slot(1, w.doors).parent)  # type: ignore[arg-type]
        bell = w.notification_at(w.slot(1, w.bells).parent)  # type: ignore[arg-type]
        assert door.senders.head is door.receivers.head is bell.waiters.head is None


@pytest.mark.parametrize("call", [C.REPLY, C.REPLY_WAIT])
@pytest.mark.parametrize("wait", ["for an answer", "for an answer of who came later"])
def test_the_answer_to_a_call_that_has_timed_out_is_refused_and_its_gift_stays(
    wait: str, call: C, hall: type[Hall]
) -> None:
    w = hall()
    w.arm(ENDS)
    WAITS[wait](w)
    reply, gift = w.x(1)[7], w.give_console(1)
    assert w.holds(1, reply)
    w.alarm()
    assert not w.holds(1, reply)
    last = gift if call is C.REPLY else w.doors
    assert w.refused(1, call, reply, 0, 0, 0, 0, last) is Status.STALE_HANDLE
    assert w.holds(1, gift)


@KINDS
def test_a_gift_that_was_not_received_stays_with_who_has_timed_out(kind: str, hall: type[Hall]) -> None:
    w = hall()
    w.arm(kind)
    gift = w.give_console(0)
    w.blocks(0, C.CALL, w.door, 1, 2, 3, 4, gift)
    w.alarm()
    assert w.holds(0, gift) and (w.x(0) == TIMED_OUT) is (kind == ENDS)


# --- it stays or goes


@KINDS
@pytest.mark.parametrize(("event", "name"), TABLE, ids=[": ".join(row) for row in TABLE])
def test_a_deadline_stays_or_goes(event: str, name: str, kind: str, hall: type[Hall]) -> None:
    happens, staying = TABLE[event, name]
    w = hall()
    w.arm(kind)
    happens(w)
    stays = kind in staying
    assert w.stands() is stays
    counts = stays and (kind == SIGNALS or w.task(0).waits())
    assert w.board.alarm_at == (count(AT) if counts else None)
    if stays and kind == SIGNALS:
        w.alarm()
        assert (w.signalled(), w.stands()) == (BITS, False)
    elif stays and w.task(0).state is T.READY:
        for_signals(w)
        w.alarm()
        assert (w.x(0), w.stands()) == (TIMED_OUT, False)
    elif w.holds(1, w.gongs):
        assert w.signalled() == 0


@KINDS
def test_a_task_that_ends_has_no_deadline_from_its_first_step_on(kind: str, hall: type[Hall]) -> None:
    w = hall()
    w.arm(kind)
    w.preempted(1, 1, C.TASK_END, w.it, 0)
    assert w.state(0) is T.ENDING and w.holds(0, w.clock)
    assert (w.task(0).deadline, w.board.alarm_at) == (None, None)
