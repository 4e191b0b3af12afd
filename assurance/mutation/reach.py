"""Which tests run which lines of the kernel, and how long each takes: measured once for each test, and kept."""

from __future__ import annotations

import hashlib
import json
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import coverage

from assurance.mutation.children import BROKEN, Slate, each
from assurance.mutation.source import PACKAGE, ROOT, kernel_files
from assurance.mutation.suite import Suite
from tyrne.system.kernel_source import digest

LEFT_OUT: Final = 5
"""The exit status of a child whose test was skipped."""


class ReachError(Exception):
    """A test fails although nothing is changed, or ends its process."""


@dataclass
class Reach:
    """By test: seconds of processor time while it was measured; and by file and line, the tests that run it."""

    seconds: dict[str, float]
    tests: dict[tuple[str, int], list[str]]

    def of(self, file: str, lines: tuple[int, int]) -> list[str]:
        """The tests that run one of the lines of a check, the quickest first."""
        found = {test for line in range(lines[0], lines[1] + 1) for test in self.tests.get((file, line), ())}
        return sorted(found, key=lambda test: (self.seconds[test], test))


def measure(suite: Suite, folder: Path, workers: int, tick: Callable[[str], None]) -> Reach:
    """What all tests reach. What was measured before in `folder` is used again while the kernel and the test's file are
    the same. `tick` is called for each test that is measured. Raises ReachError."""
    folder.mkdir(parents=True, exist_ok=True)
    kernel = digest()
    reach = Reach({}, {})
    todo: list[str] = []
    kept: dict[str, Path] = {}
    for file, names in suite.files().items():
        state = hashlib.sha256((kernel + file + str(names)).encode() + (ROOT / file).read_bytes()).hexdigest()[:20]
        for name in names:
            kept[name] = folder / state / (hashlib.sha256(name.encode()).hexdigest()[:20] + ".json")
            if not kept[name].exists():
                kept[name].parent.mkdir(exist_ok=True)
                todo.append(name)

    def run(name: str, _: Slate) -> int:
        return _measured(suite, name, kept[name])

    warm = _watch([])
    warm.start()
    warm.stop()  # so that no child has to load what coverage needs
    for ended in each(todo, run, workers):
        if ended.status not in (0, LEFT_OUT):
            cause = "cannot be measured" if ended.status == BROKEN else "does not pass on its own, with nothing changed"
            raise ReachError(f"{ended.task}: {cause}; run it with pytest")
        tick(ended.task)
    for name, path in kept.items():
        found = json.loads(path.read_text())
        if found["left_out"]:
            continue
        reach.seconds[name] = found["seconds"]
        for source, lines in found["lines"].items():
            for line in lines:
                reach.tests.setdefault((source, line), []).append(name)
    return reach


def _watch(files: list[str]) -> coverage.Coverage:
    return coverage.Coverage(data_file=None, include=files, config_file=False)


def _measured(suite: Suite, name: str, path: Path) -> int:
    """In a child: run one test, and write down what it ran."""
    files = {str(PACKAGE / file): file for file in kernel_files()}
    watch = _watch(list(files))
    start = time.process_time()
    watch.start()
    passed = suite.passes(name)
    watch.stop()
    seconds = time.process_time() - start
    if not passed:
        return 1
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", coverage.exceptions.CoverageWarning)  # a test may run none of the kernel
        data = watch.get_data()
    lines = {files[file]: sorted(data.lines(file) or ()) for file in data.measured_files()}
    left_out = suite.was_skipped()
    path.write_text(json.dumps({"seconds": round(seconds, 4), "lines": lines, "left_out": left_out}))
    return LEFT_OUT if left_out else 0
