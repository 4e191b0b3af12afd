"""Faults and exits as messages to a supervisor: repair, restart, giving up, and supervisors that are gone."""

from __future__ import annotations

import pytest

from tyrne.abi import CallNumber as C
from tyrne.abi import CapKind, Notice, Rights, Status, rights_over
from tyrne.hal.frame import Vector
from tyrne.kernel.config import MAX_DEPTH
from tyrne.kernel.deletion import delete
from tyrne.kernel.task import TaskState as T
from tyrne.lang import u64
from tyrne.testing.kernels import BASE, NULL, STORE_FAULT
from tyrne.testing.whole import reap_all
from tyrne.testing.world import World

AT = 0x1234_5678
BADGE = 0xB0B


class Watched(World):
    """Task 0 supervises task 1; task 2 is there too."""

    def __init__(self, priorities: tuple[int, ...] = (8, 8, 8)) -> None:
        super().__init__(3, priorities=priorities)
        self.watch = self.endpoint()
        self.ear = self.give(0, self.watch)
        self.it = self.give_task(0, 1)
        self.supervise(1, self.watch, BADGE)

    def notice(self, reply: int) -> tuple[int, ...]:
        return (0, BADGE, Notice.FAULTED.value, STORE_FAULT, AT, BASE, NULL, reply)

    def hear(self) -> int:
        """Task 1 faults and task 0 hears of it; the reply capability."""
        self.fault(1, STORE_FAULT, AT)
        self.ok(0, C.WAIT, self.ear)
        return self.x(0)[7]


def test_a_capability_one_level_above_the_deepest_can_still_be_a_supervisors() -> None:
    w = Watched()
    word = w.ear
    while w.slot(0, word).depth < MAX_DEPTH - 1:
        word = w.ok(0, C.CAP_DERIVE, word, int(rights_over(CapKind.ENDPOINT)), 0)
    w.ok(0, C.TASK_SUPERVISE, w.it, word)
    assert w.task(1).supervisor.depth == MAX_DEPTH


# --- what is told


@pytest.mark.parametrize(("how", "slots"), [("fault", 1), ("exit", 0)])
def test_a_notice_brings_no_capability_whatever_is_in_the_registers_of_who_it_is_about(how: str, slots: int) -> None:
    w = Watched()
    gift = w.give(1, w.endpoint())
    w.fill_table(0, leave=slots)
    w.blocks(0, C.WAIT, w.ear)
    if how == "fault":
        w.task(1).frame.x[5] = u64(gift)
        w.fault(1)
    else:
        w.call(1, C.TASK_EXIT, 7, 0, 0, 0, 0, gift)
    assert w.x(0)[:3] == (0, BADGE, (Notice.FAULTED if how == "fault" else Notice.EXITED).value)
    assert w.x(0)[6] == NULL


@pytest.mark.promise(
    "Its supervisor, if it has one, is told when a task exits by itself or faults",
    "A notice is a message with the badge of the supervisor's capability",
)
@pytest.mark.parametrize("waiting", [True, False])
def test_a_fault_is_told_with_its_registers_and_a_way_to_answer(waiting: bool) -> None:
    w = Watched()
    if waiting:
        w.blocks(0, C.WAIT, w.ear)
        w.fault(1, STORE_FAULT, AT)
    else:
        w.fault(1, STORE_FAULT, AT)
        assert w.state(1) is T.SENDING
        w.ok(0, C.WAIT, w.ear)
    reply = w.x(0)[7]
    assert w.x(0) == w.notice(reply) and reply != NULL
    assert w.slot(0, reply).held().rights == Rights.TRANSFER
    assert w.state(1) is T.CALLING
    assert not [trace for trace in w.board.traces if trace[0] == "fault"]


