"""Interrupts of devices: who hears them, how often, and how that ends. Each cell of the table in kernel/line.py."""

from __future__ import annotations

from collections import Counter
from random import Random
from typing import Final

import pytest

from tyrne.abi import NULL_HANDLE, CapKind, Rights, Status
from tyrne.abi import CallNumber as C
from tyrne.hal.frame import Vector
from tyrne.hal.interrupt import Interrupt
from tyrne.kernel.capability import InterruptHandle
from tyrne.kernel.task import TaskState as T
from tyrne.testing.board import PAGE
from tyrne.testing.kernels import BASE
from tyrne.testing.world import LINE, World

NULL: Final = int(NULL_HANDLE)
OTHER: Final = 56
"""A second line."""


class Driver(World):
    """Task 0 drives a device; it hears of it by a bell. Task 1 is a second task of the same priority."""

    def __init__(self, tasks: int = 2, priorities: tuple[int, ...] = ()) -> None:
        super().__init__(tasks, slots=20, priorities=priorities)
        self.bells = self.notification()
        self.irq = self.give_interrupt(0)
        self.bell = self.give(0, self.bells)

    def bind(self, bits: int = 1, task: int = 0) -> None:
        self.ok(task, C.INTERRUPT_BIND, self.irq, self.bell, bits)

    def line(self) -> tuple[bool, bool, bool]:
        """Whether the line is bound, and open, and let through by the board."""
        line = self.kernel.lines[0]
        assert line.number == LINE
        return line.bound is not None, line.open, LINE in self.board.unmasked

    def word(self) -> int:
        return int(self.notification_at(self.bells).word)


UNBOUND, OPEN, DELIVERED = (False, False, False), (True, True, True), (True, False, False)


@pytest.mark.promise("All that are bound to nobody are masked")
def test_a_line_that_nobody_has_bound_is_masked() -> None:
    assert Driver().line() == UNBOUND


def test_an_interrupt_signals_its_bits_once_and_masks_its_line_until_it_is_acknowledged() -> None:
    w = Driver()
    w.bind(0x30)
    assert w.line() == OPEN
    w.device()
    assert (w.line(), w.word()) == (DELIVERED, 0x30)
    w.ok(0, C.INTERRUPT_ACK, w.irq)
    assert w.line() == OPEN
    w.device()
    assert (w.line(), w.word()) == (DELIVERED, 0x30)


def test_who_waits_for_the_bits_goes_on_with_them() -> None:
    w = Driver()
    w.bind(5)
    w.blocks(0, C.WAIT, w.bell)
    w.device()
    assert (w.state(0), w.x(0)[0], w.x(0)[3], w.word()) == (T.READY, 0, 5, 0)


def test_a_more_urgent_driver_runs_at_once_and_an_equal_one_in_its_turn() -> None:
    for priority, runs in (3, 0), (8, 1):
        w = Driver(priorities=(priority, 8))
        w.bind()
        w.blocks(0, C.WAIT, w.bell)
        assert w.current() == 1
        w.device()
        assert w.current() == runs


def test_bits_that_a_server_waits_for_at_an_endpoint_reach_it_there() -> None:
    w = Driver()
    door = w.give(0, w.endpoint())
    w.ok(0, C.BIND, door, w.bell)
    w.bind(9)
    w.blocks(0, C.WAIT, door)
    w.device()
    assert (w.x(0)[0], w.x(0)[3]) == (0, 9)


def test_the_processor_rests_while_somebody_waits_for_an_open_line_and_not_for_another() -> None:
    w = Driver(1)
    w.bind()
    w.blocks(0, C.WAIT, w.bell)
    assert w.current() is None and w.kernel.waits()
    w.device()
    assert w.current() == 0
    w.blocks(0, C.WAIT, w.bell)  # without an acknowledgement it never comes
    assert w.current() is None and not w.kernel.waits()
    assert any("deadlock" in line for line in w.board.lines())


