"""Makes calls that succeed, each through its function in the library, and checks what they yield.

Handle words: 0 console, 1 a quota with CREATE and REVOKE, 2 the program's own address space with MAP, 3 the clock.
"""

from __future__ import annotations

from typing import Final

from tyrne.lang import export, u64
from tyrne.lang.machine import read64, write64
from tyrne.user import (
    MILLISECOND,
    PC,
    SIGNAL_BADGE,
    SP,
    Access,
    Arrival,
    Cap,
    CapKind,
    ClockCap,
    EndpointCap,
    Faulted,
    Message,
    NotificationCap,
    Pending,
    QuotaCap,
    ReplyCap,
    Rights,
    SendOutcome,
    SpaceCap,
    Status,
    TaskCap,
    TaskState,
    bind,
    cancel,
    cap_copy,
    cap_derive,
    cap_drop,
    cap_move,
    cap_query,
    cap_revoke,
    clock_read,
    create_endpoint,
    create_memory,
    create_notification,
    create_quota,
    create_space,
    create_task,
    done,
    end_wait_at,
    forget_deadline,
    granted,
    map_memory,
    memory_derive,
    notify,
    poll,
    print_bytes,
    protect_memory,
    quota_move,
    quota_move_frames,
    read_notice,
    recv,
    reply,
    send,
    signal_at,
    sleep_until,
    task_configure,
    task_end,
    task_priority,
    task_read,
    task_resume,
    task_state,
    task_supervise,
    task_suspend,
    task_write,
    unmap_memory,
    wait,
    wait_signals,
)

QUOTA: Final = QuotaCap(u64(1))
OWN_SPACE: Final = SpaceCap(u64(2))
CLOCK: Final = ClockCap(u64(3))
HERE: Final = u64(0x1000_0000)
BASE: Final = u64(0x1000)
ENTRY: Final = u64(0x2000)
TOP: Final = u64(0x3000)
INSTRUCTION_ABORT: Final = u64(0x20)
"""The exception class of a fetch at EL0."""


def quotas() -> EndpointCap:
    """An endpoint from a quota that was filled from another."""
    quota = granted(create_quota(QUOTA))
    assert create_endpoint(quota) == Status.QUOTA_EXCEEDED
    done(quota_move(QUOTA, quota, CapKind.ENDPOINT, u64(1)))
    done(quota_move_frames(QUOTA, quota, u64(1)))
    return granted(create_endpoint(quota))


def capabilities(endpoint: EndpointCap) -> None:
    """Copies, children and moves, and what each is."""
    copy = granted(cap_copy(endpoint, Rights.SEND | Rights.TRANSFER))
    child = granted(cap_move(granted(cap_derive(endpoint, Rights.SEND, u64(9)))))
    info = granted(cap_query(child))
    assert info.kind is CapKind.ENDPOINT and info.rights == Rights.SEND and info.badge == 9
    assert info.depth == granted(cap_query(copy)).depth + 1
    done(cap_revoke(endpoint))
    assert cap_query(child) == Status.INVALID_HANDLE
    done(cap_drop(copy))
    assert cap_drop(copy) is Status.INVALID_HANDLE


def messages(endpoint: EndpointCap) -> None:
    """Messages that nobody waits for, with a capability and with a badge."""
    assert isinstance(recv(endpoint), Pending)
    assert isinstance(recv(endpoint), Pending)
    done(cancel(endpoint))
    copy = granted(cap_copy(endpoint, Rights.TRANSFER))
    assert send(endpoint, Message(u64(1), u64(2), u64(3), u64(4), Cap(copy.word))) is SendOutcome.ENQUEUED
    message = recv(endpoint)
    assert isinstance(message, Message)
    assert message.label == 1 and message.word0 == 2 and message.word1 == 3 and message.word2 == 4
    cap = message.cap
    assert cap is not None
    assert granted(cap_query(cap)).rights == Rights.TRANSFER
    done(cap_drop(cap))
    badged = granted(cap_derive(endpoint, Rights.SEND, u64(9)))
    granted(send(badged, Message(u64(5))))
    arrival = granted(wait(endpoint))
    assert arrival.badge == 9 and arrival.label == 5 and arrival.cap is None and arrival.reply is None
    done(cap_drop(badged))


