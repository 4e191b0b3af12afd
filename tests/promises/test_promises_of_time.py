"""Who may know the time and set a deadline, what becomes of a deadline, and that nobody learns the time who may not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from promises.hostile import HOSTILE, SERVER, VICTIM
from running import on_each_machine, run_system
from tyrne.abi import CallNumber as C
from tyrne.abi import Rights, Status, TaskState
from tyrne.hosted.happened import CallEvent
from tyrne.hosted.machine import HostedMachine
from tyrne.hosted.recorder import Recorder
from tyrne.system.manifest import encode
from tyrne.system.select import load_system, select
from tyrne.testing import run_system as run_limited
from tyrne.testing.kernels import NULL
from tyrne.testing.world import World

SYSTEMS = Path(__file__).parents[2] / "systems"
NS = 16
"""A count of the counter, in nanoseconds; the world boots at count 5."""
TIMED_OUT = (Status.TIMED_OUT.value, 0, 0, 0, 0, 0, 0, 0)
STALE = Status.STALE_HANDLE
NEVER = (1 << 64) - 1


def pair() -> tuple[World, int, int, int]:
    """Two tasks, the first with the clock and a bell that the second waits for: the world, clock, bell, the other's."""
    w = World(2)
    bell = w.notification()
    return w, w.give_clock(0), w.give(0, bell), w.give(1, bell)


# --- who learns the time


@pytest.mark.promise("Only clock_read tells what time it is", "clock, READ, lets its holder: learn what time it is")
def test_the_time_is_told_to_who_may_read_the_clock() -> None:
    w = World(1)
    w.board.time += 100
    assert w.ok(0, C.CLOCK_READ, w.give_clock(0, Rights.READ)) == 100 * NS
    assert w.refused(0, C.CLOCK_READ, w.give_clock(0, Rights.ARM)) is Status.INSUFFICIENT_RIGHTS
    assert w.refused(0, C.CLOCK_READ, w.give_console(0)) is Status.WRONG_KIND


@pytest.mark.promise(
    "Only clock_read tells what time it is", "What the other calls give back does not depend on when they are made"
)
@pytest.mark.parametrize("system", ["trespasser", "intruder", "server", "grant", "ring", "lazy", "supervisor"])
def test_what_tasks_without_the_clock_get_to_know_is_the_same_at_every_time(system: str) -> None:
    """The same run after no time, a second, and decades: each call, result and byte."""

    first = happened(system, 0)
    assert first[0] and first[2] == 0
    assert happened(system, 1_000_000_000) == first == happened(system, 1 << 61)


def happened(system: str, after_boot: int) -> tuple[list[CallEvent], str, int | None]:
    """A run that begins so many nanoseconds after boot: its calls, output and status."""
    recorder = Recorder()
    described = replace(load_system(select([SYSTEMS / f"{system}.toml"])), slice=0)  # turns end by time
    machine = HostedMachine(encode(described), recorder)
    task = machine.boot()
    machine.board.rested = after_boot
    while task is not None or machine.kernel.waits():
        task = machine.step(task)
    return recorder.calls, recorder.console_text(), int(machine.kernel.exit_status())


def test_that_test_would_see_a_task_that_holds_the_clock() -> None:
    assert happened("sleep", 0) != happened("sleep", 1_000_000_000)


@pytest.mark.promise("EL0 cannot read the counters")
@on_each_machine
def test_a_program_that_reads_the_counter_faults(machine: str) -> None:
    report = run_system([SYSTEMS / "intruder-registers.toml"], machine)
    ended = {task["name"]: task["state"] for task in report["tasks"] if "cntvct" in task["name"]}
    assert ended and set(ended.values()) == {"faulted"}


# --- who sets a deadline, and what it is