def test_the_processor_rests_while_a_server_waits_at_an_endpoint_that_the_bits_reach() -> None:
    w = Driver(1)
    door = w.give(0, w.endpoint())
    w.ok(0, C.BIND, door, w.bell)
    w.bind()
    w.blocks(0, C.WAIT, door)
    assert w.current() is None and w.kernel.waits()
    w.device()
    assert w.current() == 0


@pytest.mark.parametrize("endpoint", [False, True])
def test_the_processor_does_not_rest_for_a_line_whose_bits_nobody_waits_for(endpoint: bool) -> None:
    w = Driver(1)
    if endpoint:
        w.ok(0, C.BIND, w.give(0, w.endpoint()), w.bell)
    w.bind()
    w.blocks(0, C.WAIT, w.give(0, w.notification()))
    assert w.current() is None and not w.kernel.waits()


def test_what_is_bound_anew_signals_only_by_the_new_binding_and_is_open() -> None:
    w = Driver()
    w.bind(1)
    w.device()
    other = w.notification()
    w.ok(0, C.INTERRUPT_BIND, w.irq, w.give(0, other), 8)
    assert w.line() == OPEN
    w.device()
    assert (w.word(), int(w.notification_at(other).word)) == (1, 8)


@pytest.mark.parametrize("delivered", [False, True])
def test_a_line_that_is_unbound_is_masked_and_is_not_to_be_acknowledged(delivered: bool) -> None:
    w = Driver()
    w.bind()
    if delivered:
        w.device()
    w.ok(0, C.INTERRUPT_BIND, w.irq, NULL, 0)
    assert w.line() == UNBOUND
    assert w.refused(0, C.INTERRUPT_ACK, w.irq) is Status.BAD_STATE
    w.ok(0, C.INTERRUPT_BIND, w.irq, NULL, 0)


def test_an_acknowledgement_of_an_open_line_changes_nothing() -> None:
    w = Driver()
    w.bind()
    w.ok(0, C.INTERRUPT_ACK, w.irq)
    assert (w.line(), w.word()) == (OPEN, 0)


def test_a_line_that_was_masked_as_its_device_raised_it_signals_nobody() -> None:
    w = Driver()
    w.bind()
    for closed in (w.device, lambda: w.ok(0, C.INTERRUPT_BIND, w.irq, NULL, 0)):
        closed()
        w.ok(0, C.POLL, w.bell)
        w.board.interrupt, w.board.raised = Interrupt.DEVICE, LINE
        w.enter(Vector.IRQ, 0, 0)
        assert w.word() == 0


def test_a_line_that_the_description_does_not_name_signals_nobody() -> None:
    w = Driver()
    w.bind()
    w.board.interrupt, w.board.raised = Interrupt.DEVICE, OTHER
    w.enter(Vector.IRQ, 0, 0)
    assert (w.word(), w.line()) == (0, OPEN)


ENDS = ("drop", "move", "revoke", "end")


@pytest.mark.promise(
    "one by which an interrupt was bound, over it or over the notification, afterwards: is gone, and nobody hears the "
    "interrupt any more",
    "No binding outlives a capability by which it was made: it goes when that is dropped, moved or revoked, and with "
    "its task",
)
@pytest.mark.parametrize("what", ["interrupt", "notification"])
@pytest.mark.parametrize("how", ENDS)
@pytest.mark.parametrize("delivered", [False, True])
def test_with_either_capability_by_which_it_was_bound_the_binding_goes(what: str, how: str, delivered: bool) -> None:
    w = Driver(3)
    lender = w.give_task(1, 0)
    own = {"interrupt": w.give_interrupt(1), "notification": w.give(1, w.bells)}
    lent = {}
    for name, word in own.items():
        child = w.ok(1, C.CAP_DERIVE, word, int(w.slot(1, word).held().rights), 0)
        lent[name] = w.ok(1, C.CAP_MOVE, child, lender)
    w.ok(0, C.INTERRUPT_BIND, lent["interrupt"], lent["notification"], 4)
    if delivered:
        w.device()
    match how:
        case "drop":
            w.ok(0, C.CAP_DROP, lent[what])
        case "move":
            w.ok(0, C.CAP_MOVE, lent[what], NULL)
        case "revoke":
            w.ok(1, C.CAP_REVOKE, own[what])
        case "end":
            w.ok(1, C.TASK_END, lender, 0)
    assert w.line() == UNBOUND


