"""All that may happen to a deadline, and which of the two kinds stays: the table of docs/decisions/0037-time.md."""

from __future__ import annotations

from collections.abc import Callable

from hall import (
    ABORTED,
    AT,
    BITS,
    ENDS,
    FULL,
    SIGNALS,
    WAITS,
    Hall,
    answering,
    at_the_door,
    called,
    count,
    fault_is_queued,
    fault_is_received,
    for_signals,
    received_later,
    repaired,
    sending,
    suspended,
)

from tyrne.abi import CallNumber as C
from tyrne.abi import Rights, Status
from tyrne.kernel.task import TaskState as T
from tyrne.testing.board import PAGE
from tyrne.testing.kernels import BASE, NULL, run

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
