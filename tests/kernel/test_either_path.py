"""The fast path and the general one, where tests of the calls themselves go only one of the two."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from kernel.pair import ANSWER, WORDS, Pair, arrived
from tyrne.abi import SIGNAL_BADGE, CapKind, Notice, Rights, Status, pack_handle
from tyrne.abi import CallNumber as C
from tyrne.hal.pages import PAGE_SIZE as PAGE
from tyrne.kernel import kernel
from tyrne.kernel.arena import LAST_GENERATION
from tyrne.kernel.cap_table import CapTable
from tyrne.kernel.capability import AddressSpaceHandle
from tyrne.kernel.deletion import delete
from tyrne.kernel.fast_path import endpoint_for, fast_call, fast_call_2
from tyrne.kernel.task import TaskState
from tyrne.lang import u64
from tyrne.testing.invariants import check_system
from tyrne.testing.kernels import BASE, NULL, STORE_FAULT, insert, run
from tyrne.testing.world import World


def test_a_capability_goes_with_a_call_to_a_receiver_whose_slots_were_used_before() -> None:
    w = Pair()
    box = w.endpoint()
    gift = w.give(0, box, Rights.TRANSFER | Rights.SEND, badge=99)
    for used in [w.give(1, w.notification()), w.give(1, w.notification())]:
        w.ok(1, C.CAP_DROP, used)
    w.blocks(1, C.WAIT, w.server)
    w.call(0, C.CALL, w.client, *WORDS, gift)
    got, reply = w.x(1)[6:8]
    assert w.x(1) == arrived(WORDS, cap=got, reply=reply) and NULL not in (got, reply)
    assert not w.holds(0, gift) and w.slot(1, got).held().badge == 99
    assert w.task(0).state is TaskState.CALLING


@pytest.mark.parametrize("fast", [True, False])
def test_a_poll_takes_the_bits_on_either_path(fast: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    w = World(1)
    bell = w.give(0, w.notification())
    w.ok(0, C.NOTIFY, bell, 5)
    if not fast:
        monkeypatch.setattr(kernel, "fast_call_2", lambda *_: None)
    assert [w.call(0, C.POLL, bell)[:2] for _ in range(2)] == [(0, 5), (0, 0)]


@pytest.mark.parametrize("fast", [True, False])
def test_a_yield_is_answered_on_either_path(fast: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    w = World(1)
    if not fast:
        monkeypatch.setattr(kernel, "fast_call_2", lambda *_: None)
    assert w.call(0, C.TASK_YIELD, 1, 2, 3, 4, 5, 6) == (0,) * 8


@pytest.mark.parametrize("fast", [True, False])
def test_who_yields_goes_behind_its_equals_on_either_path(fast: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    w = World(3)
    if not fast:
        monkeypatch.setattr(kernel, "fast_call_2", lambda *_: None)
    w.call(0, C.TASK_YIELD)
    assert (w.current(), w.ready()) == (1, [2, 0])


@pytest.mark.parametrize("fast", [True, False])
def test_a_call_that_lets_the_last_work_be_done_is_made_once_on_either_path(
    fast: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A task ends, and a tick comes after its first step. The task that it made yields, and is ended by the rest."""
    w = World(1)
    quota = w.give_quota(0)
    task, space = (w.ok(0, C.CREATE, quota, kind.value, 0) for kind in (CapKind.TASK, CapKind.ADDRESS_SPACE))
    w.ok(0, C.TASK_CONFIGURE, task, space, BASE, BASE, BASE + PAGE)
    w.ok(0, C.TASK_RESUME, task)
    w.ok(0, C.TASK_PRIORITY, task, 8)
    w.board.tick_after = w.board.steps + 1
    w.call(0, C.TASK_EXIT, 0)
    assert w.task(0).state is TaskState.ENDING and w.kernel.scheduler.core.current is w.task(1)
    if not fast:
        monkeypatch.setattr(kernel, "fast_call_2", lambda *_: None)
    w.board.traces.clear()
    w.call(1, C.TASK_YIELD)
    assert w.kernel.scheduler.core.current is None
    assert [trace[0] for trace in w.board.traces if trace[0] != "standing"] == ["call", "end"]
    assert w.board.log.count(b"all tasks complete") == 1