@pytest.mark.promise(
    "clock, ARM, lets its holder: set its own deadline, or unset it",
    "A task with ARM over the clock has one deadline at most, its own",
    "to set one takes the place of the one before",
    "It is kept in the task, so it costs no quota",
)
def test_a_task_sets_its_own_deadline_and_has_one() -> None:
    w, clock, bell, _ = pair()
    assert w.refused(0, C.CLOCK_ARM, w.give_clock(0, Rights.READ), 100 * NS, bell, 1) is Status.INSUFFICIENT_RIGHTS
    claims = w.claims(0)
    w.ok(0, C.CLOCK_ARM, clock, 100 * NS, bell, 1)
    assert w.task(1).deadline is None
    w.ok(0, C.CLOCK_ARM, clock, 200 * NS, bell, 2)
    assert w.claims(0) == claims
    assert w.board.alarm_at == 205
    w.alarm()
    assert w.ok(0, C.POLL, bell) == 2
    w.ok(0, C.CLOCK_ARM, clock, 300 * NS, bell, 4)
    w.ok(0, C.CLOCK_ARM, clock, NEVER, NULL, 0)
    assert w.board.alarm_at is None


@pytest.mark.promise("When its time comes it signals bits, or ends the wait in which its task is")
@pytest.mark.parametrize("ends", [False, True])
def test_a_deadline_signals_or_ends_a_wait(ends: bool) -> None:
    w, clock, bell, other = pair()
    if ends:
        w.ok(0, C.CLOCK_ARM, clock, 100 * NS, NULL, 1)
        w.blocks(0, C.WAIT, w.give(0, w.endpoint()))
    else:
        w.ok(0, C.CLOCK_ARM, clock, 100 * NS, bell, 6)
        w.call(0, C.TASK_YIELD)
    w.blocks(1, C.WAIT, other)
    w.alarm()
    if ends:
        assert w.x(0) == TIMED_OUT and w.state(1) is TaskState.RECEIVING
    else:
        assert w.x(1)[3] == 6


@pytest.mark.promise("A deadline is never early")
@pytest.mark.parametrize(("ns", "count"), [(1, 1), (15, 1), (16, 1), (17, 2), (1_000_000, 62_500)])
def test_a_deadline_between_two_counts_comes_at_the_second(ns: int, count: int) -> None:
    w, clock, bell, _ = pair()
    w.ok(0, C.CLOCK_ARM, clock, ns, bell, 1)
    assert w.board.alarm_at == 5 + count
    assert count * NS >= ns > (count - 1) * NS


@pytest.mark.promise("A deadline is never early")
@pytest.mark.parametrize("machine", ["hosted", "native", pytest.param("qemu", marks=pytest.mark.qemu)])
def test_no_sleep_is_shorter_than_was_asked_for(machine: str) -> None:
    """The programs check each of theirs."""
    for system in ("sleep", "periodic"):
        assert run_system([SYSTEMS / f"{system}.toml"], machine)["status"] == 0


@pytest.mark.promise("To let a deadline signal needs NOTIFY over the notification, when it is set")
def test_a_deadline_does_not_signal_what_its_task_may_not() -> None:
    w = World(1)
    clock, bell = w.give_clock(0), w.notification()
    assert w.refused(0, C.CLOCK_ARM, clock, 16, w.give(0, bell, Rights.WAIT), 1) is Status.MISSING_RIGHT
    assert w.refused(0, C.CLOCK_ARM, clock, 16, w.give(0, w.endpoint()), 1) is Status.WRONG_OBJECT_KIND
    assert w.board.alarm_at is None


# --- how long it lasts


@pytest.mark.promise(
    "No deadline outlives a capability by which it was set: it goes when that is dropped, moved or revoked",
    "interrupts of deadlines, bounded by: one for each time that a deadline is set",
)
@pytest.mark.parametrize("what", ["clock", "bell"])
@pytest.mark.parametrize("how", ["dropped", "moved", "moved within", "revoked"])
def test_a_deadline_goes_with_each_capability_by_which_it_was_set(what: str, how: str) -> None:
    w = World(2)
    roots = {"clock": w.give_clock(1), "bell": w.give(1, w.notification())}
    me = w.give_task(1, 0)
    w.call(0, C.TASK_YIELD)
    mine = {}
    for name, root in roots.items():
        every = int(Rights.ARM if name == "clock" else Rights.NOTIFY) | int(Rights.TRANSFER)
        mine[name] = w.ok(1, C.CAP_MOVE, w.ok(1, C.CAP_DERIVE, root, every, 0), me)
    w.call(1, C.TASK_YIELD)
    w.ok(0, C.CLOCK_ARM, mine["clock"], 100 * NS, mine["bell"], 1)
    assert w.board.alarm_at == 105
    if how == "dropped":
        w.ok(0, C.CAP_DROP, mine[what])
    elif how == "moved":
        w.ok(0, C.CAP_MOVE, mine[what], w.give_task(0, 1))
    elif how == "moved within":
        w.ok(0, C.CAP_MOVE, mine[what], NULL)
    else:
        w.call(0, C.TASK_YIELD)
        w.ok(1, C.CAP_REVOKE, roots[what])
    assert w.task(0).deadline is None and w.board.alarm_at is None


