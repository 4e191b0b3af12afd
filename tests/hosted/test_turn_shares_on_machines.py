"""Real programs that try to have more than their share: a victim that computes for 100 slices is done in time.

The run ends when the victim does: a more urgent observer hears of its exit and ends all others. So the instructions of
the whole run are what the victim's 100 slices took, on QEMU those of the kernel included.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from running import on_each_machine, run_system

SLICE = 20_000
WORK = 100 * SLICE
BEFORE = 1_500
"""How long before its turn ends a thief does something about that: more than its own call takes on QEMU."""
BOOT = 120_000
"""More than any of these systems takes to its first instruction on QEMU."""
OVERHEAD = 1.12
"""What the victim's work takes on QEMU with that of the kernel at the ends of its turns, tracing included."""
HEAD = f"""\
#include "tyrne.h"
#define CALL(name) mov x8, #TYRNE_CALL_##name; svc #0
        .macro  spin instructions
        ldr     x9, =(\\instructions) / 2
9:      subs    x9, x9, #1
        b.ne    9b
        .endm
        .equ    NEARLY, {SLICE - BEFORE}
        .text
        .global _start
_start:
"""
VICTIM = f"""\
        spin    {WORK}
        mov     x0, #0
        CALL(TASK_EXIT)
"""
OBSERVER = """\
        mov     x0, #0
        CALL(WAIT)
        mov     x20, #1
1:      mov     x0, x20
        mov     x1, #0
        CALL(TASK_END)
        add     x20, x20, #1
        cbz     x0, 1b
        mov     x0, #0
        CALL(TASK_EXIT)
"""
SERVER = """\
        mov     x0, #0
        CALL(WAIT)
1:      spin    {}
        mov     x0, x7
        mov     x5, #0
        CALL(REPLY_WAIT)
        b       1b
"""
RESUMES = """\
        mov     x0, #1
        CALL(TASK_SUSPEND)
        mov     x0, #1
        CALL(TASK_RESUME)
"""
DOOR, BELL, ITS_BELL = '{endpoint="door"}', '{notification="bell"}', '{notification="its"}'
Task = tuple[str, str, int]
"""Program, capabilities and priority."""


def again(steps: str) -> str:
    """The same for ever."""
    return f"1:\n{steps}        b       1b\n"


def rings(handle: int, caps: str, then: str = "") -> Task:
    """A task that signals a notification before each of its turns ends."""
    steps = f"        spin    NEARLY\n        mov     x0, #{handle}\n        mov     x1, #1\n        CALL(NOTIFY)\n"
    return again(steps + then), caps, 8


CALLS = "        mov     x0, #0\n        mov     x5, #-1\n        CALL(CALL)\n"
WAITS = "        mov     x0, #0\n        CALL(WAIT)\n"
WRITES = """\
        spin    NEARLY
        mov     x0, #0
        adr     x1, _start
        mov     x2, #4096
        CALL(CONSOLE_WRITE)
"""
MAKES = """\
        spin    NEARLY
        mov     x0, #0
        mov     x1, #6
        mov     x2, #512
        CALL(CREATE)
        mov     x0, x1
        CALL(CAP_DROP)
"""


@dataclass(frozen=True)
class Attack:
    """The others, of which `equals` are ready at once, or `fewest` at times, and the longest call that they make, on
    QEMU. Whether who rings and then waits is still ready when its turn ends, depends on what the two calls take."""

    tasks: tuple[Task, ...]
    equals: int = 1
    fewest: int = 1
    longest: int = 0


