"""What all tests share: those that need QEMU are left out where it is missing, and the summary says so loudly.

Beside this file, running.py is importable from every folder of tests.
"""

import shutil
from collections import Counter

import pytest

QEMU = "qemu-system-aarch64"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if shutil.which(QEMU) is None:
        missing = pytest.mark.skip(reason=f"{QEMU} is not installed")
        for item in items:
            if item.get_closest_marker("qemu"):
                item.add_marker(missing)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
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
    write(f"{ran} tests booted the compiled kernel on QEMU, {on_qemu['passed']} passed")
    if on_qemu["skipped"]:
        write(f"LEFT OUT: {on_qemu['skipped']} tests that boot on QEMU did not run", red=True, bold=True)
        if shutil.which(QEMU) is None:
            write(f"{QEMU} is missing; install it with: apt-get install qemu-system-arm", red=True, bold=True)
    if skipped > on_qemu["skipped"]:
        write(f"LEFT OUT: {skipped - on_qemu['skipped']} other tests did not run", red=True, bold=True)