def use_slots(w: World, task: int) -> None:
    for word in [w.give_console(task) for _ in range(3)]:
        w.ok(task, C.CAP_DROP, word)


class Ready(Pair):
    """The tables of both have free slots that were used before: the fast path takes no others."""

    def __init__(self) -> None:
        super().__init__()
        for task in (0, 1):
            use_slots(self, task)
        self.bell = self.give(0, self.notification())

    def gift(self) -> int:
        self.blocks(1, C.WAIT, self.server)
        return self.give_console(0)

    def repair(self) -> int:
        """Task 0 waits for its repair by task 1; the handle of the reply capability."""
        self.supervise(0, self.door)
        self.blocks(1, C.WAIT, self.server)
        self.fault(0)
        return self.x(1)[7]

    def bound(self, bits: int) -> int:
        """Where task 1 may receive, bound to a notification with these bits."""
        bell = self.give(1, self.notification())
        self.ok(1, C.BIND, self.server, bell)
        self.ok(1, C.NOTIFY, bell, bits)
        return self.server

    def alone(self) -> None:
        for task in (1, 2):
            self.blocks(task, C.WAIT, self.give(task, self.notification()))


def to_receiver(w: Ready) -> tuple[int, ...]:
    w.blocks(1, C.WAIT, w.server)
    return 0, C.CALL.value, w.client, *WORDS, NULL


def yield_alone(w: Ready) -> tuple[int, ...]:
    w.alone()
    return 0, C.TASK_YIELD.value


DONE: dict[str, tuple[int, Callable[[Ready], tuple[int, ...]]]] = {
    # which tier does it; who makes which call, with which arguments
    "call": (1, to_receiver),
    "reply_wait": (1, lambda w: (1, C.REPLY_WAIT.value, w.serve(), *ANSWER, w.server)),
    "reply_wait, a repair": (1, lambda w: (1, C.REPLY_WAIT.value, w.repair(), 0, 0, 0, 0, w.server)),
    "reply_wait, bound": (1, lambda w: (1, C.REPLY_WAIT.value, w.serve(), *ANSWER, w.bound(0))),
    "a number that names no call": (1, lambda _: (0, 0xFFFF)),
    "call with a gift": (2, lambda w: (0, C.CALL.value, w.client, *WORDS, w.gift())),
    "call by what names nothing": (2, lambda _: (0, C.CALL.value, 0x7777, *WORDS, NULL)),
    "task_yield among equals": (2, lambda _: (0, C.TASK_YIELD.value)),
    "task_yield alone": (2, yield_alone),
    "notify": (2, lambda w: (0, C.NOTIFY.value, w.bell, 1)),
    "poll": (2, lambda w: (0, C.POLL.value, w.bell)),
}
REFUSED = {"a number that names no call": Status.BAD_SYSCALL_NUMBER, "call by what names nothing": Status.STALE_HANDLE}


@pytest.mark.parametrize("what", DONE)
def test_a_call_without_surprises_is_made_by_its_tier_of_the_fast_path(what: str) -> None:
    w = Ready()
    tier, prepare = DONE[what]
    task, number, *arguments = prepare(w)
    caller = w.task(task)
    run(w.kernel, caller)
    for register, value in enumerate(arguments):
        caller.frame.x[register] = u64(value)
    caller.frame.x[8] = u64(number)
    following = fast_call(w.kernel, caller)
    assert (following is not None) is (tier == 1)
    if following is None:
        following = fast_call_2(w.kernel, caller)
    assert following is not None and following is w.kernel.scheduler.core.current
    if following is caller:
        assert caller.frame.x[0] == REFUSED.get(what, Status.OK).value
    check_system(w.kernel)


def with_gift(w: Ready, client: int, gift: int) -> tuple[int, ...]:
    w.blocks(1, C.WAIT, w.server)
    return 0, C.CALL.value, client, *WORDS, gift


def parent(w: Ready) -> int:
    word = w.give(0, w.notification())
    w.ok(0, C.CAP_DERIVE, word, 0, 0)
    return word


