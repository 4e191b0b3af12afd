"""`make assure`: every campaign in turn within a time budget, then the scorecard of what they left in its folder.

    make assure ARGS="--minutes 60"

Each campaign is a process of its own and gets its share of the time; what one leaves over goes to those after it.
One that fails, or does not end in time, is said to have failed, and the others go on. What a campaign has found it says
itself.

The exit status is 0; 1 when a campaign failed, found something, or the scorecard could not be made; 2 for a wrong
request; 130 when it was interrupted.
"""

from __future__ import annotations

import argparse
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tyrne.testing.commands import INTERRUPTED, check_folder, guarded
from tyrne.testing.explore.models import MODELS

ROOT: Final = Path(__file__).parents[1]
RESULTS: Final = ROOT / "assurance" / "results"
GRACE: Final = 120
"""Seconds that a campaign may take beyond its share, for its start and for the shortening of what it has found."""

FOUND: Final = 1
"""The exit status of each campaign that has found something."""
NOT_STARTED: Final = 127
"""The exit status of what could not be started, as the shell has it."""


@dataclass(frozen=True)
class Step:
    """A campaign. `share` is its part of the time among the shares of all; `command` takes its seconds and the file for
    its figures. One that ends by itself takes what it takes."""

    name: str
    share: float
    command: Callable[[int, Path], Sequence[str]]


@dataclass(frozen=True)
class Outcome:
    """How a campaign ended: its exit status, or None when it was ended because its time was over."""

    name: str
    status: int | None
    seconds: float

    def __str__(self) -> str:
        said = {0: "done", FOUND: "FAILED, or found something", None: "ENDED: its time was over"}
        return f"{self.name}: {said.get(self.status, f'FAILED with exit status {self.status}')}, {self.seconds:.0f} s"


def run(steps: Sequence[Step], seconds: float, results: Path) -> list[Outcome]:
    """Run campaigns one after the other in so many seconds, which leave their figures in a folder.

    One that found something and wrote no figures takes those of an earlier run away: they are not true any more.
    """
    outcomes: list[Outcome] = []
    deadline = time.monotonic() + seconds
    for position, step in enumerate(steps):
        shares = sum(later.share for later in steps[position:])
        given = max(1, int((deadline - time.monotonic()) * step.share / shares))
        outcomes.append(_run(step, given, results / f"{step.name}.json"))
        print(f"assure: {outcomes[-1]}", file=sys.stderr, flush=True)
    return outcomes


def _run(step: Step, seconds: int, output: Path) -> Outcome:
    command = [str(word) for word in step.command(seconds, output)]
    print(f"assure: {step.name}, {seconds} s: {shlex.join(command)}", file=sys.stderr, flush=True)
    started = time.monotonic()
    status: int | None = None
    before = _written(output)
    try:  # in a session of its own, so that its children end with it
        process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, start_new_session=True)
    except OSError as error:
        print(f"assure: {error}", file=sys.stderr)
        return Outcome(step.name, NOT_STARTED, 0)
    try:
        with suppress(subprocess.TimeoutExpired):
            status = process.wait(seconds + GRACE)
    finally:
        _end(process)
    if status == FOUND and _written(output) == before:
        output.unlink(missing_ok=True)
    return Outcome(step.name, status, time.monotonic() - started)


def _written(path: Path) -> int:
    """When a file was written, in nanoseconds; 0 for none."""
    return path.stat().st_mtime_ns if path.exists() else 0


def _end(process: subprocess.Popen[bytes]) -> None:
    """End what is left of a campaign and its children: first asked, then made to."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(10)
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _python(*words: object) -> list[str]:
    return [sys.executable, *map(str, words)]


def _many(module: str, option: str, a_second: float) -> Callable[[int, Path], list[str]]:
    """A campaign that is asked for a number: what a slow computer with two cores manages of it in the time."""

    def command(seconds: int, output: Path) -> list[str]:
        return _python("-m", module, option, max(1, int(seconds * a_second)), "--json", output)

    return command


def _explore(seconds: int, output: Path) -> list[str]:
    states = max(1, int(seconds * STATES_A_SECOND))
    return _python("-m", "tyrne.testing.explore", *MODELS, "--max-states", states // len(MODELS), "--json", output)


def _mutate(seconds: int, output: Path) -> list[str]:
    return _python("-m", "assurance.mutation", "--workers", os.cpu_count() or 1, "--json", output)


STATES_A_SECOND: Final = 200
STEPS: Final = (
    Step("image", 1, lambda seconds, output: _python("-m", "assurance.reproducible", "--json", output)),
    Step("battery", 8, _many("tyrne.testing.code.battery", "--programs", 2)),
    Step("fuzz-code", 15, _many("tyrne.testing.code.fuzz", "--instructions", 1500)),
    Step("coverage", 8, lambda seconds, output: ["make", "--no-print-directory", "coverage", f"ARGS=--json {output}"]),
    Step("refusals", 3, lambda seconds, output: _python("-m", "assurance.refusals", "--json", output)),
    Step("mutation", 25, _mutate),
    Step("reach", 5, _many("tyrne.testing.reach", "--systems", 4)),
    Step("explore", 25, _explore),
    Step("fuzz-calls", 25, _many("tyrne.testing.lockstep", "--calls", 1000)),
)
"""In this order, because what a campaign leaves over goes to those after it: the last ones take any number."""


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="make assure", description="Run every campaign, then write the scorecard.")
    parser.add_argument("--minutes", type=float, default=60, metavar="N", help="for all (default: %(default)s)")
    parser.add_argument("--only", action="append", choices=[step.name for step in STEPS], help="just this campaign")
    where = "of the figures; no scorecard is made of another than the repository's own"
    parser.add_argument("--results", type=Path, default=RESULTS, metavar="FOLDER", help=where)
    options = parser.parse_args(arguments)
    if options.minutes <= 0:
        parser.error(f"--minutes {options.minutes:g}: give it some time")
    steps = [step for step in STEPS if options.only is None or step.name in options.only]
    return guarded("assure", lambda: _assure(steps, options.minutes, options.results))


def _assure(steps: Sequence[Step], minutes: float, results: Path) -> int:
    check_folder(results)
    try:
        outcomes = run(steps, minutes * 60, results.resolve())
    except KeyboardInterrupt:
        print("assure: interrupted; what has ended has left its figures", file=sys.stderr)
        return INTERRUPTED
    failed = [outcome for outcome in outcomes if outcome.status != 0]
    if results.resolve() == RESULTS:
        card = subprocess.run(_python("-m", "assurance.scorecard"), cwd=ROOT, stdin=subprocess.DEVNULL)
        failed += [Outcome("scorecard", card.returncode, 0)] if card.returncode else []
    for outcome in failed:
        print(f"assure: {outcome}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
