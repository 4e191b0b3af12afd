"""Running a system in a test as `tyrne run` does, on either machine."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import pytest

from tyrne.hosted.recorder import Listener
from tyrne.system.run import Machine, Request, prepare
from tyrne.system.select import load_system, select

Report = dict[str, Any]
"""The JSON of `tyrne run --report`."""

on_each_machine: Final = pytest.mark.parametrize("machine", ["hosted", pytest.param("qemu", marks=pytest.mark.qemu)])
LIMIT: Final = 50_000_000
"""Instructions, so that no test runs for ever."""


def run_system(paths: Sequence[Path], machine: str, release: bool = False) -> Report:
    """Run a description or programs to the end; the report."""
    system = load_system(select(paths))
    return prepare(Request(system, Machine(machine), release, LIMIT)).run(Listener()).report()


def what_tasks_did(report: Report) -> Report:
    """The parts of a report that every machine must agree on."""
    return {key: report[key] for key in ("status", "console", "tasks", "syscalls")}