REFUSALS: dict[str, tuple[Callable[[Ready], tuple[int, ...]], Status]] = {
    "call without SEND": (lambda w: with_gift(w, w.give(0, w.door, Rights.RECV), NULL), Status.MISSING_RIGHT),
    "call without SEND, with a gift": (
        lambda w: with_gift(w, w.give(0, w.door, Rights.RECV), w.give_console(0)),
        Status.MISSING_RIGHT,
    ),
    "call by what is no endpoint": (lambda w: with_gift(w, w.bell, NULL), Status.WRONG_OBJECT_KIND),
    "a gift without TRANSFER": (
        lambda w: with_gift(w, w.client, w.give_console(0, Rights.SEND)),
        Status.INVALID_TRANSFER_CAP,
    ),
    "a gift by which the call is made": (lambda w: with_gift(w, w.client, w.client), Status.INVALID_TRANSFER_CAP),
    "a gift from which something is derived": (
        lambda w: with_gift(w, w.client, parent(w)),
        Status.INVALID_TRANSFER_CAP,
    ),
    "a gift that is nothing": (lambda w: with_gift(w, w.client, 0x7777), Status.INVALID_TRANSFER_CAP),
    "reply_wait by what is no answer": (
        lambda w: (1, C.REPLY_WAIT.value, w.give_console(1), *ANSWER, w.server),
        Status.WRONG_OBJECT_KIND,
    ),
    "reply_wait at an endpoint without RECV": (
        lambda w: (1, C.REPLY_WAIT.value, w.serve(), *ANSWER, w.give(1, w.door, Rights.SEND)),
        Status.MISSING_RIGHT,
    ),
    "notify without NOTIFY": (
        lambda w: (0, C.NOTIFY.value, w.give(0, w.notification(), Rights.WAIT), 1),
        Status.MISSING_RIGHT,
    ),
    "poll without WAIT": (
        lambda w: (0, C.POLL.value, w.give(0, w.notification(), Rights.NOTIFY)),
        Status.MISSING_RIGHT,
    ),
}


@pytest.mark.parametrize("what", REFUSALS)
def test_a_call_that_the_fast_path_would_make_but_for_one_thing_is_refused(what: str) -> None:
    w = Ready()
    prepare, status = REFUSALS[what]
    task, number, *arguments = prepare(w)
    assert w.refused(task, C(number), *arguments) is status


def test_the_fast_path_takes_nothing_else_for_an_endpoint_whatever_the_rights_are() -> None:
    w = Ready()
    table = CapTable(2)
    for origin, found in ((w.notification(), None), (w.door, w.endpoint_at(w.door))):
        slot = table.slots[insert(table, Rights.SEND, origin.held().object).index]
        assert endpoint_for(slot, Rights.SEND) is found
        assert endpoint_for(slot, Rights.RECV) is None


@pytest.mark.parametrize("call", [C.CALL, C.REPLY_WAIT, C.NOTIFY, C.POLL, C.TASK_YIELD])
def test_a_task_that_was_turned_out_of_its_space_can_name_nothing_on_either_path(call: C) -> None:
    w = Ready()
    w.give_space(1, 0)
    delete(w.kernel, w.task(0).home)
    status = w.status(0, call, w.client, 0, 0, 0, 0, w.client)
    assert status is (Status.INVALID_HANDLE if call is C.TASK_YIELD else Status.STALE_HANDLE)


@pytest.mark.parametrize("answers", [False, True])
def test_who_was_turned_out_of_its_space_while_it_waited_is_told_on_either_path(answers: bool) -> None:
    w = Ready()
    told = 0 if answers else 1
    w.give_space(2, told)
    if answers:
        reply = w.serve()
        delete(w.kernel, w.task(told).home)
        w.blocks(1, C.REPLY_WAIT, reply, *ANSWER, w.server)
    else:
        w.blocks(1, C.WAIT, w.server)
        delete(w.kernel, w.task(told).home)
        w.blocks(0, C.CALL, w.client, *WORDS, NULL)
    assert w.state(told) is TaskState.READY and w.x(told)[2:6] == (ANSWER if answers else WORDS)


