"""What QEMU records of where interrupts came is exact: the hosted machine takes each at the same instruction.

The tasks count in shared memory with every second instruction, and one shows the counts: an interrupt that comes one
instruction too early or too late is seen.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import test_fault_repair
from machine_code import assemble
from test_machines_agree import FAULTS

from running import run_system
from tyrne.hal.interrupt import Interrupt
from tyrne.hosted.recorder import InterruptEvent
from tyrne.system.replay import Replay
from tyrne.system.report_file import read_report

EXIT = "mov x0, #0\nmov x8, #4\nsvc #0\n"
SHOW = "mov x8, #77\nsvc #0\n"
"""A call that every kernel refuses: the report shows x0 to x5."""
SHARED = 0x1000_0000
BEGIN = f"mov x21, #{SHARED:#x}\nmov x20, #0\n"
COUNT = "add x20, x20, #1\nstr x20, [x21]\n"
LOCK = "sub x9, sp, #64\n2: ldxr x10, [x9]\nadd x10, x10, #1\nstxr w11, x10, [x9]\ncbnz w11, 2b\nwfe\nyield\nisb\n"


def loop(rounds: int, body: str) -> str:
    return f"mov x19, #{rounds}\n1: {body}sub x19, x19, #1\ncbnz x19, 1b\n"


SOURCES = {
    "counter": BEGIN + loop(1500, COUNT * 4) + EXIT,
    "floating": BEGIN + loop(700, COUNT) + "fmov d0, #1.5\n" + loop(700, COUNT) + EXIT,
    "calling": BEGIN + loop(200, COUNT + SHOW + COUNT) + EXIT,
    "locking": BEGIN + loop(200, COUNT + LOCK) + EXIT,
    "jumping": BEGIN + loop(500, COUNT) + "mov x1, #0x2000000\nbr x1\n",
    "loading": BEGIN + loop(500, COUNT) + "mov x1, #0x2000000\nldr x1, [x1]\n",
    "watching": f"mov x21, #{SHARED:#x}\n" + loop(400, "ldr x0, [x21]\n" + SHOW + "nop\n" * 7) + EXIT,
}


@pytest.fixture(scope="module")
def code() -> dict[str, bytes]:
    return assemble(SOURCES)


def counting_system(code: dict[str, bytes], folder: Path) -> Path:
    lines = ["[system]", 'name = "counts"', "slice = 1000", "[[memory]]", 'name = "page"', "pages = 1"]
    for name, content in code.items():
        (folder / f"{name}.bin").write_bytes(content)
        lines += ["[[task]]", f'name = "{name}"', f'program = "{name}.bin"']
        lines += [f'caps = [{{ memory = "page", at = {SHARED:#x} }}]']
    path = folder / "counts.toml"
    path.write_text("\n".join(lines) + "\n")
    return path


def replay_of(report: dict[str, object], folder: Path) -> Replay:
    path = folder / "report.json"
    path.write_text(json.dumps(report))
    return Replay.load(path)


def moved(replay: Replay, change: Callable[[InterruptEvent], InterruptEvent]) -> Replay:
    """The same run with every interrupt changed."""
    interrupts = replay.record.interrupts
    assert interrupts is not None
    return Replay(replace(replay.run, record=replace(replay.record, interrupts=tuple(map(change, interrupts)))))


@pytest.mark.qemu
def test_each_tick_falls_on_the_instruction_where_it_fell(code: dict[str, bytes], tmp_path: Path) -> None:
    path = counting_system(code, tmp_path)
    report = run_system([path], "qemu")
    assert report["syscalls"] != run_system([path], "hosted")["syscalls"], "its own ticks give another order"
    replay = replay_of(report, tmp_path)
    interrupts = replay.record.interrupts or ()
    assert sum(1 for event in interrupts if event.instructions) > 50
    assert replay.difference() is None
    assert [task["state"] for task in replay.report()["tasks"]].count("faulted") == 2
    later = moved(replay, lambda event: replace(event, instructions=event.instructions + 1))
    assert later.difference() is not None, "one instruction too late is seen"


@pytest.mark.qemu
@pytest.mark.parametrize("group", test_fault_repair.GROUPS[1:3], ids=lambda group: group[0])
def test_ticks_between_faults_and_their_repair_fall_where_they_fell(group: list[str], tmp_path: Path) -> None:
    parts = (test_fault_repair.BEFORE, test_fault_repair.AFTER)
    code = assemble({name: parts[0] + FAULTS[name] + parts[1] for name in group})
    path = test_fault_repair.system(group, code, tmp_path)
    path.write_text(path.read_text().replace("slice = 0", "slice = 1000"))
    report = run_system([path], "qemu")
    replay = replay_of(report, tmp_path)
    assert len(replay.record.interrupts or ()) > 50
    assert replay.difference() is None


def test_an_interrupt_that_is_due_comes_before_a_fault_of_the_fetch(code: dict[str, bytes], tmp_path: Path) -> None:
    """On the instruction after the branch two things are due; a processor takes the interrupt first."""
    path = tmp_path / "jump.bin"
    path.write_bytes(assemble({"jump": "mov x1, #2\nbr x1"})["jump"])
    run = replay_of(run_system([path], "hosted"), tmp_path).run
    for instructions, position in (2, 1), (1, 1):
        events = (InterruptEvent(0, instructions, Interrupt.TICK),)
        replay = Replay(replace(run, record=replace(run.record, interrupts=events)))
        first = replay.step()
        assert first is not None and first.cause is Interrupt.TICK and replay.position == position
        second = replay.step()
        assert second is not None and second.cause == first_fault(run.path)


def first_fault(path: Path) -> object:
    found = Replay(read_report(path)).step()
    assert found is not None
    return found.cause
