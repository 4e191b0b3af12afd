"""The table of rights, row by row: with the one right a holder can do what the row says, and without it cannot."""

from __future__ import annotations

import pytest

from kernel.rights_needed import prepared
from properties.scenarios import ME, OTHER
from tyrne.abi import CallNumber as C
from tyrne.abi import CapKind, Rights, Status, rights_over
from tyrne.testing.kernels import NULL
from tyrne.testing.world import World

R = Rights
REFUSALS = (Status.INSUFFICIENT_RIGHTS, Status.MISSING_RIGHT)


@pytest.mark.parametrize(
    ("right", "cases"),
    [
        pytest.param(R.CONSOLE_WRITE, ["console_write"], id="CONSOLE_WRITE: write",
                     marks=pytest.mark.promise("debug console, CONSOLE_WRITE, lets its holder: write")),
        pytest.param(R.SEND, ["send", "send_wait", "call_a_receiver"], id="SEND: send and call",
                     marks=pytest.mark.promise("endpoint, SEND, lets its holder: send and call")),
        pytest.param(R.SEND, ["task_supervise 1"], id="SEND: name a supervisor",
                     marks=pytest.mark.promise(
                         "endpoint, SEND, lets its holder: name the endpoint as a task's supervisor")),
        pytest.param(R.RECV, ["recv", "wait", "reply_wait 5", "cancel"], id="RECV: receive",
                     marks=pytest.mark.promise("endpoint, RECV, lets its holder: receive from it")),
        pytest.param(R.RECV, ["bind"], id="RECV: bind a notification",
                     marks=pytest.mark.promise("endpoint, RECV, lets its holder: bind a notification to it")),
        pytest.param(R.NOTIFY, ["notify"], id="NOTIFY: signal",
                     marks=pytest.mark.promise("notification, NOTIFY, lets its holder: signal any bits")),
        pytest.param(R.WAIT, ["wait_for_signals", "poll", "bind 1"], id="WAIT: wait, take, bind",
                     marks=pytest.mark.promise(
                         "notification, WAIT, lets its holder: wait for them, take them, bind them to an endpoint")),
        pytest.param(R.MAP, ["map_across_two_tables", "unmap", "protect"], id="MAP: map, unmap, change",
                     marks=pytest.mark.promise(
                         "address space, MAP, lets its holder: map and unmap memory in it, change how it is mapped")),
        pytest.param(R.BIND, ["task_configure 1"], id="BIND: let a task run in it",
                     marks=pytest.mark.promise("address space, BIND, lets its holder: let a task run in it")),
        pytest.param(R.CONTROL, ["task_resume", "task_suspend", "task_end"], id="CONTROL: resume, suspend, end",
                     marks=pytest.mark.promise("task, CONTROL, lets its holder: resume, suspend and end it")),
        pytest.param(R.INSPECT, ["task_state", "task_read"], id="INSPECT: read",
                     marks=pytest.mark.promise(
                         "task, INSPECT, lets its holder: read its state and, while it stands still, its registers")),
        pytest.param(R.MODIFY, ["task_write"], id="MODIFY: write registers",
                     marks=pytest.mark.promise(
                         "task, MODIFY, lets its holder: write its registers while it stands still")),
        pytest.param(R.CONFIGURE, ["task_configure", "task_supervise", "task_priority"], id="CONFIGURE: set",
                     marks=pytest.mark.promise(
                         "task, CONFIGURE, lets its holder: set its address space and entry, its supervisor, "
                         "its priority up to the caller's own")),
        pytest.param(R.CONFIGURE, ["cap_move_to_another 1"], id="CONFIGURE: give capabilities",
                     marks=pytest.mark.promise("task, CONFIGURE, lets its holder: put capabilities into its table")),
        pytest.param(R.CREATE, ["create endpoint"], id="CREATE: make objects",
                     marks=pytest.mark.promise("quota, CREATE, lets its holder: make objects at its expense")),
        pytest.param(R.CREATE, ["quota_move", "quota_move 1"], id="CREATE: move claims",
                     marks=pytest.mark.promise(
                         "quota, CREATE, lets its holder: move its claims to another quota for which one has "
                         "CREATE too")),
    ],
)  # fmt: skip
def test_with_the_one_right_a_holder_does_what_its_row_says_and_without_it_nothing(
    right: Rights, cases: list[str]
) -> None:
    for case in cases:
        name, at = (case[:-2], int(case[-1])) if case[-1].isdigit() else (case, 0)
        w, number, arguments = prepared(name, at, right)
        answer = w.call(ME, number, *arguments)
        assert answer is None or answer[0] == 0, f"{case}: {answer}"
        w, number, arguments = prepared(name, at, ~right)
        assert w.refused(ME, number, *arguments) in REFUSALS, case


