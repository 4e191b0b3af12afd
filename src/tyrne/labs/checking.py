"""Running the tests of a lab on what a learner has made."""

from __future__ import annotations

import importlib
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tyrne.labs.lab import Lab
from tyrne.labs.work import MissingError, UnusableError, Work, read_mine

Check = Callable[[Work], None]
"""A test: its docstring says what it looks at; MissingError says what is missing."""


@dataclass(frozen=True)
class Outcome:
    """What a test found: `missing` is None if nothing is."""

    looks_at: str
    missing: str | None


def checks_of(lab: Lab) -> tuple[Check, ...]:
    """The tests of a lab, in the order in which they are made."""
    checks: tuple[Check, ...] = importlib.import_module(lab.module).CHECKS
    return checks


def file_of(lab: Lab) -> Path:
    """Where they can be read."""
    return Path(__file__).with_name(f"{lab.module.rpartition('.')[2]}.py")


def check_lab(lab: Lab, folder: Path, machine: str = "hosted") -> Iterator[Outcome]:
    """Make each test, when its outcome is asked for; the last is the one that finds that nothing can be run.
    RequestError, at once, where the folder lacks a file of the learner's."""
    return _outcomes(lab, read_mine(lab, folder), machine)


def _outcomes(lab: Lab, mine: dict[str, bytes], machine: str) -> Iterator[Outcome]:
    with tempfile.TemporaryDirectory(prefix="tyrne-lab-") as scratch:
        work = Work(lab, mine, Path(scratch).resolve(), machine)
        for check in checks_of(lab):
            missing, ends = None, False
            try:
                check(work)
            except MissingError as found:
                missing, ends = work.told(str(found)), isinstance(found, UnusableError)
            yield Outcome((check.__doc__ or "").partition("\n")[0].rstrip("."), missing)
            if ends:
                return
