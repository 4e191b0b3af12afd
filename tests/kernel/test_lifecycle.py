"""A task's life: each state and each call about tasks, as one table; then what configuring, ending and starting do."""

from __future__ import annotations

import pytest

from tyrne.abi import CallNumber as C
from tyrne.abi import CapKind, Rights, Status
from tyrne.kernel.task import TaskState as T
from tyrne.lang import u64
from tyrne.testing.board import PAGE
from tyrne.testing.kernels import BASE, NULL, STORE_FAULT, context_of, run
from tyrne.testing.world import World

S = Status
SVC_AT = BASE + 0x40


class Life(World):
    """Task 0 holds all rights over task 1, an endpoint that supervises it, and another that it waits at."""

    def __init__(self, state: str = "ready") -> None:
        super().__init__(3, held=(1,))
        self.watch = self.endpoint()
        self.door = self.endpoint()
        self.it = self.give_task(0, 1)
        self.space = self.give_space(0, 1)
        self.ear = self.give(0, self.watch)
        self.mine = self.give(0, self.door)
        self.its = self.give(1, self.door, badge=9)
        self.bell = self.give(1, self.notification())
        getattr(self, f"be_{state}")()

    def be_inactive(self) -> None:
        pass

    def be_ready(self) -> None:
        self.ok(0, C.TASK_RESUME, self.it)

    def be_sending(self) -> None:
        self.be_ready()
        self.blocks(1, C.SEND_WAIT, self.its, 1, 2, 3, 4, NULL)

    def be_receiving(self) -> None:
        self.be_ready()
        self.blocks(1, C.WAIT, self.its)

    def be_listening(self) -> None:
        """Receiving, at a notification."""
        self.be_ready()
        self.blocks(1, C.WAIT, self.bell)

    def be_calling(self) -> None:
        self.be_ready()
        self.blocks(1, C.CALL, self.its, 1, 2, 3, 4, NULL)
        self.ok(0, C.WAIT, self.mine)

    def be_asking(self) -> None:
        """Calling, and nobody has taken the call."""
        self.be_ready()
        self.blocks(1, C.CALL, self.its, 1, 2, 3, 4, NULL)

    def be_faulting(self) -> None:
        """Its fault has not been received yet."""
        self.be_ready()
        self.supervise(1, self.watch, 77)
        self.fault(1)

    def be_repairing(self) -> None:
        """Its supervisor has its fault."""
        self.be_faulting()
        self.ok(0, C.WAIT, self.ear)

    def be_suspended(self) -> None:
        self.be_ready()
        self.ok(0, C.TASK_SUSPEND, self.it)

    def be_exited(self) -> None:
        self.be_ready()
        self.call(1, C.TASK_EXIT, 6)

    def be_leaving(self) -> None:
        """Exited, and its supervisor has not heard of it."""
        self.be_ready()
        self.supervise(1, self.watch, 77)
        self.call(1, C.TASK_EXIT, 6)

    def be_faulted(self) -> None:
        self.be_ready()
        self.fault(1)


STATES = {
    "inactive": T.INACTIVE,
    "ready": T.READY,
    "sending": T.SENDING,
    "asking": T.SENDING,
    "faulting": T.SENDING,
    "receiving": T.RECEIVING,
    "listening": T.RECEIVING,
    "calling": T.CALLING,
    "repairing": T.CALLING,
    "suspended": T.SUSPENDED,
    "exited": T.EXITED,
    "leaving": T.EXITED,
    "faulted": T.FAULTED,
}

OK, NO = S.OK, S.BAD_STATE
# In the order of STATES: inactive, ready, sending, asking, faulting, receiving, listening, calling, repairing,
# suspended, exited, leaving, faulted.
MATRIX = {
    "configure": (OK, NO, NO, NO, OK, NO, NO, NO, OK, OK, OK, OK, OK),
    "resume":    (OK, NO, NO, NO, NO, NO, NO, NO, NO, OK, NO, NO, NO),
    "suspend":   (NO, OK, OK, OK, OK, OK, OK, OK, OK, NO, NO, NO, NO),
    "end":       (OK, OK, OK, OK, OK, OK, OK, OK, OK, OK, NO, NO, NO),
    "read":      (OK, NO, NO, NO, OK, NO, NO, NO, OK, OK, NO, NO, NO),
    "write":     (OK, NO, NO, NO, OK, NO, NO, NO, OK, OK, NO, NO, NO),
    "supervise": (OK, OK, OK, OK, NO, OK, OK, OK, NO, OK, OK, NO, OK),
    "abandon":   (OK, OK, OK, OK, NO, OK, OK, OK, NO, OK, OK, NO, OK),
    "priority":  (OK, OK, OK, OK, OK, OK, OK, OK, OK, OK, OK, OK, OK),
    "move":      (OK, OK, OK, OK, OK, OK, OK, OK, OK, OK, NO, NO, NO),
    "state":     (OK, OK, OK, OK, OK, OK, OK, OK, OK, OK, OK, OK, OK),
}  # fmt: skip
AFTER = {"configure": T.INACTIVE, "resume": T.READY, "suspend": T.SUSPENDED, "end": T.EXITED}
"""What a call that is not refused makes of the state; the others leave it."""