@pytest.mark.promise("Nor does it outlive the life of its task")
@pytest.mark.parametrize("how", ["exits", "is ended", "faults", "begins anew"])
def test_a_deadline_goes_with_the_life_of_its_task(how: str) -> None:
    w = World(2, priorities=(8, 8))
    clock, bell = w.give_clock(0), w.give(0, w.notification())
    its, space = w.give_task(1, 0), w.give_space(1, 0)
    w.ok(0, C.CLOCK_ARM, clock, 100 * NS, bell, 1)
    if how == "exits":
        w.call(0, C.TASK_EXIT, 0)
    elif how == "faults":
        w.fault(0)
    else:
        w.call(0, C.TASK_YIELD)
        if how == "is ended":
            w.ok(1, C.TASK_END, its, 0)
        else:
            w.ok(1, C.TASK_SUSPEND, its)
            w.ok(1, C.TASK_CONFIGURE, its, space, 0x1000, 0x2000, 0x3000)
    assert w.task(0).deadline is None and w.board.alarm_at is None


@pytest.mark.promise(
    "A deadline comes once, and is gone",
    "interrupts of deadlines, bounded by: one for each time that a deadline is set",
    "interrupts of deadlines, bounded by: each task has one deadline",
)
@pytest.mark.parametrize("ends", [False, True])
def test_a_deadline_that_has_come_is_gone(ends: bool) -> None:
    w = World(2)
    clock, bell, door = w.give_clock(0), w.give(0, w.notification()), w.give(0, w.endpoint())
    for _ in range(3):
        w.ok(0, C.CLOCK_ARM, clock, 100 * NS, NULL if ends else bell, 1)
    if ends:
        w.blocks(0, C.WAIT, door)
    w.alarm()
    assert w.task(0).deadline is None and w.board.alarm_at is None
    if ends:
        w.call(1, C.TASK_YIELD)
        w.blocks(0, C.WAIT, door)
        assert w.board.alarm_at is None


# --- waits that time out


@pytest.mark.promise(
    "a client that calls, bounded by: its deadline, if it holds the clock and sets one",
    "A call that times out takes its reply capability back",
    "The answer is refused with STALE_HANDLE, and a capability that it would have taken along stays with who answers",
)
def test_a_call_that_times_out_leaves_its_server_with_a_stale_handle_and_its_gift() -> None:
    w = World(3)
    door = w.endpoint()
    its, mine, clock = w.give(SERVER, door), w.give(VICTIM, door), w.give_clock(VICTIM)
    w.blocks(HOSTILE, C.WAIT, w.give(HOSTILE, w.endpoint()))
    w.ok(VICTIM, C.CLOCK_ARM, clock, 100 * NS, NULL, 0)
    w.blocks(VICTIM, C.CALL, mine, 1, 2, 3, 4, NULL)
    w.ok(SERVER, C.WAIT, its)
    reply, gift = w.x(SERVER)[7], w.give(SERVER, w.notification(), Rights.TRANSFER | Rights.NOTIFY)
    w.alarm()
    assert w.x(VICTIM) == TIMED_OUT and not w.holds(SERVER, reply)
    assert w.refused(SERVER, C.REPLY, reply, 1, 0, 0, 0, gift) is STALE
    assert w.holds(SERVER, gift)
    assert w.refused(SERVER, C.REPLY_WAIT, reply, 1, 0, 0, 0, its) is STALE


@pytest.mark.promise(
    "A message that nobody has received when its sender's wait times out is never received, and its capability stays "
    "with the sender"
)
@pytest.mark.parametrize("number", [C.SEND_WAIT, C.CALL])
def test_a_message_that_timed_out_is_not_received(number: C) -> None:
    w = World(2)
    door = w.endpoint()
    mine, its, clock = w.give(0, door), w.give(1, door), w.give_clock(0)
    gift = w.give(0, w.notification(), Rights.TRANSFER | Rights.NOTIFY)
    w.ok(0, C.CLOCK_ARM, clock, 100 * NS, NULL, 0)
    w.blocks(0, number, mine, 1, 2, 3, 4, gift)
    w.alarm()
    assert w.x(0) == TIMED_OUT and w.holds(0, gift)
    assert w.ok(1, C.RECV, its) == 1, "pending: nothing is there"


