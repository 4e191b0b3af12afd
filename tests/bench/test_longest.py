"""How the longest time with interrupts masked is found: in streams of addresses that are made up, and on QEMU."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import pytest

BENCH: Final = Path(__file__).parents[2] / "bench"
WATCH: Final = """
import json, sys
from longest import Watch
windows, stream = json.loads(sys.stdin.read())
high = 1 << 63
watch = Watch([tuple(window) for window in windows], {high + 1}, {high + 2})
number = 0
for what in stream:
    if what < 0:
        watch.event(number, what)
    else:
        watch.instruction(number, high + what if what else 0)
        number += 1
print(json.dumps([watch.longest, watch.late]))
"""
TRIAL: Final = """
import json, sys
from counts import Counter
from longest import masked
from scenarios import FIGURES
from trials import TRIALS
counter = Counter(2)
(trial,) = [trial for trial in TRIALS if trial.name == sys.argv[1]]
found = masked(trial)
counts = [counter.count(figure).most for figure in FIGURES if figure.name in sys.argv[2:]]
print(json.dumps([found.longest, found.late, counts]))
"""
HISTOGRAM: Final = """
import json, sys
from report import Histogram
from rich.console import Console
bounds, rows = json.loads(sys.stdin.read())
histogram = Histogram("title", "unit", tuple(bounds), tuple((name, tuple(values)) for name, values in rows), "note")
console = Console(width=100)
with console.capture() as shown:
    console.print(histogram.table())
print(json.dumps([histogram.to_json()["rows"], shown.get()]))
"""
LATE: Final = """
import json, sys, table
table.TRIALS = [trial for trial in table.TRIALS if trial.name == sys.argv[1]]
print(json.dumps([table.trials()[sys.argv[1]].late, table.late().to_json()]))
"""
USER, ASK, RETURN, OTHER = 0, 1, 2, 3
RAISED, LOWERED, TAKEN = -1, -2, -3


def answer(script: str, *arguments: str, given: object = None) -> Any:
    command = [sys.executable, "-c", script, *arguments]
    text = json.dumps(given)
    done = subprocess.run(command, cwd=BENCH, input=text, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def watched(stream: list[int], *windows: tuple[int, int]) -> tuple[int, list[int]]:
    longest, late = answer(WATCH, given=[windows or [(0, len(stream))], stream])
    return longest, late


def test_a_stretch_ends_with_the_return_and_the_next_begins_with_the_next_trap() -> None:
    assert watched([USER, OTHER, OTHER, RETURN, USER, OTHER, RETURN, USER]) == (3, [])


def test_an_interrupt_that_is_taken_at_the_return_begins_another_stretch() -> None:
    assert watched([USER, OTHER, RETURN, OTHER, OTHER, OTHER, RETURN, USER]) == (4, [])


def test_a_question_ends_a_stretch_and_begins_one() -> None:
    assert watched([USER, OTHER, OTHER, OTHER, ASK, OTHER, ASK, OTHER, RETURN, USER]) == (3, [])
    assert watched([USER, OTHER, ASK, OTHER, OTHER, OTHER, RETURN, USER]) == (5, [])


def test_only_what_is_within_two_readings_counts() -> None:
    stream = [USER, OTHER, OTHER, OTHER, RETURN, USER, OTHER, RETURN, USER, OTHER, OTHER, RETURN, USER]
    assert watched(stream, (5, 8)) == (2, [])
    assert watched(stream, (5, 8), (8, 12)) == (3, [])
    assert watched(stream, (2, 8)) == (2, [])
    assert watched(stream, (0, 3)) == (0, [])


def test_a_tick_is_late_from_when_it_is_raised_to_when_it_is_taken() -> None:
    assert watched([USER, OTHER, RAISED, OTHER, RETURN, OTHER, TAKEN, LOWERED, RETURN, USER])[1] == [3]


def test_a_tick_that_is_called_off_is_not_late_and_one_that_is_raised_again_is_late_from_the_first_time() -> None:
    assert watched([OTHER, RAISED, OTHER, LOWERED, OTHER, TAKEN, RETURN])[1] == []
    assert watched([OTHER, RAISED, OTHER, RAISED, OTHER, TAKEN, RETURN])[1] == [2]


def test_a_histogram_has_what_is_below_each_bound_and_the_rest_and_the_most() -> None:
    rows, shown = answer(HISTOGRAM, given=[[64, 1024], [["some", [3, 63, 64, 1023, 1024, 5000, 70]], ["none", []]]])
    assert rows[0] == {"name": "some", "counts": [2, 3, 2], "most": 5000}
    assert rows[1] == {"name": "none", "counts": [0, 0, 0], "most": None}
    lines = [[cell.strip() for cell in line.strip("│┃").split("│")] for line in shown.splitlines() if "│" in line]
    assert lines == [["some", "2", "3", "2", "5,000"], ["none", "", "", "", ""]]
    assert "<64 ┃ <1,024 ┃ more ┃  most" in shown


@pytest.mark.qemu
def test_the_histogram_of_a_trial_has_all_its_ticks_and_is_the_same_in_every_run() -> None:
    name = "call 15 receivers with full tables"
    late, histogram = answer(LATE, name)
    own, total = histogram["rows"]
    assert (own["name"], own["counts"], own["most"]) == (name, total["counts"], max(late))
    assert sum(own["counts"]) == len(late) and own["counts"][0] == sum(ticks < 64 for ticks in late)
    assert answer(LATE, name) == [late, histogram]


@pytest.mark.qemu
def test_of_a_call_that_asks_nothing_the_stretch_is_its_count_without_the_svc() -> None:
    names = ["map 512 pages, with six new tables", "unmap 512 pages, and free six tables"]
    names.append("protect 512 pages in two tables")
    longest, late, counts = answer(TRIAL, "map, unmap, protect 512 pages, six tables", *names)
    assert longest == max(counts) - 1
    assert late and max(late) < longest + 120
    assert min(late) > 20


@pytest.mark.qemu
def test_a_call_that_fifteen_receivers_have_no_room_for_is_short() -> None:
    longest, late, _ = answer(TRIAL, "call 15 receivers with full tables")
    assert longest < 3_000
    assert late


@pytest.mark.qemu
@pytest.mark.promise(
    "No call, fault or interrupt holds the kernel with interrupts masked for more than 20,000 instructions, but for "
    "bytes to a slow serial line: 4096 of console_write, a line for each end of a task",
)
@pytest.mark.parametrize(
    "trial",
    [
        "create memory of 512 pages, map, drop",
        "map 512 pages of code",
        "revoke 500 descendants",
        "end of a space of one page, the last",
        "exit of a program of 64 pages, the highest",
        "exit with 62 capabilities, 896 derived",
    ],
)
def test_no_program_that_tries_holds_the_kernel_for_more_than_20000_instructions(trial: str) -> None:
    longest, late, _ = answer(TRIAL, trial)
    assert 0 < longest <= 20_000
    assert max(late, default=0) <= 20_000  # who is alone is never ticked