def attempt(w: Life, name: str, refused: bool) -> Status:
    act = w.refused if refused else w.status
    match name:
        case "configure":
            return act(0, C.TASK_CONFIGURE, w.it, w.space, BASE, BASE + 8, BASE + 2 * PAGE)
        case "resume":
            return act(0, C.TASK_RESUME, w.it)
        case "suspend":
            return act(0, C.TASK_SUSPEND, w.it)
        case "end":
            return act(0, C.TASK_END, w.it, 3)
        case "read":
            return act(0, C.TASK_READ, w.it, 0)
        case "write":
            return act(0, C.TASK_WRITE, w.it, 19, 5)
        case "supervise":
            return act(0, C.TASK_SUPERVISE, w.it, w.mine)
        case "abandon":
            return act(0, C.TASK_SUPERVISE, w.it, NULL)
        case "priority":
            return act(0, C.TASK_PRIORITY, w.it, 12)
        case "move":
            return act(0, C.CAP_MOVE, w.give(0, w.door), w.it)
    return act(0, C.TASK_STATE, w.it)


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("name", MATRIX)
def test_each_call_in_each_state_is_done_or_refused_as_the_table_says(name: str, state: str) -> None:
    w = Life(state)
    if state in ("exited", "faulted", "leaving"):
        w.space = w.give_space(0, 2)  # its own is gone with it
    assert w.state(1) is STATES[state]
    expected = MATRIX[name][list(STATES).index(state)]
    assert attempt(w, name, refused=expected is not OK) is expected
    assert w.state(1) is (AFTER.get(name, STATES[state]) if expected is OK else STATES[state])


@pytest.mark.parametrize("state", STATES)
def test_the_state_can_be_asked_for(state: str) -> None:
    w = Life(state)
    code = 6 if state in ("exited", "leaving") else 0
    fault = (STORE_FAULT, 0x1234_5678, BASE) if state in ("faulting", "repairing", "faulted") else (0, 0, 0)
    assert w.call(0, C.TASK_STATE, w.it) == (0, STATES[state].value, code, *fault, 0, 0)


# --- suspending and resuming


@pytest.mark.parametrize("state", ["sending", "asking", "receiving", "listening", "calling"])
def test_what_a_suspended_task_waited_for_is_called_off_and_it_learns_so(state: str) -> None:
    w = Life(state)
    reply = w.x(0)[7]
    w.ok(0, C.TASK_SUSPEND, w.it)
    assert w.x(1) == (S.ABORTED.value, 0, 0, 0, 0, 0, 0, 0)
    door = w.endpoint_at(w.door)
    assert door.senders.head is None and door.receivers.head is None
    if state == "calling":
        assert w.refused(0, C.REPLY, reply, 0, 0, 0, 0, NULL) is S.STALE_HANDLE
    w.ok(0, C.TASK_RESUME, w.it)
    assert w.state(1) is T.READY


def test_a_suspended_task_that_was_ready_goes_on_with_the_registers_it_had() -> None:
    w = Life("ready")
    run(w.kernel, w.task(1))
    for number in range(31):
        w.task(1).frame.x[number] = u64(number + 100)
    w.ok(0, C.TASK_SUSPEND, w.it)
    w.ok(0, C.TASK_RESUME, w.it)
    assert [int(x) for x in w.task(1).frame.x] == [number + 100 for number in range(31)]


def test_a_task_can_suspend_itself_and_finds_status_ok_when_it_goes_on() -> None:
    w = Life("ready")
    self = w.give_task(1, 1)
    w.blocks(1, C.TASK_SUSPEND, self)
    assert w.state(1) is T.SUSPENDED and w.current() != 1
    w.ok(0, C.TASK_RESUME, w.it)
    assert w.x(1) == (0,) * 8


@pytest.mark.parametrize("state", ["faulting", "repairing"])
def test_a_fault_that_is_called_off_by_suspending_happens_again_and_is_no_fault_of_a_later_end(state: str) -> None:
    w = Life(state)
    before = w.x(1)
    w.ok(0, C.TASK_SUSPEND, w.it)
    assert w.x(1) == before  # its registers are as it faulted
    assert w.endpoint_at(w.watch).senders.head is None
    w.ok(0, C.TASK_RESUME, w.it)
    w.ok(0, C.TASK_SUPERVISE, w.it, NULL)
    w.call(1, C.TASK_EXIT, 4)
    assert w.call(0, C.TASK_STATE, w.it) == (0, T.EXITED.value, 4, 0, 0, 0, 0, 0)


