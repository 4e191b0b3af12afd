"""Tasks that never yield: ticks switch between them after exact slices, and no register notices."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from busy_registers import EXIT, ROUNDS, SHOW, busy
from machine_code import assemble
from systems import flat_system

from running import Report, run_system
from tyrne.hal.frame import ThreadState
from tyrne.hosted.board import HostedBoard
from tyrne.hosted.machine import HostedMachine
from tyrne.hosted.recorder import Recorder

SLICE = 1000
SEEDS = (5, 11)
SOURCES = {
    **{f"busy_{seed}": busy(seed) for seed in SEEDS},
    "count": "mov x0, #0\nmov x1, #0\n1: add x0, x0, #1\nadd x1, x1, #1\nadd x2, x2, #1\nb 1b",
    "increment": "sub x9, sp, #64\nmov x20, #2000\n1: ldxr x1, [x9]\nadd x1, x1, #1\nstxr w0, x1, [x9]\ncbnz w0, 1b\n"
    f"sub x20, x20, #1\ncbnz x20, 1b\nmov x0, x1\n{SHOW}\nmov x0, #0\n{EXIT}",
    "holder": "sub x9, sp, #64\nmov x20, #2000\n1: ldxr x1, [x9]\n.rept 20\nnop\n.endr\nsub x20, x20, #1\n"
    f"cbnz x20, 1b\nmov x0, #0\n{EXIT}",
    "pretender": "sub x9, sp, #64\nmov x20, #8000\n1: stxr w0, x2, [x9]\ncbz w0, 2f\nsub x20, x20, #1\ncbnz x20, 1b\n"
    f"2: eor x0, x0, #1\n{EXIT}",
}
MACHINES = ["hosted", "native", pytest.param("qemu", marks=pytest.mark.qemu)]


@pytest.fixture(scope="module")
def code() -> dict[str, bytes]:
    return assemble(SOURCES)


def run(names: Sequence[str], slice_length: int, machine: str, code: dict[str, bytes], folder: Path) -> Report:
    lines = ["[system]", 'name = "busy"', f"slice = {slice_length}"]
    for number, name in enumerate(names):
        (folder / f"{name}.bin").write_bytes(code[name])
        lines += ["[[task]]", f'name = "t{number}"', f'program = "{name}.bin"']
    description = folder / "busy.toml"
    description.write_text("\n".join(lines) + "\n")
    return run_system([description], machine)


def shown(report: Report, task: str) -> list[list[str]]:
    return [call["args"] for call in report["syscalls"] if call["task"] == task]


@pytest.mark.parametrize("machine", MACHINES)
def test_every_register_survives_thousands_of_ticks(machine: str, code: dict[str, bytes], tmp_path: Path) -> None:
    names = [f"busy_{seed}" for seed in SEEDS]
    alone = [shown(run([name], 0, "hosted", code, tmp_path), "t0") for name in names]
    assert len({tuple(args[:1]) for calls in alone for args in calls[:-1]}) == 2 * (ROUNDS // 1024 + 1), "no two agree"
    together = run(names, SLICE, machine, code, tmp_path)
    assert together["status"] == 0
    assert together["instructions"] > 4000 * SLICE
    assert [shown(together, "t0"), shown(together, "t1")] == alone
    order = [call["task"] for call in together["syscalls"] if call["number"] == 77]
    ahead = [order[:end].count("t0") - order[:end].count("t1") for end in range(ROUNDS // 1024)]
    assert set(ahead) <= {-1, 0, 1}, "neither gets ahead of the other"


def test_hosted_switches_at_every_tick(code: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    switches = 0
    switch = HostedBoard.switch_thread

    def counted(board: HostedBoard, old: ThreadState | None, new: ThreadState) -> None:
        nonlocal switches
        switches += 1
        switch(board, old, new)

    monkeypatch.setattr(HostedBoard, "switch_thread", counted)
    report = run([f"busy_{seed}" for seed in SEEDS], SLICE, "hosted", code, tmp_path)
    assert switches > 0.99 * report["instructions"] / SLICE > 4000


@pytest.mark.promise("On the hosted machine only user instructions take time, so a turn is never too long there")
@pytest.mark.parametrize(("slices", "length"), [(1, 1), (2, 3), (100, 4), (7, 1000), (1001, 997), (5, 1_000_000)])
def test_hosted_slices_are_exact(slices: int, length: int, code: dict[str, bytes]) -> None:
    """The limit falls on a tick; the tasks have begun as many instructions each as their slices have."""
    manifest = flat_system([code["count"], code["count"]], slices * length, slice_length=length)
    machine = HostedMachine(manifest, Recorder())
    machine.run()
    assert (machine.recorder.status, machine.recorder.instructions) == (4, slices * length)
    of_first, of_second = -(-slices // 2) * length, slices // 2 * length
    counted = [int(machine.kernel.tasks.items[number].frame.x[0]) for number in (0, 1)]
    assert counted == [rounds(of_first), rounds(of_second)]


def rounds(instructions: int) -> int:
    """How often `count` has gone round: two instructions before, four in a round of which the first counts."""
    return max(0, -(-(instructions - 2) // 4))


@pytest.mark.parametrize("machine", MACHINES)
def test_a_tick_takes_the_exclusive_monitor_away(machine: str, code: dict[str, bytes], tmp_path: Path) -> None:
    """Loops of load- and store-exclusive end although ticks fall into them; what another task has loaded is no load of
    one's own."""
    report = run(["holder", "pretender", "increment"], SLICE, machine, code, tmp_path)
    assert [task["code"] for task in report["tasks"]] == [0, 0, 0]
    assert shown(report, "t2")[0][0] == hex(2000)


@pytest.mark.promise(
    "processor time, what it can still do: take its share among equals, and with slice = 0 more than that",
)
@pytest.mark.parametrize("machine", MACHINES)
def test_without_a_slice_nobody_is_preempted(machine: str, code: dict[str, bytes], tmp_path: Path) -> None:
    names = [f"busy_{seed}" for seed in SEEDS]
    order = [call["task"] for call in run(names, 0, machine, code, tmp_path)["syscalls"]]
    assert order == sorted(order)


def test_runs_with_ticks_are_the_same_run(code: dict[str, bytes], tmp_path: Path) -> None:
    names = [f"busy_{seed}" for seed in SEEDS]
    reports = [run(names, 1337, machine, code, tmp_path) for machine in ("hosted", "hosted", "native")]
    assert reports[0] == reports[1]
    assert {**reports[2], "machine": "hosted"} == reports[0]


@pytest.mark.parametrize("machine", MACHINES)
def test_the_limit_ends_a_run_that_has_ticks(machine: str, code: dict[str, bytes], tmp_path: Path) -> None:
    report = run(["count", "busy_5", "holder"], SLICE, machine, code, tmp_path)
    assert report["status"] == 4
    assert [task["state"] for task in report["tasks"]] == ["ready", "exited", "exited"]
