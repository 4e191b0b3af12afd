"""Some mutants with one test each that notices them: sample.toml, which `make test` tries in seconds.

It says that the tool works and that these tests still bite. The campaign says it of all.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from assurance.mutation.campaign import KILLED, test_file
from assurance.mutation.children import BROKEN, Slate, each, limit_time
from assurance.mutation.equivalent import key
from assurance.mutation.installing import install
from assurance.mutation.mutant import Mutant
from assurance.mutation.source import Source
from assurance.mutation.suite import Suite, with_suite

SAMPLE: Final = Path(__file__).parent / "sample.toml"
MEND: Final = 'make it anew: make mutate ARGS="--resample 50"'
SECONDS: Final = 10.0
"""The most processor time that a test may take; the tests of the sample take a tenth of a second."""


@dataclass(frozen=True)
class Pair:
    """A mutant by what identifies it, and the test that notices it."""

    file: str
    function: str
    check: str
    changed: str
    test: str


def read(path: Path = SAMPLE) -> list[Pair]:
    return [Pair(**entry) for entry in tomllib.loads(path.read_text())["mutant"]]


def write(pairs: Iterable[Pair], path: Path = SAMPLE) -> None:
    lines = ["# Mutants, and a test that notices each. Made by: make mutate ARGS='--resample N'", ""]
    for pair in pairs:
        lines.append("[[mutant]]")
        lines += [f"{name} = {json.dumps(value, ensure_ascii=False)}" for name, value in vars(pair).items()]
        lines.append("")
    path.write_text("\n".join(lines))


def chosen(killed: Sequence[tuple[Mutant, str]], count: int) -> list[Pair]:
    """As many of some mutants with the tests that notice them: of every category in turn, and no second one of a file
    before each file has one."""
    rest = sorted(killed, key=lambda one: one[0].id)
    pairs: list[Pair] = []
    files: set[str] = set()
    while rest and len(pairs) < count:
        for category in sorted({mutant.category for mutant, _ in rest}):
            unseen = [one for one in rest if one[0].file not in files] or rest
            found = next((one for one in unseen if one[0].category == category), None)
            if found is None:
                continue
            mutant, test = found
            rest.remove(found)
            files.add(mutant.file)
            pairs.append(Pair(*key(mutant), test))
    return sorted(pairs[:count], key=lambda pair: (pair.file, pair.function, pair.changed))


def wrong(pairs: Sequence[Pair], mutants: Sequence[Mutant], workers: int) -> list[str]:
    """What is wrong with a sample: a mutant or a test that is not there, a survivor, a test that fails anyway."""
    found: list[str] = []
    by_key = {key(mutant): mutant for mutant in reversed(mutants)}
    tasks: list[tuple[Pair, Mutant | None]] = []
    for pair in pairs:
        mutant = by_key.get((pair.file, pair.function, pair.check, pair.changed))
        if mutant is None:
            found.append(f"sample: no mutant of {pair.function} reads {pair.changed!r}; {MEND}")
        else:
            tasks += [(pair, mutant), (pair, None)]

    def use(suite: Suite) -> None:
        there = [task for task in tasks if task[0].test in suite.items]
        missing = {task[0].test for task in tasks} - set(suite.items)
        found.extend(f"sample: there is no test {test}; {MEND}" for test in sorted(missing))

        def run(task: tuple[Pair, Mutant | None], _: Slate) -> int:
            pair, mutant = task
            if mutant is not None:
                install(Source(mutant.file), mutant)
            limit_time(SECONDS)
            return 0 if suite.passes(pair.test) else KILLED

        for ended in each(there, run, workers):
            pair, mutant = ended.task
            if ended.status == BROKEN:
                found.append(f"{pair.test}: cannot be tried; TYRNE_MUTATION_DEBUG=1 shows why")
            elif mutant is not None and ended.status == 0:
                found.append(f"{mutant}: survives {pair.test}; mend the test, or {MEND}")
            elif mutant is None and ended.status != 0:
                found.append(f"{pair.test}: does not pass, with nothing changed; run it with pytest")

    with_suite(use, sorted({test_file(pair.test) for pair in pairs}))
    return found
