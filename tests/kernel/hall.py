"""A hall in which a task has deadlines: what it may do meanwhile, and each way to wait."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import pytest

from tyrne.abi import CallNumber as C
from tyrne.abi import CapKind, Status, unpack_handle
from tyrne.kernel.deadline import NOT_AT_ONCE
from tyrne.kernel.deletion import cap_drop
from tyrne.kernel.task import TaskState as T
from tyrne.lang import u64
from tyrne.system.parts import Quota
from tyrne.testing.kernels import NULL
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
