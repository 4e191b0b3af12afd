"""Running systems in the project's own tests: reports as `tyrne run` writes them, and manifests on one machine."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import pytest

from tyrne import testing
from tyrne.hosted.machine import HostedMachine
from tyrne.hosted.native import NativeMachine
from tyrne.hosted.recorder import Listener, Recorder
from tyrne.system.qemu_versions import corrected_report, version

Report = dict[str, Any]
"""The JSON of `tyrne run --report`."""

on_each_machine: Final = pytest.mark.parametrize("machine", ["hosted", pytest.param("qemu", marks=pytest.mark.qemu)])


def run_system(paths: Sequence[Path], machine: str, release: bool = False, preempt_calls: int = 0) -> Report:
    """Run a description or programs to the end; the report."""
    return testing.run_system(paths, machine, release=release, preempt_calls=preempt_calls).report()


def run_hosted(manifest: bytes, debug_console: bool = True, listener: Listener | None = None) -> Recorder:
    """Run a manifest to its end; the recorder's `status` is the exit status of the run."""
    recorder = Recorder() if listener is None else Recorder(listener)
    HostedMachine(manifest, recorder, debug_console).run()
    return recorder


def run_native(manifest: bytes, debug_console: bool = True) -> Recorder:
    """As `run_hosted`, with the compiled kernel."""
    recorder = Recorder()
    NativeMachine(manifest, recorder, debug_console).run()
    return recorder


def what_tasks_did(report: Report) -> Report:
    """The parts of a report that every machine must agree on, with what this version of QEMU is known to do wrong
    corrected."""
    if report["machine"] == "qemu":
        report = corrected_report(report, version())
    return {key: report[key] for key in ("status", "console", "tasks", "syscalls")}
