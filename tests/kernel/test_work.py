"""Long work goes in steps: what becomes of it when somebody else runs between two of them."""

from __future__ import annotations

import pytest

from tyrne.abi import CallNumber as C
from tyrne.abi import CapKind, Rights, Status
from tyrne.abi import TaskState as T
from tyrne.hosted.taken import taken_frames
from tyrne.kernel.config import MAX_PIECES
from tyrne.kernel.work import Preparation, Reaping, Revocation
from tyrne.lang import u64
from tyrne.system.parts import Quota as Claims
from tyrne.testing.board import PAGE, RAM
from tyrne.testing.kernels import BASE, NULL
from tyrne.testing.state import resources
from tyrne.testing.world import World

EVERY = int(Rights.DUPLICATE | Rights.DERIVE | Rights.REVOKE | Rights.TRANSFER | Rights.SEND | Rights.RECV)
AT = 1 << 28
SEEN, CODE = 1, 2
"""Flags of `map`: writable, executable."""
ABORTED = Status.ABORTED.value


class Heir(World):
    """Task 0 has derived capabilities over an endpoint, which task 1, its equal, holds; task 2 looks after both."""

    def __init__(self, heirs: int = 4) -> None:
        super().__init__(3)
        self.root = self.give(0, self.endpoint())
        self.one, self.other = self.give_task(2, 0), self.give_task(2, 1)
        its = self.give_task(0, 1)
        derived = [self.ok(0, C.CAP_DERIVE, self.root, EVERY, 0) for _ in range(heirs)]
        self.held = [self.ok(0, C.CAP_MOVE, word, its) for word in derived]

    def left(self) -> int:
        """How many of them there are."""
        return sum(self.holds(1, word) for word in self.held)

    def begin(self, steps: int = 1) -> None:
        """Task 0 revokes, and is interrupted after so many steps."""
        self.preempted(0, steps, C.CAP_REVOKE, self.root)
        assert isinstance(self.task(0).work, Revocation)

    def go_on(self) -> None:
        """Task 0 has the CPU again, and does the rest before it goes on."""
        while self.current() != 0:
            self.call(self.current() or 0, C.TASK_YIELD)


# --- a revocation


@pytest.mark.parametrize("steps", [1, 2, 3])
def test_a_revocation_that_is_interrupted_goes_on_before_its_task_does(steps: int) -> None:
    w = Heir()
    w.begin(steps)
    assert (w.left(), w.current(), w.x(0)[0]) == (4 - steps, 1, 0)
    w.go_on()
    assert (w.left(), w.task(0).work) == (0, None) and not w.slot(0, w.root).revoked


@pytest.mark.promise(
    "While a revocation goes on, nothing can be derived or copied from what it deletes, and no object made with it: "
    "BEING_REVOKED"
)
def test_below_what_is_being_revoked_nothing_can_be_added() -> None:
    w = Heir()
    w.begin()
    for call in ((C.CAP_COPY, w.held[0], EVERY), (C.CAP_DERIVE, w.held[0], EVERY, 0)):
        assert w.refused(1, *call) is Status.BEING_REVOKED
    w.go_on()
    assert w.left() == 0
    assert w.status(0, C.CAP_DERIVE, w.root, EVERY, 0) is Status.OK, "when it is over, something can"


@pytest.mark.promise(
    "a revocation, bounded by: nothing can be added below what is being revoked, so it ends after as many steps as "
    "there were descendants"
)
def test_a_revocation_ends_after_as_many_steps_as_there_were_descendants_whatever_fifteen_others_do() -> None:
    w = World(16, slots=32, quota=Claims())
    root = w.give(0, w.endpoint())
    held = {n: w.ok(0, C.CAP_MOVE, w.ok(0, C.CAP_DERIVE, root, EVERY, 0), w.give_task(0, n)) for n in range(1, 16)}
    w.board.steps = 0
    w.preempted(0, 1, C.CAP_REVOKE, root)
    while w.task(0).work is not None:
        task = w.current()
        assert task is not None and task != 0 and w.board.steps <= 15
        if w.holds(task, held[task]):
            w.status(task, C.CAP_COPY, held[task], EVERY)
            w.status(task, C.CAP_DERIVE, held[task], EVERY, 0)
        w.board.tick_after = w.board.steps + 1
        w.call(task, C.TASK_YIELD)
    assert not any(w.holds(task, word) for task, word in held.items())
    assert w.board.steps == 15