def test_a_gift_comes_to_who_has_one_slot_that_was_used_before_and_others_that_were_not() -> None:
    w = Pair()
    w.ok(1, C.CAP_DROP, w.give_console(1))
    w.blocks(1, C.WAIT, w.server)
    w.blocks(0, C.CALL, w.client, *WORDS, w.give_console(0))
    got, reply = w.x(1)[6:8]
    assert w.x(1) == arrived(WORDS, cap=got, reply=reply) and w.holds(1, got) and w.holds(1, reply)


def test_a_supervisor_that_waits_is_told_what_a_fault_was_at_which_address_and_pc() -> None:
    w = Ready()
    reply = w.repair()
    pc = int(w.task(0).frame.pc)
    assert w.x(1) == (0, 0, Notice.FAULTED.value, STORE_FAULT, 0x1234_5678, pc, NULL, reply)


def test_who_answers_and_is_signalled_already_goes_on_with_the_bits() -> None:
    w = Ready()
    reply = w.serve()
    assert w.call(1, C.REPLY_WAIT, reply, *ANSWER, w.bound(1)) == (0, SIGNAL_BADGE, 0, 1, 0, 0, NULL, NULL)
    assert w.state(0) is TaskState.READY and w.x(0) == arrived(ANSWER, badge=0)


def test_an_answer_by_a_slot_that_will_be_no_room_for_what_comes_is_refused() -> None:
    w = Ready()
    slot = w.slot(1, w.serve())
    slot.generation = LAST_GENERATION
    reply = int(pack_handle(slot.handle()))
    w.fill_table(1)
    assert w.refused(1, C.REPLY_WAIT, reply, *ANSWER, w.server) is Status.RECEIVER_TABLE_FULL


def test_the_processor_holds_the_thread_and_the_space_of_who_is_called_and_of_who_is_answered() -> None:
    w = Ready()
    w.blocks(1, C.WAIT, w.server)
    run(w.kernel, w.task(0))
    for caller, other in ((0, 1), (1, 0)):
        w.board.events.clear()
        if caller == 0:
            w.blocks(0, C.CALL, w.client, *WORDS, NULL)
        else:
            w.blocks(1, C.REPLY_WAIT, w.x(1)[7], *ANSWER, w.server)
        space = w.space_of(other).held().object
        assert isinstance(space, AddressSpaceHandle)
        assert w.board.events == [
            ("switch_thread", w.task(caller).thread, w.task(other).thread),
            ("activate", int(space.at.root), int(space.at.asid)),
        ]


def test_who_is_called_does_not_run_before_a_more_urgent_task_that_became_ready_meanwhile() -> None:
    w = World(4, priorities=(9, 5, 9, 8))
    doors = [w.endpoint() for _ in range(2)]
    bell = w.notification()
    for task in (1, 2):
        use_slots(w, task)
    w.blocks(1, C.WAIT, w.give(1, doors[0]))
    w.blocks(3, C.WAIT, w.give(3, bell))
    w.blocks(2, C.WAIT, w.give(2, doors[1]))
    w.blocks(0, C.CALL, w.give(0, doors[0]), *WORDS, NULL)
    w.ok(1, C.NOTIFY, w.give(1, bell), 1)
    assert w.current() == 1
    w.blocks(1, C.CALL, w.give(1, doors[1]), *WORDS, NULL)
    assert (w.current(), w.ready(9)) == (3, [2])


@pytest.mark.parametrize(("priority", "reach"), [(8, 9), (9, 10)])
def test_who_is_called_has_the_rest_of_the_turn_if_it_is_as_urgent_and_else_one_of_its_own(
    priority: int, reach: int
) -> None:
    w = World(2, priorities=(8, priority))
    door = w.endpoint()
    use_slots(w, 1)
    w.blocks(1, C.WAIT, w.give(1, door))
    assert w.kernel.scheduler.core.reach == 9
    w.blocks(0, C.CALL, w.give(0, door), *WORDS, NULL)
    assert (w.current(), int(w.kernel.scheduler.core.reach)) == (1, reach)
