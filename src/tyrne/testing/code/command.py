"""What the two commands share: batches in worker processes, progress, figures, and the report of what went wrong."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import closing
from itertools import count, islice
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from tyrne.compiler import CompileError
from tyrne.system.errors import RequestError, reason
from tyrne.system.kernel_source import digest
from tyrne.system.qemu import find_emulator
from tyrne.system.run import Machine
from tyrne.testing.code.batch import Batch, Comparison, Way
from tyrne.testing.code.campaign import Tally
from tyrne.testing.code.outcome import Outcome
from tyrne.testing.code.shrinking import Shrinker, as_test

Conduct = Callable[[int, Sequence[Way]], tuple[Tally, Comparison]]
"""Make and compare the batch of a number; it runs in another process, so it is a function of a module."""
Enough = Callable[[Tally], tuple[int, int]]
"""How far a campaign is, and how far it has to go."""

MACHINES: Final = (Machine.QEMU.value, Machine.NATIVE.value)


def positive(text: str) -> int:
    """A number from 1 on, as argparse takes it."""
    number = int(text)
    if number < 1:
        raise ValueError
    return number


def parser(description: str) -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(description=description)
    made.add_argument("--seed", type=int, default=0, help="of the first batch (default: %(default)s)")
    made.add_argument(
        "--machine", action="append", choices=MACHINES,
        help="compared with the hosted one; more than once for more than one (default: qemu)",
    )  # fmt: skip
    made.add_argument("--workers", type=positive, default=os.cpu_count(), help="processes (default: %(default)s)")
    made.add_argument("--json", type=Path, metavar="FILE", help="write the figures as JSON")
    made.add_argument("--test", type=Path, metavar="FILE", help="write a difference as a test (default: print it)")
    return made


def command_line(target: str, measure: str, amount: int, options: argparse.Namespace) -> str:
    """The command that gives the same figures."""
    chosen = "".join(f" --machine {name}" for name in options.machine or ())
    return f'make {target} ARGS="{measure} {amount} --seed {options.seed}{chosen}"'


def machines(options: argparse.Namespace) -> list[Machine]:
    """The machines to compare with the hosted one; ends the command where one of them is missing."""
    chosen = [Machine(name) for name in dict.fromkeys(options.machine or [Machine.QEMU.value])]
    if Machine.QEMU in chosen:
        try:
            find_emulator()
        except RequestError as error:
            print(error, file=sys.stderr)
            sys.exit(2)
    return chosen


def campaign(
    options: argparse.Namespace, conduct: Conduct, ways: Sequence[Way], enough: Enough, unit: str, command: str
) -> int:
    """Batches until there are enough; the exit status: 0 where all agree, 1 at a difference or a panic, 2 where that
    could not be found out."""
    try:
        return _campaign(options, conduct, ways, enough, unit, command)
    except (CompileError, RequestError) as error:
        print(error, file=sys.stderr)
    except OSError as error:
        print(f"{error.filename}: {reason(error)}; name another file", file=sys.stderr)
    return 2


def _campaign(
    options: argparse.Namespace, conduct: Conduct, ways: Sequence[Way], enough: Enough, unit: str, command: str
) -> int:
    for path in filter(None, (options.json, options.test)):  # now, not when everything is done
        path.parent.mkdir(parents=True, exist_ok=True)
        path.open("a").close()
    total = Tally()
    results = _in_turn(options.workers, conduct, options.seed, ways)
    with _progress() as progress, closing(results):
        bar = progress.add_task(unit, total=None)
        for tally, found in results:
            total.add(tally)
            done, wanted = enough(total)
            progress.update(bar, completed=min(done, wanted), total=wanted)
            if found.differences:
                results.close()
                progress.update(bar, description="shrinking")
                _report(found, ways, options.test, lambda text: progress.update(bar, description=f"shrinking: {text}"))
                return 1
            if done >= wanted:
                break
    figures: dict[str, Any] = {"command": command, "kernel": digest(), "seed": options.seed}
    figures |= {"machines": list(dict.fromkeys(way.machine.value for way in ways))}
    figures |= total.figures() | {"divergences": 0, "panics": 0}
    if options.json is not None:
        options.json.write_text(json.dumps(figures, indent=2) + "\n")
    print("\n".join(_lines(figures)))
    return 0


def _progress() -> Progress:
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=console, disable=not console.is_terminal, transient=True)


def _in_turn(
    workers: int, conduct: Conduct, seed: int, ways: Sequence[Way]
) -> Generator[tuple[Tally, Comparison], None, None]:
    """Results in the order of their seeds, without end: how many processes make them changes nothing."""
    seeds = count(seed)
    if workers == 1:
        for number in seeds:
            yield conduct(number, ways)
    with ProcessPoolExecutor(workers) as pool:
        ahead: list[Future[tuple[Tally, Comparison]]] = [
            pool.submit(conduct, number, ways) for number in islice(seeds, workers + 1)
        ]
        try:
            while True:
                yield ahead.pop(0).result()
                ahead.append(pool.submit(conduct, next(seeds), ways))
        finally:
            pool.shutdown(cancel_futures=True)


def _report(found: Comparison, ways: Sequence[Way], target: Path | None, tell: Callable[[str], None]) -> None:
    """Print what differs, and the smallest batch that does, as a test."""
    batch: Batch = found.batch
    for difference in found.differences:
        place = "the run" if difference.task is None else _name(batch, difference.task)
        print(f"{place}: {difference.what}")
    outcomes: dict[Way, Outcome] = found.outcomes
    used = [way for way in ways if way in outcomes]
    text = as_test(Shrinker(batch, used, tell).shrink(), used, found.differences)
    if target is None:
        print(text)
    else:
        target.write_text(text)
        print(f"{target}: the smallest batch that differs, as a test")


def _name(batch: Batch, task: int) -> str:
    return batch.programs[task].name if task < len(batch.programs) else f"witness {task - len(batch.programs)}"


def _lines(figures: dict[str, Any]) -> Iterator[str]:
    for name, value in figures.items():
        if isinstance(value, dict):
            value = ", ".join(f"{key} {number:,}" for key, number in value.items())
        elif isinstance(value, int) and name != "seed":
            value = f"{value:,}"
        yield f"{name.replace('_', ' ')}: {value}"