def test_a_resumed_task_goes_behind_its_equals() -> None:
    w = Life("suspended")
    w.ok(0, C.TASK_RESUME, w.it)
    assert w.current() == 0 and w.ready() == [2, 1]


def test_a_more_urgent_task_runs_as_soon_as_it_is_resumed() -> None:
    w = World(2, priorities=(8, 3), held=(1,))
    w.ok(0, C.TASK_RESUME, w.give_task(0, 1))
    assert w.current() == 1 and w.ready() == [0]


# --- configuring


def test_configuring_gives_a_place_to_start_and_all_other_registers_zero() -> None:
    w = Life("suspended")
    frame = w.task(1).frame
    for number in range(31):
        frame.x[number] = u64(7)
    w.ok(0, C.TASK_CONFIGURE, w.it, w.space, BASE, BASE + 0x10, BASE + 0x100)
    assert set(frame.x) == {0}
    assert (frame.pc, frame.sp, frame.pstate) == (BASE + 0x10, BASE + 0x100, 0)
    window = context_of(w.task(1)).window
    assert window is not None and (window.base, window.length) == (BASE, 0x100)


@pytest.mark.parametrize("state", ["exited", "faulted"])
def test_an_ended_task_can_be_configured_and_started_again(state: str) -> None:
    w = Life(state)
    w.ok(0, C.TASK_CONFIGURE, w.it, w.give_space(0, 2), BASE, BASE, BASE + 0x100)
    assert w.call(0, C.TASK_STATE, w.it) == (0, T.INACTIVE.value, 0, 0, 0, 0, 0, 0)
    w.ok(0, C.TASK_RESUME, w.it)
    assert w.status(1, C.TASK_YIELD) is S.OK
    assert not w.holds(1, w.its)


def test_a_task_that_was_never_configured_cannot_be_resumed() -> None:
    w = World(1)
    made = w.ok(0, C.CREATE, w.give_quota(0), CapKind.TASK.value, 0)
    assert w.refused(0, C.TASK_RESUME, made) is S.BAD_STATE


@pytest.mark.promise("Of a fault or an exit that its supervisor has not taken yet the supervisor hears nothing")
@pytest.mark.parametrize("state", ["leaving", "faulting"])
def test_a_notice_that_nobody_has_received_is_gone_when_its_task_is_configured_again(state: str) -> None:
    w = Life(state)
    w.ok(0, C.TASK_CONFIGURE, w.it, w.give_space(0, 2), BASE, BASE, BASE + 0x100)
    assert w.endpoint_at(w.watch).senders.head is None


def test_the_address_space_of_a_task_lives_as_long_as_it_lives_in_it() -> None:
    w = World(2)
    quota = w.give_quota(0)
    task, space = (w.ok(0, C.CREATE, quota, kind.value, 0) for kind in (CapKind.TASK, CapKind.ADDRESS_SPACE))
    w.ok(0, C.TASK_CONFIGURE, task, space, BASE, BASE, BASE + 0x100)
    w.ok(0, C.CAP_DROP, space)
    assert w.claims(0)["ADDRESS_SPACE"] == 1
    w.ok(0, C.TASK_END, task, 0)
    assert w.claims(0)["ADDRESS_SPACE"] == 2


def test_configuring_into_another_space_gives_the_old_one_back() -> None:
    w = World(2)
    quota = w.give_quota(0)
    task, one, two = (w.ok(0, C.CREATE, quota, kind, 0) for kind in (4, 5, 5))
    for space in (one, two):
        w.ok(0, C.TASK_CONFIGURE, task, space, BASE, BASE, BASE + 0x100)
        w.ok(0, C.CAP_DROP, space)
    assert w.claims(0)["ADDRESS_SPACE"] == 1


# --- registers


@pytest.mark.promise("Of a task's PSTATE others can write the condition flags only: nothing makes a task run above EL0")
def test_all_registers_of_a_still_task_can_be_written_and_read_and_of_pstate_only_the_condition_flags() -> None:
    w = Life("suspended")
    for number in range(34):
        w.ok(0, C.TASK_WRITE, w.it, number, 2**64 - 1 - number)
    expected = [2**64 - 1 - number for number in range(33)] + [0xF000_0000]
    for first in range(34):
        answer = w.call(0, C.TASK_READ, w.it, first)
        assert answer == (0, *(expected + [0] * 7)[first : first + 7])


@pytest.mark.parametrize("state", ["faulting", "repairing"])
def test_the_registers_of_a_task_that_faulted_can_be_repaired(state: str) -> None:
    w = Life(state)
    w.ok(0, C.TASK_WRITE, w.it, 32, SVC_AT)
    assert w.task(1).frame.pc == SVC_AT


