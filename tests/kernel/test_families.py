"""Tasks that make tasks that make tasks: what their ends and revocations do, all the way down."""

from __future__ import annotations

import pytest

from tyrne.abi import CallNumber as C
from tyrne.abi import CapKind, Rights, Status
from tyrne.kernel.task import TaskState as T
from tyrne.system.parts import Quota
from tyrne.testing.board import PAGE
from tyrne.testing.kernels import BASE, NULL
from tyrne.testing.state import resources
from tyrne.testing.world import World

K = CapKind
RICH = Quota(tasks=3, endpoints=4, notifications=2, spaces=3, memory=4, quotas=4, frames=60)


class Family(World):
    """Task 0 and task 1 are there from the start; task 0 makes others with quotas of their own."""

    def __init__(self) -> None:
        super().__init__(2, arena=8, slots=24, quota=RICH)
        self.purse = self.give_quota(0)
        self.ear = self.give(0, self.endpoint())

    def child(self, parent: int, purse: int, number: int, generations: int) -> tuple[int, int]:
        """A running task that a task makes, with a quota in its table for more; its capability and its quota's word."""
        task, space, quota = (
            self.ok(parent, C.CREATE, purse, kind.value, 0) for kind in (K.TASK, K.ADDRESS_SPACE, K.QUOTA)
        )
        for kind, amount in (
            (0, 20 * generations),
            *((kind.value, generations) for kind in (K.TASK, K.ADDRESS_SPACE, K.QUOTA, K.ENDPOINT)),
        ):
            self.ok(parent, C.QUOTA_MOVE, purse, quota, kind, amount)
        self.ok(parent, C.TASK_CONFIGURE, task, space, BASE, BASE, BASE + PAGE)
        self.ok(parent, C.CAP_DROP, space)
        self.ok(parent, C.TASK_PRIORITY, task, 8)
        its = self.ok(parent, C.CAP_MOVE, quota, task)
        self.ok(parent, C.TASK_RESUME, task)
        assert self.task(number).state is T.READY
        return task, its


def grown() -> tuple[Family, int, dict[str, object]]:
    """Task 0 made task 2, which made task 3, which waits at an endpoint of its own."""
    w = Family()
    before = resources(w.kernel)
    child, purse = w.child(0, w.purse, 2, 2)
    _, last = w.child(2, purse, 3, 1)
    door = w.ok(3, C.CREATE, last, K.ENDPOINT.value, 0)
    w.blocks(3, C.WAIT, door)
    return w, child, before


@pytest.mark.parametrize("how", ["revoke", "end", "exit", "fault", "drop"])
def test_a_task_takes_its_children_and_theirs_with_it(how: str) -> None:
    w, child, before = grown()
    assert w.kernel.tasks.population == 4
    w.board.traces.clear()
    match how:
        case "revoke":
            w.ok(0, C.CAP_REVOKE, w.purse)
        case "end":
            w.ok(0, C.TASK_END, child, 1)
        case "exit":
            w.call(2, C.TASK_EXIT, 1)
        case "fault":
            w.fault(2)
        case "drop":
            w.ok(0, C.CAP_DROP, child)
    assert ("end", 3, 0) in w.board.traces
    if how in ("end", "exit", "fault"):
        assert w.kernel.tasks.population == 3
        w.ok(0, C.CAP_DROP, child)
    assert w.kernel.tasks.population == 2
    assert resources(w.kernel) == before


def test_the_end_of_the_first_ancestor_ends_all_and_the_others_go_on() -> None:
    w, _, _ = grown()
    w.call(0, C.TASK_EXIT, 0)
    assert w.kernel.tasks.population == 2
    assert {trace[1] for trace in w.board.traces if trace[0] == "end"} == {2, 3}
    assert w.current() == 1


@pytest.mark.promise("its place in queues, its own reply capability: are gone")
def test_a_grandchild_that_calls_an_ancestor_is_ended_in_its_call_and_the_reply_capability_is_stale() -> None:
    w = Family()
    child, purse = w.child(0, w.purse, 2, 1)
    its = w.ok(0, C.CAP_MOVE, w.ok(0, C.CAP_DERIVE, w.ear, int(Rights.SEND | Rights.TRANSFER), 5), child)
    assert purse != its
    w.blocks(2, C.CALL, its, 1, 2, 3, 4, NULL)
    w.ok(0, C.WAIT, w.ear)
    reply = w.x(0)[7]
    w.ok(0, C.TASK_END, child, 0)
    assert w.refused(0, C.REPLY, reply, 0, 0, 0, 0, NULL) is Status.STALE_HANDLE


@pytest.mark.promise("its capabilities: what it gave away that was not derived from those stays")
def test_memory_that_a_child_was_given_outlives_it_with_whoever_has_it() -> None:
    w = Family()
    child, _ = w.child(0, w.purse, 2, 1)
    memory = w.ok(0, C.CREATE, w.purse, K.MEMORY.value, 2)
    w.ok(0, C.CAP_MOVE, w.ok(0, C.CAP_COPY, memory, int(Rights.READ | Rights.TRANSFER)), child)
    w.ok(0, C.TASK_END, child, 0)
    assert w.holds(0, memory) and w.kernel.regions.population == 1
    w.ok(0, C.CAP_DROP, memory)
    assert w.kernel.regions.population == 0


@pytest.mark.promise(
    "what it made through its own quota: is destroyed, also where others hold copies: all of it stands below the "
    "quota capability"
)
def test_what_a_child_made_and_gave_away_dies_with_the_childs_quota() -> None:
    w = Family()
    child, purse = w.child(0, w.purse, 2, 1)
    gift = w.ok(2, C.CREATE, purse, K.ENDPOINT.value, 0)
    inbox = w.ok(0, C.CAP_MOVE, w.ok(0, C.CAP_COPY, w.ear, int(Rights.SEND | Rights.TRANSFER)), child)
    w.ok(2, C.SEND, inbox, 0, 0, 0, 0, gift)
    w.ok(0, C.RECV, w.ear)
    got = w.x(0)[6]
    w.ok(0, C.NOTIFY, w.give(0, w.notification()), 1)
    w.blocks(
        1, C.WAIT, w.ok(0, C.CAP_MOVE, w.ok(0, C.CAP_COPY, got, int(Rights.RECV | Rights.TRANSFER)), w.give_task(0, 1))
    )
    w.ok(0, C.TASK_END, child, 0)
    assert not w.holds(0, got)
    assert w.x(1)[0] == Status.ABORTED.value


@pytest.mark.repeats
def test_a_supervisor_restarts_a_child_a_hundred_times_and_nothing_is_left() -> None:
    w = Family()
    task, space = (w.ok(0, C.CREATE, w.purse, kind.value, 0) for kind in (K.TASK, K.ADDRESS_SPACE))
    w.ok(0, C.TASK_SUPERVISE, task, w.ear)
    w.ok(0, C.TASK_PRIORITY, task, 8)
    before = None
    for life in range(100):
        w.ok(0, C.TASK_CONFIGURE, task, space, BASE, BASE, BASE + PAGE)
        w.ok(0, C.TASK_RESUME, task)
        if life % 2:
            w.fault(2)
        else:
            w.call(2, C.TASK_EXIT, life)
        w.ok(0, C.WAIT, w.ear)
        assert w.x(0)[2] == life % 2
        if life % 2:
            w.ok(0, C.CAP_DROP, w.x(0)[7])
        now = resources(w.kernel)
        assert before in (None, now)
        before = now
