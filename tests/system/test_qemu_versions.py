"""What versions of QEMU do otherwise: how they are asked, and what they report wrongly."""

from __future__ import annotations

import subprocess
from typing import Any

import pytest

from tyrne.system import qemu_versions
from tyrne.system.errors import RequestError
from tyrne.system.qemu import emulator
from tyrne.system.qemu_versions import DEVIATIONS, Fault, corrected, corrected_report, single_instructions, version

OLD, NEW = (7, 2), (10, 0)
WRONG = Fault(0x8200_0007, 0x80_2002, 0x80_2002)
RIGHT = Fault(0x8A00_0000, 0x80_2002, 0x80_2002)


def test_single_instructions_are_asked_for_in_the_words_of_the_version() -> None:
    assert single_instructions((7, 2)) == single_instructions((8, 0)) == ("-singlestep",)
    assert single_instructions((8, 1)) == single_instructions((10, 0)) == ("-accel", "tcg,one-insn-per-tb=on")


@pytest.mark.qemu
def test_the_emulator_that_is_installed_takes_its_words() -> None:
    command = [*emulator(), *single_instructions(version()), "-M", "none", "-display", "none"]
    done = subprocess.run([*command, "-monitor", "stdio"], input="quit\n", capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    "fault",
    [
        Fault(0x8200_0007, 0x80_2000, 0x80_2000),  # aligned
        Fault(0x8200_000F, 0x80_1000, 0x80_0FFE),  # not of the address itself: no QEMU says so
        Fault(0x9200_0007, 0x80_2002, 0x80_2002),  # of a load
        Fault(0x0200_0000, 0, 0x80_2002),
        RIGHT,
    ],
)
def test_what_is_right_is_left_alone(fault: Fault) -> None:
    assert corrected(fault, OLD) == corrected(fault, None) == fault


def test_a_deviation_is_corrected_in_the_versions_that_have_it() -> None:
    assert corrected(WRONG, OLD) == corrected(WRONG, (6, 0)) == corrected(WRONG, None) == RIGHT
    assert corrected(WRONG, NEW) == WRONG, "there it would be a fault of ours"
    assert all(row.last < NEW and row.reason for row in DEVIATIONS)


def report(fault: Fault) -> dict[str, Any]:
    esr, far, pc = map(hex, fault)
    kind = {0x20: "instruction_abort", 0x22: "pc_alignment"}[fault.syndrome >> 26]
    return {
        "tasks": [
            {"name": "a", "fault": {"kind": kind, "esr": esr, "far": far, "pc": pc}},
            {"name": "b", "fault": None},
        ],
        "syscalls": [
            {"name": "wait", "args": ["0x0"] * 6, "payload": ["0x1", "0x1", esr, far, pc, "0x0", "0x4"]},
            {"name": "task_read", "args": ["0x1", "0x1c", "0x1", esr, far, pc], "payload": None},
            {"name": "yield", "args": ["0x1", "0x1c", "0x1", "0x82000007", "0x802002", "0x802000"], "payload": []},
        ],
    }


def test_a_report_is_corrected_where_a_fault_stands_and_what_was_given_stays() -> None:
    given = report(WRONG)
    assert corrected_report(given, OLD) == report(RIGHT) != given == report(WRONG)
    assert corrected_report(given, NEW) == given


@pytest.mark.parametrize("word", ["", "none", "0x", "-0x1", hex(1 << 64), "0x8200000700000000000000000000"])
def test_words_that_are_none_are_left_as_they_are(word: str) -> None:
    call = {"name": None, "args": [word, "0x802002", "0x802002", word], "payload": [word] * 7}
    task = {"name": "a", "fault": {"kind": "x", "esr": word, "far": word, "pc": word}}
    given = {"tasks": [task, {"name": "b", "fault": {}}], "syscalls": [call]}
    assert corrected_report(given, None) == given


def test_an_emulator_that_tells_no_version_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(qemu_versions, "find_emulator", lambda: "/bin/true")
    with pytest.raises(RequestError, match=r"^/bin/true: does not tell its version$"):
        version.__wrapped__()
