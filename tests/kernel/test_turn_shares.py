"""Shares of the processor under a simulated clock: whatever its equals do, a task that is always ready has its part."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

import pytest
from turn_driver import SLICE, TRAP, Act, Driver, Script, call, message

from tyrne.abi import CallNumber as C
from tyrne.abi import TaskState
from tyrne.kernel import kernel
from tyrne.kernel.scheduler import Scheduler
from tyrne.kernel.task import Task
from tyrne.lang import u64
from tyrne.testing.kernels import NULL
from tyrne.testing.world import World

VICTIM, THIEF, FRIEND, URGENT, DRIVER = range(5)
"""The first three are equals; the fourth is more urgent than they are, the last the most urgent of all."""
PRIORITIES = (8, 8, 8, 4, 0)
SLICES = 100
WARM_UP = 5
NEARLY = SLICE - 20


@dataclass
class Handles:
    """What each task of an attack has. All of it is there in every attack, used or not."""

    world: World
    doors: dict[int, int] = field(default_factory=dict)
    """Of each task, the handle word of the endpoint at which it waits."""
    bells: dict[int, int] = field(default_factory=dict)
    to_door: dict[tuple[int, int], int] = field(default_factory=dict)
    to_bell: dict[tuple[int, int], int] = field(default_factory=dict)
    to_task: dict[tuple[int, int], int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        w, tasks = self.world, range(THIEF, DRIVER + 1)
        for task in tasks:
            door, bell = w.endpoint(), w.notification()
            self.doors[task], self.bells[task] = w.give(task, door), w.give(task, bell)
            for other in tasks:
                if other != task:
                    self.to_door[other, task], self.to_bell[other, task] = w.give(other, door), w.give(other, bell)
                self.to_task[other, task] = w.give_task(other, task)

    # --- what tasks do over and over

    def serve(self, task: int, work: int = 5, cost: int = 3) -> Callable[[Task], Script]:
        """Answer whoever calls."""

        def script(me: Task) -> Script:
            yield call(C.WAIT, self.doors[task])
            while True:
                yield work
                yield Act(C.REPLY_WAIT, (int(me.frame.x[7]), 0, 0, 0, 0, self.doors[task]), cost)

        return script

    def on_bell(self, task: int, *acts: Act, work: int = 1) -> Callable[[Task], Script]:
        """Do something whenever the bell rings."""

        def script(_: Task) -> Script:
            while True:
                yield call(C.WAIT, self.bells[task])
                yield work
                yield from acts

        return script




def again(*steps: int | Act) -> Callable[[Task], Script]:
    """The same steps for ever."""

    def script(_: Task) -> Script:
        while True:
            yield from steps

    return script


Scripts = dict[int, Callable[[Task], Script]]


def rings(h: Handles, by: int, whose: int, cost: int = 3) -> Act:
    return call(C.NOTIFY, h.to_bell[by, whose], 1, cost=cost)


def calls(h: Handles, by: int, whom: int, cost: int = 3) -> Act:
    return message(C.CALL, h.to_door[by, whom], cost)


def suspends_and_resumes(h: Handles, by: int, whom: int) -> tuple[Act, Act]:
    return call(C.TASK_SUSPEND, h.to_task[by, whom]), call(C.TASK_RESUME, h.to_task[by, whom])


def yields_before_its_turn_ends(h: Handles) -> Scripts:
    return {THIEF: again(NEARLY, call(C.TASK_YIELD))}


def yields_at_once(h: Handles) -> Scripts:
    return {THIEF: again(1, call(C.TASK_YIELD))}


def calls_an_equal(h: Handles) -> Scripts:
    return {THIEF: again(300, calls(h, THIEF, FRIEND)), FRIEND: h.serve(FRIEND, 300)}


def calls_an_equal_before_its_turn_ends(h: Handles) -> Scripts:
    return {THIEF: again(NEARLY, calls(h, THIEF, FRIEND)), FRIEND: h.serve(FRIEND, NEARLY)}


def calls_a_more_urgent_server_before_its_turn_ends(h: Handles) -> Scripts:
    return {THIEF: again(NEARLY, calls(h, THIEF, URGENT)), URGENT: h.serve(URGENT, 30)}


def calls_a_more_urgent_server_that_works_long(h: Handles) -> Scripts:
    return {THIEF: again(500, calls(h, THIEF, URGENT)), URGENT: h.serve(URGENT, 520)}


def is_woken_up_for(h: Handles) -> Scripts:
    """A more urgent friend runs for a moment before each of its turns ends."""
    return {THIEF: again(NEARLY, rings(h, THIEF, URGENT)), URGENT: h.on_bell(URGENT)}


def is_woken_up_for_again_and_again(h: Handles) -> Scripts:
    return {THIEF: again(140, rings(h, THIEF, URGENT)), URGENT: h.on_bell(URGENT, work=10)}


def wakes_an_equal_that_wakes_it(h: Handles) -> Scripts:
    def task(me: int, other: int) -> Callable[[Task], Script]:
        return again(NEARLY, rings(h, me, other), call(C.WAIT, h.bells[me]))

    return {THIEF: task(THIEF, FRIEND), FRIEND: task(FRIEND, THIEF)}


def sends_and_waits_for_an_equal(h: Handles) -> Scripts:
    return {
        THIEF: again(NEARLY, message(C.SEND_WAIT, h.to_door[THIEF, FRIEND])),
        FRIEND: again(call(C.WAIT, h.doors[FRIEND]), NEARLY),
    }


def sends_without_waiting_to_an_equal(h: Handles) -> Scripts:
    return {
        THIEF: again(NEARLY, message(C.SEND, h.to_door[THIEF, FRIEND])),
        FRIEND: again(call(C.WAIT, h.doors[FRIEND]), NEARLY),
    }


def is_suspended_and_resumed_by_a_more_urgent_friend(h: Handles) -> Scripts:
    return {
        THIEF: again(NEARLY, rings(h, THIEF, URGENT)),
        URGENT: h.on_bell(URGENT, *suspends_and_resumes(h, URGENT, THIEF)),
    }


def is_suspended_and_resumed_by_an_equal(h: Handles) -> Scripts:
    return {THIEF: again(NEARLY), FRIEND: again(*suspends_and_resumes(h, FRIEND, THIEF), call(C.TASK_YIELD))}


def suspends_itself_and_is_resumed(h: Handles) -> Scripts:
    return {
        THIEF: again(NEARLY, call(C.TASK_SUSPEND, h.to_task[THIEF, THIEF])),
        FRIEND: again(call(C.TASK_RESUME, h.to_task[FRIEND, THIEF]), call(C.TASK_YIELD)),
    }


def has_its_priority_changed_by_a_more_urgent_friend(h: Handles) -> Scripts:
    it = h.to_task[URGENT, THIEF]
    change = call(C.TASK_PRIORITY, it, 9), call(C.TASK_PRIORITY, it, 8)
    return {THIEF: again(NEARLY, rings(h, THIEF, URGENT)), URGENT: h.on_bell(URGENT, *change)}


def makes_a_long_call_as_its_turn_ends(h: Handles) -> Scripts:
    return {THIEF: again(NEARLY, call(C.TASK_STATE, 0, cost=3 * SLICE + 100))}


def makes_a_long_call_that_wakes_a_more_urgent_friend(h: Handles) -> Scripts:
    return {THIEF: again(NEARLY, rings(h, THIEF, URGENT, cost=3 * SLICE)), URGENT: h.on_bell(URGENT)}


def makes_a_long_call_that_waits(h: Handles) -> Scripts:
    """What it overran is still owed when an equal has released it."""
    return {
        THIEF: again(NEARLY, call(C.WAIT, h.bells[THIEF], cost=4 * SLICE)),
        FRIEND: again(rings(h, FRIEND, THIEF), call(C.TASK_YIELD)),
    }


def hands_a_turn_on_by_a_long_call(h: Handles) -> Scripts:
    """Two that call each other, and each call overruns the turn by much."""
    return {THIEF: again(NEARLY, calls(h, THIEF, FRIEND, 2 * SLICE)), FRIEND: h.serve(FRIEND, 5, 2 * SLICE)}


def yields_by_a_long_call(h: Handles) -> Scripts:
    return {THIEF: again(NEARLY, call(C.TASK_YIELD, cost=2 * SLICE))}


def is_called_by_a_more_urgent_friend(h: Handles) -> Scripts:
    """Who is woken before each of its turns ends, and wants to give it one of its own."""
    return {
        THIEF: again(call(C.WAIT, h.doors[THIEF]), NEARLY, rings(h, THIEF, URGENT)),
        URGENT: again(message(C.SEND_WAIT, h.to_door[URGENT, THIEF]), call(C.WAIT, h.bells[URGENT])),
    }


def is_a_chain(h: Handles) -> Scripts:
    """It calls an equal, which calls a more urgent server, which wakes one that is more urgent still."""

    def middle(me: Task) -> Script:
        yield call(C.WAIT, h.doors[FRIEND])
        while True:
            reply = int(me.frame.x[7])
            yield 400
            yield calls(h, FRIEND, URGENT)
            yield Act(C.REPLY_WAIT, (reply, 0, 0, 0, 0, h.doors[FRIEND]))

    def server(me: Task) -> Script:
        yield call(C.WAIT, h.doors[URGENT])
        while True:
            reply = int(me.frame.x[7])
            yield rings(h, URGENT, DRIVER)
            yield 20
            yield Act(C.REPLY_WAIT, (reply, 0, 0, 0, 0, h.doors[URGENT]))

    return {THIEF: again(400, calls(h, THIEF, FRIEND)), FRIEND: middle, URGENT: server, DRIVER: h.on_bell(DRIVER)}


def is_freed_of_its_debt(h: Handles) -> Scripts:
    """An equal suspends and resumes it again and again while it waits for a turn, which it has overrun already."""
    return {
        THIEF: again(NEARLY, call(C.TASK_YIELD, cost=4 * SLICE)),
        FRIEND: again(*suspends_and_resumes(h, FRIEND, THIEF) * 5, call(C.TASK_YIELD)),
    }


def saves_up_turns(h: Handles) -> Scripts:
    """It yields its turns for a while, and then computes for ever."""

    def script(_: Task) -> Script:
        for _ in range(20):
            yield 1
            yield call(C.TASK_YIELD)
        while True:
            yield SLICE

    return {THIEF: script}


def faults_and_is_repaired(h: Handles) -> Scripts:
    """Its supervisor is more urgent, and answers at once."""
    h.world.supervise(THIEF, h.world.slot(URGENT, h.doors[URGENT]).parent)  # type: ignore[arg-type]
    return {THIEF: again(NEARLY, Act(None)), URGENT: h.serve(URGENT, 30)}


ATTACKS = (
    yields_before_its_turn_ends, yields_at_once, calls_an_equal, calls_an_equal_before_its_turn_ends,
    calls_a_more_urgent_server_before_its_turn_ends, calls_a_more_urgent_server_that_works_long, is_woken_up_for,
    is_woken_up_for_again_and_again, wakes_an_equal_that_wakes_it, sends_and_waits_for_an_equal,
    sends_without_waiting_to_an_equal,
    is_suspended_and_resumed_by_a_more_urgent_friend, is_suspended_and_resumed_by_an_equal,
    suspends_itself_and_is_resumed, has_its_priority_changed_by_a_more_urgent_friend,
    makes_a_long_call_as_its_turn_ends, makes_a_long_call_that_wakes_a_more_urgent_friend, makes_a_long_call_that_waits,
    hands_a_turn_on_by_a_long_call, yields_by_a_long_call, is_called_by_a_more_urgent_friend, is_a_chain,
    faults_and_is_repaired, is_freed_of_its_debt, saves_up_turns,
)  # fmt: skip


def driver(attack: Callable[[Handles], Scripts], slice: int = SLICE) -> Driver:
    """A victim that computes, and the others as the attack says; who has no script there stands still."""
    w = World(len(PRIORITIES), priorities=PRIORITIES, slice=slice, slots=24, pages=320)
    handles = Handles(w)
    scripts = attack(handles)
    for task in range(THIEF, DRIVER + 1):
        if task not in scripts:
            w.call(task, C.WAIT, handles.bells[task])
    done = Driver(w, scripts)
    done.run(WARM_UP * SLICE)
    done.contenders = 1
    return done


def shortfall(attack: Callable[[Handles], Scripts], slices: int = SLICES) -> int:
    """By how many counts more than a slice and the longest call the victim had less than its share, at most, in any
    stretch of tens of slices. Its share is an equal part, among as many as were ready at once, of what the more urgent
    ones left."""
    done = driver(attack)
    seen = [dict(done.served)]
    for _ in range(slices // 10):
        done.run(done.world.board.clock + 10 * SLICE)
        seen.append(dict(done.served))
    worst = 0
    for start, before in enumerate(seen):
        for after in seen[start + 1 :]:
            ran = {task: after[task] - before[task] for task in after}
            left = sum(ran.values()) - ran[URGENT] - ran[DRIVER]
            worst = max(worst, left // done.contenders - ran[VICTIM])
    return worst - SLICE - done.longest - TRAP


@pytest.mark.promise(
    "Two equals that are both ready get half each of what more urgent tasks leave, within one slice and the longest "
    "call, over any 100 slices",
    "Among more of them that are ready each gets an equal part",
    "This holds whatever they do with yield, calls to each other, and long calls:",
)
@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.__name__)
def test_an_equal_has_its_share_within_a_slice_and_the_longest_call_though_the_other(
    attack: Callable[[Handles], Scripts],
) -> None:
    assert shortfall(attack) <= 0


HARMLESS = (
    calls_an_equal, is_woken_up_for, is_woken_up_for_again_and_again, is_suspended_and_resumed_by_a_more_urgent_friend,
    has_its_priority_changed_by_a_more_urgent_friend, makes_a_long_call_as_its_turn_ends, is_a_chain,
    faults_and_is_repaired, calls_a_more_urgent_server_before_its_turn_ends,
)  # fmt: skip


def excess(attack: Callable[[Handles], Scripts], slices: int = SLICES) -> int:
    """By how many counts more than a slice and the longest call the victim had more than half."""
    done = driver(attack)
    before = dict(done.served)
    done.run(done.world.board.clock + slices * SLICE)
    ran = {task: done.served[task] - before[task] for task in before}
    given_up = (SLICE - NEARLY) * slices // 2  # the rests of turns that end early
    return ran[VICTIM] - sum(ran.values()) // 2 - SLICE - done.longest - given_up


@pytest.mark.parametrize("attack", HARMLESS, ids=lambda attack: attack.__name__)
def test_a_task_loses_no_turn_that_it(attack: Callable[[Handles], Scripts]) -> None:
    """Its calls are part of its turn, but neither they nor who interrupts it cost it another one."""
    assert excess(attack) <= 0


@pytest.mark.promise(
    "processor time, what it can still do: take its share among equals, and with slice = 0 more than that",
    "This holds whatever they do with yield, calls to each other, and long calls:",
)
@pytest.mark.parametrize("seed", range(12))
def test_an_equal_has_its_share_whatever_the_others_do_at_random(seed: int) -> None:
    def attack(h: Handles) -> Scripts:
        return {task: at_random(h, task, Random(f"{seed} {task}")) for task in range(THIEF, DRIVER + 1)}

    assert shortfall(attack, 60) <= 0


def at_random(h: Handles, me: int, random: Random) -> Callable[[Task], Script]:
    """Computing, and calls of every kind that has to do with turns. The more urgent ones wait most of the time."""
    others = [task for task in range(THIEF, DRIVER + 1) if task != me]

    def script(it: Task) -> Script:
        while True:
            if me >= URGENT:
                yield call(C.WAIT, random.choice((h.doors[me], h.bells[me])))
            if random.random() < 0.7:
                yield random.choice((1, 40, 300, NEARLY, SLICE, 2 * SLICE)) if me < URGENT else random.choice((1, 40))
            other = random.choice(others)
            cost = random.choice((3, 3, 3, 3, SLICE, 3 * SLICE))
            reply = int(it.frame.x[7])
            yield random.choice((
                call(C.TASK_YIELD, cost=cost), rings(h, me, other, cost), calls(h, me, other, cost),
                message(C.SEND, h.to_door[me, other], cost), message(C.SEND_WAIT, h.to_door[me, other], cost),
                call(C.WAIT, h.doors[me], cost=cost), call(C.WAIT, h.bells[me], cost=cost),
                Act(C.REPLY, (reply, 0, 0, 0, 0, NULL), cost),
                Act(C.REPLY_WAIT, (reply, 0, 0, 0, 0, h.doors[me]), cost),
                call(C.TASK_RESUME, h.to_task[me, other], cost=cost),
                call(C.TASK_SUSPEND, h.to_task[me, random.choice((me, other))], cost=cost),
                call(C.TASK_PRIORITY, h.to_task[me, other], 8, cost=cost),
            ))  # fmt: skip

    return script


# --- faults put into the scheduler


def restarts_an_interrupted_turn(scheduler: Scheduler, task: Task, now: u64) -> u64 | None:
    if task.reach != 0:
        task.used = u64(0)
    return begin_turn(scheduler, task, now)


def begins_a_turn_at_a_direct_switch(scheduler: Scheduler, partner: Task | None) -> None:
    held = scheduler.core.current
    switch(scheduler, partner)
    if scheduler.core.left is None:
        scheduler.core.left = held


def saves_up_what_was_not_used(scheduler: Scheduler, task: Task, now: u64) -> u64 | None:
    left, began = scheduler.core.left, scheduler.core.began
    end = begin_turn(scheduler, task, now)
    if left is not None and left.reach == 0 and now - began < scheduler.slice:
        saved[id(left)] = saved.get(id(left), 0) + int(scheduler.slice - (now - began))
    return None if end is None else end + saved.get(id(task), 0)


saved: dict[int, int] = {}


def forgives_what_was_overrun(scheduler: Scheduler, task: Task, now: u64) -> u64 | None:
    left = scheduler.core.left
    end = begin_turn(scheduler, task, now)
    if left is not None and left.reach == 0:
        left.used = u64(0)
    return end


def forgives_what_was_overrun_when_interrupted(scheduler: Scheduler, task: Task, now: u64) -> u64 | None:
    left = scheduler.core.left
    end = begin_turn(scheduler, task, now)
    if left is not None and left.reach != 0:
        left.used = min(left.used, scheduler.slice)
    return end


def forgives_what_was_overrun_by_who_waits(scheduler: Scheduler, task: Task, now: u64) -> u64 | None:
    left = scheduler.core.left
    end = begin_turn(scheduler, task, now)
    if left is not None and left.queue is not None and left.state is not TaskState.READY:
        left.used = u64(0)
    return end


def forgives_a_slice_when_it_is_taken_out(scheduler: Scheduler, task: Task) -> None:
    if task is not scheduler.core.current:
        task.reach = max(task.reach, u64(1))
    withdraw(scheduler, task)


def hands_a_turn_on_to_the_less_urgent(scheduler: Scheduler, partner: Task | None) -> None:
    scheduler.core.reach = u64(16)
    switch(scheduler, partner)


def forgets_who_began_an_interrupted_turn(scheduler: Scheduler, task: Task, now: u64) -> u64 | None:
    task.reach = min(task.reach, u64(1))
    return begin_turn(scheduler, task, now)


def leaves_an_interrupted_turn_to_who_is_taken_out(scheduler: Scheduler, task: Task) -> None:
    reach, used = task.reach, task.used
    withdraw(scheduler, task)
    if reach != 0:
        task.used = used


begin_turn, switch, withdraw = Scheduler.begin_turn, Scheduler.switch, Scheduler.withdraw


@pytest.mark.parametrize(
    ("method", "fault", "attack"),
    [
        ("begin_turn", restarts_an_interrupted_turn, is_woken_up_for),
        ("switch", begins_a_turn_at_a_direct_switch, calls_an_equal),
        ("begin_turn", saves_up_what_was_not_used, saves_up_turns),
        ("begin_turn", forgives_what_was_overrun, makes_a_long_call_as_its_turn_ends),
        ("begin_turn", forgives_what_was_overrun_when_interrupted, makes_a_long_call_that_wakes_a_more_urgent_friend),
        ("begin_turn", forgives_what_was_overrun_by_who_waits, makes_a_long_call_that_waits),
        ("withdraw", forgives_a_slice_when_it_is_taken_out, is_freed_of_its_debt),
        ("switch", hands_a_turn_on_to_the_less_urgent, calls_a_more_urgent_server_that_works_long),
    ],
    ids=lambda value: getattr(value, "__name__", str(value)),
)  # fmt: skip
def test_a_scheduler_that_gives_the_thief_more_is_noticed(
    monkeypatch: pytest.MonkeyPatch, method: str, fault: object, attack: Callable[[Handles], Scripts]
) -> None:
    monkeypatch.setattr(Scheduler, method, fault)
    for tier in ("fast_call", "fast_call_2"):  # which hands turns on by itself
        monkeypatch.setattr(kernel, tier, lambda *_: None)
    assert shortfall(attack) > 0


@pytest.mark.parametrize(
    ("method", "fault", "attack"),
    [
        ("begin_turn", forgets_who_began_an_interrupted_turn, is_a_chain),
        ("withdraw", leaves_an_interrupted_turn_to_who_is_taken_out, is_suspended_and_resumed_by_a_more_urgent_friend),
        ("withdraw", leaves_an_interrupted_turn_to_who_is_taken_out, has_its_priority_changed_by_a_more_urgent_friend),
    ],
    ids=lambda value: getattr(value, "__name__", str(value)),
)
def test_a_scheduler_that_costs_a_task_its_turns_is_noticed(
    monkeypatch: pytest.MonkeyPatch, method: str, fault: object, attack: Callable[[Handles], Scripts]
) -> None:
    monkeypatch.setattr(Scheduler, method, fault)
    assert excess(attack) > 0