def test_to_revoke_what_has_no_descendants_takes_no_step() -> None:
    w = Heir(0)
    w.board.steps = 0
    w.ok(0, C.CAP_REVOKE, w.root)
    assert (w.board.steps, w.slot(0, w.root).revoked) == (0, False)


def test_what_goes_with_the_capability_that_is_being_revoked_is_gone_when_its_call_is_over() -> None:
    w = World(3)
    purse = w.give_quota(2)
    made = w.ok(2, C.CREATE, purse, CapKind.ENDPOINT.value, 0)
    root = w.ok(2, C.CAP_MOVE, w.ok(2, C.CAP_DERIVE, made, EVERY, 0), w.give_task(2, 0))
    its = w.give_task(0, 1)
    for _ in range(3):
        w.ok(0, C.CAP_MOVE, w.ok(0, C.CAP_DERIVE, root, EVERY, 0), its)
    w.preempted(0, 1, C.CAP_REVOKE, root)
    w.ok(2, C.CAP_REVOKE, made)
    assert not w.holds(0, root)
    while w.current() != 0:
        w.ok(w.current() or 0, C.TASK_YIELD)
    assert (w.task(0).work, w.x(0)[0]) == (None, 0)


def test_who_is_suspended_in_a_revocation_goes_on_with_it_when_it_is_resumed() -> None:
    w = Heir()
    w.begin()
    w.ok(2, C.TASK_SUSPEND, w.one)
    assert (w.left(), w.state(0)) == (3, T.SUSPENDED)
    assert w.refused(1, C.CAP_COPY, w.held[0], EVERY) is Status.BEING_REVOKED
    w.ok(2, C.TASK_WRITE, w.one, 0, 77)
    w.ok(2, C.TASK_RESUME, w.one)
    w.go_on()
    assert (w.left(), w.x(0)[0]) == (0, 77), "its registers have nothing to do with it"


def test_who_is_configured_in_a_revocation_has_it_to_do_in_its_next_life() -> None:
    w = Heir()
    w.begin()
    w.ok(2, C.TASK_SUSPEND, w.one)
    w.ok(2, C.TASK_CONFIGURE, w.one, w.give_space(2, 2), BASE, BASE, BASE + PAGE)
    assert (w.left(), w.slot(0, w.root).revoked) == (3, True)
    w.ok(2, C.TASK_RESUME, w.one)
    w.go_on()
    assert (w.left(), w.slot(0, w.root).revoked) == (0, False)


def test_what_who_ends_in_a_revocation_has_left_goes_with_its_table() -> None:
    w = Heir()
    w.begin()
    w.ok(2, C.TASK_END, w.one, 5)
    assert (w.left(), w.state(0), w.task(0).work) == (0, T.EXITED, None)


# --- the end of a task


class Estate(World):
    """Task 1 holds capabilities from which it has derived some for task 2, and owes an answer; task 0 may end it."""

    def __init__(self) -> None:
        super().__init__(4)
        self.it = self.give_task(0, 1)
        its_client = self.give_task(1, 2)
        self.roots = [self.give(1, self.endpoint()) for _ in range(2)]
        self.held = [
            self.ok(1, C.CAP_MOVE, self.ok(1, C.CAP_DERIVE, root, EVERY, 0), its_client)
            for root in self.roots
            for _ in range(2)
        ]
        self.door = self.endpoint()
        ear = self.give(1, self.door)
        self.blocks(3, C.CALL, self.give(3, self.door), 1, 2, 3, 4, NULL)
        self.ok(1, C.WAIT, ear)

    def left(self) -> int:
        return sum(self.holds(2, word) for word in self.held)


@pytest.mark.promise(
    "From the moment that a task ends, however it ends, it does nothing any more: it does not run, nothing is given to "
    "it, and from what it holds nothing can be derived",
    "Those who wait for its answer go on at once",
)
def test_who_ends_can_do_nothing_more_from_the_first_step_on_and_who_waits_for_it_goes_on() -> None:
    w = Estate()
    w.preempted(0, 1, C.TASK_END, w.it, 5)
    assert (w.state(1), w.task(1).context, w.x(3)[0]) == (T.ENDING, None, ABORTED)
    assert w.left() == 4 and isinstance(w.task(0).work, Reaping)
    inspector = w.give_task(2, 1)
    assert w.ok(2, C.TASK_STATE, inspector) == T.ENDING.value
    for call in ((C.TASK_END, inspector), (C.TASK_SUSPEND, inspector), (C.TASK_RESUME, inspector)):
        assert w.refused(2, *call) is Status.BAD_STATE
    assert w.refused(2, C.CAP_DERIVE, w.held[0], EVERY, 0) is Status.BEING_REVOKED
    space = w.give_space(2, 2)
    assert w.refused(2, C.TASK_CONFIGURE, inspector, space, BASE, BASE, BASE + PAGE) is Status.BAD_STATE
    while w.current() != 0:
        w.ok(w.current() or 0, C.TASK_YIELD)
    assert (w.state(1), w.left(), w.task(0).work) == (T.EXITED, 0, None)
    assert w.ok(2, C.TASK_STATE, inspector) == T.EXITED.value