@pytest.mark.promise("notification, NOTIFY, lets its holder: signal any bits")
def test_any_bit_can_be_signalled() -> None:
    w = World(1)
    bell = w.notification()
    ring, hear = w.give(0, bell, R.NOTIFY), w.give(0, bell, R.WAIT)
    for bit in range(64):
        w.ok(0, C.NOTIFY, ring, 1 << bit)
        assert w.ok(0, C.POLL, hear) == 1 << bit


@pytest.mark.promise(
    "task, INSPECT, lets its holder: read its state and, while it stands still, its registers",
    "task, MODIFY, lets its holder: write its registers while it stands still",
)
def test_the_registers_of_a_task_that_does_not_stand_still_are_neither_read_nor_written() -> None:
    w = World(2)
    it = w.give_task(0, 1)
    door = w.give(1, w.endpoint())
    for waits in (False, True):
        if waits:
            w.blocks(1, C.CALL, door, 1, 2, 3, 4, NULL)
        assert w.refused(0, C.TASK_READ, it, 0) is Status.BAD_STATE
        assert w.refused(0, C.TASK_WRITE, it, 0, 5) is Status.BAD_STATE
    w.ok(0, C.TASK_SUSPEND, it)
    w.ok(0, C.TASK_READ, it, 0)


@pytest.mark.promise(
    "task, CONFIGURE, lets its holder: set its address space and entry, its supervisor, "
    "its priority up to the caller's own"
)
@pytest.mark.parametrize("own", [0, 1, 8, 15])
def test_no_priority_above_the_callers_own_is_given_to_anybody(own: int) -> None:
    w = World(2, priorities=(own, 15))
    it = w.give_task(0, 1)
    for priority in range(own):
        assert w.refused(0, C.TASK_PRIORITY, it, priority) is Status.INSUFFICIENT_RIGHTS
    w.ok(0, C.TASK_PRIORITY, it, own)


# --- over the capability itself


@pytest.mark.promise(
    "the capability itself, DUPLICATE, lets its holder: make a copy: a peer, with the same parent and at most the "
    "same rights"
)
def test_a_copy_has_the_same_parent_and_at_most_the_same_rights() -> None:
    w = World(1)
    source = w.give(0, w.endpoint(), R.DUPLICATE | R.SEND)
    copy = w.ok(0, C.CAP_COPY, source, int(R.SEND))
    assert w.slot(0, copy).parent is w.slot(0, source).parent
    assert w.slot(0, copy).held().rights == R.SEND
    assert w.refused(0, C.CAP_COPY, source, int(R.SEND | R.RECV)) is Status.WIDENED_RIGHTS
    assert w.refused(0, C.CAP_COPY, copy, 0) is Status.INSUFFICIENT_RIGHTS


@pytest.mark.promise("the capability itself, DERIVE, lets its holder: make a child with at most the same rights")
@pytest.mark.parametrize("kind", [CapKind.ENDPOINT, CapKind.NOTIFICATION, CapKind.MEMORY, CapKind.QUOTA])
def test_a_child_has_at_most_the_rights_of_its_parent(kind: CapKind) -> None:
    w = World(1)
    source = w.give(0, w.make(kind, 2), R.DERIVE)
    child = w.ok(0, C.CAP_DERIVE, source, 0, 0)
    assert w.slot(0, child).parent is w.slot(0, source) and w.slot(0, child).held().rights == R.NONE
    for right in rights_over(kind) & ~R.DERIVE:
        assert w.refused(0, C.CAP_DERIVE, source, int(right), 0) is Status.WIDENED_RIGHTS
    assert w.refused(0, C.CAP_DERIVE, child, 0, 0) is Status.INSUFFICIENT_RIGHTS


