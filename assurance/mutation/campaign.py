"""Trying mutants: each in a child of its own, on the tests that run the changed lines, until one fails.

A test that fails after others have run in the same child is run once more alone, so that it is the mutant that it
notices and not what they have left behind. All results are kept: a later run tries only what is new.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Final

from assurance.mutation.children import BROKEN, Slate, each, limit_time
from assurance.mutation.installing import install
from assurance.mutation.mutant import Mutant
from assurance.mutation.reach import Reach
from assurance.mutation.source import ROOT, Source
from assurance.mutation.suite import FOLDERS, Suite
from tyrne.system.errors import RequestError

KILLED: Final = 1
"""The exit status of a child in which a test failed."""
LEAST_SECONDS, TIMES_SLOWER = 1.0, 8.0
"""A test that takes more processor time than so many times its own has been caught in a loop."""


Budget = Callable[[Mutant], float]
"""How many seconds of tests a mutant is worth, by the time that they took while they were measured."""


class CampaignError(RequestError):
    """The tool itself failed on a mutant."""


@dataclass
class Result:
    """What became of a mutant: the test that noticed it, or none of those in `tried`, files with their digests."""

    source: str
    """The digest of the file that was changed."""
    killer: str | None = None
    how: str = ""
    """failed, or `signal N` for a child that was ended: 27 is the limit of processor time."""
    tried: dict[str, str] = field(default_factory=dict)
    tests: int = 0
    """How many of their tests were tried, where none of them noticed it."""
    around: str = ""
    """The digest of what all tests share, when it was tried."""


class Results:
    """The results so far, in a file. Those whose source or test has changed do not count.

    When figures are made of them (`exact`), neither do those that are older than any part of the kernel and of what the
    tests share.
    """

    def __init__(self, path: Path, *, exact: bool = False) -> None:
        self._path = path
        self._exact = exact
        self._all: dict[str, Result] = {}
        if path.exists():
            self._all = {name: Result(**found) for name, found in json.loads(path.read_text()).items()}

    def of(self, mutant: Mutant) -> Result | None:
        found = self._all.get(mutant.id)
        if found is None or found.source != source_digest(mutant.file):
            return None
        return None if self._exact and found.around != shared_digest() else found

    def set(self, mutant: Mutant, result: Result) -> None:
        self._all[mutant.id] = replace(result, around=shared_digest())

    def save(self) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        new = self._path.with_suffix(".new")
        new.write_text(json.dumps({name: asdict(found) for name, found in sorted(self._all.items())}))
        new.replace(self._path)


@cache
def test_digest(file: str) -> str:
    path = ROOT / file
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16] if path.exists() else ""


@cache
def source_digest(file: str) -> str:
    return hashlib.sha256(Source(file).content).hexdigest()[:16]


@cache
def shared_digest() -> str:
    """Of the kernel, of what tests are made with, and of what they share among them."""
    found = hashlib.sha256()
    shared = [path for folder in FOLDERS for path in (ROOT / folder).glob("*.py") if not path.name.startswith("test_")]
    for part in ("lang", "hal", "abi", "kernel", "boot", "system", "testing"):
        shared += (ROOT / "src" / "tyrne" / part).rglob("*.py")
    for path in sorted(shared):
        found.update(path.read_bytes())
    return found.hexdigest()[:16]


def test_file(test: str) -> str:
    return test.split("::")[0]


@dataclass(frozen=True)
class Attempt:
    """One child: a mutant, and the tests to run in this order; and the rest, should they all pass."""

    mutant: Mutant
    tests: tuple[str, ...]
    rest: tuple[str, ...] = ()


class Campaign:
    """Tries mutants with a suite whose reach is known."""

    def __init__(self, suite: Suite, reach: Reach, results: Results, workers: int, budget: Budget) -> None:
        self._suite = suite
        self._reach = reach
        self._results = results
        self._workers = workers
        self._budget = budget
        self._again: list[Attempt] = []
        self._waiting: Iterator[Mutant] = iter(())
        self._noticed: dict[tuple[str, str], Counter[str]] = {}
        """By file and function, how many of its mutants each test has noticed."""

    def run(self, mutants: Sequence[Mutant], tick: Callable[[Mutant, Result], None]) -> None:
        """Try all mutants whose result is not known; `tick` is called for each with its result, known or new."""
        new: list[Mutant] = []
        for mutant in mutants:
            known = self._known(mutant)
            if known is None:
                new.append(mutant)
            else:
                self._learn(mutant, known)
                tick(mutant, known)
        count = 0
        self._waiting = iter(new)
        while (first := self._next()) is not None:  # once more for what the last children leave to be tried again
            for ended in each(chain([first], iter(self._next, None)), self._try, self._workers):
                mutant = ended.task.mutant
                if ended.status == BROKEN:
                    raise CampaignError(f"{mutant}: cannot be tried; TYRNE_MUTATION_DEBUG=1 shows why")
                result = self._judged(ended.task, ended.status, ended.slate)
                if result is None:
                    continue
                self._learn(mutant, result)
                self._results.set(mutant, result)
                tick(mutant, result)
                count += 1
                if count % 50 == 0:
                    self._results.save()
        self._results.save()

    def _next(self) -> Attempt | None:
        """What to try next: first what is to be tried again."""
        if self._again:
            return self._again.pop()
        mutant = next(self._waiting, None)
        return None if mutant is None else Attempt(mutant, self._tests(mutant))

    def _known(self, mutant: Mutant) -> Result | None:
        """The result of an earlier run, if nothing that it depends on has changed since."""
        known = self._results.of(mutant)
        if known is None or (known.killer is None and self._untried(mutant, known)):
            return None
        if known.killer is not None:
            file = test_file(known.killer)
            if known.killer not in self._suite.items or known.tried != {file: test_digest(file)}:
                return None
        return known

    def _untried(self, mutant: Mutant, known: Result) -> list[str]:
        """The tests of files that are new or have changed since a mutant survived; all, if it gets more of them now."""
        tests = self._affordable(mutant)
        if len(tests) > known.tests:
            return tests
        return [test for test in tests if known.tried.get(test_file(test)) != test_digest(test_file(test))]

    def _affordable(self, mutant: Mutant) -> list[str]:
        """The tests that run a mutant's check, as many as its budget pays for, at least one: first those that have
        noticed most mutants of the same function, unless they are slow."""
        learnt = self._noticed.get((mutant.file, mutant.function), Counter())
        tests = self._reach.of(mutant.file, mutant.lines, mutant.leads)
        proved = [test for test in tests if learnt[test] and not self._reach.is_slow(test)]
        tests = [*sorted(proved, key=lambda test: (-learnt[test], test)), *tests]
        left = self._budget(mutant)
        found: dict[str, None] = {}
        for test in tests:
            if test not in found and (left > 0 or not found):
                found[test] = None
                left -= self._reach.seconds[test]
        return list(found)

    def _tests(self, mutant: Mutant) -> tuple[str, ...]:
        """The tests to try: for a mutant that has survived some, the others."""
        known = self._results.of(mutant)
        if known is None:
            return tuple(self._affordable(mutant))
        self._learn(mutant, known)
        return tuple(self._affordable(mutant) if known.killer is not None else self._untried(mutant, known))

    def _learn(self, mutant: Mutant, result: Result) -> None:
        if result.killer is not None:
            self._noticed.setdefault((mutant.file, mutant.function), Counter())[result.killer] += 1

    def _try(self, attempt: Attempt, slate: Slate) -> int:
        """In the child."""
        install(Source(attempt.mutant.file), attempt.mutant)
        for i, test in enumerate(attempt.tests):
            slate.write(i)
            limit_time(max(LEAST_SECONDS, TIMES_SLOWER * self._reach.seconds[test]))
            if not self._suite.passes(test):
                return KILLED
            limit_time(0)
        return 0

    def _judged(self, attempt: Attempt, status: int, at: int) -> Result | None:
        """The result of an attempt; None when it takes another one."""
        mutant, tests = attempt.mutant, attempt.tests
        source = source_digest(mutant.file)
        if status != 0:
            if at > 0:
                self._again.append(Attempt(mutant, (tests[at],), tests[at + 1 :]))
                return None
            file = test_file(tests[at])
            how = "failed" if status == KILLED else f"signal {-status}"
            return Result(source, tests[at], how, {file: test_digest(file)})
        if attempt.rest:
            self._again.append(Attempt(mutant, attempt.rest))
            return None
        affordable = self._affordable(mutant)
        files = sorted({test_file(test) for test in affordable})
        return Result(source, None, "", {file: test_digest(file) for file in files}, len(affordable))
