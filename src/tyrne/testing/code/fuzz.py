"""Random instruction streams at EL0, hosted and on QEMU: `make fuzz-code`.

    python -m tyrne.testing.code.fuzz [--instructions 100000] [--seed 0] [--machine qemu] [--json FILE]

Runs until so many instructions of the programs' own code have been executed on each machine: counted one by one on the
hosted machine and, in a second run of each batch, on QEMU. Prints how often which exception and which call was met. At
a difference, a kernel panic, or a witness that something happened to, it prints the smallest batch that shows it, as a
test.

exit status: 0 all agree; 1 something was found; 2 the request was wrong, or QEMU is missing; 130 interrupted
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import Final

from tyrne.system.run import Machine
from tyrne.testing.code import command
from tyrne.testing.code.batch import PROGRAMS, Batch, Comparison, Generated, Way
from tyrne.testing.code.campaign import Tally, conduct
from tyrne.testing.code.streams import stream
from tyrne.testing.commands import guarded, positive

NAME: Final = "fuzz-code"
KINDS: Final = (
    "everything", "integer", "raw", "floating", "memory", "system", "everything", "branches", "calls", "memory",
)  # fmt: skip
"""The kinds of the programs, in turn."""
WORDS: Final = 480


def make(seed: int) -> Generated:
    """The program of a seed."""
    kind = KINDS[seed % len(KINDS)]
    return Generated(f"{kind}-{seed}", stream(kind, seed, WORDS), seed)


def batch(seed: int) -> Batch:
    """The batch of a seed: every third has ticks, and of those every third no supervisor."""
    programs = tuple(make(seed * PROGRAMS + i) for i in range(PROGRAMS))
    return Batch(programs, supervised=seed % 9 != 7, ticks=seed % 3 == 1, seed=seed)


def conduct_one(seed: int, ways: Sequence[Way]) -> tuple[Tally, Comparison]:
    return conduct(batch(seed), make, ways)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = command.parser(NAME, __doc__)
    parser.add_argument(
        "--instructions", type=positive, default=100_000,
        help="to execute on each machine that counts them: hosted and qemu (default: %(default)s)",
    )  # fmt: skip
    options = parser.parse_args(arguments)
    return guarded(NAME, lambda: _campaign(options))


def _campaign(options: argparse.Namespace) -> int:
    machines = command.machines(options)
    ways = [Way(Machine.HOSTED, counted=True), *map(Way, machines)]
    if Machine.QEMU in machines:
        ways.append(Way(Machine.QEMU, counted=True))
    counting = {way.machine.value for way in ways if way.counted}

    def enough(tally: Tally) -> tuple[int, int]:
        return min(tally.executed[name] for name in counting), options.instructions

    text = command.command_line(NAME, "--instructions", options.instructions, options)
    return command.campaign(options, conduct_one, ways, enough, "instructions", text)


if __name__ == "__main__":
    sys.exit(main())
