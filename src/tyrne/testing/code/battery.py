"""A generated battery of EL0 programs whose reports must agree between hosted and QEMU: `make battery`.

    python -m tyrne.testing.code.battery [--programs 500] [--seed 0] [--machine qemu] [--json FILE]

Thirteen programs boot together. Compared are, program by program, its calls with arguments and results, its faults with
ESR, FAR and PC, all its registers and its memory in the end, its console and its exit code; and, where there are no
ticks, the order of all events. At a difference, a kernel panic, or a witness that something happened to, it prints the
smallest batch that shows it, as a test.

exit status: 0 all agree; 1 something was found; 2 the request was wrong, or QEMU is missing; 130 interrupted
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import Final

from tyrne.system.run import Machine
from tyrne.testing.code import command, scenarios
from tyrne.testing.code.batch import PROGRAMS, Batch, Comparison, Generated, Way
from tyrne.testing.code.campaign import Tally, conduct
from tyrne.testing.commands import guarded, positive

NAME: Final = "battery"
WORDS: Final = 640


def make(seed: int) -> Generated:
    """The program of a seed: two of three have used FP/SIMD before they begin."""
    return Generated(f"program-{seed}", scenarios.program(seed, WORDS), seed, floating=seed % 3 != 0)


def batch(seed: int) -> Batch:
    """The batch of a seed: every fourth has ticks, and of those every third no supervisor."""
    programs = tuple(make(seed * PROGRAMS + i) for i in range(PROGRAMS))
    return Batch(programs, supervised=seed % 12 != 11, ticks=seed % 4 == 3, seed=seed)


def conduct_one(seed: int, ways: Sequence[Way]) -> tuple[Tally, Comparison]:
    return conduct(batch(seed), make, ways)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = command.parser(NAME, __doc__)
    parser.add_argument("--programs", type=positive, default=500, help="how many, at least (default: %(default)s)")
    options = parser.parse_args(arguments)
    return guarded(NAME, lambda: _campaign(options))


def _campaign(options: argparse.Namespace) -> int:
    ways = [Way(Machine.HOSTED), *map(Way, command.machines(options))]

    def enough(tally: Tally) -> tuple[int, int]:
        return tally.programs, options.programs

    text = command.command_line(NAME, "--programs", options.programs, options)
    return command.campaign(options, conduct_one, ways, enough, "programs", text)


if __name__ == "__main__":
    sys.exit(main())
