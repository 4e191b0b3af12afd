"""Random system calls on the kernel in CPython and on the compiled one, in lock step: `make fuzz-calls`.

    python -m tyrne.testing.lockstep [--calls 1000000] [--seed 0] [--workers 2]

Prints how often each call ended in each status. At a disagreement, or a kernel panic, it prints the shortest sequence
of steps that it finds, and ends with status 1.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from itertools import count

from tyrne.testing.lockstep.game import GameError
from tyrne.testing.lockstep.play import play
from tyrne.testing.lockstep.shrinking import shrunk
from tyrne.testing.lockstep.tally import Tally

SYSTEMS_A_TASK = 10


def play_some(first_seed: int) -> tuple[Tally, GameError | None]:
    """Systems of consecutive seeds, up to the first that goes wrong."""
    tally = Tally()
    for seed in range(first_seed, first_seed + SYSTEMS_A_TASK):
        try:
            tally.add(play(seed))
        except GameError as error:
            return tally, error
    return tally, None


def main() -> int:
    parser = argparse.ArgumentParser(description="Random system calls, in CPython and compiled, in lock step.")
    parser.add_argument("--calls", type=int, default=1_000_000, help="how many (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of the first system (default: %(default)s)")
    parser.add_argument("--workers", type=int, default=os.cpu_count(), help="processes (default: %(default)s)")
    options = parser.parse_args()
    total = Tally()
    started = time.monotonic()
    with ProcessPoolExecutor(options.workers) as pool:
        for tally, error in _in_turn(pool, options.seed, options.workers):
            total.add(tally)
            if error is not None:
                print(error)
                for step in shrunk(error.game).steps:
                    print(f"    {step}")
                pool.shutdown(cancel_futures=True)
                return 1
            if sys.stderr.isatty():
                print(f"\r{total.steps} steps", end="", file=sys.stderr)
            if total.calls.total() >= options.calls:
                pool.shutdown(cancel_futures=True)
                break
    print("\n".join(total.lines()))
    print(f"no difference, no panic; {time.monotonic() - started:.0f} s")
    return 0


def _in_turn(pool: ProcessPoolExecutor, seed: int, workers: int) -> Iterator[tuple[Tally, GameError | None]]:
    """Results in the order of their seeds, with a few pieces of work ahead."""
    seeds = count(seed, SYSTEMS_A_TASK)
    ahead = [pool.submit(play_some, next(seeds)) for _ in range(2 * workers)]
    while True:
        ahead.append(pool.submit(play_some, next(seeds)))
        yield ahead.pop(0).result()


if __name__ == "__main__":
    sys.exit(main())
