"""Deadlines: when their time comes, what happens then, and all with which they go: the table of
docs/decisions/0037-time.md. Each on the fast path, where there is one, and on the general path."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Final

import pytest

from tyrne.abi import SIGNAL_BADGE, CapKind, Rights, Status, unpack_handle
from tyrne.abi import CallNumber as C
from tyrne.hal.cause import Cause
from tyrne.hal.frame import Vector
from tyrne.hal.interrupt import Interrupt
from tyrne.kernel import kernel
from tyrne.kernel.deadline import NOT_AT_ONCE
from tyrne.kernel.deletion import cap_drop
from tyrne.kernel.task import TaskState as T
from tyrne.lang import u64
from tyrne.system.parts import Quota
from tyrne.testing.board import PAGE
from tyrne.testing.general import fast_trap
from tyrne.testing.kernels import BASE, NULL, STORE_FAULT, SVC, run
from tyrne.testing.state import kernel_state
from tyrne.testing.world import World

START: Final = 5
"""The counter at boot."""
TICK: Final = 16
"""Nanoseconds that a count lasts."""
AT: Final = 4000
"""When deadlines come, in nanoseconds since boot, unless something else is said."""
BITS: Final = 0b1010
TIMED_OUT = (Status.TIMED_OUT.value, 0, 0, 0, 0, 0, 0, 0)
ABORTED = (Status.ABORTED.value, 0, 0, 0, 0, 0, 0, 0)
FULL = (Status.RECEIVER_TABLE_FULL.value, 0, 0, 0, 0, 0, 0, 0)
SIGNALS, ENDS = "signals", "ends a wait"
KINDS = pytest.mark.parametrize("kind", [SIGNALS, ENDS])


def count(at: int) -> int:
    """The counter at a time."""
    return START + -(-at // TICK)


class Hall(World):
    """Task 0 has deadlines. It may wait at a door and for a bell, and signal with a gong, which nobody waits for.

    Task 1 stands behind all of that: task 0 holds children of its capabilities. Task 2 is ready all the time.
    """

    def __init__(self) -> None:
        super().__init__(3, slots=14, quota=Quota(notifications=1))
        self.it = self.give_task(1, 0)
        self.clock, self.more = self.give_clock(0), self.give_clock(0)
        self.purse = self.give_quota(1)
        self.doors, self.bells = self.give(1, self.endpoint()), self.give(1, self.notification())
        self.gongs = self.ok(1, C.CREATE, self.purse, CapKind.NOTIFICATION.value)
        self.door, self.bell, self.gong = (self.lend(word) for word in (self.doors, self.bells, self.gongs))
        for task in (0, 1):  # slots that were used before: the fast path takes no others
            for word in [self.give_console(task) for _ in range(3)]:
                assert cap_drop(self.kernel, self.task(task).capabilities, unpack_handle(u64(word))) is None

    def lend(self, word: int) -> int:
        """Derive a capability of task 1, for task 0."""
        child = self.ok(1, C.CAP_DERIVE, word, int(self.slot(1, word).held().rights), 0)
        return self.ok(1, C.CAP_MOVE, child, self.it)

    def arm(self, kind: str, at: int = AT) -> None:
        """Task 0 sets its deadline."""
        self.ok(0, C.CLOCK_ARM, self.clock, at, self.gong if kind == SIGNALS else NULL, BITS)

    def signalled(self) -> int:
        """The bits of the gong."""
        return int(self.notification_at(self.slot(1, self.gongs).parent).word)  # type: ignore[arg-type]

    def stands(self) -> bool:
        """Whether task 0 has a deadline; all that says so agrees."""
        task = self.task(0)
        deadline = task.deadline
        by = {self.slot(0, word) for word in (self.clock, self.more, self.gong) if self.holds(0, word)}
        arming = set() if deadline is None else {deadline.by, deadline.signals} - {None}
        assert deadline is None or arming <= by
        assert (task.urgency == NOT_AT_ONCE) is (deadline is not None and deadline.signals is None)
        assert task.urgency in (task.priority, NOT_AT_ONCE)
        return deadline is not None


@pytest.fixture(params=["fast", "general"])
def hall(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> type[Hall]:
    if request.param == "general":
        monkeypatch.setattr(kernel, "fast_call", lambda *_: None)
        monkeypatch.setattr(kernel, "fast_call_2", lambda *_: None)
        monkeypatch.setattr(kernel, "fast_fault", lambda *_: None)
    return Hall


# --- its time comes


def test_a_deadline_that_signals_does_so_and_is_gone_while_its_task_runs(hall: type[Hall]) -> None:
    w = hall()
    w.arm(SIGNALS)
    assert (w.board.alarm_at, w.signalled()) == (count(AT), 0)
    run(w.kernel, w.task(0))
    w.alarm()
    assert (w.signalled(), w.stands(), w.board.alarm_at, w.current()) == (BITS, False, None, 0)


def suspended(w: Hall) -> None:
    w.ok(1, C.TASK_SUSPEND, w.it)


def suspends_itself(w: Hall) -> None:
    w.blocks(0, C.TASK_SUSPEND, w.give_task(0, 0))


def fault_is_received(w: Hall) -> None:
    w.blocks(1, C.WAIT, w.doors)
    w.fault(0)
    assert w.state(0) is T.CALLING


def fault_is_queued(w: Hall) -> None:
    w.fault(0)
    assert w.state(0) is T.SENDING


def repaired(w: Hall) -> None:
    if w.state(0) is T.SENDING:
        w.ok(1, C.WAIT, w.doors)
    w.blocks(1, C.REPLY_WAIT, w.x(1)[7], 0, 0, 0, 0, w.doors)


def resumed(w: Hall) -> None:
    w.ok(1, C.TASK_RESUME, w.it)


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


def at_the_door(w: Hall) -> None:
    w.blocks(0, C.WAIT, w.door)


def for_signals(w: Hall) -> None:
    w.blocks(0, C.WAIT, w.bell)


def sending(w: Hall) -> None:
    w.blocks(0, C.SEND_WAIT, w.door, 1, 2, 3, 4, NULL)


def calling(w: Hall) -> None:
    w.blocks(0, C.CALL, w.door, 1, 2, 3, 4, NULL)
    assert w.state(0) is T.SENDING


def called(w: Hall) -> None:
    w.blocks(1, C.WAIT, w.doors)
    w.blocks(0, C.CALL, w.door, 1, 2, 3, 4, NULL)
    assert w.state(0) is T.CALLING


def received_later(w: Hall) -> None:
    calling(w)
    w.ok(1, C.WAIT, w.doors)
    assert w.state(0) is T.CALLING


def answering(w: Hall) -> None:
    """Task 2 has called, and is answered."""
    w.blocks(2, C.CALL, w.give(2, w.slot(1, w.doors).parent), 0, 0, 0, 0, NULL)  # type: ignore[arg-type]
    deadline = w.task(0).deadline
    assert deadline is not None
    at, kind = int(deadline.at - START) * TICK, ENDS if deadline.signals is None else SIGNALS
    w.ok(0, C.WAIT, w.door)  # which takes a deadline along that was to end a wait
    reply = w.x(0)[7]
    w.arm(kind, at)
    w.blocks(0, C.REPLY_WAIT, reply, 0, 0, 0, 0, w.door)
    assert w.state(2) is T.READY


WAITS: dict[str, Callable[[Hall], None]] = {
    "at an endpoint": at_the_door,
    "for signals": for_signals,
    "to send": sending,
    "to call": calling,
    "for an answer": called,
    "for an answer of who came later": received_later,
    "after an answer": answering,
}


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


# --- it gets what it waits for


def message_comes(w: Hall, call: C) -> None:
    at_the_door(w)
    w.call(1, call, w.doors, 1, 2, 3, 4, NULL)


def signal_comes(w: Hall) -> None:
    for_signals(w)
    w.ok(1, C.NOTIFY, w.bells, 3)


def bound_signal_comes(w: Hall) -> None:
    w.ok(1, C.BIND, w.doors, w.bells)
    at_the_door(w)
    w.ok(1, C.NOTIFY, w.bells, 3)


def message_is_taken(w: Hall, call: C) -> None:
    sending(w)
    assert w.call(1, call, w.doors)


def answer_comes(w: Hall, wait: Callable[[Hall], None], call: C) -> None:
    wait(w)
    w.call(1, call, w.x(1)[7], 1, 2, 3, 4, NULL if call is C.REPLY else w.doors)


def answer_with_gift(w: Hall) -> None:
    called(w)
    w.ok(1, C.REPLY, w.x(1)[7], 1, 2, 3, 4, w.give_console(1))


def after_an_answer(w: Hall) -> None:
    answering(w)
    w.ok(1, C.SEND, w.doors, 1, 2, 3, 4, NULL)


def fault_comes(w: Hall) -> None:
    """Task 0 is a supervisor that waits."""
    w.supervise(2, w.slot(1, w.doors).parent)  # type: ignore[arg-type]
    at_the_door(w)
    w.fault(2)


def exit_comes(w: Hall) -> None:
    w.supervise(2, w.slot(1, w.doors).parent)  # type: ignore[arg-type]
    at_the_door(w)
    w.call(2, C.TASK_EXIT, 0)


def there_at_once(w: Hall, call: C) -> None:
    run(w.kernel, w.task(2))
    word = w.give(2, w.slot(1, w.doors).parent)  # type: ignore[arg-type]
    w.call(2, call, word, 1, 2, 3, 4, NULL)
    w.ok(0, C.WAIT, w.door)


def signals_there_at_once(w: Hall) -> None:
    w.ok(1, C.NOTIFY, w.bells, 3)
    w.ok(0, C.WAIT, w.bell)


def receiver_there_at_once(w: Hall) -> None:
    w.blocks(1, C.WAIT, w.doors)
    w.ok(0, C.SEND_WAIT, w.door, 1, 2, 3, 4, NULL)


def next_there_at_once(w: Hall) -> None:
    """Task 2 has called before the deadline was set, and is answered when another message is there."""
    deadline = w.task(0).deadline
    assert deadline is not None
    kind = ENDS if deadline.signals is None else SIGNALS
    w.blocks(2, C.CALL, w.give(2, w.slot(1, w.doors).parent), 0, 0, 0, 0, NULL)  # type: ignore[arg-type]
    w.ok(0, C.WAIT, w.door)
    reply = w.x(0)[7]
    w.ok(1, C.SEND, w.doors, 1, 2, 3, 4, NULL)
    w.arm(kind)
    assert w.call(0, C.REPLY_WAIT, reply, 0, 0, 0, 0, w.door)


# --- the wait ends otherwise


def what_it_waits_by_is_revoked(w: Hall, wait: Callable[[Hall], None], root: str) -> None:
    wait(w)
    w.ok(1, C.CAP_REVOKE, w.doors if root == "door" else w.bells)
    assert w.x(0) == ABORTED


def its_answer_is_dropped(w: Hall, wait: Callable[[Hall], None]) -> None:
    wait(w)
    w.ok(1, C.CAP_DROP, w.x(1)[7])
    assert w.x(0) == ABORTED


def its_server_ends(w: Hall) -> None:
    w.blocks(2, C.WAIT, w.give(2, w.slot(1, w.doors).parent))  # type: ignore[arg-type]
    w.blocks(0, C.CALL, w.door, 1, 2, 3, 4, NULL)
    w.call(2, C.TASK_EXIT, 0)
    assert w.x(0) == ABORTED


def called_off(w: Hall, wait: Callable[[Hall], None]) -> None:
    wait(w)
    w.ok(1, C.TASK_SUSPEND, w.it)
    assert w.x(0) == ABORTED and w.state(0) is T.SUSPENDED


def no_room_to_receive(w: Hall) -> None:
    w.fill_table(0)
    at_the_door(w)
    w.call(1, C.CALL, w.doors, 1, 2, 3, 4, NULL)
    assert w.x(0) == FULL


def no_room_for_its_gift(w: Hall) -> None:
    gift = w.give_console(0)
    w.blocks(0, C.SEND_WAIT, w.door, 1, 2, 3, 4, gift)
    w.fill_table(1)
    w.blocks(1, C.WAIT, w.doors)
    assert w.x(0) == FULL and w.holds(0, gift)


# --- refusals


def refusals(w: Hall) -> None:
    bare, console = w.give_clock(0, Rights.READ), w.give_console(0)
    mute = w.give(0, w.notification(), Rights.WAIT)
    for word in (NULL, bare, w.bell):
        assert w.refused(0, C.CLOCK_ARM, word, 0, NULL) is not Status.OK
    for word in (console, mute, NULL - 1):
        assert w.refused(0, C.CLOCK_ARM, w.clock, NULL, word, 1) is not Status.OK
        assert w.refused(0, C.CLOCK_ARM, w.clock, 0, word, 1) is not Status.OK
    assert w.refused(0, C.CLOCK_READ, w.bell) is Status.WRONG_KIND
    assert w.refused(0, C.WAIT, console) is Status.WRONG_OBJECT_KIND
    assert w.refused(0, C.WAIT, NULL) is Status.STALE_HANDLE
    assert w.refused(0, C.SEND_WAIT, w.door, 0, 0, 0, 0, console + 1) is Status.INVALID_TRANSFER_CAP
    assert w.refused(0, C.CALL, w.door, 0, 0, 0, 0, w.door) is Status.INVALID_TRANSFER_CAP
    assert w.refused(0, C.REPLY_WAIT, console, 0, 0, 0, 0, w.door) is Status.WRONG_OBJECT_KIND


def no_room_for_what_is_there(w: Hall) -> None:
    w.blocks(1, C.CALL, w.doors, 1, 2, 3, 4, NULL)
    w.fill_table(0)
    assert w.refused(0, C.WAIT, w.door) is Status.RECEIVER_TABLE_FULL


def what_never_waits(w: Hall) -> None:
    """Polls and sends are no waits, whatever they find."""
    w.ok(1, C.SEND, w.doors, 1, 2, 3, 4, NULL)
    assert w.ok(0, C.RECV, w.door) == 0
    assert w.ok(0, C.RECV, w.door) == 1
    w.ok(0, C.CANCEL, w.door)
    assert w.ok(0, C.SEND, w.door, 1, 2, 3, 4, NULL) == 1
    w.ok(1, C.NOTIFY, w.bells, 3)
    assert w.ok(0, C.POLL, w.bell) == 3
    w.ok(0, C.TASK_YIELD)
    w.ok(0, C.CLOCK_READ, w.clock)


def others_come_and_go(w: Hall) -> None:
    """Another clock, another gong, and another task's deadline."""
    w.ok(0, C.CAP_DROP, w.more)
    other = w.give_clock(2)
    w.ok(2, C.CLOCK_ARM, other, AT // 2, NULL, 0)
    w.ok(2, C.CAP_DROP, other)
    w.ok(0, C.CAP_COPY, w.gong, 0)
    w.ok(0, C.CAP_DERIVE, w.clock, 0, 0)


def suspended_while_ready(w: Hall) -> None:
    suspended(w)
    w.ok(1, C.TASK_RESUME, w.it)


def fault_is_repaired(w: Hall) -> None:
    w.supervise(0, w.slot(1, w.doors).parent)  # type: ignore[arg-type]
    fault_is_received(w)
    repaired(w)
    assert w.state(0) is T.READY


def priority_changes(w: Hall) -> None:
    w.ok(1, C.TASK_PRIORITY, w.it, 9)
    w.ok(1, C.TASK_PRIORITY, w.it, 8)


# --- it goes


def another_is_set(w: Hall, kind: str) -> None:
    before = w.task(0).deadline
    w.arm(kind, AT + 800)
    assert w.task(0).deadline is not before and w.board.alarm_at == (count(AT + 800) if kind == SIGNALS else None)
    w.ok(0, C.CLOCK_ARM, w.more, NULL, NULL, 0)


def none_is_set(w: Hall) -> None:
    w.ok(0, C.CLOCK_ARM, w.more, NULL, NULL, 0)


def none_is_set_with_signals(w: Hall) -> None:
    w.ok(0, C.CLOCK_ARM, w.more, NULL, w.bell, 7)


def it_travels(w: Hall, name: str, call: C) -> None:
    w.blocks(1, C.WAIT, w.doors)
    w.call(0, call, w.door, 1, 2, 3, 4, getattr(w, name))
    assert not w.holds(0, getattr(w, name))


def it_is_parked(w: Hall, name: str) -> None:
    w.ok(0, C.SEND, w.door, 1, 2, 3, 4, getattr(w, name))


def it_is_given_with_an_answer(w: Hall, name: str) -> None:
    w.blocks(1, C.CALL, w.doors, 1, 2, 3, 4, NULL)
    deadline = w.task(0).deadline
    assert deadline is not None
    kind = ENDS if deadline.signals is None else SIGNALS
    w.ok(0, C.WAIT, w.door)
    reply = w.x(0)[7]
    w.arm(kind)
    w.ok(0, C.REPLY, reply, 1, 2, 3, 4, getattr(w, name))


def its_clock_is_revoked(w: Hall) -> None:
    root = w.give_clock(1)
    lent = w.lend(root)
    deadline = w.task(0).deadline
    assert deadline is not None
    w.ok(0, C.CLOCK_ARM, lent, AT, NULL if deadline.signals is None else w.gong, BITS)
    w.ok(1, C.CAP_REVOKE, root)
    assert not w.holds(0, lent)


def configured(w: Hall) -> None:
    suspended(w)
    assert w.stands()
    w.ok(1, C.TASK_CONFIGURE, w.it, w.give_space(1, 1), BASE, BASE, BASE + PAGE)
    assert w.state(0) is T.INACTIVE


def configured_in_a_fault(w: Hall) -> None:
    w.supervise(0, w.slot(1, w.doors).parent)  # type: ignore[arg-type]
    fault_is_queued(w)
    assert w.stands()
    w.ok(1, C.TASK_CONFIGURE, w.it, w.give_space(1, 1), BASE, BASE, BASE + PAGE)


def ended(w: Hall, wait: Callable[[Hall], None] | None) -> None:
    if wait is not None:
        wait(w)
    w.ok(1, C.TASK_END, w.it, 0)
    assert w.state(0) is T.EXITED


def exits(w: Hall) -> None:
    w.call(0, C.TASK_EXIT, 0)


def faults(w: Hall) -> None:
    w.fault(0)
    assert w.state(0) is T.FAULTED


def its_repair_is_called_off(w: Hall) -> None:
    w.supervise(0, w.slot(1, w.doors).parent)  # type: ignore[arg-type]
    fault_is_received(w)
    assert w.stands()
    w.ok(1, C.CAP_DROP, w.x(1)[7])
    assert w.state(0) is T.FAULTED


Event = Callable[[Hall], object]
GETS: dict[str, Event] = {
    "send": lambda w: message_comes(w, C.SEND),
    "send_wait": lambda w: message_comes(w, C.SEND_WAIT),
    "call": lambda w: message_comes(w, C.CALL),
    "notify": signal_comes,
    "notify, bound": bound_signal_comes,
    "recv of its message": lambda w: message_is_taken(w, C.RECV),
    "wait for its message": lambda w: message_is_taken(w, C.WAIT),
    "reply": lambda w: answer_comes(w, called, C.REPLY),
    "reply_wait": lambda w: answer_comes(w, called, C.REPLY_WAIT),
    "reply, received later": lambda w: answer_comes(w, received_later, C.REPLY),
    "reply_wait, received later": lambda w: answer_comes(w, received_later, C.REPLY_WAIT),
    "reply with a gift": answer_with_gift,
    "send after an answer": after_an_answer,
    "a fault": fault_comes,
    "an exit": exit_comes,
    "parked": lambda w: there_at_once(w, C.SEND),
    "sent": lambda w: there_at_once(w, C.SEND_WAIT),
    "called": lambda w: there_at_once(w, C.CALL),
    "signals are there": signals_there_at_once,
    "a receiver is there": receiver_there_at_once,
    "the next is there": next_there_at_once,
}
OTHERWISE: dict[str, Event] = {
    **{
        f"revoked: {name}": lambda w, wait=wait: what_it_waits_by_is_revoked(w, wait, "door")  # type: ignore[misc]
        for name, wait in WAITS.items()
        if wait is not for_signals
    },
    "revoked: for signals": lambda w: what_it_waits_by_is_revoked(w, for_signals, "bell"),
    "its answer is dropped": lambda w: its_answer_is_dropped(w, called),
    "its answer, received later, is dropped": lambda w: its_answer_is_dropped(w, received_later),
    "its server ends": its_server_ends,
    **{
        f"called off: {name}": lambda w, wait=wait: called_off(w, wait)  # type: ignore[misc]
        for name, wait in WAITS.items()
    },
    "no room to receive": no_room_to_receive,
    "no room for its gift": no_room_for_its_gift,
}
NOTHING: dict[str, Event] = {
    "refusals": refusals,
    "no room for what is there": no_room_for_what_is_there,
    "what never waits": what_never_waits,
    "others": others_come_and_go,
    "suspended": suspended_while_ready,
    "a fault is repaired": fault_is_repaired,
    "another priority": priority_changes,
}
GOES: dict[str, Event] = {
    "another that signals": lambda w: another_is_set(w, SIGNALS),
    "another that ends a wait": lambda w: another_is_set(w, ENDS),
    "none": none_is_set,
    "none, with signals": none_is_set_with_signals,
    "its clock is dropped": lambda w: w.ok(0, C.CAP_DROP, w.clock),
    "its clock is revoked": its_clock_is_revoked,
    "its clock moves": lambda w: w.ok(0, C.CAP_MOVE, w.clock, NULL),
    "its clock moves to another": lambda w: w.ok(0, C.CAP_MOVE, w.clock, w.give_task(0, 1)),
    "its clock is given by call": lambda w: it_travels(w, "clock", C.CALL),
    "its clock is given by send_wait": lambda w: it_travels(w, "clock", C.SEND_WAIT),
    "its gong is given by send_wait": lambda w: it_travels(w, "gong", C.SEND_WAIT),
    "its clock is given by send": lambda w: it_travels(w, "clock", C.SEND),
    "its clock is given by reply": lambda w: it_is_given_with_an_answer(w, "clock"),
    "its clock is parked": lambda w: it_is_parked(w, "clock"),
    "its task is configured": configured,
    "its task is configured while it waits for a repair": configured_in_a_fault,
    "its task is ended": lambda w: ended(w, None),
    **{
        f"its task is ended: {name}": lambda w, wait=wait: ended(w, wait)  # type: ignore[misc]
        for name, wait in WAITS.items()
    },
    "its task exits": exits,
    "its task faults": faults,
    "its repair is called off": its_repair_is_called_off,
}
UNNAMED: dict[str, Event] = {
    "the gong is dropped": lambda w: w.ok(0, C.CAP_DROP, w.gong),
    "the gong is revoked": lambda w: w.ok(1, C.CAP_REVOKE, w.gongs),
    "the gong moves": lambda w: w.ok(0, C.CAP_MOVE, w.gong, NULL),
    "the gong moves to another": lambda w: w.ok(0, C.CAP_MOVE, w.gong, w.give_task(0, 1)),
    "the gong is given by call": lambda w: it_travels(w, "gong", C.CALL),
    "the gong is given by send": lambda w: it_travels(w, "gong", C.SEND),
    "the gong is given by reply": lambda w: it_is_given_with_an_answer(w, "gong"),
    "the gong is parked": lambda w: it_is_parked(w, "gong"),
    "the gong itself goes": lambda w: w.ok(1, C.CAP_REVOKE, w.purse),
}
TABLE = {
    # which of the two kinds stays
    **{("it gets what it waits for", name): (event, {SIGNALS}) for name, event in GETS.items()},
    **{("its wait ends otherwise", name): (event, {SIGNALS}) for name, event in OTHERWISE.items()},
    **{("a call is refused, or does not wait", name): (event, {SIGNALS, ENDS}) for name, event in NOTHING.items()},
    **{("it goes", name): (event, set()) for name, event in GOES.items()},
    **{("its notification cannot be signalled", name): (event, {ENDS}) for name, event in UNNAMED.items()},
}


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


# --- the fast path leaves who has a deadline that ends a wait, and nobody else


def fast(w: Hall, task: int, number: C | None, *arguments: int) -> bool:
    """Whether the fast path does a call, or a fault without a number; if not, nothing has changed."""
    run(w.kernel, w.task(task))
    frame = w.task(task).frame
    cause, what = (Cause.FAULT, STORE_FAULT) if number is None else (Cause.CALL, SVC)
    if number is not None:
        for register in range(6):
            frame.x[register] = u64(arguments[register] if register < len(arguments) else 0)
        frame.x[8] = u64(number.value)
    before = kernel_state(w.kernel)
    done = fast_trap(w.kernel, cause, u64(what), u64(0))
    assert done or kernel_state(w.kernel) == before
    return done


def calls_by_the_fast_path(w: Hall, kind: str, gift: bool) -> bool:
    w.blocks(1, C.WAIT, w.doors)
    w.arm(kind)
    return fast(w, 0, C.CALL, w.door, 1, 2, 3, 4, w.give_console(0) if gift else NULL)


def is_called_by_the_fast_path(w: Hall, kind: str, gift: bool) -> bool:
    w.arm(kind)
    at_the_door(w)
    return fast(w, 1, C.CALL, w.doors, 1, 2, 3, 4, w.give_console(1) if gift else NULL)


def answers_by_the_fast_path(w: Hall, kind: str) -> bool:
    w.blocks(1, C.CALL, w.doors, 1, 2, 3, 4, NULL)
    w.ok(0, C.WAIT, w.door)
    reply = w.x(0)[7]
    w.arm(kind)
    return fast(w, 0, C.REPLY_WAIT, reply, 1, 2, 3, 4, w.door)


def is_answered_by_the_fast_path(w: Hall, kind: str) -> bool:
    w.arm(kind)
    called(w)
    return fast(w, 1, C.REPLY_WAIT, w.x(1)[7], 1, 2, 3, 4, w.doors)


def is_repaired_by_the_fast_path(w: Hall, kind: str) -> bool:
    w.supervise(0, w.slot(1, w.doors).parent)  # type: ignore[arg-type]
    w.arm(kind)
    fault_is_received(w)
    return fast(w, 1, C.REPLY_WAIT, w.x(1)[7], 0, 0, 0, 0, w.doors)


def hears_of_a_fault_by_the_fast_path(w: Hall, kind: str) -> bool:
    w.supervise(1, w.slot(1, w.doors).parent)  # type: ignore[arg-type]
    w.arm(kind)
    at_the_door(w)
    return fast(w, 1, None)


FAST: dict[str, Callable[[Hall, str], bool]] = {
    "calls": lambda w, kind: calls_by_the_fast_path(w, kind, False),
    "calls with a gift": lambda w, kind: calls_by_the_fast_path(w, kind, True),
    "is called": lambda w, kind: is_called_by_the_fast_path(w, kind, False),
    "is called with a gift": lambda w, kind: is_called_by_the_fast_path(w, kind, True),
    "answers": answers_by_the_fast_path,
    "is answered": is_answered_by_the_fast_path,
    "is repaired": is_repaired_by_the_fast_path,
    "hears of a fault": hears_of_a_fault_by_the_fast_path,
}


@KINDS
@pytest.mark.parametrize("way", FAST)
def test_the_fast_path_leaves_who_may_time_out_to_the_general_one(way: str, kind: str) -> None:
    w = Hall()
    assert FAST[way](w, kind) is (kind == SIGNALS)
    assert w.stands()


def test_the_fast_path_lets_go_on_who_faults_with_a_deadline_and_who_is_woken_by_notify() -> None:
    w = Hall()
    w.supervise(0, w.slot(1, w.doors).parent)  # type: ignore[arg-type]
    w.blocks(1, C.WAIT, w.doors)
    w.arm(ENDS)
    assert fast(w, 0, None) and w.stands() and w.board.alarm_at is None
    w = Hall()
    w.arm(ENDS)
    for_signals(w)
    assert fast(w, 1, C.NOTIFY, w.bells, 1) and not w.stands() and w.board.alarm_at is None


# --- when


@pytest.mark.parametrize("frequency", [1, 1000, 24_000_000, 62_500_000, 1_000_000_000, (1 << 32) - 1])
def test_a_deadline_never_comes_early_and_not_a_count_late(frequency: int, monkeypatch: pytest.MonkeyPatch) -> None:
    w = Hall()
    random = Random(frequency)
    monkeypatch.setattr(w.board, "frequency", lambda: u64(frequency))
    times = [0, 1, 15, 16, 17, 10**9 - 1, 10**9, 10**9 + 1, *(random.getrandbits(bits) for bits in range(8, 62))]
    for at in times:
        w.arm(SIGNALS, at)
        alarm = w.board.alarm_at
        assert alarm is not None
        w.board.time = alarm
        assert w.ok(0, C.CLOCK_READ, w.clock) >= at
        if alarm > START:
            w.board.time = alarm - 1
            assert w.ok(0, C.CLOCK_READ, w.clock) < at
        w.board.time = START


@pytest.mark.parametrize(("counts", "ns"), [(0, 0), (1, 16), (2, 32), (62_500_000, 10**9)])
def test_the_clock_is_read_in_nanoseconds_since_boot(counts: int, ns: int) -> None:
    w = Hall()
    w.board.time = START + counts
    reader = w.give_clock(0, Rights.READ)
    assert w.call(0, C.CLOCK_READ, reader) == (0, ns, 0, 0, 0, 0, 0, 0)
    assert w.board.alarm_at is None and not w.stands()


@pytest.mark.parametrize("at", [NULL - 1, 1 << 63])
def test_a_time_that_the_counter_never_reaches_stands_for_ever(at: int) -> None:
    w = Hall()
    w.kernel.started = u64(2**64 - 100)
    w.arm(SIGNALS, at)
    assert w.stands() and w.board.alarm_at == 2**64 - 1


@pytest.mark.parametrize("at", [0, 1, 1600])
def test_what_is_past_when_it_is_set_is_signalled_by_the_next_interrupt_and_the_call_itself_is_done(at: int) -> None:
    w = Hall()
    w.board.time = START + 100
    w.arm(SIGNALS, at)
    assert w.stands() and w.signalled() == 0
    assert w.board.alarm_at is not None and w.board.alarm_at <= w.board.time
    w.alarm()
    assert (w.signalled(), w.stands()) == (BITS, False)


def test_a_wait_ends_by_time_only_when_what_it_waits_for_is_not_there() -> None:
    w = Hall()
    w.board.time = count(AT) + 1
    w.arm(ENDS)
    w.ok(1, C.NOTIFY, w.bells, 1)
    assert w.call(0, C.WAIT, w.bell) == (0, int(SIGNAL_BADGE), 0, 1, 0, 0, NULL, NULL)
    assert not w.stands() and w.board.alarm_at is None


def test_an_alarm_that_comes_early_does_nothing_and_is_set_again() -> None:
    w = Hall()
    w.arm(SIGNALS)
    w.board.time, w.board.alarm_at, w.board.interrupt = count(AT) - 1, None, Interrupt.ALARM
    w.enter(Vector.IRQ, 0, 0)
    assert (w.signalled(), w.board.alarm_at, w.stands()) == (0, count(AT), True)


def test_an_alarm_without_a_deadline_does_nothing() -> None:
    w = Hall()
    before = kernel_state(w.kernel)
    w.board.interrupt = Interrupt.ALARM
    w.enter(Vector.IRQ, 0, 0)
    assert kernel_state(w.kernel) == before and w.board.alarm_at is None


# --- several at once


class Many(World):
    """Each task has a clock and a bell of its own, and may signal a gong, which task 0 may wait for."""

    def __init__(self, tasks: int = 5, **terms: int) -> None:
        super().__init__(tasks, **terms)  # type: ignore[arg-type]
        self.clocks = [self.give_clock(task) for task in range(tasks)]
        self.bell_objects = [self.notification() for _ in range(tasks)]
        self.bells = [self.give(task, bell) for task, bell in enumerate(self.bell_objects)]
        self.gong_object = self.notification()
        self.gongs = [self.give(task, self.gong_object) for task in range(tasks)]

    def sleep(self, task: int, at: int) -> None:
        self.ok(task, C.CLOCK_ARM, self.clocks[task], at, NULL)
        self.blocks(task, C.WAIT, self.bells[task])

    def strike(self, task: int, at: int, bits: int) -> None:
        self.ok(task, C.CLOCK_ARM, self.clocks[task], at, self.gongs[task], bits)


@pytest.mark.parametrize(
    ("times", "order"),
    [
        ((400, 300, 200, 100), [4, 3, 2, 1]),
        ((300, 100, 300, 100), [2, 4, 1, 3]),
        ((200, 200, 200, 200), [1, 2, 3, 4]),
        ((200, 209, 199, 193), [1, 3, 4, 2]),  # in the same count but for the second
    ],
)
def test_of_several_that_are_due_the_earliest_comes_first_and_of_equals_who_has_the_first_place(
    times: tuple[int, ...], order: list[int]
) -> None:
    w = Many()
    for task in (3, 1, 4, 2):
        w.sleep(task, times[task - 1])
    assert w.current() == 0 and w.board.alarm_at == count(min(times))
    w.alarm(1000)
    assert (w.ready(), w.board.alarm_at) == (order, None)
    assert all(w.x(task) == TIMED_OUT for task in order)


def test_what_is_not_due_stays_and_the_alarm_is_set_to_it() -> None:
    w = Many()
    for task in range(1, 5):
        w.sleep(task, 100 * task)
    w.alarm(count(200))
    assert (w.ready(), w.board.alarm_at) == ([1, 2], count(300))
    w.alarm()
    assert (w.ready(), w.board.alarm_at) == ([1, 2, 3], count(400))
    w.alarm()
    assert (w.ready(), w.board.alarm_at) == ([1, 2, 3, 4], None)


def test_the_alarm_stands_at_the_earliest_that_counts_whoever_comes_or_goes() -> None:
    w = Many()
    w.strike(1, 300, 1)
    w.ok(2, C.CLOCK_ARM, w.clocks[2], 100, NULL)
    assert w.board.alarm_at == count(300), "it ends a wait, and task 2 runs"
    w.blocks(2, C.WAIT, w.bells[2])
    assert w.board.alarm_at == count(100)
    w.ok(0, C.NOTIFY, w.give(0, w.bell_objects[2]), 1)
    assert w.board.alarm_at == count(300)
    w.ok(1, C.CLOCK_ARM, w.clocks[1], NULL, NULL)
    assert w.board.alarm_at is None


def test_bits_of_several_deadlines_are_merged_and_none_is_lost() -> None:
    w = Many()
    w.ok(4, C.NOTIFY, w.gongs[4], 0b1)
    for task in (1, 2, 3):
        w.strike(task, 100, 0b10 << task)
    w.alarm()
    assert w.call(0, C.POLL, w.gongs[0])[1] == 0b11101


def test_the_first_that_is_due_wakes_who_waits_and_the_bits_of_the_next_are_kept() -> None:
    w = Many()
    for task in (1, 2, 3):
        w.strike(task, 400 - 100 * task, 1 << task)
    w.blocks(0, C.WAIT, w.gongs[0])
    w.alarm(1000)
    assert w.x(0) == (0, int(SIGNAL_BADGE), 0, 1 << 3, 0, 0, NULL, NULL)
    assert w.call(0, C.POLL, w.gongs[0])[1] == 0b110


@pytest.mark.parametrize("bits", [0, 1])
def test_a_deadline_without_bits_wakes_nobody(bits: int) -> None:
    w = Many()
    w.strike(1, 100, bits)
    w.blocks(0, C.WAIT, w.gongs[0])
    w.alarm()
    assert (w.state(0), w.task(1).deadline) == (T.READY if bits else T.RECEIVING, None)


@pytest.mark.parametrize(("signal", "timeout", "woken"), [(100, 200, True), (200, 100, False), (100, 100, False)])
def test_of_a_signal_and_the_end_of_the_wait_for_it_the_earlier_counts(signal: int, timeout: int, woken: bool) -> None:
    w = Many()
    w.strike(1, signal, 7)
    w.ok(0, C.CLOCK_ARM, w.clocks[0], timeout, NULL)
    w.blocks(0, C.WAIT, w.gongs[0])
    w.alarm(1000)
    assert w.x(0) == ((0, int(SIGNAL_BADGE), 0, 7, 0, 0, NULL, NULL) if woken else TIMED_OUT)
    assert w.notification_at(w.gong_object).word == (0 if woken else 7)
    assert w.task(0).deadline is None and w.board.alarm_at is None


def test_a_deadline_wakes_who_waits_at_the_endpoint_to_which_its_notification_is_bound() -> None:
    w = Many()
    door = w.endpoint()
    server = w.give(1, door)
    w.ok(1, C.BIND, server, w.gongs[1])
    w.strike(1, 100, 5)
    w.blocks(1, C.WAIT, server)
    w.alarm()
    assert w.x(1) == (0, int(SIGNAL_BADGE), 0, 5, 0, 0, NULL, NULL) and w.state(1) is T.READY


@pytest.mark.parametrize(("priority", "runs"), [(7, 1), (8, 0), (9, 0)])
def test_who_is_released_by_time_runs_at_once_only_when_it_is_more_urgent(priority: int, runs: int) -> None:
    w = Many(2, priorities=(8, priority))  # type: ignore[arg-type]
    w.sleep(1, 100)
    run(w.kernel, w.task(0))
    w.alarm()
    assert w.current() == runs and w.state(1) is T.READY


def test_an_alarm_between_two_steps_of_long_work_is_rung_there_and_the_work_goes_on() -> None:
    w = Many(3, priorities=(8, 2, 8))  # type: ignore[arg-type]
    w.sleep(1, 100)
    root = w.give(0, w.endpoint())
    children = [w.ok(0, C.CAP_DERIVE, root, 0, 0) for _ in range(4)]
    pending = w.board.interrupt_pending

    def asked() -> bool:
        if pending() or w.board.steps != 2:
            return False
        w.board.time, w.board.alarm_at, w.board.interrupt = count(100), None, Interrupt.ALARM
        return True

    w.board.steps = 0
    w.board.interrupt_pending = asked  # type: ignore[method-assign]
    w.call(0, C.CAP_REVOKE, root)
    assert (w.current(), w.x(1)) == (1, TIMED_OUT)
    assert [w.holds(0, child) for child in children] == [True, True, False, False]
    w.blocks(1, C.WAIT, w.bells[1])
    assert w.current() == 0 and not any(w.holds(0, child) for child in children)


def test_a_priority_that_is_given_while_a_deadline_ends_a_wait_counts_when_it_has_gone() -> None:
    w = Hall()
    w.arm(ENDS)
    for_signals(w)
    w.ok(1, C.TASK_PRIORITY, w.it, 9)
    assert w.task(0).urgency == NOT_AT_ONCE
    w.alarm()
    assert (w.task(0).urgency, w.ready(9)) == (9, [0]) and not w.stands()


def test_a_deadline_is_by_the_capability_that_was_named_and_by_no_other_of_the_clock() -> None:
    w = Hall()
    w.arm(SIGNALS)
    w.ok(0, C.CLOCK_ARM, w.more, AT, w.gong, BITS)
    w.ok(0, C.CAP_DROP, w.clock)
    assert w.stands()
    w.ok(0, C.CAP_DROP, w.more)
    assert not w.stands()


def test_who_is_told_the_time_need_not_be_allowed_to_arm_and_the_other_way_round() -> None:
    w = Hall()
    reader, armer = w.give_clock(0, Rights.READ), w.give_clock(0, Rights.ARM)
    assert w.status(0, C.CLOCK_READ, reader) is w.status(0, C.CLOCK_ARM, armer, AT, NULL) is Status.OK
    assert w.refused(0, C.CLOCK_READ, armer) is w.refused(0, C.CLOCK_ARM, reader, AT, NULL)
    assert w.refused(0, C.CLOCK_READ, armer) is Status.INSUFFICIENT_RIGHTS