def signals(endpoint: EndpointCap, notification: NotificationCap) -> None:
    """Bits that are polled, waited for, and waited for at an endpoint."""
    done(notify(notification, u64(1)))
    done(notify(notification, u64(4)))
    assert granted(poll(notification)) == 5
    assert granted(poll(notification)) == 0
    done(notify(notification, u64(2)))
    assert granted(wait_signals(notification)) == 2
    done(bind(endpoint, notification))
    done(notify(notification, u64(8)))
    arrival = granted(wait(endpoint))
    assert arrival.badge == SIGNAL_BADGE and arrival.word0 == 8
    done(bind(endpoint, None))


def time(endpoint: EndpointCap, notification: NotificationCap) -> None:
    """Deadlines that signal, that end a wait, and that are forgotten."""
    start = granted(clock_read(CLOCK))
    done(signal_at(CLOCK, start, notification, u64(2)))
    assert granted(poll(notification)) == 2
    done(signal_at(CLOCK, start + MILLISECOND, notification, u64(4)))
    assert granted(wait_signals(notification)) == 4
    assert granted(clock_read(CLOCK)) >= start + MILLISECOND
    assert sleep_until(CLOCK, start + 2 * MILLISECOND, notification) is Status.TIMED_OUT
    assert granted(clock_read(CLOCK)) >= start + 2 * MILLISECOND
    done(end_wait_at(CLOCK, start))
    assert wait(endpoint) == Status.TIMED_OUT
    done(signal_at(CLOCK, start + 3 * MILLISECOND, notification, u64(8)))
    done(forget_deadline(CLOCK))
    assert sleep_until(CLOCK, start + 4 * MILLISECOND, notification) is Status.TIMED_OUT
    assert granted(poll(notification)) == 0


def memory() -> None:
    """Two pages that are written, protected, and shared out."""
    pages = granted(create_memory(QUOTA, u64(2)))
    done(map_memory(OWN_SPACE, pages, HERE, Access.READ_WRITE))
    assert read64(HERE) == 0
    write64(HERE, u64(7))
    done(protect_memory(OWN_SPACE, pages, Access.READ))
    assert read64(HERE) == 7
    info = granted(cap_query(pages))
    assert info.kind is CapKind.MEMORY and info.pages == 2 and info.address == HERE
    part = granted(memory_derive(pages, Rights.READ, u64(1), u64(1)))
    assert granted(cap_query(part)).pages == 1
    done(unmap_memory(OWN_SPACE, pages))
    assert granted(cap_query(pages)).address == 0


def state_of(task: TaskCap) -> TaskState:
    return granted(task_state(task)).state


def caller_of(arrival: Arrival) -> ReplyCap:
    """Who waits for an answer to the notice of a fault at ENTRY."""
    notice = read_notice(arrival)
    assert isinstance(notice, Faulted)
    assert notice.syndrome >> 26 == INSTRUCTION_ABORT and notice.address == ENTRY and notice.pc == ENTRY
    caller = arrival.reply
    assert caller is not None
    return caller


def tasks(endpoint: EndpointCap) -> None:
    """A task without memory: it faults as soon as it runs."""
    task = granted(create_task(QUOTA))
    space = granted(create_space(QUOTA))
    done(task_configure(task, space, BASE, ENTRY, TOP))
    done(task_supervise(task, endpoint))
    done(task_priority(task, u64(9)))
    assert state_of(task) is TaskState.INACTIVE
    first = granted(task_read(task, SP))
    assert first.r0 == TOP and first.r1 == ENTRY and first.r3 == 0
    done(task_write(task, u64(7), u64(77)))
    assert granted(task_read(task, u64(1))).r6 == 77
    done(task_resume(task))
    assert state_of(task) is TaskState.READY
    done(task_suspend(task))
    assert state_of(task) is TaskState.SUSPENDED
    done(task_resume(task))

    caller = caller_of(granted(wait(endpoint)))
    assert state_of(task) is TaskState.CALLING
    done(task_write(task, PC, ENTRY))
    done(reply(caller, Message(u64(0))))
    done(cap_drop(caller_of(granted(wait(endpoint)))))
    condition = granted(task_state(task))
    assert condition.state is TaskState.FAULTED and condition.address == ENTRY and condition.pc == ENTRY

    done(task_configure(task, space, BASE, ENTRY, TOP))
    done(task_end(task, u64(5)))
    condition = granted(task_state(task))
    assert condition.state is TaskState.EXITED and condition.code == 5


@export
def main() -> u64:
    endpoint = quotas()
    capabilities(endpoint)
    messages(endpoint)
    notification = granted(create_notification(QUOTA))
    signals(endpoint, notification)
    time(endpoint, notification)
    memory()
    tasks(endpoint)
    done(cap_revoke(QUOTA))
    print_bytes(b"every call did what it says\n")
    return u64(0)
