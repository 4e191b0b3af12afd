"""Faults that are put into the kernel, each against a row of a table: the tests that pin what the row says must notice.

The tests are collected once. A fault is a child process in which one function has other code; it runs the tests that
pin the promises of its row, until one fails.
"""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from assurance.mutation.children import BROKEN, Slate, each, limit_time
from assurance.mutation.installing import function_code, live_function
from assurance.mutation.source import Source
from assurance.mutation.suite import Suite, with_suite
from assurance.promises.promises import Promises

FAULTS: Final = Path(__file__).parent / "seeded_faults.toml"
FIELDS: Final = {"row", "what", "file", "function", "old", "new"}
NOTICED, UNNOTICED = 0, 1
SECONDS: Final = 60
"""Of processor time for a fault: one that has no end is noticed by the test that it keeps."""


class FaultError(Exception):
    """An entry is wrong: cause; mend."""


@dataclass(frozen=True)
class Fault:
    """In a function of a file, relative to src/tyrne, one text becomes another. `what` says what is wrong then."""

    row: str
    what: str
    file: str
    function: str
    old: str
    new: str

    def plant(self) -> None:
        """Put it into this process, wherever the function was imported to. There is no way back."""
        source = Source(self.file)
        live_function(source.module, self.function).__code__ = function_code(
            self.broken(), source.path, self.function
        )

    def broken(self) -> str:
        """The source with the fault. Raises FaultError where the function does not have the old text exactly once."""
        source = Source(self.file)
        lines = source.content.decode().splitlines(keepends=True)
        first, last = _lines_of(source.tree, self.function)
        within = "".join(lines[first - 1 : last])
        if within.count(self.old) != 1:
            raise FaultError(
                f"{FAULTS.name}: {self.function} in {self.file} has {self.old!r} {within.count(self.old)} times; "
                "write the fault anew for what the function is now"
            )
        return "".join(lines[: first - 1]) + within.replace(self.old, self.new) + "".join(lines[last:])


def _lines_of(tree: ast.Module, name: str) -> tuple[int, int]:
    """The first and the last line of a function, by its qualified name."""
    at: ast.Module | ast.ClassDef | ast.FunctionDef = tree
    for part in name.split("."):
        inner = [one for one in at.body if isinstance(one, ast.ClassDef | ast.FunctionDef) and one.name == part]
        if not inner:
            raise FaultError(f"{FAULTS.name}: no function is called {name}; write the fault anew for what there is now")
        at = inner[0]
    assert isinstance(at, ast.FunctionDef) and at.end_lineno is not None, f"{name} is no function"
    return at.lineno, at.end_lineno


def read_faults(path: Path = FAULTS) -> list[Fault]:
    """All entries: [[fault]] tables. Raises FaultError."""
    entries = tomllib.loads(path.read_text())["fault"]
    for number, entry in enumerate(entries, 1):
        if set(entry) != FIELDS:
            raise FaultError(f"{path}: fault {number}: a fault has exactly {', '.join(sorted(FIELDS))}")
    return [Fault(**entry) for entry in entries]


@dataclass(frozen=True)
class Outcome:
    """The test that noticed a fault; "" when none did."""

    fault: Fault
    noticed: str


def try_faults(faults: Sequence[Fault], promises: Promises, workers: int) -> list[Outcome]:
    """What the tests of each fault's row make of it, in the order of the faults. Raises FaultError for an entry that is
    wrong, and for a test that fails without any fault."""
    rows = {fault.row: [(pin.file, pin.function) for pin in promises.of_row(fault.row)] for fault in faults}
    for fault in faults:
        fault.broken()
        if not rows[fault.row]:
            raise FaultError(f"{FAULTS.name}: no test pins a promise of the row {fault.row!r}; name one that has some")
    files = sorted({file for tests in rows.values() for file, _ in tests})
    outcomes: list[Outcome] = []

    def use(suite: Suite) -> None:
        names = {row: _named(suite, tests) for row, tests in rows.items()}
        for run in each(faults, lambda fault, slate: _run(suite, names[fault.row], fault, slate), workers):
            if run.status == BROKEN:
                raise FaultError(f"{FAULTS.name}: {run.task.what}: cannot be put into {run.task.function}")
            noticed = names[run.task.row][run.slate] if run.status != UNNOTICED else ""
            outcomes.append(Outcome(run.task, noticed))
        sound = sorted({outcome.noticed for outcome in outcomes if outcome.noticed})
        for ended in each(["without a fault"], lambda _, slate: _run(suite, sound, None, slate), workers):
            if ended.status != UNNOTICED:
                raise FaultError(f"{sound[ended.slate]} fails without any fault; mend that first")

    with_suite(use, files)
    return sorted(outcomes, key=lambda outcome: faults.index(outcome.fault))


def _named(suite: Suite, tests: Sequence[tuple[str, str]]) -> list[str]:
    """The collected tests of some functions, with each of their parameters; those that are about nothing else first."""
    wanted = {f"{file}::{function}" for file, function in tests}
    found = [name for name in suite.items if name.split("[")[0] in wanted]
    return sorted(found, key=lambda name: not name.startswith("tests/promises/"))


def _run(suite: Suite, names: Sequence[str], fault: Fault | None, slate: Slate) -> int:
    """In a child: the tests until one fails, whose number stays on the slate."""
    limit_time(SECONDS)
    if fault is not None:
        fault.plant()
    for number, name in enumerate(names):
        slate.write(number)
        if not suite.passes(name):
            return NOTICED
    return UNNOTICED


def report(outcomes: Sequence[Outcome]) -> int:
    """A line for each fault; the exit status: 1 when one was not noticed."""
    for outcome in outcomes:
        print(f"{outcome.fault.row}: {outcome.fault.what}: {outcome.noticed or 'NO TEST NOTICES'}")
    return int(any(not outcome.noticed for outcome in outcomes))


def missing(faults: Sequence[Fault], rows: Sequence[str], least: int = 2) -> Mapping[str, int]:
    """The rows with fewer faults than they should have, and how many they have."""
    count = {row: sum(fault.row == row for fault in faults) for row in rows}
    return {row: found for row, found in count.items() if found < least}


