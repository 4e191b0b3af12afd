"""What all tests share: the summary says loudly which of them were left out.

The fixtures, and the mark of tests that boot QEMU, are those of tyrne.testing.plugin. Beside this file, running.py is
importable from every folder of tests.
"""

import gc
import json
import os
import shutil
import sys
from collections import Counter
from collections.abc import Callable
from typing import TypeVar

import coverage
import pytest

from assurance.promises.faults import read_faults
from assurance.promises.listing import LIST, listing
from assurance.promises.promises import read
from assurance.scorecard.results import CARD
from folders import HOSTED
from interrupts import heed_interrupts
from tyrne.system.kernel_source import digest
from tyrne.system.qemu import EMULATOR, INSTALL
from tyrne.testing import invariants, state

T = TypeVar("T")



def pytest_configure(config: pytest.Config) -> None:
    heed_interrupts()
    os.environ.pop("PYTHONUNBUFFERED", None)  # else commands that forget to flush would be heard here, and by no user
    if coverage.Coverage.current() is not None:
        invariants.violations = untraced(invariants.violations)
        state.state = untraced(state.state)
    config.addinivalue_line("markers", "branches: the branches that it takes are counted (given by its folder)")
    config.addinivalue_line("markers", "repeats: does many times what others do once")
    config.addinivalue_line("markers", "more: takes long, or builds what others wrote; `make test-more` runs it")
    config.addinivalue_line("markers", "promise(*statements): pins these statements of docs/security.md, word for word")


def untraced(check: Callable[..., T]) -> Callable[..., T]:
    """The same, unseen by what counts branches: these checks read a kernel and run none of it, and take most of the
    time of its tests, twice as much where each of their lines is looked at."""

    def unseen(*arguments: object, **named: object) -> T:
        tracer = sys.gettrace()
        sys.settrace(None)
        try:
            return check(*arguments, **named)
        finally:
            sys.settrace(tracer)

    return unseen


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests under which the branches that they take are counted: `make test` runs them apart."""
    for item in items:
        folder = item.path.relative_to(item.config.rootpath).parts[1]
        if folder in HOSTED and not any(map(item.get_closest_marker, ("qemu", "repeats"))):
            item.add_marker("branches")


def pytest_collection_finish() -> None:
    """Leave what is there by now out of each collection of garbage: it stays to the end, and to go through it again and
    again takes a third of the time of tests that compare many states."""
    gc.collect()
    gc.freeze()


def pytest_sessionfinish() -> None:
    """Save what was measured: a worker that takes more than some seconds to end is killed, and its measure lost."""
    measure = coverage.Coverage.current()
    if measure is not None:
        measure.save()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    summarise_qemu(terminalreporter)
    summarise_linux(terminalreporter)
    summarise_browser(terminalreporter)
    summarise_scorecard(terminalreporter)
    summarise_promises(terminalreporter)


def summarise_scorecard(terminalreporter: pytest.TerminalReporter) -> None:
    """A line in red when the scorecard was tested, and is about another kernel than that of these sources."""
    tested = any("test_scorecard.py" in report.nodeid for report in terminalreporter.stats.get("passed", []))
    if tested and json.loads(CARD.read_text())["kernel"] != digest():
        terminalreporter.section("scorecard")
        said = "BEHIND: docs/scorecard.md is about an earlier kernel; make assure takes its figures anew"
        terminalreporter.write_line(said, red=True, bold=True)


def summarise_promises(terminalreporter: pytest.TerminalReporter) -> None:
    """A line in red when the list of promises was tested, and its page is not what page and tests say now."""
    tested = any("test_list_of_promises.py" in report.nodeid for report in terminalreporter.stats.get("passed", []))
    if tested and LIST.read_text() != listing(read(), read_faults()):
        terminalreporter.section("promises")
        said = "BEHIND: docs/promises.md is about other sentences or other tests; make promises writes it anew"
        terminalreporter.write_line(said, red=True, bold=True)


def summarise_browser(terminalreporter: pytest.TerminalReporter) -> None:
    """A line in red when tests of pages did not run because there is no browser."""
    reasons = [report.longrepr[2] for report in terminalreporter.stats.get("skipped", [])]
    missing = [reason.removeprefix("Skipped: ") for reason in reasons if "no browser" in reason]
    if missing:
        terminalreporter.section("pages")
        terminalreporter.write_line(f"LEFT OUT: {len(missing)} tests of pages: {missing[0]}", red=True, bold=True)


def summarise_linux(terminalreporter: pytest.TerminalReporter) -> None:
    """A line in red for each reason why tests of Linux programs did not run: what they need comes from a network."""
    skipped = [report for report in terminalreporter.stats.get("skipped", []) if "tests/linux/" in report.nodeid]
    reasons = Counter(report.longrepr[2].removeprefix("Skipped: ") for report in skipped)
    if reasons:
        terminalreporter.section("Linux programs")
    for reason, count in reasons.items():
        terminalreporter.write_line(f"LEFT OUT: {count} tests of Linux programs: {reason}", red=True, bold=True)


def summarise_qemu(terminalreporter: pytest.TerminalReporter) -> None:
    """One line on what ran on QEMU; another, in red, on what was left out of the whole run."""
    on_qemu: Counter[str] = Counter()
    for outcome in ("passed", "failed", "error", "skipped"):
        for report in terminalreporter.stats.get(outcome, []):
            if "qemu" in getattr(report, "keywords", {}):
                on_qemu[outcome] += 1
    skipped = len(terminalreporter.stats.get("skipped", []))
    if not on_qemu and not skipped:
        return
    write = terminalreporter.write_line
    terminalreporter.section("QEMU")
    ran = on_qemu["passed"] + on_qemu["failed"] + on_qemu["error"]
    write(f"{ran} tests ran on QEMU, {on_qemu['passed']} passed")
    if on_qemu["skipped"]:
        write(f"LEFT OUT: {on_qemu['skipped']} tests on QEMU did not run", red=True, bold=True)
        if shutil.which(EMULATOR) is None:
            write(f"{EMULATOR} is missing; install it with: {INSTALL}", red=True, bold=True)
    if skipped > on_qemu["skipped"]:
        write(f"LEFT OUT: {skipped - on_qemu['skipped']} other tests did not run", red=True, bold=True)
