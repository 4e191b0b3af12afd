"""What the two commands share: batches in worker processes, figures, and the report of what went wrong."""

from __future__ import annotations

import argparse
import os
import signal
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing
from itertools import count, islice
from pathlib import Path
from typing import Any, Final

from tyrne.system.errors import RequestError
from tyrne.system.kernel_source import digest
from tyrne.system.qemu import find_emulator
from tyrne.system.run import Machine
from tyrne.testing import commands
from tyrne.testing.code.batch import Batch, Comparison, Way
from tyrne.testing.code.campaign import Tally
from tyrne.testing.code.reproduction import as_test
from tyrne.testing.code.shrinking import Shrinker
from tyrne.testing.commands import FOUND, NOTHING_FOUND

Conduct = Callable[[int, Sequence[Way]], tuple[Tally, Comparison]]
"""Make and compare the batch of a number; it runs in another process, so it is a function of a module."""
Enough = Callable[[Tally], tuple[int, int]]
"""How far a campaign is, and how far it has to go."""

MACHINES: Final = (Machine.QEMU.value, Machine.NATIVE.value)


def parser(name: str, description: str | None) -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog=name, description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    number = commands.positive
    made.add_argument("--seed", type=int, default=0, help="of the first batch (default: %(default)s)")
    made.add_argument(
        "--machine", action="append", choices=MACHINES,
        help="compared with the hosted one; more than once for more than one (default: qemu)",
    )  # fmt: skip
    made.add_argument("--workers", type=number, default=os.cpu_count(), help="processes (default: %(default)s)")
    made.add_argument("--json", type=Path, metavar="FILE", help="write the figures as JSON")
    made.add_argument("--test", type=Path, metavar="FILE", help="write a difference as a test (default: print it)")
    return made


def command_line(target: str, measure: str, amount: int, options: argparse.Namespace) -> str:
    """The command that gives the same figures."""
    chosen = "".join(f" --machine {name}" for name in options.machine or ())
    return f'make {target} ARGS="{measure} {amount} --seed {options.seed}{chosen}"'


def machines(options: argparse.Namespace) -> list[Machine]:
    """The machines to compare with the hosted one; RequestError where one of them is missing."""
    chosen = [Machine(name) for name in dict.fromkeys(options.machine or [Machine.QEMU.value])]
    if Machine.QEMU in chosen:
        find_emulator()
    return chosen


def campaign(
    options: argparse.Namespace, conduct: Conduct, ways: Sequence[Way], enough: Enough, unit: str, command: str
) -> int:
    """Batches until there are enough; the exit status: 0 where all agree, 1 at a difference or a panic."""
    for path in filter(None, (options.json, options.test)):
        commands.check_output(path)
    total = Tally()
    wrong: Comparison | None = None
    results = _in_turn(options.workers, conduct, options.seed, ways)
    with commands.bar() as progress, closing(results):
        bar = progress.add_task(unit, total=None)
        for tally, found in results:
            total.add(tally)
            done, wanted = enough(total)
            progress.update(bar, completed=min(done, wanted), total=wanted)
            if found.differences:
                wrong = found
            if found.differences or done >= wanted:
                break
        results.close()
        figures = _figures(command, options.seed, ways, total, wrong)
        if options.json is not None:
            commands.write_figures(options.json, figures)
        if wrong is not None:
            _report(wrong, ways, options.test, lambda text: progress.update(bar, description=f"shrinking: {text}"))
            return FOUND
    print("\n".join(_lines(figures)))
    return NOTHING_FOUND


def _figures(command: str, seed: int, ways: Sequence[Way], total: Tally, wrong: Comparison | None) -> dict[str, Any]:
    """What was done; of what went wrong the number of differences, and of runs that ended in a kernel panic."""
    differences = () if wrong is None else wrong.differences
    runs = () if wrong is None else wrong.outcomes.values()
    return {
        "command": command,
        "kernel": digest(),
        "seed": seed,
        "machines": list(dict.fromkeys(way.machine.value for way in ways)),
        **total.figures(),
        "divergences": len(differences),
        "panics": sum(done.panicked for done in runs),
    }


def _in_turn(
    workers: int, conduct: Conduct, seed: int, ways: Sequence[Way]
) -> Generator[tuple[Tally, Comparison], None, None]:
    """Results in the order of their seeds, without end: how many processes make them changes nothing."""
    seeds = count(seed)
    if workers == 1:
        for number in seeds:
            yield conduct(number, ways)
    # An interrupt from the terminal is for this process, which then ends the others
    with ProcessPoolExecutor(workers, initializer=signal.signal, initargs=(signal.SIGINT, signal.SIG_IGN)) as pool:
        try:
            ahead: list[Future[tuple[Tally, Comparison]]] = [
                pool.submit(conduct, number, ways) for number in islice(seeds, workers + 1)
            ]
            while True:
                yield ahead.pop(0).result()
                ahead.append(pool.submit(conduct, next(seeds), ways))
        except BrokenProcessPool:
            raise RequestError("a worker process was killed, or crashed; see how with --workers 1") from None
        finally:
            pool.shutdown(cancel_futures=True)


def _report(found: Comparison, ways: Sequence[Way], target: Path | None, tell: Callable[[str], None]) -> None:
    """Print what differs, and the smallest batch that does, as a test."""
    batch: Batch = found.batch
    for difference in found.differences:
        place = "the run" if difference.task is None else _name(batch, difference.task)
        print(f"{place}: {difference.what}")
    used = [way for way in ways if way in found.outcomes]
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