def test_a_binding_stays_when_another_capability_over_the_same_goes() -> None:
    w = Driver()
    more = [w.give_interrupt(0), w.give(0, w.bells)]
    w.bind()
    for word in more:
        w.ok(0, C.CAP_DROP, word)
    assert w.line() == OPEN


def test_a_binding_stays_when_that_of_another_device_goes_with_its_capabilities() -> None:
    w = Driver()
    other, bell = w.give_interrupt(0, OTHER), w.give(0, w.bells)
    w.bind()
    w.ok(0, C.INTERRUPT_BIND, other, bell, 2)
    w.ok(0, C.CAP_DROP, other)
    assert w.line() == OPEN and w.board.unmasked == {LINE}


def test_one_notification_hears_two_devices_and_loses_both_with_its_capability() -> None:
    w = Driver()
    other = w.give_interrupt(0, OTHER)
    w.bind(1)
    w.ok(0, C.INTERRUPT_BIND, other, w.bell, 2)
    w.device()
    w.device(OTHER)
    assert w.word() == 3
    w.ok(0, C.INTERRUPT_ACK, other)
    w.ok(0, C.CAP_DROP, w.bell)
    assert w.board.unmasked == set() and all(line.bound is None for line in w.kernel.lines)


@pytest.mark.promise("interrupt, BIND, lets its holder: say which notification hears it")
def test_an_interrupt_that_is_derived_can_be_bound_and_acknowledged_with_the_rights_that_it_has() -> None:
    w = Driver()
    derived = w.ok(0, C.CAP_DERIVE, w.irq, int(Rights.ACK), 0)
    assert w.refused(0, C.INTERRUPT_BIND, derived, w.bell, 1) is Status.INSUFFICIENT_RIGHTS
    w.bind()
    w.device()
    w.ok(0, C.INTERRUPT_ACK, derived)
    assert w.line() == OPEN


@pytest.mark.promise(
    "A device interrupts at most once for each acknowledgement",
    "So a device that never lowers its line does not hold the kernel",
    "interrupt, ACK, lets its holder: let the next one come",
)
def test_a_device_that_never_lowers_its_line_is_heard_once_for_each_acknowledgement() -> None:
    w = Driver()
    w.bind()
    for _ in range(100):
        w.device()
        assert w.board.unmasked == set()
        w.ok(0, C.INTERRUPT_ACK, w.irq)


@pytest.mark.promise("To bind an interrupt needs NOTIFY over the notification, when it is bound")
def test_who_may_only_wait_for_a_notification_binds_no_interrupt_to_it_and_one_that_could_signal_stays_bound() -> None:
    w = Driver()
    assert w.refused(0, C.INTERRUPT_BIND, w.irq, w.give(0, w.bells, Rights.WAIT), 1) is Status.MISSING_RIGHT
    w.bind()
    assert w.refused(0, C.INTERRUPT_BIND, w.irq, w.give(0, w.bells, Rights.WAIT), 2) is Status.MISSING_RIGHT
    assert w.line() == OPEN


@pytest.mark.promise("nobody makes one")
def test_no_quota_makes_an_interrupt() -> None:
    w = Driver()
    assert w.refused(0, C.CREATE, w.give_quota(0), CapKind.INTERRUPT.value, 1) is Status.BAD_ARGUMENT


STORM: Final = 10_000


