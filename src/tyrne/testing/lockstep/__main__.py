"""Random system calls on the kernel in CPython and on the compiled one, in lock step, guided by what they reach.

Prints how often each call ended in each status, and which edges of the kernel were never taken. At a disagreement, or a
kernel panic, it writes the shortest sequence of steps that it finds as a test.

exit status: 0 no difference, no panic; 1 something was found; 2 the request was wrong; 130 interrupted
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from rich.progress import TextColumn, TimeRemainingColumn

from tyrne.testing import commands
from tyrne.testing.commands import FOUND, INTERRUPTED, NOTHING_FOUND
from tyrne.testing.lockstep.campaign import Reached
from tyrne.testing.lockstep.corpus import Entry, load, save
from tyrne.testing.lockstep.figures import figures, lines, never_reached
from tyrne.testing.lockstep.game import GameError, replay
from tyrne.testing.lockstep.pair import the_pair
from tyrne.testing.lockstep.reproduction import write_test
from tyrne.testing.lockstep.shrinking import shrunk
from tyrne.testing.lockstep.smallest import smallest
from tyrne.testing.lockstep.workers import Report, Work, WorkerLostError, reports, together

NAME: Final = "fuzz-calls"
CALLS_A_FILE: Final = 20_000
"""Between two writings of the figures."""


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    return commands.guarded(NAME, lambda: _campaign(options))


def _campaign(options: argparse.Namespace) -> int:
    if options.json:
        commands.check_output(options.json)
    for folder in filter(None, (options.keep, options.found)):
        commands.check_folder(folder)
    known = load(options.corpus) if options.corpus else []
    work = Work(options.calls, options.seed, options.workers, not options.unguided, known)
    edges = the_pair(True, counting=True).library.edges
    last: dict[int, Report] = {}
    status, found, written = NOTHING_FOUND, None, 0

    def write(reached: Reached) -> None:
        if options.json:
            commands.write_figures(options.json, figures(work, reached, edges, found))

    try:
        with commands.bar(TimeRemainingColumn(), TextColumn("{task.fields[reached]}")) as progress:
            bar = progress.add_task(NAME, total=work.calls, reached="")
            for report in reports(work):
                last[report.worker] = report
                reached = together(list(last.values()))
                calls = reached.tally.calls.total()
                taken = f"{len(never_reached(reached, edges))} edges not taken, {reached.corpus} games kept"
                progress.update(bar, completed=calls, reached=taken)
                if report.error is not None:
                    status, found = FOUND, str(report.error).replace("\n", " ")
                if calls >= written + CALLS_A_FILE or found:
                    write(reached)
                    written = calls
    except KeyboardInterrupt:
        status = INTERRUPTED
        print(f"{NAME}: interrupted", file=sys.stderr)
    except WorkerLostError as error:
        status, found = FOUND, str(error)
        print(f"{NAME}: {error}", file=sys.stderr)
    reached = together(list(last.values()))
    write(reached)
    print("\n".join(lines(reached, edges)))
    for report in last.values():
        if report.error is not None:
            _show(report.error, options.found, options.tries)
    if status == NOTHING_FOUND:
        print("no difference, no panic")
        if options.keep:
            _keep([entry for report in last.values() for entry in report.entries], options.keep)
    return status


def _keep(entries: Sequence[Entry], folder: Path) -> None:
    """Write few games that reach the same edges."""
    games = smallest(entries)
    size = sum(save(game, folder).stat().st_size for game in games)
    print(f"kept {len(games)} games that reach the same, {size} bytes, in {folder}")


def _show(error: GameError, folder: Path, tries: int) -> None:
    """What went wrong, the shortest game that does, and where the test of it is."""
    print(error)
    # Nearly always on the library that everybody runs; else on the one that counts, which is compiled otherwise
    counting = error.game.debug_console and replay(error.game) is None
    short = shrunk(error.game, tries, counting)
    for step in short.steps:
        print(f"    {step}")
    print(f"a test of it: {write_test(short, error.cause, folder, counting)}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=NAME, description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    number = commands.positive
    parser.add_argument("--calls", type=number, default=1_000_000, help="how many (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of the first worker, the next has the next (default: 0)")
    parser.add_argument("--workers", type=number, default=os.cpu_count(), help="processes (default: %(default)s)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there, again and again")
    parser.add_argument("--corpus", type=Path, metavar="FOLDER", help="games to begin with")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="write games there that reach all that was reached")
    parser.add_argument("--found", type=Path, metavar="FOLDER", default=Path("build/found"),
                        help="where the test of what is found goes (default: %(default)s)")  # fmt: skip
    parser.add_argument("--tries", type=number, default=1000, help="to make it shorter (default: %(default)s)")
    parser.add_argument("--unguided", action="store_true", help="random systems only, to compare")
    return parser


if __name__ == "__main__":
    sys.exit(main())
