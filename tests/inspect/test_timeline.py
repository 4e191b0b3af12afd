"""The timeline of a run: its events, from each source alike, and what holds of every run."""

from __future__ import annotations

import json
import os
from collections import defaultdict
from itertools import pairwise
from pathlib import Path
from time import process_time

import pytest
from small_programs import ENDPOINTS, program, send, system

from tyrne.abi import CallNumber
from tyrne.inspect import open_run
from tyrne.inspect.events import INSTRUCTIONS, NANOSECONDS, Call, Event, Fault, Interrupt, Message, Output, State, Turn
from tyrne.inspect.page import timeline_page
from tyrne.inspect.perfetto import perfetto_file
from tyrne.inspect.timeline import Timeline, timeline_of
from tyrne.kernel import messages
from tyrne.lang import u64
from tyrne.system.replay import Replay
from tyrne.system.shipped import shipped
from tyrne.testing import run_system

GOLDEN = Path(__file__).parent / "golden"
"""UPDATE_GOLDEN=1 rewrites what is expected (look at the diff)."""
NAMES = ["server", "supervisor", "grant", "exchange", "builder"]
EVERY = sorted(path.stem for path in shipped("systems/hello.toml").parent.glob("*.toml"))


def line(of: Timeline, event: Event) -> str:
    """An event as a line: when, by transition and time, who, and what."""
    match event:
        case State(task, start, end, kind, words):
            return f"{start.transition}-{end.transition} {start.time}-{end.time} {of.name(task)}: {kind}: {words}"
        case Turn(task, start, end):
            who = "rests" if task is None else f"runs {of.name(task)}"
            return f"{start.transition}-{end.transition} {start.time}-{end.time} processor {who}"
        case Call(task, start, end, _, text, outcome, refused, why):
            told = f"{text} = {outcome}{' (refused)' * refused}" + (f": {why}" if why else "")
            return f"{start.transition}-{end.transition} {start.time}-{end.time} {of.name(task)}: {told}"
        case Message(sender, receiver, what, sent, received, words):
            who = f"{of.name(sender)} -> {of.name(receiver)}"
            return f"{sent.transition}-{received.transition} {sent.time}-{received.time} {who}: {what} {words}"
        case Fault(task, at, words):
            return f"{at.transition} {at.time} {of.name(task)}: fault: {words}"
        case Interrupt(task, at, what, words):
            return f"{at.transition} {at.time} interrupt of {of.name(task)}: {what} {words}"
        case Output(task, at, words):
            return f"{at.transition} {at.time} {of.name(task)} writes {words}"


def of_tasks(of: Timeline) -> list[str]:
    """All events but the kernel's own lines, which tell sizes and times of the machine."""
    return [line(of, event) for event in of.events if not (isinstance(event, Output) and event.task is None)]


def live(name: str) -> Timeline:
    return timeline_of(open_run(shipped(f"systems/{name}.toml")))


def reported(name: str, folder: Path, machine: str, preempt_calls: int = 0) -> Timeline:
    path = folder / "report.json"
    run = run_system(shipped(f"systems/{name}.toml"), machine, preempt_calls=preempt_calls)
    path.write_text(json.dumps(run.report()))
    return timeline_of(Replay.load(path))


def compare(name: str, of: Timeline) -> None:
    path, shown = GOLDEN / f"{name}.txt", "\n".join([*of_tasks(of), ""])
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(shown)
    assert shown == path.read_text()


# --- the same events from each source


@pytest.mark.parametrize("name", NAMES)
def test_the_events_of_a_system_that_runs_are_as_expected(name: str) -> None:
    of = live(name)
    compare(name, of)
    assert (of.unit, of.whole, of.status) == (NANOSECONDS, True, 0)


@pytest.mark.parametrize("machine", ["hosted", "native"])
@pytest.mark.parametrize("name", NAMES)
def test_the_events_of_its_report_are_the_same(name: str, machine: str, tmp_path: Path) -> None:
    of = reported(name, tmp_path, machine)
    compare(name, of)
    assert (of.machine, of.unit) == (machine, NANOSECONDS)


@pytest.mark.qemu
@pytest.mark.parametrize("name", NAMES)
def test_the_events_of_a_report_of_qemu_are_the_same_in_instructions(name: str, tmp_path: Path) -> None:
    of = reported(name, tmp_path, "qemu")
    compare(name, of)
    assert (of.machine, of.unit) == ("qemu", INSTRUCTIONS)


@pytest.mark.qemu
def test_a_report_of_qemu_has_its_deadlines(tmp_path: Path) -> None:
    of, hosted = reported("sleep", tmp_path, "qemu"), live("sleep")
    assert [event.what for event in of.events if isinstance(event, Interrupt)].count("deadline") == 3
    assert [e.words for e in of.events if isinstance(e, Output) and e.task is not None] == [
        event.words for event in hosted.events if isinstance(event, Output) and event.task is not None
    ]


# --- what holds of every run


@pytest.mark.parametrize("name", EVERY)
def test_states_and_turns_follow_one_another_and_calls_of_a_task_do_not_overlap(name: str) -> None:
    replay = open_run(shipped(f"systems/{name}.toml"), 3_000_000)
    of = timeline_of(replay)
    rows: defaultdict[object, list[State | Turn | Call]] = defaultdict(list)
    for event in of.events:
        if isinstance(event, State | Turn | Call):
            rows[type(event), event.task if isinstance(event, State | Call) else None].append(event)
    for (kind, _), row in rows.items():
        for one, other in pairwise(row):
            assert one.end <= other.start if kind is Call else one.end == other.start
        if kind is Turn:
            assert (row[0].start.time, row[-1].end) == (0, of.end)


