"""A recorded run is repeated exactly, to its end or to any position, forwards and backwards."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from running import Report, on_each_machine, run_system
from tyrne.hosted.recorder import Listener
from tyrne.kernel import messages
from tyrne.kernel.kernel import Kernel
from tyrne.lang import u64
from tyrne.system.replay import Replay
from tyrne.system.run import Machine, Request, prepare
from tyrne.system.select import load_system, select
from tyrne.system.shipped import shipped
from tyrne.system.task_states import describe_task, tasks_of
from tyrne.system.transition import Transition
from tyrne.testing.invariants import violations

Save = Callable[[Report], Path]


@pytest.fixture
def save(tmp_path: Path) -> Save:
    """Writes a report to a file."""

    def write(report: Report) -> Path:
        path = tmp_path / "report.json"
        path.write_text(json.dumps(report))
        return path

    return write


def everything(kernel: Kernel[Any]) -> object:
    """Of each task all registers, its state and its capabilities."""
    return [
        (
            int(task.number),
            task.state,
            [int(word) for word in task.frame.x],
            (int(task.frame.sp), int(task.frame.pc), int(task.frame.pstate)),
            [(int(slot.generation), repr(slot.capability)) for slot in task.capabilities.slots],
        )
        for task in tasks_of(kernel)
    ]


def standing(replay: Replay) -> list[str]:
    return [describe_task(replay.kernel, task, replay.task_name) for task in tasks_of(replay.kernel)]


def all_steps(replay: Replay) -> list[Transition]:
    made = []
    while (transition := replay.step()) is not None:
        made.append(transition)
    return made


@pytest.mark.parametrize("name", ["server", "supervisor", "busy"])
def test_a_hosted_run_replays_to_the_identical_report(name: str, save: Save) -> None:
    report = run_system([shipped(f"systems/{name}.toml")], "hosted")
    assert report["replay"]["interrupts"] is None, "nothing came from outside"
    replay = Replay.load(save(report))
    assert replay.difference() is None
    assert replay.report() == report
    again = Replay.load(save(replay.report()))
    assert again.difference() is None and again.report() == report


def test_a_native_run_replays_to_the_same_report(save: Save) -> None:
    report = run_system([shipped("systems/busy.toml")], "native")
    replay = Replay.load(save(report))
    assert replay.difference() is None
    assert {**replay.report(), "machine": "native"} == report


@pytest.mark.qemu
def test_a_run_of_qemu_replays_with_the_ticks_that_it_had(save: Save) -> None:
    report = run_system([shipped("systems/busy.toml")], "qemu")
    assert report["replay"]["interrupts"]
    replay = Replay.load(save(report))
    assert replay.difference() is None
    again = replay.report()
    assert again["replay"] == report["replay"], "the repetition can be repeated by the same record"
    assert Replay.load(save(again)).difference() is None


@on_each_machine
def test_a_fault_replays_to_the_same_fault_and_can_be_stepped_back_from(machine: str, save: Save) -> None:
    report = run_system([shipped("programs/faults/store_code.S")], machine)
    replay = Replay.load(save(report))
    assert replay.difference() is None
    (task,) = report["tasks"]
    assert replay.report()["tasks"] == [task] and task["state"] == "faulted"
    replay.to(-1)
    assert standing(replay) == ["runs next"]
    last = replay.step()
    assert last is not None and replay.over
    assert f"esr {task['fault']['esr']}, far {task['fault']['far']}, pc {task['fault']['pc']}" in last.text(str)


def test_every_position_is_the_same_from_both_sides(save: Save) -> None:
    replay = Replay.load(save(run_system([shipped("systems/supervisor.toml")], "hosted")))
    forwards = [everything(replay.kernel)]
    while replay.step() is not None:
        forwards.append(everything(replay.kernel))
        assert violations(replay.kernel) == []
    assert replay.position == replay.length == len(forwards) - 1
    backwards = [everything(replay.kernel)]
    while replay.position > 0:
        replay.back()
        backwards.append(everything(replay.kernel))
    assert backwards[::-1] == forwards


def test_a_position_counts_from_the_start_or_from_the_end(save: Save) -> None:
    replay = Replay.load(save(run_system([shipped("systems/exchange.toml")], "hosted")))
    assert (replay.position, replay.over, len(replay.recorder.calls)) == (0, False, 0)
    replay.to(-1)
    assert replay.position == replay.length - 1 and not replay.over
    replay.to(replay.length)
    assert replay.over and replay.step() is None and replay.position == replay.length
    for wrong in (replay.length + 1, -replay.length - 1):
        with pytest.raises(IndexError):
            replay.to(wrong)
    replay.to(0)
    with pytest.raises(IndexError):
        replay.back()
    assert [made.number for made in all_steps(replay)] == list(range(1, replay.length + 1))


def test_each_call_of_a_report_belongs_to_a_transition(save: Save) -> None:
    report = run_system([shipped("systems/server.toml")], "hosted")
    replay = Replay.load(save(report))
    calls = [event for made in all_steps(replay) for event in made.events]
    assert calls == replay.recorder.calls and len(calls) == len(report["syscalls"])


@pytest.mark.parametrize(
    ("name", "waits"),
    [
        ("server", {"waits for a reply from server", "waits for a message at endpoint 0"}),
        ("semaphore", {"waits for signals at notification 0", "waits for a message at endpoint 0"}),
        ("grant", {"waits for a receiver at endpoint 0", "waits for a receiver at endpoint 1"}),
        (
            "supervisor",
            {
                "stopped by a fault (data abort read, address 0xdead0000, pc 0x80019c), "
                "waits for a reply from supervisor",
                "waits for a message at endpoint 0",
                "not started",
            },
        ),
    ],
)
def test_it_is_said_precisely_what_a_task_waits_for(name: str, waits: set[str], save: Save) -> None:
    replay = Replay.load(save(run_system([shipped(f"systems/{name}.toml")], "hosted")))
    seen = set(standing(replay))
    while replay.step() is not None:
        seen |= set(standing(replay))
    assert seen == waits | {"runs next", "ready, priority 8", "exited with 0"}


def test_a_run_that_was_stopped_replays_to_where_it_was_stopped(save: Save) -> None:
    system = load_system(select([shipped("systems/busy.toml")]))
    report = prepare(Request(system, Machine.HOSTED, False, 1_000_000)).run(Listener()).report()
    assert report["status"] == 4 and report["replay"]["limit"] == 1_000_000
    replay = Replay.load(save(report))
    assert replay.difference() is None and replay.report() == report


def test_a_release_kernel_is_replayed_by_one(save: Save) -> None:
    report = run_system([shipped("systems/exchange.toml")], "hosted", release=True)
    replay = Replay.load(save(report))
    assert replay.difference() is None and replay.report() == report


def test_a_panic_replays_to_the_same_panic(save: Save, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as seeded:
        seeded.setattr(messages, "recv", lambda *_: u64(0) - 1)
        report = run_system([shipped("systems/exchange.toml")], "hosted")
        assert report["status"] == 3
        replay = Replay.load(save(report))
        assert replay.difference() is None and replay.report() == report
        replay.to(-1)
        assert standing(replay)[1] == "runs next" and violations(replay.kernel) == []
        last = replay.step()
        assert last is not None and last.panicked
        assert re.search(r"recv\(.*\); kernel panic$", last.text(str))
    different = Replay.load(save(report)).difference()
    assert different is not None and different.what.startswith("system call ") and different.position == last.number


@pytest.mark.parametrize(
    ("key", "value", "what"),
    [
        ("status", 1, "status: recorded 1, replayed 0"),
        ("instructions", 1 << 40, "instructions: recorded 1099511627776, replayed "),
        ("console", "sending 1\nno", "console, from character 11 on: recorded 'no', replayed 'sending 2"),
    ],
)
def test_what_differs_is_named(key: str, value: object, what: str, save: Save) -> None:
    report = run_system([shipped("systems/exchange.toml")], "hosted")
    assert report[key] != value
    found = Replay.load(save({**report, key: value})).difference()
    assert found is not None and found.text.startswith(what)


def test_the_first_call_that_differs_is_named_with_its_transition(save: Save) -> None:
    report = run_system([shipped("systems/server.toml")], "hosted")
    report["syscalls"][6]["status"] = "0x7"
    found = Replay.load(save(report)).difference()
    assert found is not None and found.text.startswith("system call 7 (transition ")
    replay = Replay.load(save(report))
    replay.to(found.position or 0)
    assert len(replay.recorder.calls) >= 7


def test_a_replay_goes_no_further_than_its_record(save: Save) -> None:
    report = run_system([shipped("systems/exchange.toml")], "hosted")
    replay = Replay.load(save({**report, "instructions": 100}))
    found = replay.difference()
    assert replay.over and replay.instructions <= 101
    assert found is not None and replay.recorder.status is None


def test_a_record_that_breaks_off_is_repeated_as_far_as_it_goes(save: Save) -> None:
    """As when QEMU is ended after two minutes: it has not said how many instructions there were."""
    report = run_system([shipped("systems/server.toml")], "hosted")
    half = len(report["syscalls"]) // 2
    replay = Replay.load(save(report))
    while len(replay.recorder.calls) < half:
        replay.step()
    cut = {**replay.report(), "machine": "qemu", "status": 4, "instructions": 0}
    cut["replay"]["interrupts"] = []
    shorter = Replay.load(save(cut))
    assert shorter.difference() is None
    assert shorter.position == replay.position and shorter.over and shorter.recorder.status is None


@pytest.mark.parametrize("calls", [0, 2])
def test_calls_that_had_not_left_the_machine_are_not_compared(save: Save, calls: int) -> None:
    """As when QEMU is ended: the line that a call wrote has left it, the record of the call has not."""
    replay = Replay.load(save(run_system([shipped("systems/exchange.toml")], "hosted")))
    while len(replay.recorder.calls) < calls:
        replay.step()
    before = replay.report()
    replay.step()
    console = replay.report()["console"]
    assert console != before["console"]
    cut = {**before, "console": console, "machine": "qemu", "status": 4, "instructions": 0}
    cut["replay"]["interrupts"] = []
    assert Replay.load(save(cut)).difference() is None
    found = Replay.load(save({**cut, "console": f"!{console[1:]}"})).difference()
    assert found is not None and found.what == "console, from character 1 on"