@pytest.mark.promise(
    "Then what it held is given back, one capability after another",
    "that is done by who ended it, before that one's call returns, or by the task itself, at its own priority, when it "
    "exits or faults",
)
@pytest.mark.parametrize("how", ["exit", "fault"])
def test_who_ends_itself_gives_back_what_it_held_at_its_own_priority(how: str) -> None:
    w = Estate()
    w.ok(0, C.TASK_PRIORITY, w.it, 9)
    for task in (0, 2):
        w.blocks(task, C.WAIT, w.give(task, w.endpoint()))
    bell = w.notification()
    waits, rings = w.give(0, bell), w.give(3, bell)
    w.kernel.notifications.items[0].set(w.kernel.notifications.items[0].word)
    assert w.current() == 1 and waits != rings
    w.board.tick_after = w.board.steps + 1  # alone, it goes on
    if how == "exit":
        w.call(1, C.TASK_EXIT, 5)
    else:
        w.fault(1)
    assert w.current() == 3, "who was released is more urgent"
    assert (w.state(1), w.left()) == (T.ENDING, 4)
    w.blocks(3, C.WAIT, w.give(3, w.endpoint()))
    assert w.state(1) is (T.EXITED if how == "exit" else T.FAULTED) and w.left() == 0


@pytest.mark.promise("When all of it is given back, the claims on it are free, and its supervisor is told of its exit:")
def test_the_notice_of_an_exit_comes_when_all_is_given_back() -> None:
    w = Estate()
    ear = w.endpoint()
    w.supervise(1, ear, badge=9)
    w.blocks(0, C.WAIT, w.give(0, ear))
    w.preempted(1, 2, C.TASK_EXIT, 5)
    assert (w.state(1), w.state(0)) == (T.ENDING, T.RECEIVING)
    while w.state(1) is T.ENDING:
        w.ok(w.current() or 0, C.TASK_YIELD)
    assert w.left() == 0 and w.x(0)[:2] == (0, 9)
    space = w.give_space(0, 2)
    assert w.status(0, C.TASK_CONFIGURE, w.it, space, BASE, BASE, BASE + PAGE) is Status.OK


def test_the_priority_of_who_ends_can_be_changed_and_it_goes_on_with_its_end() -> None:
    w = Estate()
    w.preempted(1, 2, C.TASK_EXIT, 5)
    assert w.state(1) is T.ENDING and w.current() != 1
    w.ok(0, C.TASK_PRIORITY, w.it, 9)
    assert w.state(1) is T.ENDING and w.ready(9) == [1]
    for task in (0, 2, 3):
        w.blocks(task, C.WAIT, w.give(task, w.endpoint()))
    assert w.state(1) is T.EXITED and w.left() == 0


def test_what_a_suspended_task_has_left_to_give_back_is_done_by_who_suspended_it() -> None:
    w = Estate()
    w.preempted(0, 2, C.TASK_END, w.it, 5)
    assert w.state(1) is T.ENDING
    w.ok(2, C.TASK_SUSPEND, w.give_task(2, 0))
    assert (w.state(0), w.state(1), w.left()) == (T.SUSPENDED, T.EXITED, 0)


def test_what_an_ended_task_has_left_to_give_back_is_done_by_who_ended_it() -> None:
    w = Estate()
    w.preempted(0, 2, C.TASK_END, w.it, 5)
    w.ok(2, C.TASK_END, w.give_task(2, 0), 6)
    assert (w.state(0), w.state(1), w.left()) == (T.EXITED, T.EXITED, 0)