@pytest.mark.promise(
    "Its supervisor, if it has one, is told when a task exits by itself or faults",
    "A notice is a message with the badge of the supervisor's capability",
)
@pytest.mark.parametrize("waiting", [True, False])
def test_an_exit_is_told_with_its_code_and_wants_no_answer(waiting: bool) -> None:
    w = Watched()
    told = (0, BADGE, Notice.EXITED.value, 77, 0, 0, NULL, NULL)
    if waiting:
        w.blocks(0, C.WAIT, w.ear)
        w.call(1, C.TASK_EXIT, 77)
    else:
        w.call(1, C.TASK_EXIT, 77)
        assert w.call(0, C.WAIT, w.ear) is not None
    assert w.x(0) == told
    assert w.state(1) is T.EXITED and w.task(1).queue is None


def test_the_address_of_a_fault_that_has_none_is_0() -> None:
    w = Watched()
    w.fault(1, 0x0200_0000, AT)
    w.ok(0, C.WAIT, w.ear)
    assert w.x(0)[3:6] == (0x0200_0000, 0, BASE)


@pytest.mark.parametrize("vector", [Vector.FIQ, Vector.SERROR])
def test_asynchronous_exceptions_are_told_too(vector: Vector) -> None:
    w = Watched()
    w.call(1, C.TASK_YIELD)
    w.status(1, C.TASK_YIELD)
    w.blocks(0, C.WAIT, w.ear)
    w.blocks(2, C.TASK_SUSPEND, w.give_task(2, 2))
    assert w.current() == 1
    w.enter(vector, 0x5600_0000, 0)
    assert w.x(0)[2:4] == (Notice.FAULTED.value, 0x5600_0000)


def test_a_poll_does_not_take_a_notice() -> None:
    w = Watched()
    w.call(1, C.TASK_EXIT, 1)
    assert w.call(0, C.RECV, w.ear) == (0, 1, 0, 0, 0, 0, 0, 0)
    assert w.ok(0, C.WAIT, w.ear) == BADGE


def test_notices_stand_in_line_with_messages() -> None:
    w = Watched()
    w.blocks(2, C.SEND_WAIT, w.give(2, w.watch, badge=5), 1, 0, 0, 0, NULL)
    w.fault(1)
    assert [w.ok(0, C.WAIT, w.ear) for _ in range(2)] == [5, BADGE]


def test_the_supervisor_runs_at_once_when_it_is_as_urgent() -> None:
    w = Watched()
    w.blocks(0, C.WAIT, w.ear)
    w.fault(1)
    assert w.current() == 0


@pytest.mark.parametrize("how", ["exit", "fault"])
@pytest.mark.parametrize("priorities", [(3, 8, 8), (8, 3, 3), (15, 0, 15)])
def test_the_end_of_the_last_task_that_ran_lets_its_supervisor_run(how: str, priorities: tuple[int, ...]) -> None:
    w = Watched(priorities)
    if priorities[0] < priorities[1]:
        w.blocks(0, C.WAIT, w.ear)
    w.blocks(2, C.TASK_SUSPEND, w.give_task(2, 2))
    if how == "exit":
        w.call(1, C.TASK_EXIT, 1)
    else:
        w.fault(1)
    assert w.current() == 0


def test_a_more_urgent_supervisor_takes_the_cpu_from_the_next_ready_task_when_its_charge_exits() -> None:
    w = Watched((0, 8, 8))
    w.blocks(0, C.WAIT, w.ear)
    w.call(1, C.TASK_EXIT, 1)
    assert w.current() == 0 and w.ready() == [2]


@pytest.mark.promise(
    "a server's table, what it can still do: one whose table is full gets RECEIVER_TABLE_FULL as long as a call "
    "or a fault waits, or when only a message with a capability was left, and loses nothing"
)
def test_a_supervisor_without_room_for_the_reply_learns_it_and_the_fault_stays() -> None:
    w = Watched()
    w.fill_table(0)
    w.blocks(0, C.WAIT, w.ear)
    w.fault(1, STORE_FAULT, AT)
    assert w.x(0)[0] == Status.RECEIVER_TABLE_FULL.value and w.state(1) is T.SENDING
    assert w.refused(0, C.WAIT, w.ear) is Status.RECEIVER_TABLE_FULL


# --- what is done about it


