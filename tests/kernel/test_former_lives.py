"""What is over with a life of a task, and what stays when it begins another: what it owed goes, what it holds stays."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from kernel.pair import ANSWER, WORDS
from tyrne.abi import CallNumber as C
from tyrne.abi import Notice, Status
from tyrne.kernel.cap_slot import CapSlot
from tyrne.kernel.task import TaskState as T
from tyrne.testing.board import PAGE
from tyrne.testing.kernels import BASE, NULL, STORE_FAULT
from tyrne.testing.world import World

ABORTED = (Status.ABORTED.value, 0, 0, 0, 0, 0, 0, 0)


class Restart(World):
    """Task 0 supervises and may configure task 1, a server; tasks 2 and 3 are its clients."""

    def __init__(self) -> None:
        super().__init__(4)
        self.watch: CapSlot = self.endpoint()
        self.door: CapSlot = self.endpoint()
        self.ear = self.give(0, self.watch)
        self.it, self.space = self.give_task(0, 1), self.give_space(0, 1)
        self.server = self.give(1, self.door)
        self.client = {task: self.give(task, self.door, badge=task) for task in (2, 3)}
        self.supervise(1, self.watch, 77)

    def owe(self, client: int) -> int:
        """The server has taken a client's call; its reply capability."""
        self.blocks(client, C.CALL, self.client[client], *WORDS, NULL)
        self.ok(1, C.WAIT, self.server)
        return self.x(1)[7]

    def owe_repair(self, client: int) -> int:
        """The server supervises a client, and has been told of its fault."""
        self.supervise(client, self.door, client)
        self.fault(client, STORE_FAULT, 0)
        self.ok(1, C.WAIT, self.server)
        return self.x(1)[7]

    def suspended(self) -> None:
        self.ok(0, C.TASK_SUSPEND, self.it)

    def suspended_in_a_wait(self) -> None:
        self.blocks(1, C.WAIT, self.give(1, self.endpoint()))
        self.suspended()

    def faulted(self) -> None:
        self.fault(1, STORE_FAULT, 0)

    def faulted_and_told(self) -> None:
        self.faulted()
        assert self.ok(0, C.WAIT, self.ear) == 77

    def configure(self) -> None:
        self.ok(0, C.TASK_CONFIGURE, self.it, self.space, BASE, BASE, BASE + PAGE)

    def begin_anew(self) -> None:
        self.configure()
        self.ok(0, C.TASK_RESUME, self.it)


STOPS: dict[str, Callable[[Restart], None]] = {
    "suspended": Restart.suspended,
    "suspended in a wait": Restart.suspended_in_a_wait,
    "its fault waits to be told": Restart.faulted,
    "its fault has been told": Restart.faulted_and_told,
}


@pytest.mark.promise(
    "When a task that has run is configured anew, the life that it had is over: callers that it has not answered go on "
    "with ABORTED, tasks whose repair it owed end as faulted, and it is registered as a receiver no more"
)
@pytest.mark.parametrize("stop", STOPS)
def test_a_caller_goes_on_with_aborted_when_the_life_that_owed_the_answer_is_over(stop: str) -> None:
    w = Restart()
    replies = [w.owe(client) for client in (2, 3)]
    STOPS[stop](w)
    assert w.state(2) is T.CALLING
    w.configure()
    assert (w.x(2), w.x(3)) == (ABORTED, ABORTED)
    assert (w.state(2), w.state(3)) == (T.READY, T.READY)
    assert not any(w.holds(1, reply) for reply in replies)


@pytest.mark.promise(
    "When a task that has run is configured anew, the life that it had is over: callers that it has not answered go on "
    "with ABORTED, tasks whose repair it owed end as faulted, and it is registered as a receiver no more"
)
@pytest.mark.parametrize("stop", STOPS)
def test_a_task_ends_as_faulted_when_the_life_that_owed_its_repair_is_over(stop: str) -> None:
    w = Restart()
    w.owe_repair(2)
    STOPS[stop](w)
    w.configure()
    assert w.state(2) is T.FAULTED
    assert any('task "t2" faulted' in line for line in w.board.lines())


@pytest.mark.parametrize("stop", STOPS)
def test_a_life_that_is_not_over_keeps_the_answers_that_it_owes(stop: str) -> None:
    w = Restart()
    reply = w.owe(2)
    STOPS[stop](w)
    if stop == "its fault waits to be told":
        w.ok(0, C.WAIT, w.ear)
    if w.state(1) is T.SUSPENDED:
        w.ok(0, C.TASK_RESUME, w.it)
    else:
        w.ok(0, C.REPLY, w.x(0)[7], 0, 0, 0, 0, NULL)
    w.ok(1, C.REPLY, reply, *ANSWER, NULL)
    assert w.x(2) == (0, 0, *ANSWER, NULL, NULL)


def test_an_answer_that_a_former_life_has_passed_on_is_still_to_come() -> None:
    w = Restart()
    passed = w.ok(1, C.CAP_MOVE, w.owe(2), w.give_task(1, 3))
    w.suspended()
    w.begin_anew()
    w.ok(3, C.REPLY, passed, *ANSWER, NULL)
    assert w.x(2) == (0, 0, *ANSWER, NULL, NULL)


def test_an_answer_that_a_former_life_has_sent_on_is_still_to_come() -> None:
    w = Restart()
    desk = w.endpoint()
    reply = w.owe(2)
    w.ok(1, C.SEND, w.give(1, desk), *WORDS, reply)
    w.suspended()
    w.begin_anew()
    w.ok(3, C.RECV, w.give(3, desk))
    w.ok(3, C.REPLY, w.x(3)[6], *ANSWER, NULL)
    assert w.x(2) == (0, 0, *ANSWER, NULL, NULL)


