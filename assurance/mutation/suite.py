"""The tests that may notice a mutant: collected once in this process, run in children of it.

Only tests that run the kernel in CPython are of use. One that compares it with the compiled kernel would notice each
mutant, because only one of the two is changed; that would say nothing about a change in the source, which is in both.
"""

from __future__ import annotations

import contextlib
import io
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import pytest

from assurance.mutation.source import ROOT
from tyrne.system.errors import RequestError

FOLDERS: Final = ("tests/kernel", "tests/hal", "tests/boot", "tests/conformance", "tests/properties")
FIRST_FAILURE: Final = "TYRNE_FIRST_FAILURE"
"""In the environment: properties stop at their first failure, without looking for a smaller one."""


class Failures:
    """Whether a phase of a test has failed since it was asked last, and whether the test was left out."""

    def __init__(self) -> None:
        self.failed = False
        self.skipped = False

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.failed |= report.failed
        self.skipped |= report.skipped


class Suite:
    """The collected tests by their names: path::function[parameters]."""

    def __init__(self, session: pytest.Session, failures: Failures) -> None:
        self.items: Final = {item.nodeid: item for item in session.items}
        self._failures = failures

    def passes(self, name: str) -> bool:
        """Run one test with its fixtures, all of which end with it."""
        item = self.items[name]
        self._failures.failed = False
        item.ihook.pytest_runtest_protocol(item=item, nextitem=None)
        return not self._failures.failed

    def was_skipped(self) -> bool:
        return self._failures.skipped

    def files(self) -> dict[str, list[str]]:
        """The names of the tests by the files that they are in."""
        found: dict[str, list[str]] = {}
        for name in self.items:
            found.setdefault(name.split("::")[0], []).append(name)
        return found


class _Loop(Failures):
    """Does something with the collected tests instead of running them."""

    def __init__(self, use: Callable[[Suite], None]) -> None:
        super().__init__()
        self._use = use
        self.error: BaseException | None = None
        self.ran = False

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        if session.testsfailed:
            return True
        self.ran = True
        try:
            self._use(Suite(session, self))
        except BaseException as error:
            self.error = error
        return True


class SuiteError(RequestError):
    """The tests could not be collected."""


def with_suite(use: Callable[[Suite], None], paths: Sequence[str | Path] = FOLDERS) -> None:
    """Collect the tests below some paths, and hand them over. Raises SuiteError, and what `use` raises."""
    os.environ[FIRST_FAILURE] = "1"
    loop = _Loop(use)
    where = ["-c", str(ROOT / "pyproject.toml"), f"--rootdir={ROOT}", f"--confcutdir={ROOT}"]
    plain = ["-p", "no:cacheprovider", "-p", "no:xdist", "-s", "-m", "not qemu"]
    said = io.StringIO()
    try:
        with contextlib.redirect_stdout(said):
            pytest.main([*where, *plain, *(str(ROOT / path) for path in paths)], plugins=[loop])
    finally:
        del os.environ[FIRST_FAILURE]
    if loop.error is not None:
        raise loop.error
    if not loop.ran:
        raise SuiteError(f"the tests below {', '.join(map(str, paths))} cannot be collected:\n{said.getvalue()}")