@pytest.mark.parametrize("call", [C.REPLY, C.REPLY_WAIT])
def test_an_answer_lets_the_task_go_on_where_it_faulted_with_its_own_registers(call: C) -> None:
    w = Watched()
    for number in range(31):
        w.task(1).frame.x[number] = u64(number + 50)
    reply = w.hear()
    w.call(0, call, reply, 1, 2, 3, 4, NULL if call is C.REPLY else w.ear)
    assert w.state(1) is T.READY
    assert [int(x) for x in w.task(1).frame.x] == [number + 50 for number in range(31)]
    assert w.task(1).frame.pc == BASE and w.task(1).fault is None
    assert not w.holds(0, reply)


def test_a_task_faults_as_often_as_it_is_repaired() -> None:
    w = Watched()
    for _ in range(5):
        w.ok(0, C.REPLY, w.hear(), 0, 0, 0, 0, NULL)


def test_no_capability_can_be_given_to_a_task_with_its_repair() -> None:
    w = Watched()
    reply = w.hear()
    assert w.refused(0, C.REPLY, reply, 0, 0, 0, 0, w.give(0, w.watch)) is Status.INVALID_TRANSFER_CAP


def test_a_supervisor_can_move_the_pc_past_what_faulted() -> None:
    w = Watched()
    reply = w.hear()
    w.ok(0, C.TASK_WRITE, w.it, 32, BASE + 4)
    w.ok(0, C.REPLY, reply, 0, 0, 0, 0, NULL)
    assert w.task(1).frame.pc == BASE + 4


def test_a_fault_is_looked_up_until_the_task_runs_on() -> None:
    w = Watched()
    w.hear()
    told = (STORE_FAULT, AT, BASE, 0, 0)
    w.ok(0, C.TASK_SUSPEND, w.it)
    assert w.call(0, C.TASK_STATE, w.it) == (0, T.SUSPENDED.value, 0, *told)
    w.ok(0, C.TASK_RESUME, w.it)
    assert w.call(0, C.TASK_STATE, w.it) == (0, T.READY.value, 0, 0, 0, 0, 0, 0)


def test_a_supervisor_can_start_the_task_afresh_and_the_reply_capability_is_stale() -> None:
    w = Watched()
    reply = w.hear()
    w.ok(0, C.TASK_CONFIGURE, w.it, w.give_space(0, 1), BASE, BASE, BASE + 0x1000)
    assert w.refused(0, C.REPLY, reply, 0, 0, 0, 0, NULL) is Status.STALE_HANDLE
    w.ok(0, C.TASK_RESUME, w.it)
    w.hear()


@pytest.mark.promise(
    "a task's supervisor, afterwards: if it was waiting for repair, it has ended as faulted",
    "callers that it has not answered: tasks whose repair it owed end as faulted",
)
@pytest.mark.parametrize("how", ["drop", "revoke", "end of the supervisor"])
def test_a_fault_that_nobody_can_repair_any_more_ends_the_task_with_its_report(how: str) -> None:
    w = Watched()
    reply = w.hear()
    if how == "drop":
        w.ok(0, C.CAP_DROP, reply)
    elif how == "revoke":
        delete(w.kernel, w.task(1).supervisor)  # as revoking what it was derived from does
        reap_all(w.kernel)
    else:
        w.call(0, C.TASK_EXIT, 0)
    assert w.state(1) is T.FAULTED
    assert ("fault", 1, STORE_FAULT, AT, BASE, 0) in w.board.traces
    assert any('task "t1" faulted: data abort on write' in line for line in w.board.lines())
    assert w.task(1).context is None


@pytest.mark.promise("a task's supervisor, afterwards: if it was waiting for repair, it has ended as faulted")
def test_a_fault_in_the_queue_ends_its_task_when_the_supervisors_endpoint_is_destroyed() -> None:
    w = World(2)
    quota = w.give_quota(0)
    ear = w.ok(0, C.CREATE, quota, CapKind.ENDPOINT.value, 0)
    w.ok(0, C.TASK_SUPERVISE, w.give_task(0, 1), ear)
    w.fault(1, STORE_FAULT, AT)
    assert w.state(1) is T.SENDING
    w.ok(0, C.CAP_REVOKE, ear)  # which takes what the task has of it
    assert w.state(1) is T.FAULTED and w.task(1).supervisor.capability is None