@pytest.mark.parametrize("name", EVERY)
def test_every_call_that_returned_is_there_once_and_every_message_has_a_sender(name: str) -> None:
    replay = open_run(shipped(f"systems/{name}.toml"), 3_000_000)
    of = timeline_of(replay)
    calls = [event for event in of.events if isinstance(event, Call)]
    returned = [(call.task, call.end, call.name) for call in calls if call.outcome not in ("waits", "called off")]
    ended = sum(1 for call in calls if call.outcome == "does not return" and call.name != "task_exit")
    assert len(returned) - ended == replay.recorder.call_count
    messages = [event for event in of.events if isinstance(event, Message)]
    assert not [message for message in messages if message.sender is None and message.what != "signal"]


@pytest.mark.parametrize("seed", range(1, 9))
def test_notices_that_come_between_steps_of_long_work_have_the_sender_that_their_badge_says(
    seed: int, tmp_path: Path
) -> None:
    """The keeper of semaphore.toml hears of counter-N by badge N."""
    of = reported("semaphore", tmp_path, "hosted", preempt_calls=seed)
    waits = [event for event in of.events if isinstance(event, Call) and event.name == "wait"]
    badges = [call.outcome.removeprefix("OK (").partition(",")[0] for call in waits if "endpoint ends" in call.text]
    senders = [of.name(event.sender) for event in of.events if isinstance(event, Message) and event.what == "end"]
    assert senders == [f"counter-{int(badge, 16)}" for badge in badges]


# --- events


def events(name: str, kind: type[Event]) -> list[str]:
    of = live(name)
    return [line(of, event) for event in of.events if isinstance(event, kind)]


def test_a_deadline_says_whose_it_is_and_its_signals_come_from_the_kernel() -> None:
    first = "4 1000000 interrupt of kernel: deadline periodic: 0x1 is signalled to notification bell at 1,000,000 ns"
    assert events("periodic", Interrupt)[0] == first
    assert events("periodic", Message)[0] == "4-4 1000000-1000000 kernel -> periodic: signal 0x1"


def test_an_interrupt_of_a_device_says_its_line() -> None:
    assert events("rtc", Interrupt)[0].endswith("interrupt of kernel: device interrupt 34")


def test_a_tick_says_whom_it_stopped() -> None:
    assert any(shown.endswith(": tick ") and "interrupt of kernel" not in shown for shown in events("busy", Interrupt))


def test_a_fault_that_is_repaired_goes_to_who_repairs_it_and_its_answer_back() -> None:
    found = [shown.split(" ", 2)[2] for shown in events("lazy", Message)]
    assert found[0].startswith("lazy -> pager: fault ")
    assert found[1] == "pager -> lazy: answer goes on after its fault"


def test_a_refused_call_says_why(tmp_path: Path) -> None:
    caps = '{ endpoint = "a", rights = ["RECV"] }'
    source = system(tmp_path, ENDPOINTS, one=(program((CallNumber.SEND, send(0)), (CallNumber.TASK_EXIT, [0])), caps))
    of = timeline_of(open_run(source))
    (refused,) = [event for event in of.events if isinstance(event, Call) and event.refused]
    assert (refused.text, refused.outcome) == ("send(endpoint a, 0x0, 0x0, 0x0, 0x0, none)", "MISSING_RIGHT")
    assert refused.why == '0x0 is endpoint "a" with RECV, and lacks SEND'


def test_a_kernel_panic_is_the_last_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(messages, "recv", lambda *_: u64(0) - 1)
    of = live("exchange")
    last = [event for event in of.events if isinstance(event, Output)][-1]
    assert last.task is None and last.words.startswith("!! tyrne panic: u64 overflow: -1 at ")
    assert (last.at, of.status) == (of.end, 3)


def test_a_panic_of_boot_is_all_that_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise AssertionError("the sky fell")

    monkeypatch.setattr("tyrne.hosted.machine.start_system", broken)
    (event,) = live("exchange").events
    assert isinstance(event, Output) and "the sky fell" in event.words


def test_a_timeline_that_is_too_long_ends_before_the_run_and_says_so() -> None:
    of = timeline_of(open_run(shipped("systems/server.toml")), 40)
    assert not of.whole and of.status is None
    assert 40 <= len(of.events) < 80
    assert max(event.end for event in of.events if isinstance(event, State)) == of.end


def test_ten_times_the_events_take_about_ten_times_the_work(tmp_path: Path) -> None:
    """Of processor time, until both kinds of files are made of 100,000 events; twice that much is allowed."""
    folder = tmp_path / "systems"
    folder.mkdir()
    (tmp_path / "programs").mkdir()
    for name in ("client.py", "server.py"):
        text = shipped(f"programs/{name}").read_text().replace("irange(1, 5)", "irange(1, 4001)")
        (tmp_path / "programs" / name).write_text(text)
    source = folder / "server.toml"
    source.write_text(shipped("systems/server.toml").read_text())

    def taken(most: int) -> tuple[float, int]:
        replay, before = open_run(source), process_time()
        of = timeline_of(replay, most)
        perfetto_file(of)
        timeline_page(of)
        return process_time() - before, len(of.events)

    (short, few), (long, many) = taken(10_000), taken(100_000)
    assert many >= 100_000 > few >= 10_000
    assert long < short * 20