def test_claims_are_free_when_all_is_given_back_and_not_before() -> None:
    w = World(3)
    purse = w.give_quota(0)
    task, space, mem = (w.ok(0, C.CREATE, purse, kind.value, 3) for kind in
                        (CapKind.TASK, CapKind.ADDRESS_SPACE, CapKind.MEMORY))  # fmt: skip
    w.ok(0, C.MAP, space, mem, AT, SEEN)
    w.ok(0, C.TASK_CONFIGURE, task, space, BASE, BASE, BASE + PAGE)
    before = w.claims(0)
    w.preempted(0, 1, C.CAP_REVOKE, purse)
    while w.task(0).work is not None:
        assert w.claims(0)["FRAMES"] <= before.get("FRAMES", 0) + 8
        w.board.tick_after = w.board.steps + 1
        w.ok(w.current() or 0, C.TASK_YIELD)
    assert w.claims(0)["TASK"] == 1 + before.get("TASK", 0) and w.kernel.tasks.population == 3


# --- memory


class Tenants(World):
    """Tasks 0 and 1 live in one space. Task 0 has new memory, which holds what somebody else left there."""

    def __init__(self, pages: int = 3) -> None:
        super().__init__(3)
        purse = self.give_quota(0)
        self.space = self.give_space(0, 0)
        self.its_space = self.give_space(1, 0)
        self.mem = self.ok(0, C.CREATE, purse, CapKind.MEMORY.value, pages)
        self.region = self.kernel.regions.items[0]
        self.secret = (b"secret" * PAGE)[:PAGE]
        taken = set(taken_frames(self.kernel.frames))
        for page in set(range(int(self.kernel.frames.total()))) - taken:
            self.board.put(RAM + page * PAGE, self.secret)

    def places(self) -> list[int]:
        """Where the pages lie that have a place."""
        return [int(self.region.address(u64(page))) for page in range(int(self.region.held))]


@pytest.mark.promise(
    "A frame is zeroed before a task can see it: a table or a page of a program when it is handed out, a region's when "
    "it is first mapped, all of it before any page of it can be used"
)
@pytest.mark.parametrize("flags", [0, SEEN, CODE])
def test_new_memory_is_nobodys_before_all_of_it_is_cleared(flags: int) -> None:
    w = Tenants()
    w.preempted(0, 2, C.MAP, w.space, w.mem, AT, flags)
    assert isinstance(w.task(0).work, Preparation)
    assert len(w.places()) == 2
    console = w.give_console(1)
    w.task(1)
    assert w.refused(1, C.CONSOLE_WRITE, console, AT, 6) is Status.FAULT_ADDRESS
    while w.task(0).work is not None:
        w.ok(w.current() or 1, C.TASK_YIELD)
    assert [w.board.get(place, PAGE) for place in w.places()] == [bytes(PAGE)] * 3


@pytest.mark.promise("Pages that become code can be used when all of them are clean in the caches, and not before")
@pytest.mark.parametrize("steps", [1, 3, 4, 6])
def test_what_becomes_code_is_cleaned_to_the_last_page_before_it_can_be_executed(steps: int) -> None:
    w = Tenants()
    w.board.events.clear()
    w.preempted(0, steps, C.MAP, w.space, w.mem, AT, CODE)
    assert ("invalidate_pages", 2, AT, 3) not in w.board.events, "not shown yet"
    while w.task(0).work is not None:
        w.ok(w.current() or 1, C.TASK_YIELD)
    told = [event for event in w.board.events if event[0] in ("code_written", "invalidate_pages")]
    pages = [("code_written", place, PAGE) for place in w.places()]
    assert told == [*pages, ("invalidate_pages", told[-1][1], AT, 3)]


@pytest.mark.parametrize("how", ["drop", "end", "configure"])
def test_memory_that_goes_before_it_is_prepared_leaves_nothing_to_do(how: str) -> None:
    w = Tenants()
    keeper = w.give_task(2, 0)
    before = resources(w.kernel)
    w.preempted(0, 1, C.MAP, w.space, w.mem, AT, SEEN)
    if how == "drop":
        w.ok(2, C.CAP_REVOKE, w.give(2, w.quota_of(0)))
    elif how == "end":
        w.ok(2, C.TASK_END, keeper, 0)
    else:
        w.ok(2, C.TASK_SUSPEND, keeper)
        w.ok(2, C.TASK_CONFIGURE, keeper, w.give_space(2, 2), BASE, BASE, BASE + PAGE)
        assert w.region.cleared == 1 and w.task(0).work is not None
        w.ok(2, C.TASK_RESUME, keeper)
    while w.task(0).work is not None:
        w.call(w.current() or 1, C.TASK_YIELD)
    assert how != "configure" or w.region.cleared == 3
    assert how == "configure" or resources(w.kernel) != before