def test_an_exit_in_the_queue_is_forgotten_when_the_supervisors_capability_is_revoked() -> None:
    w = World(2)
    ear = w.give(0, w.endpoint())
    w.ok(0, C.TASK_SUPERVISE, w.give_task(0, 1), ear)
    w.call(1, C.TASK_EXIT, 9)
    w.ok(0, C.CAP_REVOKE, ear)
    assert w.task(1).queue is None and w.task(1).through is None
    w.blocks(0, C.WAIT, ear)


@pytest.mark.promise("a task's supervisor, afterwards: the task has none")
def test_a_task_whose_supervisor_is_gone_ends_by_its_fault_alone() -> None:
    w = World(2)
    ear = w.give(0, w.endpoint())
    w.ok(0, C.TASK_SUPERVISE, w.give_task(0, 1), ear)
    w.ok(0, C.CAP_REVOKE, ear)
    w.fault(1)
    assert w.state(1) is T.FAULTED


def test_a_supervisor_can_be_replaced_and_taken_away() -> None:
    w = Watched()
    other = w.endpoint()
    w.ok(0, C.TASK_SUPERVISE, w.it, w.give(0, other, badge=3))
    w.call(1, C.TASK_EXIT, 1)
    assert w.ok(0, C.WAIT, w.give(0, other)) == 3
    w = Watched()
    w.ok(0, C.TASK_SUPERVISE, w.it, NULL)
    w.ok(0, C.TASK_SUPERVISE, w.it, NULL)
    w.call(1, C.TASK_EXIT, 1)
    w.blocks(0, C.WAIT, w.ear)


def test_a_supervisors_capability_is_a_child_of_the_one_it_was_made_from() -> None:
    w = Watched()
    word = w.give(0, w.watch, badge=4)
    w.ok(0, C.TASK_SUPERVISE, w.it, word)
    assert w.task(1).supervisor.parent is w.slot(0, word)
    assert w.refused(0, C.CAP_DROP, word) is Status.HAS_CHILDREN


def test_a_task_that_supervises_itself_with_an_endpoint_only_it_holds_waits_for_ever_when_it_faults() -> None:
    w = World(2)
    quota = w.give_quota(1)
    ear = w.ok(1, C.CREATE, quota, CapKind.ENDPOINT.value, 0)
    w.ok(1, C.TASK_SUPERVISE, w.give_task(1, 1), ear)
    w.fault(1)
    assert w.state(1) is T.SENDING
    w.ok(0, C.TASK_END, w.give_task(0, 1), 0)
    assert w.kernel.endpoints.population == 0


def test_the_exit_of_a_task_is_told_once_its_own_capability_to_the_endpoint_is_gone_too() -> None:
    w = Watched()
    w.give(1, w.watch)
    w.call(1, C.TASK_EXIT, 8)
    assert w.call(0, C.WAIT, w.ear) == (0, BADGE, Notice.EXITED.value, 8, 0, 0, NULL, NULL)


@pytest.mark.parametrize("syndrome", [0x0200_0000, 0x8200_000F, 0x9200_0007, 0x9200_004F, 0x8A00_0000, 0x9A00_0000])
def test_every_class_of_fault_can_be_repaired(syndrome: int) -> None:
    w = Watched()
    w.fault(1, syndrome, AT)
    w.ok(0, C.WAIT, w.ear)
    assert w.x(0)[3] == syndrome
    w.ok(0, C.REPLY, w.x(0)[7], 0, 0, 0, 0, NULL)
    assert w.state(1) is T.READY


def test_the_first_use_of_floating_point_is_nobodys_business_but_the_second_trap_is() -> None:
    w = Watched()
    w.fault(1, 0x1FE0_0000, 0)
    assert w.state(1) is T.READY and w.current() == 1
    w.fault(1, 0x1FE0_0000, 0)
    assert w.state(1) is T.SENDING
