"""`make mutate`: break each check of the kernel in turn, and see that a test notices.

Exit status: 0 when every mutant is killed or listed as equivalent, 1 when some survive, 2 when nothing could be tried,
or the list of equivalent mutants is wrong.
"""

from __future__ import annotations

import argparse
import random
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from assurance.mutation import sample
from assurance.mutation.campaign import Budget, Campaign, Result, Results
from assurance.mutation.catalogue import all_mutants
from assurance.mutation.equivalent import LIST, read, unmatched
from assurance.mutation.mutant import Mutant
from assurance.mutation.reach import measure
from assurance.mutation.report import Outcome, figures, show
from assurance.mutation.source import ROOT, kernel_files
from assurance.mutation.suite import Suite, with_suite
from tyrne.system.errors import RequestError
from tyrne.testing.commands import check_output, guarded, positive, write_figures

KEPT: Final = ROOT / "build" / "mutation"
"""What was measured and tried before."""
UNLISTED: Final = 60.0
"""Seconds of tests that each mutant is worth, unless the command line says otherwise."""
LISTED: Final = 3.0
"""Seconds for one that is listed as equivalent: enough to notice most entries that are wrong."""
WIDTH: Final = 160
"""Of the tables where there is no terminal."""


def chosen_files(name: str | None) -> list[str]:
    """The files that a name on the command line means: all of them, or those that end like it."""
    files = kernel_files()
    if name is None:
        return files
    found = [file for file in files if file == name or file.endswith("/" + name)]
    if not found:
        raise RequestError(f"no file of the kernel is called {name}; try one of {', '.join(files)}")
    return found


def tried(mutants: Sequence[Mutant], workers: int, budget: Budget, *, exact: bool) -> dict[str, Result]:
    """What became of each mutant, by its id."""
    found: dict[str, Result] = {}
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())

    def use(suite: Suite) -> None:
        with Progress(*columns, console=console, auto_refresh=False, disable=not console.is_terminal) as progress:
            bar = progress.add_task("what each test reaches", total=len(suite.items))

            def measured(_: str) -> None:
                progress.update(bar, advance=1, refresh=True)

            reach = measure(suite, KEPT / "reach", workers, measured)
            bar = progress.add_task("mutants", total=len(mutants))

            def tick(mutant: Mutant, result: Result) -> None:
                found[mutant.id] = result
                progress.update(bar, advance=1, refresh=True)
                if result.killer is None:
                    progress.console.print(str(mutant), emoji=False, highlight=False, markup=False, soft_wrap=True)

            Campaign(suite, reach, Results(KEPT / "results.json", exact=exact), workers, budget).run(mutants, tick)

    with_suite(use)
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="make mutate", description=__doc__)
    parser.add_argument("--file", help="only one file, as kernel/arena.py or arena.py")
    parser.add_argument("--sample", type=positive, metavar="N", help="only so many mutants, chosen by the seed")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=positive, default=1, metavar="W", help="how many children at a time")
    parser.add_argument(
        "--seconds", type=float, default=UNLISTED, metavar="S", help="of tests for each mutant (default: %(default)g)"
    )
    parser.add_argument("--fresh", action="store_true", help="forget what was measured and tried before")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures down as well")
    parser.add_argument("--list", action="store_true", help="show the mutants, and try none")
    parser.add_argument("--known", action="store_true", help="only the mutants of the sample, each on its test")
    parser.add_argument(
        "--sample-file", type=Path, default=sample.SAMPLE, metavar="FILE", help="instead of sample.toml"
    )
    parser.add_argument("--resample", type=int, metavar="N", help="make the sample anew, of so many mutants")
    options = parser.parse_args(arguments)
    return guarded("mutate", lambda: run(options))


def command_of(options: argparse.Namespace) -> str:
    """The command that tries the same mutants with as many tests."""
    words = [] if options.file is None else ["--file", options.file]
    if options.sample is not None:
        words += ["--sample", str(options.sample), "--seed", str(options.seed)]
    if options.seconds != UNLISTED:
        words += ["--seconds", f"{options.seconds:g}"]
    return f'make mutate ARGS="{" ".join(words)}"' if words else "make mutate"


def run(options: argparse.Namespace) -> int:
    if options.json is not None:
        check_output(options.json)
    files = chosen_files(options.file)
    everything = all_mutants(kernel_files())
    entries = read()
    wrong = unmatched(entries, everything)
    if options.known:
        pairs = sample.read(options.sample_file)
        wrong += sample.wrong(pairs, everything, options.workers)
        print("\n".join(wrong) or f"{len(pairs)} mutants, each killed by its test")
        return 1 if wrong else 0
    mutants = [mutant for mutant in everything if mutant.file in files]
    if options.sample is not None:
        chosen = set(random.Random(options.seed).sample(range(len(mutants)), min(options.sample, len(mutants))))
        mutants = [mutant for i, mutant in enumerate(mutants) if i in chosen]
    console = Console(emoji=False, width=None if sys.stdout.isatty() else WIDTH)
    if options.list:
        for mutant in mutants:
            console.print(f"{mutant.category}: {mutant}", emoji=False, highlight=False, markup=False, soft_wrap=True)
        return 0
    if options.fresh:
        shutil.rmtree(KEPT, ignore_errors=True)
    results = tried(
        mutants,
        options.workers,
        lambda mutant: LISTED if entries.of(mutant) else options.seconds,
        exact=options.json is not None,
    )
    outcomes = []
    for mutant in mutants:
        listed = entries.of(mutant)
        killer = results[mutant.id].killer
        if listed is not None and killer is not None:
            wrong.append(f"{LIST}:{listed.line}: {killer} notices {mutant.changed!r}; remove the entry")
        outcome = "killed" if killer is not None else "equivalent" if listed is not None else "survived"
        outcomes.append(Outcome(mutant, outcome, listed.reason if listed is not None and killer is None else ""))
    if options.resample is not None:
        killed = [(mutant, killer) for mutant in mutants if (killer := results[mutant.id].killer) is not None]
        sample.write(sample.chosen(killed, options.resample), options.sample_file)
    show(console, outcomes)
    if options.json is not None:
        write_figures(options.json, figures(outcomes, command_of(options)))
    if wrong:
        print("\n".join(wrong), file=sys.stderr)
        return 2
    return 1 if any(one.outcome == "survived" for one in outcomes) else 0


if __name__ == "__main__":
    sys.exit(main())
