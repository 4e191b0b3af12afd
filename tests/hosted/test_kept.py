"""Of a run of any length a recorder keeps what it was asked to keep, counts the rest, and tells all of it."""

import struct
from dataclasses import replace

import pytest
from systems import flat_system

from tyrne.hal.interrupt import Interrupt
from tyrne.hosted.happened import CallEvent
from tyrne.hosted.kept import EVERYTHING, REPORT, SUMMARY, Kept, forget_oldest
from tyrne.hosted.machine import HostedMachine
from tyrne.hosted.recorder import Listener, Recorder

SMALL = Kept(calls=2, interrupts=1, console=3, log=4, tasks=20)
LIVES = 1000
YIELDS_TWICE = struct.pack("<6I", 0xD280_0068, 0xD400_0001, 0xD400_0001, 0xD280_0000, 0xD280_0088, 0xD400_0001)
"""mov x8, #3; svc #0; svc #0; mov x0, #0; mov x8, #4; svc #0"""


def long_run(recorder: Recorder) -> None:
    """A thousand tasks, each made after another's end, that write, call, fault or exit, and one that lives on."""
    for number in range(LIVES):
        recorder.call(0, 5, [0] * 6, [0] * 8)
        recorder.console(number, 0x78)
        recorder.log(0x6C)
        recorder.interrupt(number, 0, Interrupt.TICK)
        match number % 3:
            case 0:
                recorder.exit(number, 4, [102, *[0] * 5])
            case 1:
                recorder.fault(number, 0x0200_0000, 0, 0)
            case _:
                recorder.task_end(number, 7)
    recorder.end(0, 1)


def test_the_first_of_each_kind_are_kept_and_the_others_counted() -> None:
    recorder = Recorder(kept=SMALL)
    long_run(recorder)
    report = recorder.report("hosted", "debug", ["a", "b"])
    assert (len(report["syscalls"]), report["console"], report["log"]) == (2, "xxx", ["llll"])
    assert len(recorder.interrupts) == 1
    exits = len(range(0, LIVES, 3))
    assert report["left_out"] == {
        "syscalls": LIVES + exits - 2,
        "console": LIVES - 3,
        "log": LIVES - 4,
        "interrupts": LIVES - 1,
        "tasks": LIVES - 20,
    }
    assert recorder.call_count == LIVES + exits


def test_of_tasks_the_first_ones_and_the_last_ones_are_kept() -> None:
    recorder = Recorder(kept=SMALL)
    long_run(recorder)
    assert list(recorder.tasks_seen) == [*range(16), *range(LIVES - 4, LIVES)]
    assert {0, *recorder.exit_codes, *recorder.faults} == set(recorder.tasks_seen)  # 0 lives on
    names = [task["name"] for task in recorder.report("hosted", "debug", ["a", "b"])["tasks"]]
    assert names[:3] == ["a", "b", "task 2"] and names[-1] == f"task {LIVES - 1}"


@pytest.mark.promise("Without --report the tools keep nothing that grows with a run")
def test_without_a_report_nothing_is_kept_that_grows() -> None:
    recorder = Recorder(kept=SUMMARY)
    long_run(recorder)
    kept = (recorder.calls, recorder.interrupts, recorder.console_bytes, recorder.console_of, recorder.log_bytes)
    assert [len(each) for each in kept] == [0] * 5
    assert max(len(recorder.tasks_seen), len(recorder.exit_codes), len(recorder.faults)) <= SUMMARY.tasks


def test_who_asks_for_everything_gets_it() -> None:
    recorder = Recorder(kept=EVERYTHING)
    long_run(recorder)
    assert "left_out" not in recorder.report("hosted", "debug", ["a"])
    assert len(recorder.tasks_seen) == LIVES


def test_listeners_are_told_what_is_not_kept() -> None:
    told: list[CallEvent] = []

    class Calls(Listener):
        def call(self, event: CallEvent) -> None:
            told.append(event)

    long_run(recorder := Recorder(Calls(), kept=SUMMARY))
    assert len(told) == recorder.call_count > LIVES


@pytest.mark.parametrize("most", [16, 17, 64])
def test_a_first_task_is_never_forgotten(most: int) -> None:
    found: dict[int, None] = {}
    for number in [*range(100), *range(16)]:
        found.pop(number, None)
        found[number] = None
        forget_oldest(found, most)
    assert set(range(16)) <= set(found) and len(found) == most


def test_a_report_is_kept_within_what_the_documents_say() -> None:
    assert (REPORT.calls, REPORT.interrupts, REPORT.tasks) == (100_000, 200_000, 10_000)
    assert (REPORT.console, REPORT.log) == (16 << 20, 4 << 20)


def test_of_a_call_that_nobody_asks_for_nothing_is_made() -> None:
    """Not of one that is neither kept nor told; of a refused one, when only refusals are listened to."""
    told: list[CallEvent] = []

    class Refusals(Listener):
        def refusal(self, event: CallEvent) -> None:
            told.append(event)

    assert not Recorder(Listener(), kept=SUMMARY).asks_for(0)
    assert not Recorder(Listener(), kept=SUMMARY).asks_for(7)
    recorder = Recorder(Refusals(), kept=SUMMARY)
    assert recorder.asks_for(7) and not recorder.asks_for(0)
    recorder.pass_over(1)
    recorder.call(0, 5, [0] * 6, [7, *[0] * 7])
    recorder.call(0, 5, [0] * 6, [0] * 8)
    assert [event.results and event.results[0] for event in told] == [7]
    assert recorder.call_count == 3 and list(recorder.tasks_seen) == [1, 0]


def test_calls_are_asked_for_until_as_many_are_kept_as_there_may_be() -> None:
    recorder = Recorder(Listener(), kept=replace(SUMMARY, calls=1))
    assert recorder.asks_for(0)
    recorder.call(0, 5, [0] * 6, [0] * 8)
    assert not recorder.asks_for(0)


@pytest.mark.parametrize("listened", [False, True])
def test_a_run_whose_calls_nobody_asks_for_makes_no_event_of_them(
    listened: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[int] = []
    make = Recorder.call
    monkeypatch.setattr(Recorder, "call", lambda *given: (made.append(given[2]), make(*given))[1])

    class Calls(Listener):
        def call(self, event: CallEvent) -> None: ...

    recorder = Recorder(Calls() if listened else Listener(), kept=SUMMARY)
    HostedMachine(flat_system([YIELDS_TWICE]), recorder).run()
    assert recorder.call_count == 3
    assert made == ([3, 3] if listened else [])