# --- ending


@pytest.mark.promise(
    "When all of it is given back, the claims on it are free, and its supervisor is told of its exit:",
    "its place in queues, its own reply capability: are gone",
)
@pytest.mark.parametrize("state", [name for name, at in STATES.items() if at not in (T.EXITED, T.FAULTED)])
def test_an_end_from_any_state_gives_back_all_that_the_task_held_and_is_traced(state: str) -> None:
    w = Life(state)
    w.ok(0, C.CAP_DROP, w.space)
    w.board.traces.clear()
    w.ok(0, C.TASK_END, w.it, 99)
    assert ("end", 1, 99) in w.board.traces
    task = w.task(1)
    assert [slot.capability for slot in task.capabilities.slots] == [None] * len(task.capabilities.slots)
    assert (task.context, task.queue) == (None, None)
    assert w.kernel.spaces.population == 3  # the kernel's and those of the two others
    assert w.call(0, C.TASK_STATE, w.it) is not None
    assert w.x(0)[1:3] == (T.EXITED.value, 99)


@pytest.mark.promise("A task that is ended by another, or because nothing names it any more, ends without a notice")
def test_the_end_by_another_is_told_to_no_supervisor() -> None:
    w = Life("ready")
    w.supervise(1, w.watch)
    w.ok(0, C.TASK_END, w.it, 99)
    w.blocks(0, C.WAIT, w.ear)


def started_by_the_only_other_task() -> tuple[World, int]:
    """A world in which task 0 has made task 1 and let it run; task 0's capability over it."""
    w = World(1)
    quota = w.give_quota(0)
    task, space = (w.ok(0, C.CREATE, quota, kind, 0) for kind in (4, 5))
    w.ok(0, C.TASK_CONFIGURE, task, space, BASE, BASE, BASE + 0x100)
    w.ok(0, C.TASK_RESUME, task)
    return w, task


def test_a_task_whose_last_capability_goes_is_ended_and_its_place_is_free() -> None:
    w, task = started_by_the_only_other_task()
    assert w.kernel.tasks.population == 2 and w.ready(15) == [1]
    w.board.traces.clear()
    w.ok(0, C.CAP_DROP, task)
    assert ("end", 1, 0) in w.board.traces
    assert w.kernel.tasks.population == 1 and w.claims(0)["TASK"] == 2 and w.ready(15) == []


def test_a_task_that_had_ended_does_not_end_again_when_its_last_capability_goes() -> None:
    w, task = started_by_the_only_other_task()
    w.call(1, C.TASK_EXIT, 3)
    w.board.traces.clear()
    w.ok(0, C.CAP_DROP, task)
    assert w.kernel.tasks.population == 1 and {trace[0] for trace in w.board.traces} == {"call"}


def test_a_task_that_drops_the_last_capability_to_itself_ends_in_that_call() -> None:
    w = World(2)
    quota = w.give_quota(0)
    task, space = (w.ok(0, C.CREATE, quota, kind, 0) for kind in (4, 5))
    w.ok(0, C.TASK_CONFIGURE, task, space, BASE, BASE, BASE + 0x100)
    w.ok(0, C.TASK_PRIORITY, task, 8)
    w.ok(0, C.TASK_RESUME, task)
    own = w.ok(0, C.CAP_MOVE, task, task)
    assert w.kernel.tasks.population == 3
    w.call(2, C.CAP_DROP, own)
    assert w.kernel.tasks.population == 2 and w.current() in (0, 1)


def test_a_number_is_given_to_one_task_only() -> None:
    w = World(1)
    quota = w.give_quota(0)
    numbers = []
    for _ in range(5):
        task = w.ok(0, C.CREATE, quota, CapKind.TASK.value, 0)
        numbers.append(int(w.task(1).number))
        w.ok(0, C.CAP_DROP, task)
    assert numbers == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("right", [Rights.CONFIGURE, Rights.CONTROL, Rights.INSPECT, Rights.MODIFY])
def test_each_right_over_a_task_allows_its_calls_only(right: Rights) -> None:
    w = Life("suspended")
    it = w.give_task(0, 1, right)
    needs = {
        C.TASK_PRIORITY: Rights.CONFIGURE,
        C.TASK_RESUME: Rights.CONTROL,
        C.TASK_READ: Rights.INSPECT,
        C.TASK_WRITE: Rights.MODIFY,
        C.TASK_STATE: Rights.INSPECT,
    }
    for call, needed in needs.items():
        arguments = (it, 9) if call is C.TASK_PRIORITY else (it, 0, 0)
        expected = S.OK if needed is right else S.INSUFFICIENT_RIGHTS
        assert w.status(0, call, *arguments) is expected
