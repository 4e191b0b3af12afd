"""What each of these paths takes, to the instruction.

A number that is no longer true is no failure of the kernel: look where the instructions went (bench/where.py), then
change the number in the commit that changes the path.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[2]
BENCH: Final = ROOT / "bench"
ABOVE: Final = ROOT / "docs" / "decisions" / "0036-above-the-budgets.md"
SAMPLES: Final = 9
"""Odd, and enough that what is done only once is not in the middle of them."""
COUNTS: Final = {
    "rejected call": 67,
    "call on a null capability": 115,
    "poll of an idle notification": 134,
    "yield, nothing else to run": 110,
    "yield switch, two address spaces": 244,
    "4-word call, one way": 173,
    "4-word reply and wait, one way": 186,
    "4-word call → reply, round trip": 359,
    "the same, threads with FP/SIMD": 481,
    "4 words + 1 capability, one way": 328,
    "fault → supervisor": 203,
    "answer → faulted task goes on": 183,
    "signal → waiter": 332,
    "interrupt → driver": 350,
    "acknowledge an interrupt": 291,
    "read the clock": 286,
    "set a deadline": 399,
    "deadline → the sleeper has read the clock": 719,  # or 703: it is read from the clock, whose count is 16
}
COLUMNS: Final = {
    "call → reply": "4-word call → reply, round trip",
    "with FP/SIMD": "the same, threads with FP/SIMD",
    "with a capability": "4 words + 1 capability, one way",
    "yield alone": "yield, nothing else to run",
    "yield switch": "yield switch, two address spaces",
    "signal → waiter": "signal → waiter",
    "map": "map a page",
    "unmap": "unmap a page",
}
"""The paths of the table of instructions in `ABOVE`."""
COUNT: Final = """
import json, sys
from counts import Counter
from scenarios import FIGURES
counter = Counter(int(sys.argv[1]))
print(json.dumps({figure.name: counter.count(figure).median for figure in FIGURES if figure.name in sys.argv[2:]}))
"""


BY_ROWS: Final = """
import json, sys
from scenarios import FIGURES
from where import by_rows
names = {figure.name: figure for figure in FIGURES}
print(json.dumps({name: {row: each.total() for row, each in by_rows(names[name]).items()} for name in sys.argv[1:]}))
"""


@pytest.mark.qemu
def test_each_path_takes_as_many_instructions_as_are_written_here() -> None:
    command = [sys.executable, "-c", COUNT, str(SAMPLES), *COUNTS]
    done = subprocess.run(command, cwd=BENCH, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == COUNTS


def table_of_instructions() -> tuple[dict[str, dict[str, int]], dict[str, int]]:
    """By path, what its instructions are for; and by path how many they are together."""
    lines = [line for line in ABOVE.read_text().splitlines() if line.startswith("|")]
    table = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    head = next(index for index, cells in enumerate(table) if set(COLUMNS) <= set(cells))
    names, _, *rows, together, _ = table[head:]
    paths = enumerate(names[1:], 1)
    counts = {name: {row[0]: int(row[column]) for row in rows} for column, name in paths}
    return counts, dict(zip(names[1:], map(int, together[1:]), strict=True))


def test_what_the_instructions_above_the_budgets_are_for_comes_to_the_whole_of_each_path() -> None:
    counts, together = table_of_instructions()
    assert counts.keys() == COLUMNS.keys()
    for name, rows in counts.items():
        assert sum(rows.values()) == together[name]
        assert together[name] == COUNTS.get(COLUMNS[name], together[name])


@pytest.mark.qemu
def test_the_rows_of_the_instructions_above_the_budgets_are_those_that_are_printed() -> None:
    command = [sys.executable, "-c", BY_ROWS, *COLUMNS.values()]
    done = subprocess.run(command, cwd=BENCH, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    printed = json.loads(done.stdout)
    assert {name: printed[path] for name, path in COLUMNS.items()} == table_of_instructions()[0]
