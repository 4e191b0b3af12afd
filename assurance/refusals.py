"""`make refusals`: which refusals of which calls a test pins.

Runs the tests of the kernel that have calls refused, and writes down which status each of those calls ended in. What
counts is `World.refused`: it demands that the call is refused and leaves the whole kernel as it was, and hands the test
the status to compare. A test that fails pins nothing. The exit status is 0; 1 when a test failed; 2 when none ran.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import pytest

from tyrne.abi import CallNumber, Status
from tyrne.system.kernel_source import digest
from tyrne.testing.commands import check_output, guarded, write_figures
from tyrne.testing.world import World

ROOT: Final = Path(__file__).parents[1]
TESTS: Final = ROOT / "tests" / "kernel"
COMMAND: Final = "make refusals"

Refusal = tuple[CallNumber, Status]


class Recorder:
    """A plugin of pytest: how many tests that passed have each call refused with each status."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.tests: Counter[Refusal] = Counter()
        self.passed = 0
        self._met: set[Refusal] = set()
        refused = World.refused

        def recorded(world: World, task: int, number: CallNumber, *arguments: int) -> Status:
            status = refused(world, task, number, *arguments)
            self._met.add((number, status))
            return status

        patch.setattr(World, "refused", recorded)

    def pytest_runtest_setup(self) -> None:
        self._met.clear()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call" and report.passed:
            self.tests.update(self._met)
            self.passed += 1


def tests_with_refusals(folder: Path = TESTS) -> list[Path]:
    """Files of tests that have a call refused."""
    return [path for path in sorted(folder.glob("test_*.py")) if "refused(" in path.read_text()]


def recorded(paths: Sequence[Path]) -> tuple[Recorder, int]:
    """Run tests in this process; what they have pinned, and the exit status of pytest."""
    with pytest.MonkeyPatch.context() as patch:
        recorder = Recorder(patch)
        options = ["-q", "-p", "no:cacheprovider", f"--rootdir={ROOT}", "--no-header"]
        return recorder, int(pytest.main([*options, *map(str, paths)], plugins=[recorder]))


def figures(recorder: Recorder) -> dict[str, Any]:
    """What assurance/results/refusals.json holds: the tests of each refusal of each call, both by their names."""
    calls = {
        number.name.lower(): {
            status.name: recorder.tests[number, status] for status in Status if recorder.tests[number, status]
        }
        for number in CallNumber
    }
    return {"command": COMMAND, "kernel": digest(), "tests": recorder.passed, "calls": calls}


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog=COMMAND, description="Which refusals of which calls a test pins.")
    parser.add_argument("tests", nargs="*", type=Path, help="files of tests (default: the kernel's)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write them there as well")
    options = parser.parse_args(arguments)
    return guarded("refusals", lambda: _recorded(options.tests or tests_with_refusals(), options.json))


def _recorded(tests: Sequence[Path], output: Path | None) -> int:
    if output is not None:
        check_output(output)
    recorder, status = recorded(tests)
    found = figures(recorder)
    for call, refusals in found["calls"].items():
        print(f"{call:15} {', '.join(f'{name} {tests}' for name, tests in refusals.items()) or 'none'}")
    if not recorder.passed:
        print("refusals: no test has passed; try: pytest tests/kernel", file=sys.stderr)
        return 2
    if status == 0 and output is not None:
        write_figures(output, found)
    return 1 if status else 0


if __name__ == "__main__":
    sys.exit(main())