ATTACKS = {
    "computes": Attack(((again("        spin    NEARLY\n"), "", 8),)),
    "yields_before_its_turn_ends": Attack(((again("        spin    NEARLY\n        CALL(TASK_YIELD)\n"), "", 8),)),
    "calls_an_equal": Attack(((again(f"        spin    8000\n{CALLS}"), DOOR, 8), (SERVER.format(8000), DOOR, 8))),
    "calls_a_more_urgent_server": Attack(
        ((again(f"        spin    8000\n{CALLS}"), DOOR, 8), (SERVER.format(400), DOOR, 4))
    ),
    "is_woken_up_for": Attack((rings(0, BELL), (again(WAITS), BELL, 4))),
    "is_suspended_and_resumed": Attack(
        (rings(0, BELL), (again(WAITS + RESUMES), f'{BELL}, {{task="t0", rights=["CONTROL"]}}', 4))
    ),
    "wakes_an_equal_that_wakes_it": Attack(
        (rings(1, f"{BELL}, {ITS_BELL}", WAITS), rings(1, f"{ITS_BELL}, {BELL}", WAITS)), equals=2
    ),
}
LONG_CALLS = {
    "writes_much": Attack(((again(WRITES) + "        .org    4096\n", "{console=true}", 8),), longest=400_000),
    "makes_large_regions": Attack(((again(MAKES), "{quota=true}", 8),), longest=600_000),
}


def described(attack: Attack, folder: Path) -> Path:
    (folder / "victim.S").write_text(HEAD + VICTIM)
    (folder / "observer.S").write_text(HEAD + OBSERVER)
    tasks, ends = "", '{task="victim", rights=["CONTROL"]}'
    for number, (program, caps, priority) in enumerate(attack.tasks):
        (folder / f"t{number}.S").write_text(HEAD + program)
        tasks += f'[[task]]\nname = "t{number}"\nprogram = "t{number}.S"\npriority = {priority}\ncaps = [{caps}]\n'
        tasks += "quota = {memory = 1, frames = 512}\n" if "quota" in caps else ""
        ends = f'{{task="t{number}", rights=["CONTROL"]}}, {ends}'
    text = f'[system]\nname = "shares"\nslice = {SLICE}\n[[endpoint]]\nname = "done"\n[[endpoint]]\nname = "door"\n'
    text += '[[notification]]\nname = "bell"\n[[notification]]\nname = "its"\n'
    text += '[[task]]\nname = "observer"\nprogram = "observer.S"\npriority = 0\n'
    text += f'caps = [{{endpoint="done", rights=["RECV"]}}, {ends}]\n{tasks}'
    text += '[[task]]\nname = "victim"\nprogram = "victim.S"\nsupervisor = {endpoint = "done", badge = 1}\n'
    description = folder / "shares.toml"
    description.write_text(text)
    return description


def instructions(attack: Attack, machine: str, folder: Path) -> int:
    """How long the victim's work took."""
    report = run_system([described(attack, folder)], machine)
    assert {task["name"]: task["state"] for task in report["tasks"]}["victim"] == "exited"
    return int(report["instructions"])


@pytest.mark.promise(
    "Two equals that are both ready get half each of what more urgent tasks leave, within one slice and the longest "
    "call, over any 100 slices"
)
@on_each_machine
@pytest.mark.parametrize("name", ATTACKS)
def test_a_computing_task_has_its_share_over_100_slices_though_the_other(
    name: str, machine: str, tmp_path: Path
) -> None:
    attack = ATTACKS[name]
    share = (1 + attack.equals) * WORK
    took = instructions(attack, machine, tmp_path)
    most = share + 2 * SLICE if machine == "hosted" else share * OVERHEAD + BOOT + SLICE
    assert 0.9 * (1 + attack.fewest) * WORK < took <= most, f"{took / WORK:.3f} times the victim's work"


@pytest.mark.promise("What a turn lasts too long is taken off the next turns of the task in whose hands it ended")
@pytest.mark.qemu
@pytest.mark.parametrize("name", LONG_CALLS)
def test_a_computing_task_has_its_share_within_the_longest_call_though_as_its_turns_end_the_other(
    name: str, tmp_path: Path
) -> None:
    """Only on QEMU does the kernel's work take time."""
    attack = LONG_CALLS[name]
    took = instructions(attack, "qemu", tmp_path)
    assert 2 * 0.9 * WORK < took <= 2 * WORK * OVERHEAD + BOOT + SLICE + attack.longest, f"{took / WORK:.3f} times"