def test_memory_is_cleared_once() -> None:
    w = Tenants()
    w.ok(0, C.MAP, w.space, w.mem, AT, SEEN)
    w.board.put(w.places()[0], b"kept")
    w.ok(0, C.UNMAP, w.space, w.mem)
    w.ok(0, C.MAP, w.space, w.mem, AT, 0)
    assert w.board.get(w.places()[0], 4) == b"kept"


def test_a_part_of_new_memory_is_seen_when_the_whole_is_cleared() -> None:
    w = Tenants()
    part = w.ok(0, C.MEMORY_DERIVE, w.mem, int(Rights.READ), 1, 1)
    w.preempted(0, 3, C.MAP, w.space, part, AT, 0)
    assert w.region.cleared == 3 and isinstance(w.task(0).work, Preparation)


@pytest.mark.parametrize("pages", [1, MAX_PIECES])
def test_a_step_clears_one_page(pages: int) -> None:
    w = World(1, pages=pages + 64)
    mem = w.give(0, w.memory(pages))
    w.board.steps = 0
    w.ok(0, C.MAP, w.give_space(0, 0), mem, AT, SEEN)
    assert w.board.steps == pages + 1


def test_memory_goes_while_the_tables_of_the_space_that_it_is_mapped_in_are_being_released() -> None:
    w = World(2)
    purse = w.give_quota(0)
    mem, space = (w.ok(0, C.CREATE, purse, kind.value, 2) for kind in (CapKind.MEMORY, CapKind.ADDRESS_SPACE))
    part = w.ok(0, C.MEMORY_DERIVE, mem, int(Rights.READ), 0, 1)
    w.ok(0, C.MAP, space, mem, AT, SEEN)
    w.ok(0, C.MAP, space, part, AT + (1 << 30), 0)
    w.preempted(0, 1, C.CAP_DROP, space)
    assert w.kernel.spaces.items[3].released != 0 and w.current() == 1
    w.ok(1, C.TASK_END, w.give_task(1, 0), 0)
    assert (w.state(0), w.kernel.regions.population, w.kernel.spaces.population) == (T.EXITED, 0, 2)


@pytest.mark.parametrize("call", [C.CREATE, C.MEMORY_DERIVE, C.TASK_CONFIGURE, C.TASK_SUPERVISE])
def test_nothing_is_made_or_bound_by_what_is_being_revoked(call: C) -> None:
    w = World(3, held=(2,))
    kinds = {C.CREATE: CapKind.QUOTA, C.MEMORY_DERIVE: CapKind.MEMORY, C.TASK_SUPERVISE: CapKind.ENDPOINT}
    root = w.give(0, w.space_of(1) if call is C.TASK_CONFIGURE else w.make(kinds[call], 1))
    other, its, rights = w.give_task(1, 2), w.give_task(0, 1), int(w.slot(0, root).held().rights)
    word, _ = (w.ok(0, C.CAP_MOVE, w.ok(0, C.CAP_DERIVE, root, rights, 0), its) for _ in range(2))
    w.preempted(0, 1, C.CAP_REVOKE, root)
    arguments = {
        C.CREATE: (word, CapKind.ENDPOINT.value),
        C.MEMORY_DERIVE: (word, 0, 0, 1),
        C.TASK_CONFIGURE: (other, word, BASE, BASE, BASE + PAGE),
        C.TASK_SUPERVISE: (other, word),
    }
    assert w.refused(1, call, *arguments[call]) is Status.BEING_REVOKED


def test_memory_that_is_taken_back_while_it_is_prepared_is_not_prepared_any_more() -> None:
    w = World(2)
    whole = w.give(1, w.memory(3))
    rights = int(w.slot(1, whole).held().rights)
    lent = w.ok(1, C.CAP_MOVE, w.ok(1, C.CAP_DERIVE, whole, rights, 0), w.give_task(1, 0))
    w.preempted(0, 1, C.MAP, w.give_space(0, 0), lent, AT, SEEN)
    w.ok(1, C.CAP_REVOKE, whole)
    assert not w.holds(0, lent) and isinstance(w.task(0).work, Preparation)
    w.ok(1, C.TASK_YIELD)
    assert (w.task(0).work, w.kernel.regions.items[0].cleared) == (None, 1)