@pytest.mark.promise("No interrupt reaches who has no capability for it")
def test_in_a_storm_of_binds_revocations_and_ends_only_who_is_bound_hears_and_what_is_let_through_comes() -> None:
    """Of each line the model knows who hears it, and whether it is open: the kernel does as it says, and the bits that
    have come are those that it counts."""
    random = Random(1)
    w = Driver(3)
    tally: Counter[str] = Counter()
    lines = (LINE, OTHER)
    roots = {line: w.give_interrupt(0, line) for line in lines}
    bells = [w.notification() for _ in range(3)]
    words = [w.give(task, bells[task]) for task in range(3)]
    for bell in bells:  # which lives on when its driver ends
        w.give(0, bell)
    tasks = [0, w.give_task(0, 1), w.give_task(0, 2)]
    spaces = [0, w.give_space(0, 1), w.give_space(0, 2)]
    held: dict[tuple[int, int], int] = {}  # the handle by which a task has a line
    hears: dict[int, int] = {}  # which task hears a line
    opened: set[int] = set()
    while sum(tally.values()) < STORM:
        line, task = random.choice(lines), random.randrange(1, 3)
        what = random.choice(("lend", "lend", "bind", "bind", "ack", "ack", "revoke", "raise", "raise", "drop", "end"))
        tally[what] += 1
        match what:
            case "lend" if (line, task) not in held:
                child = w.ok(0, C.CAP_DERIVE, roots[line], int(Rights.BIND | Rights.ACK | Rights.TRANSFER), 0)
                held[line, task] = w.ok(0, C.CAP_MOVE, child, tasks[task])
            case "bind" if (line, task) in held:
                w.ok(task, C.INTERRUPT_BIND, held[line, task], words[task], 1)
                hears[line] = task
                opened.add(line)
            case "ack" if (line, task) in held:
                if line in hears:
                    w.ok(task, C.INTERRUPT_ACK, held[line, task])
                    opened.add(line)
                else:
                    assert w.refused(task, C.INTERRUPT_ACK, held[line, task]) is Status.BAD_STATE
            case "revoke":
                w.ok(0, C.CAP_REVOKE, roots[line])
                held = {key: word for key, word in held.items() if key[0] != line}
                hears.pop(line, None)
                opened.discard(line)
            case "drop" if (line, task) in held:
                w.ok(task, C.CAP_DROP, held.pop((line, task)))
                if hears.get(line) == task:
                    del hears[line]
                    opened.discard(line)
            case "end":
                w.ok(0, C.TASK_END, tasks[task], 0)
                held = {key: word for key, word in held.items() if key[1] != task}
                opened -= {line for line, who in hears.items() if who == task}
                hears = {line: who for line, who in hears.items() if who != task}
                w.ok(0, C.TASK_CONFIGURE, tasks[task], spaces[task], BASE, BASE, BASE + PAGE)
                w.ok(0, C.TASK_RESUME, tasks[task])
                words[task] = w.give(task, bells[task])
            case "raise" if line in opened:
                before = [int(w.notification_at(bell).word) for bell in bells]
                w.device(line)
                opened.discard(line)
                before[hears[line]] |= 1
                assert [int(w.notification_at(bell).word) for bell in bells] == before
                w.ok(hears[line], C.POLL, words[hears[line]])
        assert w.board.unmasked == opened
        assert {int(one.number) for one in w.kernel.lines if one.bound is not None} == set(hears)
    assert all(tally[what] > STORM // 20 for what in ("lend", "bind", "ack", "revoke", "raise", "drop", "end"))


def test_each_line_of_a_description_is_one_object_whoever_has_it() -> None:
    w = Driver()
    named = [w.slot(0, w.irq).held().object, w.slot(1, w.give_interrupt(1)).held().object]
    assert all(isinstance(one, InterruptHandle) and one.at is w.kernel.lines[0] for one in named)
    w.give_interrupt(1, OTHER)
    assert [int(line.number) for line in w.kernel.lines][: int(w.kernel.named_lines)] == [LINE, OTHER]
