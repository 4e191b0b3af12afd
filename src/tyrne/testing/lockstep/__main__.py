"""Random system calls on the kernel in CPython and on the compiled one, in lock step, guided by what they reach.

Prints how often each call ended in each status, and which edges of the kernel were never taken. At a disagreement, or a
kernel panic, it writes the shortest sequence of steps that it finds as a test.

exit status: 0 no difference, no panic; 1 something was found; 2 the request was wrong; 130 interrupted
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from tyrne.compiler import CompileError
from tyrne.compiler.build.cache import write_atomically
from tyrne.testing.lockstep.campaign import Reached
from tyrne.testing.lockstep.corpus import load, save
from tyrne.testing.lockstep.figures import figures, lines, never_reached
from tyrne.testing.lockstep.game import GameError
from tyrne.testing.lockstep.pair import the_pair
from tyrne.testing.lockstep.reproduction import write_test
from tyrne.testing.lockstep.shrinking import shrunk
from tyrne.testing.lockstep.smallest import smallest
from tyrne.testing.lockstep.workers import Report, Work, reports, together

INTERRUPTED: Final = 130
CALLS_A_FILE: Final = 20_000
"""Between two writings of the figures."""


def main() -> int:
    options = _options()
    try:
        known = load(options.corpus) if options.corpus else []
        work = Work(options.calls, options.seed, options.workers, not options.unguided, known)
        edges = the_pair(True, counting=True).library.edges
    except (ValueError, CompileError) as error:
        print(f"fuzz-calls: {error}", file=sys.stderr)
        return 2
    last: dict[int, Report] = {}
    status, found, written = 0, None, 0

    def write(reached: Reached) -> None:
        if options.json:
            text = json.dumps(figures(work, reached, edges, found), indent=2) + "\n"
            write_atomically(options.json, text.encode())

    try:
        with _progress() as progress:
            bar = progress.add_task("calls", total=work.calls, reached="")
            for report in reports(work):
                last[report.worker] = report
                reached = together(list(last.values()))
                calls = reached.tally.calls.total()
                taken = f"{len(never_reached(reached, edges))} edges not taken, {reached.corpus} games kept"
                progress.update(bar, completed=calls, reached=taken)
                if report.error is not None:
                    status, found = 1, str(report.error).replace("\n", " ")
                if calls >= written + CALLS_A_FILE or found:
                    write(reached)
                    written = calls
    except KeyboardInterrupt:
        status = INTERRUPTED
    reached = together(list(last.values()))
    write(reached)
    print("\n".join(lines(reached, edges)))
    for report in last.values():
        if report.error is not None:
            _show(report.error, options.found, options.tries)
    if status == 0:
        print("no difference, no panic")
        if options.keep:
            games = smallest([entry for report in last.values() for entry in report.entries])
            options.keep.mkdir(parents=True, exist_ok=True)
            size = sum(save(game, options.keep).stat().st_size for game in games)
            print(f"kept {len(games)} games that reach the same, {size} bytes, in {options.keep}")
    return status


def _show(error: GameError, folder: Path, tries: int) -> None:
    print(error)
    short = shrunk(error.game, tries)
    for step in short.steps:
        print(f"    {step}")
    print(f"a test of it: {write_test(short, error.cause, folder)}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="make fuzz-calls", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--calls", type=_positive, default=1_000_000, help="how many (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of the first worker, the next has the next (default: 0)")
    parser.add_argument("--workers", type=_positive, default=os.cpu_count(), help="processes (default: %(default)s)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there, again and again")
    parser.add_argument("--corpus", type=Path, metavar="FOLDER", help="games to begin with")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="write games there that reach all that was reached")
    parser.add_argument("--found", type=Path, metavar="FOLDER", default=Path("build/found"),
                        help="where the test of what is found goes (default: %(default)s)")  # fmt: skip
    parser.add_argument("--tries", type=_positive, default=1000, help="to make it shorter (default: %(default)s)")
    parser.add_argument("--unguided", action="store_true", help="random systems only, to compare")
    return parser.parse_args()


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text}: there must be at least 1")
    return number


def _progress() -> Progress:
    console = Console(stderr=True)
    return Progress(
        TextColumn("fuzz-calls"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn(),
        TextColumn("{task.fields[reached]}"), console=console, disable=not console.is_terminal,
    )  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
