"""`python -m tyrne.testing.explore MODEL…`: explore small systems to the last state.

Exit status: 0 nothing is wrong in any state that was reached, 1 a violation was found, 2 the request was wrong, 130 it
was stopped by a signal.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import signal
import sys
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import Progress as Bars
from rich.progress import TextColumn, TimeElapsedColumn

from tyrne.system import kernel_source
from tyrne.system.errors import RequestError
from tyrne.system.kernel_check import check_kernel
from tyrne.testing import commands
from tyrne.testing.commands import FOUND, NOTHING_FOUND, positive
from tyrne.testing.explore.checkpoint import Checkpoint
from tyrne.testing.explore.engine import Cluster, Engine, Processes, Serial
from tyrne.testing.explore.expansion import Violation
from tyrne.testing.explore.long_work import KINDS
from tyrne.testing.explore.model import Model
from tyrne.testing.explore.models import MODELS
from tyrne.testing.explore.progress import Progress
from tyrne.testing.explore.report import OURS, write_test
from tyrne.testing.explore.search import Report, explore

NAME = "explore"
COMMAND = f"make {NAME}"


def options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(NAME, description="Explore small systems: every state, every action.")
    parser.add_argument("models", nargs="*", metavar="MODEL", help="which; all of them, without any")
    parser.add_argument("--list", action="store_true", help="show which models there are, and explore none")
    parser.add_argument("--from", dest="module", default=OURS, metavar="MODULE", help="a module with its own MODELS")
    cores = os.cpu_count() or 1
    parser.add_argument("--workers", type=positive, default=cores, metavar="N", help="processes; all cores")
    parser.add_argument("--cluster", metavar="ADDRESS", help="work on a Dask cluster: the address of its scheduler")
    parser.add_argument("--checkpoint", type=Path, metavar="DIR", help="keep what is needed to go on after a stop")
    parser.add_argument("--max-states", type=positive, metavar="N", help="expand no more than so many")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures down")
    parser.add_argument("--rest", action="store_true", help="only models that FILE does not have, of this kernel")
    parser.add_argument("--write", type=Path, metavar="FILE", help="write a violation's test there, not to the output")
    return parser.parse_args(arguments)


def chosen(found: argparse.Namespace) -> list[Model]:
    """The models that are asked for; RequestError says what is wrong."""
    try:
        known: dict[str, Model] = dict(importlib.import_module(found.module).MODELS)
    except (ImportError, AttributeError, SyntaxError, TypeError, ValueError) as error:
        raise RequestError(f"--from {found.module}: {error}; name a module with a dictionary MODELS") from None
    for name in found.models:
        if name not in known:
            raise RequestError(f"no model is named {name}; there are {', '.join(known)}")
    return [known[name] for name in dict.fromkeys(found.models or known)]


def engine(found: argparse.Namespace) -> Engine:
    if found.cluster is not None:
        return Cluster(found.cluster)
    return Serial() if found.workers == 1 else Processes(found.workers)


def figures(report: Report) -> dict[str, object]:
    """What a search has come to, as plain numbers."""
    model, progress = report.model, report.progress
    return {
        "purpose": model.purpose,
        "tasks": len(model.tasks),
        "slots": model.slots,
        "calls": sorted({template.call.name for template in model.calls}),
        "ticks": model.ticks,
        "faults": model.faults,
        "states": report.states,
        "expanded": progress.expanded,
        "transitions": progress.transitions,
        "refusals_checked": progress.refusals,
        "fast": fast(report),
        "preempted": preempted(report),
        "depth": progress.depth,
        "exhausted": report.exhausted,
        "violations": 0 if report.violation is None else 1,
    }


def kept(found: argparse.Namespace, kernel: str) -> dict[str, Any]:
    """The figures of `--json` that `--rest` adds to: of models that were exhausted, of this kernel."""
    if not found.rest:
        return {}
    if found.json is None:
        raise RequestError("--rest needs the figures that it adds to: --json FILE")
    if not found.json.exists():
        return {}
    try:
        data = json.loads(found.json.read_text())
        models = {str(name): dict(model) for name, model in data["models"].items() if model["exhausted"]}
    except (ValueError, KeyError, TypeError, AttributeError):
        raise RequestError(f"{found.json}: no figures of {COMMAND}; remove it to begin anew") from None
    return models if data.get("kernel") == kernel else {}


def written(
    reports: list[Report], kernel: str, max_states: int | None = None, before: Mapping[str, Any] | None = None
) -> dict[str, object]:
    """The figures of the models that are done, after those of `before`, and the command that explores them all."""
    models = {**(before or {}), **{report.model.name: figures(report) for report in reports}}
    if set(MODELS) <= set(models):
        models = {name: models[name] for name in MODELS}
    words = list(models)
    if max_states is not None:
        words += ["--max-states", str(max_states)]
    return {
        "command": COMMAND if words == list(MODELS) else f'{COMMAND} ARGS="{" ".join(words)}"',
        "kernel": kernel,
        "models": models,
    }


def watching(bars: Bars, model: Model) -> Callable[[Progress, int], None]:
    """A line that moves while a model is explored."""
    task = bars.add_task(model.name, states=0, depth=0, frontier=0, transitions=0)

    def watch(progress: Progress, states: int) -> None:
        bars.update(
            task,
            states=states,
            depth=progress.depth,
            frontier=len(progress.frontier),
            transitions=progress.transitions,
        )

    return watch


def preempted(report: Report) -> dict[str, int]:
    """How many transitions interrupted long work of each kind, for another task to go on."""
    counts = {kind: report.progress.met[f"preempted {kind}"] for kind in KINDS}
    return {kind: count for kind, count in counts.items() if count}


def fast(report: Report) -> int:
    """How many transitions the fast path made, each compared with what the general path makes of it."""
    return sum(count for what, count in report.progress.met.items() if what.startswith("fast "))


def summary(report: Report) -> str:
    progress, name = report.progress, report.model.name
    came = "exhausted" if report.exhausted else "not exhausted"
    if report.violation is not None:
        came = f"VIOLATION after {len(report.violation.trace)} steps: {report.violation.what[0]}"
    interrupted = ", ".join(f"{count:,} {kind}" for kind, count in preempted(report).items())
    return (
        f"{name}: {report.states:,} states, {progress.transitions:,} transitions, "
        f"{progress.refusals:,} refusals, {f'interrupted: {interrupted}, ' if interrupted else ''}"
        f"depth {progress.depth}: {came}"
    )


def main(arguments: list[str]) -> int:
    found = options(arguments)
    return commands.guarded(NAME, lambda: search(found))


def search(found: argparse.Namespace) -> int:
    """Explore the models one after the other, to the first violation; the exit status."""
    check_kernel()
    models = chosen(found)
    if found.list:
        for model in models:
            print(f"{model.name:12} {model.purpose}")
        return NOTHING_FOUND
    for path in filter(None, (found.json, found.write)):
        commands.check_output(path)
    if found.checkpoint is not None:
        commands.check_folder(found.checkpoint)
    kernel = kernel_source.digest()
    before = kept(found, kernel)
    models = [model for model in models if model.name not in before]
    checkpoint = None if found.checkpoint is None else Checkpoint(found.checkpoint, kernel)
    columns = [
        TextColumn("{task.description}: {task.fields[states]:,} states, level {task.fields[depth]} with "),
        TextColumn("{task.fields[frontier]:,}, {task.fields[transitions]:,} transitions"),
        TimeElapsedColumn(),
    ]
    console = Console(stderr=True)
    reports: list[Report] = []
    with (
        closing(engine(found)) as workers,
        Bars(*columns, console=console, disable=not console.is_terminal) as bars,
    ):
        for model in models:
            report = explore(
                model, workers, checkpoint=checkpoint, max_states=found.max_states, watch=watching(bars, model)
            )
            reports.append(report)
            print(summary(report), flush=True)
            if found.json is not None:
                commands.write_figures(found.json, written(reports, kernel, found.max_states, before))
            if report.violation is not None:
                write_violation(found, model, report.violation)
                return FOUND
    return NOTHING_FOUND


def write_violation(found: argparse.Namespace, model: Model, violation: Violation) -> None:
    """As a test, to the file that is asked for or to the output."""
    if found.write is None:
        write_test(sys.stdout, model, violation, found.module)
        return
    with found.write.open("w") as out:
        write_test(out, model, violation, found.module)
    print(f"{NAME}: the trace is a test: {found.write}", file=sys.stderr)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    sys.exit(main(sys.argv[1:]))
