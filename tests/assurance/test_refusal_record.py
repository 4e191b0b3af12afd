"""Which refusals a test pins is recorded from the test itself, if it passes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
TESTS = """
from tyrne.abi import CallNumber as C
from tyrne.testing.world import World

def test_passes():
    assert World(1).refused(0, C.CAP_DROP, 63).name == "INVALID_HANDLE"

def test_again():
    test_passes()

def test_is_not_refused_but_done():
    assert World(1).call(0, C.TASK_YIELD)[0] == 0

def test_fails():
    assert World(1).refused(0, C.NOTIFY, 63).name == "MISSING_RIGHT"
"""


def recorded(path: Path, text: str) -> tuple[int, dict[str, dict[str, int]]]:
    """The exit status, and the refusals of each call that has any."""
    (path / "test_some.py").write_text(text)
    output = path / "refusals.json"
    command = [sys.executable, "-m", "assurance.refusals", str(path / "test_some.py"), "--json", str(output)]
    done = subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True)
    calls = json.loads(output.read_text())["calls"] if output.exists() else {}
    return done.returncode, {call: refusals for call, refusals in calls.items() if refusals}


def test_a_refusal_is_pinned_by_each_test_that_has_it_and_passes(tmp_path: Path) -> None:
    passing = TESTS.split("def test_fails")[0]
    assert recorded(tmp_path, passing) == (0, {"cap_drop": {"INVALID_HANDLE": 2}})


def test_no_figures_are_written_where_a_test_fails(tmp_path: Path) -> None:
    assert recorded(tmp_path, TESTS) == (1, {})