@pytest.mark.promise(
    "the capability itself, DERIVE, lets its holder: of an endpoint also with a badge, of memory over fewer pages"
)
def test_a_child_of_an_endpoint_may_have_a_badge_and_one_of_memory_fewer_pages() -> None:
    w = World(1)
    door, memory = w.give(0, w.endpoint(), R.DERIVE), w.give(0, w.memory(3), R.DERIVE)
    assert w.slot(0, w.ok(0, C.CAP_DERIVE, door, 0, 9)).held().badge == 9
    part = w.ok(0, C.MEMORY_DERIVE, memory, 0, 1, 2)
    assert w.call(0, C.CAP_QUERY, part) is not None and w.x(0)[5] == 2
    for first, pages in ((0, 4), (1, 3), (3, 1), (2**64 - 1, 2), (0, 2**64 - 1)):
        assert w.refused(0, C.MEMORY_DERIVE, memory, 0, first, pages) in (Status.OUT_OF_RANGE, Status.BAD_ARGUMENT)


@pytest.mark.promise("the capability itself, REVOKE, lets its holder: delete everything derived from it")
def test_revoke_needs_its_right_and_deletes_what_was_derived() -> None:
    w = World(1)
    door = w.give(0, w.endpoint(), R.DERIVE | R.REVOKE)
    child = w.ok(0, C.CAP_DERIVE, door, int(R.DERIVE), 0)
    below = w.ok(0, C.CAP_DERIVE, child, 0, 0)
    assert w.refused(0, C.CAP_REVOKE, child) is Status.INSUFFICIENT_RIGHTS
    w.ok(0, C.CAP_REVOKE, door)
    assert [w.holds(0, word) for word in (door, child, below)] == [True, False, False]


@pytest.mark.promise(
    "the capability itself, TRANSFER, lets its holder: send it along in a message, or move it to a task that it may "
    "configure"
)
@pytest.mark.parametrize("way", [C.SEND, C.SEND_WAIT, C.CALL, C.CAP_MOVE])
def test_what_travels_has_transfer(way: C) -> None:
    w = World(2)
    door = w.endpoint()
    mine, it = w.give(0, door), w.give_task(0, 1, R.CONFIGURE)
    bell = w.notification()
    bare, free = w.give(0, bell, rights_over(CapKind.NOTIFICATION) & ~R.TRANSFER), w.give(0, bell, R.TRANSFER)
    arguments = (lambda word: (word, it)) if way is C.CAP_MOVE else (lambda word: (mine, 1, 2, 3, 4, word))
    assert w.refused(0, way, *arguments(bare)) in (Status.INVALID_TRANSFER_CAP, Status.INSUFFICIENT_RIGHTS)
    w.blocks(1, C.WAIT, w.give(1, door))
    w.call(0, way, *arguments(free))
    assert not w.holds(0, free)


@pytest.mark.promise(
    "the capability itself, TRANSFER, lets its holder: send it along in a message, or move it to a task that it may "
    "configure"
)
def test_nothing_is_moved_to_a_task_that_one_may_not_configure() -> None:
    w = World(2)
    word, it = w.give(0, w.endpoint()), w.give_task(0, OTHER, ~R.CONFIGURE & rights_over(CapKind.TASK))
    assert w.refused(0, C.CAP_MOVE, word, it) is Status.INSUFFICIENT_RIGHTS


# --- over a call that waits for its answer


@pytest.mark.promise("reply, TRANSFER, lets its holder: pass it on")
def test_the_capability_to_answer_is_passed_on_with_transfer_alone() -> None:
    w, _, (reply, *_) = prepared("reply", 0, R.TRANSFER)
    w.ok(ME, C.CAP_MOVE, reply, w.give_task(ME, OTHER + 1))


@pytest.mark.promise("reply, TRANSFER, lets its holder: To answer, once, needs no right but having it")
def test_who_has_it_answers_once_with_no_right_at_all() -> None:
    w, number, arguments = prepared("reply", 0, R.NONE)
    w.ok(ME, number, *arguments)
    assert w.refused(ME, number, *arguments) is Status.STALE_HANDLE