@pytest.mark.promise("A fault that waits for repair is no wait of the task's own: no deadline ends it")
def test_a_deadline_does_not_end_the_wait_for_a_repair() -> None:
    w = World(2)
    notices = w.endpoint()
    w.supervise(0, notices)
    its = w.give(1, notices)
    w.ok(0, C.CLOCK_ARM, w.give_clock(0), 100 * NS, NULL, 0)
    w.fault(0)
    assert w.board.alarm_at is None
    w.ok(1, C.WAIT, its)
    assert w.state(0) is TaskState.CALLING and w.board.alarm_at is None
    w.ok(1, C.REPLY, w.x(1)[7], 0, 0, 0, 0, NULL)
    assert w.state(0) is TaskState.READY


# --- turns


@pytest.mark.promise("It does not pass while nobody is ready who would have the next one")
def test_a_turn_passes_only_while_somebody_waits_for_the_next_one() -> None:
    w = World(2, slice=1000)
    bell = w.notification()
    ring, its = w.give(0, bell), w.give(1, bell)
    w.call(0, C.TASK_YIELD)
    w.blocks(1, C.WAIT, its)
    assert w.current() == 0 and w.board.turn_end is None
    w.board.clock += 50_000
    w.ok(0, C.NOTIFY, ring, 1)
    assert w.current() == 0 and w.board.turn_end == w.board.clock + 1000
    w.board.clock += 1000
    w.tick()
    assert w.current() == 1 and w.board.turn_end == w.board.clock + 1000


# --- while nobody is ready, and the end of a run


@pytest.mark.promise("While nobody is ready the processor holds no task's registers and no task's memory")
def test_a_processor_that_rests_holds_nothing_of_a_task() -> None:
    w = World(1)
    w.ok(0, C.CLOCK_ARM, w.give_clock(0), 100 * NS, NULL, 0)
    events = w.board.events
    w.blocks(0, C.WAIT, w.give(0, w.endpoint()))
    kernel = w.kernel
    assert w.current() is None and kernel.waits() and kernel.scheduler.core.entered is None
    switched = [event for event in events if event[0] == "switch_thread"]
    assert switched[-1][1:] == (w.task(0).thread, kernel.idle)
    activated = [event for event in events if event[0] == "activate"]
    w.alarm()
    assert w.current() == 0 and w.x(0) == TIMED_OUT
    again = [event for event in events if event[0] == "activate"]
    assert len(again) == len(activated) + 1 and again[-1] != activated[-1], "the space of the task is back"
    assert activated[-1] != activated[0], "it was another one while nobody was ready"


@pytest.mark.promise(
    "A task that serves does not: when all others have ended and nobody is ready, the run is over, and ends well"
)
@pytest.mark.parametrize("deadline", [False, True])
def test_a_task_that_serves_does_not_keep_the_run_going_nor_does_its_deadline(deadline: bool) -> None:
    w = World(2)
    w.task(0).serves = True
    if deadline:
        w.ok(0, C.CLOCK_ARM, w.give_clock(0), 100 * NS, NULL, 0)
    w.blocks(0, C.WAIT, w.give(0, w.endpoint()))
    assert w.current() == 1
    w.call(1, C.TASK_EXIT, 0)
    assert w.current() is None and not w.kernel.waits() and w.kernel.exit_status() == 0
    assert "tyrne: all tasks complete" in w.board.lines()


@pytest.mark.promise("It counts the time in which nobody is ready")
@pytest.mark.parametrize("machine", ["hosted", "native", pytest.param("qemu", marks=pytest.mark.qemu)])
def test_the_limit_ends_a_run_in_which_nobody_is_ready(machine: str) -> None:
    run = run_limited(SYSTEMS / "sleep.toml", machine, max_instructions=4_500_000)
    report = run.report()
    assert report["status"] == 4
    assert report["console"] in ("sleeper: 1 ms\n", "sleeper: 1 ms\nsleeper: 2 ms\n")
