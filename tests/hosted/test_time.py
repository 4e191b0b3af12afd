"""Time on the machines in one process: what nobody is ready in passes at once, and is counted as what tasks run in."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from running import run_hosted, run_native, run_system
from tyrne.hal.interrupt import Interrupt
from tyrne.hosted.board import HostedBoard
from tyrne.hosted.happened import InterruptEvent
from tyrne.hosted.recorder import Recorder
from tyrne.lang import u64
from tyrne.system.errors import RequestError
from tyrne.system.manifest import encode
from tyrne.system.replay import Replay
from tyrne.system.run import NO_LIMIT
from tyrne.system.select import load_system, select
from tyrne.testing import run_system as run_timed

SYSTEMS = Path(__file__).parents[2] / "systems"
SLEEP = SYSTEMS / "sleep.toml"
FAR = """\
from typing import Final
from tyrne.lang import export, handle, u64
from tyrne.user import ClockCap, NotificationCap, sleep_until
CLOCK: Final = ClockCap(handle("clock"))
QUIET: Final = NotificationCap(handle("quiet"))
@export
def main() -> u64:
    sleep_until(CLOCK, u64(0xFFFF_FFFF_FFFF_FFFE), QUIET)
    return u64(0)
"""
Readings = list[int]


def board() -> HostedBoard:
    return HostedBoard(Recorder())


def test_what_nobody_is_ready_in_passes_at_once_up_to_what_comes_first() -> None:
    made = board()
    made.arm_limit(u64(10_000))
    made.arm_alarm(u64(100))
    made.wait_for_interrupt()
    assert (made.time, made.rested, int(made.ticks()), made.cpu.instructions) == (1600, 1600, 100, 0)
    assert made.acknowledge_interrupt() is Interrupt.ALARM
    assert made.acknowledge_interrupt() is Interrupt.SPURIOUS
    made.wait_for_interrupt()
    assert made.time == 10_000
    assert made.acknowledge_interrupt() is Interrupt.LIMIT


def test_an_alarm_whose_time_is_past_takes_no_time() -> None:
    made = board()
    made.rested = 5000
    made.arm_alarm(u64(1))
    made.wait_for_interrupt()
    assert made.rested == 5000
    assert made.acknowledge_interrupt() is Interrupt.ALARM


def test_an_alarm_and_a_turn_that_are_taken_back_do_not_come() -> None:
    made = board()
    made.arm_alarm(u64(1))
    made.arm_turn(u64(1))
    made.arm_alarm(None)
    made.arm_turn(None)
    made.rested = 5000
    assert made.acknowledge_interrupt() is Interrupt.SPURIOUS


def test_how_much_is_left_of_a_limit_counts_what_nobody_was_ready_in() -> None:
    made = board()
    made.arm_limit(u64(10_000))
    made.rested = 4000
    assert made.stop() == 6000


@pytest.mark.parametrize("machine", ["hosted", "native"])
def test_the_limit_ends_a_sleep(machine: str) -> None:
    """The program sleeps for 1, 2 and 3 ms, which takes hardly an instruction."""
    manifest = encode(load_system(select([SLEEP])), 2_000_000)
    recorder = run_hosted(manifest) if machine == "hosted" else run_native(manifest)
    assert recorder.status == 4
    assert recorder.console_text() == "sleeper: 1 ms\n"
    assert recorder.instructions < 10_000


@pytest.mark.parametrize("machine", ["hosted", "native"])
def test_who_sleeps_for_centuries_is_ended_by_the_limit_that_every_run_has(machine: str, tmp_path: Path) -> None:
    (tmp_path / "far.py").write_text(FAR)
    text = SLEEP.read_text().replace("../programs/sleeper.py", "far.py")
    (tmp_path / "far.toml").write_text(text)
    report = run_timed(tmp_path / "far.toml", machine, max_instructions=0).report()
    assert (report["status"], report["replay"]["limit"]) == (4, NO_LIMIT)
    report["replay"]["limit"] = 0
    (tmp_path / "r.json").write_text(json.dumps(run_system([tmp_path / "far.toml"], machine)))
    assert Replay.load(tmp_path / "r.json").difference() is None


@pytest.fixture
def recorded(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., Replay]:
    """The run of systems/sleep.toml with the record that QEMU would have made of it, changed."""
    readings: Readings = []
    ticks = HostedBoard.ticks

    def told(self: HostedBoard) -> u64:
        readings.append(int(ticks(self)))
        return u64(readings[-1])

    with monkeypatch.context() as patch:
        patch.setattr(HostedBoard, "ticks", told)
        report = run_system([SLEEP], "hosted")
    path = tmp_path / "report.json"
    path.write_text(json.dumps(report))
    alarms = [f"{traps}+0 alarm" for traps in (3, 8, 13)]

    def replay(**changes: Any) -> Replay:
        data = {**report, "replay": {**report["replay"], "interrupts": alarms, "readings": readings, **changes}}
        path.write_text(json.dumps(data))
        return Replay.load(path)

    return replay


def test_a_record_with_readings_of_the_clock_is_repeated_forwards_and_backwards(
    recorded: Callable[..., Replay],
) -> None:
    replay = recorded()
    assert replay.difference() is None
    assert replay.length == 19
    replay.to(3)
    assert replay.kernel.scheduler.core.current is None and not replay.over
    with pytest.raises(IndexError, match="there are 0 instructions before transition 4"):
        replay.advance(1)
    made = replay.step()
    assert made is not None and made.task is None
    assert made.text(replay.task_name) == "(nobody was ready): a deadline; sleeper: wait = TIMED_OUT"
    replay.back()
    replay.back()
    assert replay.position == 2 and replay.kernel.scheduler.core.current is not None
    assert replay.difference() is None


@pytest.mark.parametrize("interrupts", [[], ["3+0 alarm"], ["3+0 alarm", "8+0 alarm"]])
def test_a_record_without_the_next_alarm_ends_where_nobody_is_ready(
    recorded: Callable[..., Replay], interrupts: list[str]
) -> None:
    replay = recorded(interrupts=interrupts)
    assert replay.difference() is not None
    assert replay.over and replay.recorder.status is None and not replay.recorder.panic_bytes
    assert replay.position == 3 + 6 * len(interrupts)


@pytest.mark.parametrize(
    "changes",
    [
        {"interrupts": ["0+0 alarm", "1+1 alarm", "3+0 tick", "3+0 alarm", "3+0 spurious"]},
        {"interrupts": ["3+0/7 alarm"]},
        {"interrupts": ["3+5 alarm"]},
        {"interrupts": ["3+0 limit"]},
        {"readings": [0]},
        {"readings": [(1 << 64) - 1]},
        {"readings": [0, (1 << 64) - 1]},
        {"readings": [7] * 1000},
    ],
    ids=str,
)
def test_whatever_a_record_says_of_time_a_replay_ends_and_is_no_panic(
    recorded: Callable[..., Replay], changes: dict[str, Any]
) -> None:
    replay = recorded(**changes)
    assert replay.difference() is not None
    assert replay.over and not replay.recorder.panic_bytes
    assert replay.length == replay.position <= 30


def test_readings_that_go_back_are_no_record(recorded: Callable[..., Replay]) -> None:
    with pytest.raises(RequestError, match=r"replay\.readings go back in time"):
        recorded(readings=[5, 4])


def test_without_readings_a_record_is_one_of_before_and_time_follows_from_the_rest(
    recorded: Callable[..., Replay],
) -> None:
    replay = recorded(readings=None)
    while replay.step() is not None:
        pass
    assert replay.record.readings == () and not replay.recorder.panic_bytes


def test_an_interrupt_is_taken_at_rest_only_where_it_came(recorded: Callable[..., Replay]) -> None:
    replay = recorded()
    interrupts = replay.record.interrupts
    assert interrupts is not None
    later = tuple(replace(event, traps=event.traps + 1) for event in interrupts)
    other = Replay(replace(replay.run, record=replace(replay.record, interrupts=later)))
    assert other.difference() is not None and other.position == 3
    assert InterruptEvent(4, 0, Interrupt.ALARM) in later
