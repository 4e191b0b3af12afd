"""A place of a run is the same by a checkpoint as by the whole way, and little is repeated to get there."""

from __future__ import annotations

import json
import random
import zlib
from collections.abc import Iterator
from copy import deepcopy
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tyrne.hosted.cpu import Stop
from tyrne.hosted.machine import HostedMachine
from tyrne.hosted.parts import Parts
from tyrne.inspect import open_run
from tyrne.kernel.task import Task
from tyrne.system.checkpoints import TRANSITION, Place, distance
from tyrne.system.replay import Replay
from tyrne.system.shipped import shipped
from tyrne.testing import run_system
from tyrne.testing.state import state

LOOP = [
    0xD100_83E3,  # sub x3, sp, #32
    0x9100_0400,  # add x0, x0, #1
    0xC85F_7C62,  # ldxr x2, [x3]
    0xC804_7C60,  # stxr w4, x0, [x3]
    0x8B04_00A5,  # add x5, x5, x4
    0x9E67_0000,  # fmov d0, x0
    0x17FF_FFFB,  # b to the add
]
"""A task that never traps, counts in memory and in d0, and in x5 how often it lost its reservation."""
LONG = 3_000
HEADER = 32
"""Bytes before the CPU's state, with addresses of the host."""


class Repeated:
    """What machines do while this is there."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.transitions = self.instructions = 0
        execute, answer = HostedMachine.execute, HostedMachine.answer

        def counted(machine: HostedMachine, task: Task, limit: int, pause: bool = False) -> Stop:
            begun = machine.cpu.instructions
            stop = execute(machine, task, limit, pause)
            self.instructions += machine.cpu.instructions - begun
            return stop

        def answered(machine: HostedMachine, stop: Stop) -> Task | None:
            self.transitions += 1
            return answer(machine, stop)

        monkeypatch.setattr(HostedMachine, "execute", counted)
        monkeypatch.setattr(HostedMachine, "answer", answered)

    def take(self) -> tuple[int, int]:
        """Transitions and instructions since the last time."""
        made = self.transitions, self.instructions
        self.transitions = self.instructions = 0
        return made


def whole(replay: Replay) -> object:
    """All that is at a place: the kernel's places, the pages in use, the processor, the clock, what has been said."""
    machine = replay.machine
    machine.adopt_all()
    kernel, board, recorder = machine.kernel, machine.board, replay.recorder
    without: list[Any] = [board, board.cpu, recorder]
    taken = [i for i in range(int(kernel.frames.total())) if kernel.frames.taken[i // 64] >> i % 64 & 1]
    first = int(kernel.frames.extent.start)
    told = {name: value for name, value in vars(recorder).items() if name not in ("listeners", "disks")}
    return (
        replay.place,
        replay.over,
        replay.instructions,
        None if replay.next_task is None else replay.next_task.number,
        state(kernel, board._deadlines, board.drawn_ticks, without=without),
        (sorted(board.lines._raised), sorted(board.lines._unmasked)),
        (board.time, board.alarm_at, board.work, board.acknowledged, board._raised),
        [board.get(first + 4096 * frame, 4096) for frame in taken],
        zlib.decompress(machine.cpu.save().state)[HEADER:],
        deepcopy(told),
        repr((replay.history.activities, sorted(replay.history._arrivals.values(), key=repr))),
    )


def kept(path: Path, spacing: int, limit: int = 0) -> Replay:
    replay = open_run(path, limit)
    replay.keep_checkpoints(spacing=spacing)
    return replay


def along(replay: Replay) -> Iterator[object]:
    """What there is at each position of a run."""
    yield whole(replay)
    while replay.step() is not None:
        yield whole(replay)


@pytest.fixture
def loop(tmp_path: Path) -> Path:
    path = tmp_path / "loop.bin"
    path.write_bytes(b"".join(word.to_bytes(4, "little") for word in LOOP))
    return path


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", ["supervisor", "lazy", "disk", "network", "serial", "timeout"])
def test_positions_are_the_same_by_a_checkpoint_as_by_the_way_from_the_start(name: str) -> None:
    path = shipped(f"systems/{name}.toml")
    expected = list(along(open_run(path)))
    replay = kept(path, 4 * TRANSITION)
    assert replay.length == len(expected) - 1
    assert replay.checkpoints is not None and len(replay.checkpoints) > 2
    backwards = [*reversed(range(len(expected)))]
    for position in (*backwards[:20], *random.Random(1).choices(backwards, k=20)):
        replay.to(position)
        assert whole(replay) == expected[position]
    replay.to(0)
    assert list(along(replay)) == expected


@pytest.mark.qemu
def test_a_run_of_qemu_is_stepped_back_through_by_checkpoints(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    path.write_text(json.dumps(run_system(shipped("systems/busy.toml"), "qemu").report()))
    expected = list(along(Replay.load(path)))
    replay = kept(path, 4 * TRANSITION)
    replay.to(-1)
    while replay.position > 0:
        assert whole(replay) == expected[replay.position]
        replay.back()
    assert replay.difference() is None


def test_each_instruction_of_a_long_way_without_traps_is_reached_by_a_checkpoint_inside_it(loop: Path) -> None:
    replay, other = kept(loop, 100, LONG), open_run(loop, LONG)
    replay.go(0, LONG - 1)
    assert replay.checkpoints is not None and len(replay.checkpoints) >= LONG // 100
    for inside in (LONG - 1, 2 * LONG // 3, 1003, 1002, 1001, 1000, 999, 998, 1, 0, 1500):
        replay.go(0, inside)
        other.go(0, inside)
        assert whole(replay) == whole(other)
        assert replay.kernel.tasks.items[0].frame.x[5] == 0, "no reservation was lost"


def test_a_step_back_repeats_no_more_than_the_way_between_two_checkpoints(monkeypatch: pytest.MonkeyPatch) -> None:
    replay = kept(shipped("systems/server.toml"), 5 * TRANSITION)
    replay.to(-1)
    made = Repeated(monkeypatch)
    while replay.position > 0:
        replay.back()
        transitions, instructions = made.take()
        assert distance(Place(transitions, 0), instructions) <= 5 * TRANSITION + 2 * TRANSITION


def test_a_step_back_inside_a_long_way_repeats_no_more_either(loop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    million = 1_000_000
    replay = kept(loop, 100_000, 2 * million)
    replay.go(0, million)
    made = Repeated(monkeypatch)
    for inside in (million - 1, million - 2, 3):
        replay.go(0, inside)
        transitions, instructions = made.take()
        assert transitions == 0 and instructions <= 100_000


def test_checkpoints_take_no_more_memory_than_they_may_and_the_way_there_is_longer_then(loop: Path) -> None:
    replay, other = open_run(loop, 200_000), open_run(loop, 200_000)
    replay.keep_checkpoints(budget=2 << 20, spacing=1000)
    replay.go(0, 199_999)
    checkpoints = replay.checkpoints
    assert checkpoints is not None and checkpoints.taken <= 2 << 20 and 2 < len(checkpoints) < 150
    near = [checkpoints.before(Place(0, inside)).place.inside for inside in range(0, 199_999, 1000)]
    gaps = [later - earlier for earlier, later in pairwise(near) if later != earlier]
    assert gaps[-1] <= 2000 < max(gaps), "they are sparser far away"
    for inside in (150_000, 150_001, 70):
        replay.go(0, inside)
        other.go(0, inside)
        assert whole(replay) == whole(other)
        assert checkpoints.taken <= 2 << 20


def test_where_one_looks_checkpoints_are_made_anew_that_memory_had_no_room_for(
    loop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    replay = open_run(loop, 200_000)
    replay.keep_checkpoints(budget=2 << 20, spacing=1000)
    replay.go(0, 199_999)
    replay.go(0, 40_000)
    made = Repeated(monkeypatch)
    for inside in (39_999, 39_998, 39_000):
        replay.go(0, inside)
        assert made.take()[1] <= 1000


def test_no_object_of_a_machine_is_made_while_it_runs() -> None:
    """What is saved is the parts that were found at the start."""
    replay = open_run(shipped("systems/supervisor.toml"))
    machine = replay.machine
    machine.adopt_all()
    roots, without = (machine, machine.kernel, machine.board), (machine.board.cpu, machine.recorder)
    before = Parts(roots, without)
    while replay.step() is not None:
        pass
    assert {*map(id, Parts(roots, without).owners)} == {*map(id, before.owners)}


def test_what_it_is_not_known_how_to_copy_is_refused() -> None:
    with pytest.raises(TypeError, match="generator"):
        Parts([{"rest": (number for number in range(3))}])


def test_the_length_of_a_run_is_found_without_leaving_the_place() -> None:
    replay = kept(shipped("systems/exchange.toml"), TRANSITION)
    replay.to(3)
    replay.advance(2)
    before = whole(replay)
    assert replay.length == open_run(shipped("systems/exchange.toml")).length
    assert whole(replay) == before