def test_an_answer_that_is_handed_to_a_task_before_its_life_begins_is_its_to_give() -> None:
    w = Restart()
    w.suspended()
    w.configure()
    w.blocks(2, C.CALL, w.client[2], *WORDS, NULL)
    w.ok(0, C.WAIT, w.give(0, w.door))
    handed = w.ok(0, C.CAP_MOVE, w.x(0)[7], w.it)
    w.begin_anew()
    assert w.state(2) is T.CALLING
    w.ok(1, C.REPLY, handed, *ANSWER, NULL)
    assert w.x(2) == (0, 0, *ANSWER, NULL, NULL)


def test_a_caller_that_is_released_is_more_urgent_and_runs_at_once() -> None:
    w = World(3, priorities=(8, 8, 3))
    door = w.endpoint()
    client, server = w.give(2, door), w.give(1, door)
    w.blocks(2, C.CALL, client, *WORDS, NULL)
    w.ok(1, C.WAIT, server)
    it = w.give_task(0, 1)
    w.ok(0, C.TASK_SUSPEND, it)
    w.ok(0, C.TASK_CONFIGURE, it, w.give_space(0, 1), BASE, BASE, BASE + PAGE)
    assert w.current() == 2 and w.x(2) == ABORTED


def test_a_configure_that_is_refused_leaves_the_answers_that_are_owed() -> None:
    w = Restart()
    w.owe(2)
    assert w.refused(0, C.TASK_CONFIGURE, w.it, w.space, BASE, BASE, BASE + PAGE) is Status.BAD_STATE
    w.suspended()
    assert w.refused(0, C.TASK_CONFIGURE, w.it, w.space, BASE, BASE, BASE + 8) is Status.BAD_ARGUMENT
    assert w.state(2) is T.CALLING


# --- what is no part of a life


@pytest.mark.promise("Its capabilities stay, also those that it was sent")
def test_a_new_life_finds_the_capabilities_of_the_former_one_under_the_same_handles() -> None:
    w = Restart()
    w.owe(2)
    gift = w.give(3, w.notification())
    w.blocks(3, C.SEND_WAIT, w.client[3], *WORDS, gift)
    w.ok(1, C.WAIT, w.server)
    sent = w.x(1)[6]
    w.suspended()
    w.begin_anew()
    assert w.holds(1, w.server) and w.holds(1, sent)
    w.blocks(1, C.WAIT, w.server)


@pytest.mark.promise("so do its mappings and bindings")
def test_a_new_life_finds_the_mappings_and_bindings_of_the_former_one() -> None:
    w = Restart()
    bell, memory, space = w.give(1, w.notification()), w.give(1, w.memory()), w.give_space(1, 1)
    w.ok(1, C.BIND, w.server, bell)
    w.ok(1, C.MAP, space, memory, 0x100_0000, 1)
    w.suspended()
    w.begin_anew()
    assert w.refused(1, C.BIND, w.server, bell) is Status.BAD_STATE
    assert w.refused(1, C.MAP, space, memory, 0x200_0000, 1) is Status.ALREADY_MAPPED
    w.ok(1, C.UNMAP, space, memory)
    w.ok(1, C.NOTIFY, bell, 9)
    assert w.call(1, C.WAIT, w.server) == (0, NULL, 0, 9, 0, 0, NULL, NULL)


def test_a_message_that_a_former_life_has_left_arrives() -> None:
    w = Restart()
    w.ok(1, C.SEND, w.server, *WORDS, NULL)
    w.suspended()
    w.begin_anew()
    assert w.call(1, C.RECV, w.server) == (0, 0, *WORDS, NULL, 0)


@pytest.mark.parametrize("way", [C.SEND_WAIT, C.CALL, C.WAIT])
def test_what_a_former_life_waited_for_is_nobodys(way: C) -> None:
    w = Restart()
    w.blocks(1, way, w.server, *WORDS, NULL)
    w.suspended()
    w.begin_anew()
    assert w.kernel.endpoints.items[1].senders.head is None
    assert w.kernel.endpoints.items[1].receivers.head is None
    assert w.call(0, C.RECV, w.give(0, w.door)) == (0, 1, 0, 0, 0, 0, 0, 0)


def test_a_call_of_a_former_life_that_was_taken_cannot_be_answered_any_more() -> None:
    w = Restart()
    desk = w.endpoint()
    w.blocks(1, C.CALL, w.give(1, desk), *WORDS, NULL)
    w.ok(0, C.WAIT, w.give(0, desk))
    reply = w.x(0)[7]
    w.suspended()
    w.begin_anew()
    assert w.refused(0, C.REPLY, reply, *ANSWER, NULL) is Status.STALE_HANDLE


def test_the_code_and_the_fault_of_a_former_life_are_forgotten() -> None:
    w = Restart()
    w.faulted_and_told()
    w.configure()
    assert w.call(0, C.TASK_STATE, w.it) == (0, T.INACTIVE.value, 0, 0, 0, 0, 0, 0)


def test_the_supervisor_hears_of_a_new_life_too() -> None:
    w = Restart()
    w.faulted_and_told()
    w.begin_anew()
    w.call(1, C.TASK_EXIT, 4)
    assert w.call(0, C.WAIT, w.ear) == (0, 77, Notice.EXITED.value, 4, 0, 0, NULL, NULL)


def test_who_may_configure_a_task_cannot_answer_for_its_former_life() -> None:
    """The answers are gone before anybody could take them: no message reaches the client."""
    w = Restart()
    reply = w.owe(2)
    w.suspended()
    w.begin_anew()
    assert w.refused(1, C.REPLY, reply, *ANSWER, NULL) is Status.STALE_HANDLE
    assert w.x(2) == ABORTED
