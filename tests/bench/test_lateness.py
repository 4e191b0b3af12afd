"""Deadlines while others hold the kernel as long as they can: never early, never later than the budget; and no tick for
who is alone."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from tyrne import testing

BENCH: Final = Path(__file__).parents[2] / "bench"
BUDGET: Final = 20_000
"""Instructions."""
TAKEN: Final = """
import json
from lateness import lateness
from trials import TRIALS
print(json.dumps({trial.name: vars(lateness(trial)) for trial in TRIALS}))
"""


@pytest.mark.qemu
@pytest.mark.promise("A deadline is never early")
def test_in_a_billion_instructions_of_programs_that_try_no_sleeper_is_early_or_later_than_20000() -> None:
    """The sleeper ends the run with an error when it wakes early."""
    done = subprocess.run([sys.executable, "-c", TAKEN], cwd=BENCH, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert len(found) >= 16 and all(0 < late["earliest"] <= late["latest"] <= BUDGET for late in found.values())
    assert all(late["deadlines"] > 0 for late in found.values())
    assert sum(late["instructions"] for late in found.values()) > 1_000_000_000


ALONE: Final = """
.global _start
_start: ldr     x1, =500000000
1:      subs    x1, x1, #1
        b.ne    1b
        mov     x0, #0
        mov     x8, #4
        svc     #0
"""
SYSTEM: Final = """
[system]
name = "alone"
slice = 1_000

[[task]]
name = "alone"
program = "alone.S"
"""


@pytest.mark.qemu
def test_who_is_alone_is_not_ticked_in_a_billion_instructions(tmp_path: Path) -> None:
    (tmp_path / "alone.S").write_text(ALONE)
    (tmp_path / "alone.toml").write_text(SYSTEM)
    report = testing.run_system([tmp_path / "alone.toml"], "qemu", max_instructions=2_000_000_000).report()
    assert report["status"] == 0 and report["instructions"] > 1_000_000_000
    assert report["replay"]["interrupts"] == []
