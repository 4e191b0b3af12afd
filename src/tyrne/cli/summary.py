"""After a run: what became of each task, and why the run ended other than by its tasks."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from tyrne.cli.output import complain, say
from tyrne.hosted.happened import CallEvent
from tyrne.system.policy import Policy
from tyrne.system.run import STATUS_DEADLOCK, STATUS_LIMIT, STATUS_PANIC, Result

if TYPE_CHECKING:
    from rich.console import Console

    from tyrne.system.explanation import Explainer

EXPLAINED: Final = 16
"""Faults, of which many tasks that were made meanwhile may have had one each."""
_SERVES: Final = "if it serves, write serves = true in its [[task]]"
REFUSED_CODE: Final = 102
"""With it `granted` and `done` of the user library end a program that cannot go on."""


def show_summary(console: Console, result: Result) -> None:
    """A line for each task and one for the whole, for a terminal."""
    from rich.table import Table  # here: a run into a pipe does without
    from rich.text import Text

    table = Table(box=None, padding=(0, 2, 0, 0))
    for title in ("task", "state", "result"):
        table.add_column(title, style="dim" if title == "result" else None, header_style="dim")
    report = result.outcome()
    for task in report["tasks"]:
        good = task["state"] == "exited" and task["code"] == 0
        state = Text(task["state"], style="green" if good else "red")
        table.add_row(Text(task["name"]), state, _outcome(task, result.status))  # a name may look like markup
    console.print(table)
    console.print(
        f"system calls {result.recorder.call_count:,} · instructions {report['instructions']:,} · {report['machine']}"
        f" · {report['profile']} kernel · status {result.status}",
        style="dim",
        soft_wrap=True,
    )


def _outcome(task: dict[str, Any], status: int) -> str:
    fault = task["fault"]
    if task["state"] == "waiting":
        return "" if status == STATUS_DEADLOCK else "waits, or is suspended"
    if fault:
        return f"{fault['kind'].replace('_', ' ')} at pc {fault['pc']}, address {fault['far']}"
    return "" if task["code"] is None else f"code {task['code']}"


def who_stands(result: Result) -> Iterator[str]:
    """Each task that has not ended, where it was and what it waits for."""
    standings = sorted(result.recorder.standings.items())
    yield from (result.explainer.standing(task, standing) for task, standing in standings)


def explain(result: Result) -> Iterator[str]:
    """Why a run ended other than by its tasks' exits, and where those stood that had not ended."""
    match result.status:
        case _ if result.interrupted:
            yield "interrupted"
            yield from who_stands(result)
        case _ if result.timed_out:
            from tyrne.system.qemu import WALL_SECONDS

            seconds = result.request.max_seconds or WALL_SECONDS
            yield f"stopped: {seconds:g} seconds have passed; give it more with --max-seconds N"
            yield from who_stands(result)
        case status if status == STATUS_PANIC:
            first = bytes(result.recorder.panic_bytes).decode(errors="backslashreplace").partition("\n")[0]
            yield f"kernel panic, a defect of tyrne: {first or 'no report'}"
        case status if status == STATUS_LIMIT:
            yield f"stopped: the limit of {result.limit} instructions was reached"
            yield from who_stands(result)
        case status if status == STATUS_DEADLOCK:
            from tyrne.system.deserted import left_alone  # here: most runs need no explanation

            alone = left_alone(result.request.system, result.recorder)
            for task, standing in sorted(result.recorder.standings.items()):
                mend = f"; all its clients have ended: {_SERVES}" if task in alone else ""
                yield f"deadlock: {result.explainer.standing(task, standing)}{mend}"
            if not result.recorder.standings:
                yield "deadlock: no task can run, and nothing is left to start one"


def explain_faults(result: Result) -> Iterator[str]:
    """What each fault that ended a task means, and where in its source it was."""
    faults = list(result.recorder.faults.values())
    for event in faults[:EXPLAINED]:
        yield f"{result.explainer.names.task(event.task)}: {result.explainer.fault(event)}"
    if len(faults) > EXPLAINED:
        yield f"and {len(faults) - EXPLAINED} more tasks were ended by faults"


def tell_policy(policy: Policy, explainer: Explainer) -> None:
    """What was refused, on standard error."""
    first, *rows = policy.rows(explainer)
    complain(first)
    say(*rows, out=sys.stderr)


def explain_refusals(result: Result, refusals: Mapping[int, CallEvent], said: Mapping[int, str]) -> Iterator[str]:
    """Which call it was that ended a program by its refusal, for each such program: it says only the status itself, in
    `said`. Where no call was refused with that, what the user library found wrong."""
    for task, code in result.recorder.exit_codes.items():
        if code != REFUSED_CODE:
            continue
        event, name = refusals.get(task), result.explainer.names.task(task)
        known = event is not None and said.get(task, event.refusal) == event.refusal
        words: list[str] = []
        if event is None or not known or (event.name == "console_write" and task not in said):
            from tyrne.system.library_words import library_words  # here: most runs need no explanation

            words = list(library_words(result.request.system, task, said.get(task)))
            yield from (f"{name}: {each}" for each in words)
        if event is not None and known and not words:
            why, place = result.explainer.refusal(event), result.explainer.refused_at(event)
            what = f"{event.text}{place}: {event.refusal}{f': {why}' if why else ''}"
            yield f"{name}: the call that was refused is {what}"
