"""What QEMU records of where interrupts came is exact: the hosted machine takes each at the same instruction.

Each task stores another value with every instruction, and one task shows what they stored: an interrupt that comes one
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
from tyrne.hosted.happened import FaultEvent, InterruptEvent
from tyrne.system.replay import Replay

EXIT = "mov x0, #0\nmov x8, #4\nsvc #0\n"
SHOW = "mov x8, #77\nsvc #0\n"
"""A call that every kernel refuses: the report shows x0 to x5."""
SHARED = 0x1000_0000
STORES = "".join(f"str x{register}, [x21]\n" for register in (*range(10, 18), *range(22, 28)))


def loop(rounds: int, body: str) -> str:
    return f"mov x19, #{rounds}\n1: {body}sub x19, x19, #1\ncbnz x19, 1b\n"


def stepping(place: int) -> str:
    """Values for the registers that are stored, and in x21 the address of one of the words that are shown."""
    values = "".join(f"mov x{register}, #{register}\n" for register in (*range(10, 18), *range(22, 28)))
    return f"{values}mov x21, #{SHARED:#x}\nadd x21, x21, #{8 * place}\n"


SHOWN = "".join(f"ldr x{place}, [x21, #{8 * place}]\n" for place in range(6)) + SHOW
TRAPS = {
    "floating": "fmov d0, #1.5\n" + stepping(0) + loop(400, STORES) + EXIT,
    "loading": "nop\nmov x1, #0x2000000\nldr x1, [x1]\n",
    "stepping-1": stepping(1) + loop(400, STORES) + EXIT,
    "jumping": "mov x1, #0x2000000\nbr x1\n",
    "stepping-2": stepping(2) + loop(400, STORES) + EXIT,
    "misaligned": "nop\nmov x1, #0x800000\nadd x1, x1, #2\nbr x1\n",
    "stepping-3": stepping(3) + loop(400, STORES) + EXIT,
    "undefined": "udf #1\n",
    "stepping-4": stepping(4) + loop(400, STORES) + "fmov d0, #1.5\n" + loop(400, STORES) + EXIT,
    "calling": stepping(5) + loop(400, STORES + SHOW + STORES) + EXIT,
}
"""Every kind of trap, and after it a task that steps until a tick comes."""
LOCK = "sub x9, sp, #64\n2: ldxr x28, [x9]\nadd x28, x28, #1\nstxr w29, x28, [x9]\ncbnz w29, 2b\nwfe\nyield\nisb\n"
SOURCES = {
    **TRAPS,
    "locking": stepping(0) + loop(200, STORES + LOCK) + EXIT,
    "watching": f"mov x21, #{SHARED:#x}\n" + loop(300, SHOWN + "nop\n" * 7) + EXIT,
}


@pytest.fixture(scope="module")
def code() -> dict[str, bytes]:
    return assemble(SOURCES)


def stepping_system(code: dict[str, bytes], folder: Path) -> Path:
    lines = ["[system]", 'name = "steps"', "slice = 2000", "[[memory]]", 'name = "page"', "pages = 1"]
    for name, content in code.items():
        (folder / f"{name}.bin").write_bytes(content)
        lines += ["[[task]]", f'name = "{name}"', f'program = "{name}.bin"']
        lines += [f'caps = [{{ memory = "page", at = {SHARED:#x} }}]']
    path = folder / "steps.toml"
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
    path = stepping_system(code, tmp_path)
    report = run_system([path], "qemu")
    assert report["syscalls"] != run_system([path], "hosted")["syscalls"], "its own ticks give another order"
    replay = replay_of(report, tmp_path)
    interrupts = replay.record.interrupts or ()
    assert sum(1 for event in interrupts if event.instructions) > 30
    assert replay.difference() is None
    assert [task["state"] for task in replay.report()["tasks"]].count("faulted") == 4
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


@pytest.mark.parametrize("target", [0, 0x20_0000, 0x80_0000], ids=["unmapped", "unmapped, misaligned", "misaligned"])
def test_an_interrupt_that_is_due_comes_before_a_fault_of_the_fetch(target: int, tmp_path: Path) -> None:
    """After the branch two things are due; a processor takes the interrupt first, and then finds the fault as well."""
    path = tmp_path / "jump.bin"
    path.write_bytes(assemble({"jump": f"mov x1, #{target:#x}\nadd x1, x1, #{2 if target else 0}\nbr x1"})["jump"])
    run = replay_of(run_system([path], "hosted"), tmp_path).run
    fault = first_cause(Replay(run))
    assert isinstance(fault, FaultEvent)
    for instructions in (2, 3):
        tick = (InterruptEvent(0, instructions, Interrupt.TICK),)
        replay = Replay(replace(run, record=replace(run.record, interrupts=tick)))
        assert first_cause(replay) is Interrupt.TICK
        assert first_cause(replay) == fault


def first_cause(replay: Replay) -> object:
    made = replay.step()
    assert made is not None
    return made.cause
