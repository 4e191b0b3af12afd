"""Interrupts that a machine takes while the kernel is at long work are taken at the same step when it is repeated."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from long_work import long_work
from running import run_system
from tyrne.abi import CallNumber
from tyrne.hal.interrupt import Interrupt
from tyrne.hosted.happened import CallEvent, InterruptEvent
from tyrne.system.limits import MAPPED_PAGES, SLICE_MIN
from tyrne.system.replay import Replay

ENDS = [("exited", 0), ("exited", 7), ("exited", 0)]


def replay_of(report: dict[str, object], folder: Path) -> Replay:
    path = folder / "report.json"
    path.write_text(json.dumps(report))
    return Replay.load(path)


def inside(replay: Replay) -> list[InterruptEvent]:
    """The interrupts between two steps."""
    return [event for event in replay.record.interrupts or () if event.steps]


def interrupted_calls(replay: Replay) -> set[str]:
    """The names of the calls by which the work began that was interrupted; of a map with its flags."""
    wanted = {event.traps for event in inside(replay)}
    names, traps = set(), 0
    while (made := replay.step()) is not None:
        call = made.cause
        if isinstance(call, CallEvent):  # no task faults
            traps += 1
            if traps in wanted:
                names.add(f"{call.name} {call.arguments[3]}" if call.number == CallNumber.MAP.value else str(call.name))
    return names


@pytest.mark.qemu
def test_long_work_in_the_shortest_slices_is_repeated_step_by_step(tmp_path: Path) -> None:
    report = run_system([long_work(tmp_path, MAPPED_PAGES, 600, SLICE_MIN)], "qemu")
    assert [(task["state"], task["code"]) for task in report["tasks"]] == ENDS
    replay = replay_of(report, tmp_path)
    assert len(inside(replay)) > 1000, "each page is a step"
    assert {"cap_revoke", "map 1", "map 2", "task_end"} <= interrupted_calls(replay), "2: executable"
    assert replay.difference() is None


@pytest.mark.qemu
def test_an_interrupt_one_step_later_is_another_run(tmp_path: Path) -> None:
    replay = replay_of(run_system([long_work(tmp_path, slice_length=SLICE_MIN)], "qemu"), tmp_path)
    assert replay.difference() is None
    interrupts = list(replay.record.interrupts or ())
    first = next(at for at, event in enumerate(interrupts) if event.steps and not interrupts[at + 1].steps)
    interrupts[first] = replace(interrupts[first], steps=interrupts[first].steps + 1)
    later = Replay(replace(replay.run, record=replace(replay.record, interrupts=tuple(interrupts))))
    assert later.difference() is not None


def with_interrupts(path: Path, folder: Path, interrupts: Sequence[InterruptEvent]) -> Replay:
    """A run on the hosted machine, with interrupts as of another one."""
    run = replay_of(run_system([path], "hosted"), folder).run
    return Replay(replace(run, record=replace(run.record, interrupts=tuple(interrupts))))


def test_a_recorded_tick_comes_after_its_step_of_its_trap(tmp_path: Path) -> None:
    path = long_work(tmp_path, slice_length=0)
    plain = with_interrupts(path, tmp_path, ())
    revoked = 0
    while (made := plain.step()) is not None:
        if isinstance(made.cause, CallEvent) and made.cause.number == CallNumber.CAP_REVOKE.value:
            revoked = made.number
            break
    assert revoked, "the worker revokes"
    for steps in (1, 7, 39):
        replay = with_interrupts(path, tmp_path, [InterruptEvent(revoked, 0, Interrupt.TICK, steps)])
        replay.to(revoked)
        kernel = replay.kernel
        current = kernel.scheduler.core.current
        worker = kernel.tasks.items[0]
        assert current is not None and current is not worker and worker.work is not None
        left = sum(slot.capability is not None for slot in worker.capabilities.slots)
        assert left == 5 + 40 - steps, "a capability goes in each step"
