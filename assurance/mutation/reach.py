"""Which tests run which lines of the kernel, and how long each takes: measured once for each test, and kept."""

from __future__ import annotations

import hashlib
import json
import time
import warnings
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import coverage

from assurance.mutation.children import BROKEN, Slate, each
from assurance.mutation.source import PACKAGE, ROOT, kernel_files
from assurance.mutation.suite import Suite
from tyrne.system.errors import RequestError
from tyrne.system.kernel_source import digest

LEFT_OUT: Final = 5
"""The exit status of a child whose test was skipped."""

SLOW: Final = 0.2
"""Seconds of processor time of a test, while it is measured, that are many."""


class ReachError(RequestError):
    """A test fails although nothing is changed, or ends its process."""


@dataclass
class Reach:
    """By test: seconds of processor time while it was measured; and by file and line, the tests that run it."""

    seconds: dict[str, float]
    breadth: dict[str, int]
    """By test: how many lines of the kernel it runs."""
    tests: dict[tuple[str, int], list[str]]

    def of(self, file: str, lines: tuple[int, int], leads: int) -> list[str]:
        """The tests that run one of the lines of a check, the most particular first: those that run the fewest lines of
        the kernel. Those in which the check holds, and so leads to another line, take turns with the others; slow ones
        come last, the quickest of them first."""
        found = {test for line in range(lines[0], lines[1] + 1) for test in self.tests.get((file, line), ())}
        held = found & set(self.tests.get((file, leads), ()))
        quick = sorted((test for test in found if not self.is_slow(test)), key=lambda test: (self.breadth[test], test))
        rank: Counter[bool] = Counter()
        order = []
        for test in quick:
            order.append((rank[test in held], self.breadth[test], test))
            rank[test in held] += 1
        slow = sorted(filter(self.is_slow, found), key=lambda test: (self.seconds[test], test))
        return [*(test for *_, test in sorted(order)), *slow]

    def is_slow(self, test: str) -> bool:
        return self.seconds[test] > SLOW


def measure(suite: Suite, folder: Path, workers: int, tick: Callable[[str], None]) -> Reach:
    """What all tests reach. What was measured before in `folder` is used again while the kernel and the test's file are
    the same. `tick` is called for each test that is measured. Raises ReachError."""
    folder.mkdir(parents=True, exist_ok=True)
    kernel = digest() + str(kernel_files())
    reach = Reach({}, {}, {})
    todo: list[str] = []
    kept: dict[str, Path] = {}
    for file, names in suite.files().items():
        state = hashlib.sha256((kernel + file + str(names)).encode() + (ROOT / file).read_bytes()).hexdigest()[:20]
        for name in names:
            kept[name] = folder / state / (hashlib.sha256(name.encode()).hexdigest()[:20] + ".json")
            if not kept[name].exists():
                kept[name].parent.mkdir(exist_ok=True)
                todo.append(name)

    watch = coverage.Coverage(
        data_file=None,
        include=[f"{PACKAGE}/{part}/*" for part in ("abi", "kernel", "boot", "hal", "hal/aarch64")],
        config_file=False,
    )

    def run(name: str, _: Slate) -> int:
        return _measured(suite, name, kept[name], watch)

    watch.start()  # once, for all children: each starts with what this process has seen, which is nothing of the kernel
    try:
        for ended in each(todo, run, workers):
            if ended.status not in (0, LEFT_OUT):
                cause = (
                    "cannot be measured" if ended.status == BROKEN else "fails when it runs alone, with nothing changed"
                )
                raise ReachError(f"{ended.task}: {cause}; run it with pytest")
            tick(ended.task)
    finally:
        watch.stop()
    for name, path in kept.items():
        found = json.loads(path.read_text())
        if found["left_out"]:
            continue
        reach.seconds[name] = found["seconds"]
        reach.breadth[name] = sum(map(len, found["lines"].values()))
        for source, lines in found["lines"].items():
            for line in lines:
                reach.tests.setdefault((source, line), []).append(name)
    return reach


def _measured(suite: Suite, name: str, path: Path, watch: coverage.Coverage) -> int:
    """In a child: run one test, and write down what it ran."""
    files = {str(PACKAGE / file): file for file in kernel_files()}
    start = time.process_time()
    passed = suite.passes(name)
    seconds = time.process_time() - start
    if not passed:
        return 1
    watch.stop()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", coverage.exceptions.CoverageWarning)  # a test may run none of the kernel
        data = watch.get_data()
    lines = {files[file]: sorted(data.lines(file) or ()) for file in data.measured_files() if file in files}
    left_out = suite.was_skipped()
    path.write_text(json.dumps({"seconds": round(seconds, 4), "lines": lines, "left_out": left_out}))
    return LEFT_OUT if left_out else 0
