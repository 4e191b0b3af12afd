"""Lab 4, a scheduler change: the tests. Each takes the work, runs it, and raises MissingError with what is not as it
has to be.

The system runs under a copy of the kernel with the learner's scheduler.py, in a process of its own.
"""

from __future__ import annotations

import re
from typing import Any, Final

from tyrne.labs.changed_kernel import ChangedKernel
from tyrne.labs.words import troubles
from tyrne.labs.work import MissingError, Work

SLICE: Final = 100_000
"""Nanoseconds of a turn, as the description says; on hosted an instruction takes one."""
WAKING: Final = 10_000
"""What it takes at most to wake somebody whom nobody else keeps waiting."""
TASKS: Final = ["first", "second", "listener"]
_LATE: Final = re.compile(r"listener: late by (\d+)\n")


def _kernel(work: Work) -> ChangedKernel:
    if "kernel" not in work.kept:
        folder = work.scratch / "kernel"
        folder.mkdir()
        work.kept["kernel"] = ChangedKernel(folder, work.mine)
    kernel: ChangedKernel = work.kept["kernel"]
    return kernel


def _report(work: Work) -> dict[str, Any]:
    if "report" not in work.kept:
        work.kept["report"] = _kernel(work).report(work.place(()) / "system.toml", work.machine)
    report: dict[str, Any] = work.kept["report"]
    return report


def the_kernel_runs(work: Work) -> None:
    """The changed kernel runs the system to its end"""
    report = _report(work)
    if report["status"] != 0:
        raise MissingError(f"the run ended with status {report['status']}: {troubles(report) or 'no task says why'}")


def tasks_begin_in_order(work: Work) -> None:
    """Tasks begin in the order of the description"""
    callers = [call["task"] for call in _report(work)["syscalls"]]
    order = list(dict.fromkeys(callers))
    if order != TASKS:
        raise MissingError(
            f"they begin in the order {', '.join(order)}: a task that has not waited for anything, because it has "
            "just been started, goes behind its equals as before"
        )


def who_has_waited_is_next(work: Work) -> None:
    """Who has waited runs when the running turn is over, before all its equals"""
    found = [int(late) for late in _LATE.findall(_report(work)["console"])]
    if not found:
        raise MissingError("the listener was never woken")
    latest = max(found)
    if latest > SLICE + WAKING:
        raise MissingError(
            f"the listener was woken {latest:,} ns late, and a turn lasts {SLICE:,}: it still waits for the turns of "
            "others who are as urgent; in make_ready it goes behind them"
        )


def turns_are_kept(work: Work) -> None:
    """A turn belongs to its task: nobody as urgent interrupts it"""
    found = [int(late) for late in _LATE.findall(_report(work)["console"])]
    while_they_count = found[:3]
    if not while_they_count or min(while_they_count) < WAKING:
        raise MissingError(
            f"the listener ran {min(while_they_count or [0]):,} ns after it was woken, in the middle of a turn of "
            "somebody as urgent: it is to be the first of its own queue, and no more urgent than before"
        )


def what_must_hold_holds(work: Work) -> None:
    """Every invariant of the kernel holds after each step"""
    _kernel(work).check_invariants(work.place(()) / "system.toml")


CHECKS: Final = (
    the_kernel_runs,
    tasks_begin_in_order,
    who_has_waited_is_next,
    turns_are_kept,
    what_must_hold_holds,
)
