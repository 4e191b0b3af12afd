"""`make reach`: random small systems are walked through, and tiny ones looked at in every state.

Whatever a task comes to hold, a message carries, a space maps, a quota may make, and whatever words come to a task,
`reach` must have said that it may. And it must deny nine tenths of what tasks of tiny systems never hold.

exit status: 0 nothing came about that is denied, and enough is; 1 else; 2 the request was wrong; 130 interrupted
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from tyrne.inspect.reach.effects import CHANNELS
from tyrne.inspect.reach.rules import RULES
from tyrne.system.kernel_source import digest
from tyrne.testing import commands
from tyrne.testing.commands import FOUND, INTERRUPTED, NOTHING_FOUND
from tyrne.testing.reach.campaign import Figures, Found, campaign
from tyrne.testing.reach.exhaust import MOST_STATES

NAME: Final = "reach"
COMMAND: Final = f"make {NAME}"
SYSTEMS_A_FILE: Final = 100
"""Between two writings of the figures."""
ENOUGH: Final = 0.9
"""The share of what is never held that must be denied."""


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog=COMMAND, description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    number = commands.positive
    parser.add_argument("--systems", type=number, default=10_000, metavar="N", help="that are walked through")
    parser.add_argument("--tiny", type=number, default=300, metavar="N", help="that are looked at wholly")
    parser.add_argument("--most", type=number, default=MOST_STATES, metavar="N", help="states of a tiny system")
    parser.add_argument("--first", type=number, default=1, metavar="SEED", help="of the first system")
    parser.add_argument(
        "--without", action="append", default=[], choices=[*RULES, *CHANNELS], metavar="RULE",
        help="leave a rule out of reach, to see that it is missed",
    )  # fmt: skip
    parser.add_argument("--json", type=Path, metavar="FILE", help="write what was done as JSON, again and again")
    return parser.parse_args(arguments)


def written(options: argparse.Namespace, figures: Figures, found: Found | None) -> dict[str, Any]:
    """The figures of a campaign, with the command that makes them and the kernel that they are about."""
    words = [f"--systems {options.systems} --tiny {options.tiny} --most {options.most} --first {options.first}"]
    words += [f"--without {rule}" for rule in options.without]
    wrong = None if found is None else {"system": found.name, "what": found.what}
    command = f'{COMMAND} ARGS="{" ".join(words)}"'
    return {"command": command, "kernel": digest(), **figures.data(), "found": wrong}


def run(options: argparse.Namespace) -> int:
    if options.json is not None:
        commands.check_output(options.json)
    figures, status = Figures(), NOTHING_FOUND
    found: Found | None = None
    first = options.first

    def write(done: int = 0) -> None:
        if options.json is not None and done % SYSTEMS_A_FILE == 0:
            commands.write_figures(options.json, written(options, figures, found))

    with commands.bar() as bar:
        task = bar.add_task("systems", total=options.systems + options.tiny)

        def progress(done: int) -> None:
            bar.update(task, completed=done)
            write(done)

        try:
            systems, tiny = range(first, first + options.systems), range(first, first + options.tiny)
            found = campaign(figures, systems, tiny, frozenset(options.without), progress, options.most)
        except KeyboardInterrupt:
            print(f"{NAME}: interrupted", file=sys.stderr)
            status = INTERRUPTED
    print(f"{figures.systems:,} systems, {figures.steps:,} steps, {figures.facts:,} facts came about, "
          f"{figures.told:,} words came from one task to another")  # fmt: skip
    if found is not None:
        print(f"{found.name}: this is denied, and came about:", *found.what, sep="\n  ")
    elif figures.tiny:
        print(f"{figures.tiny:,} tiny systems in all their states, {figures.left_out} have too many: "
              f"of {figures.never:,} rights that are never held {figures.share:.1%} are denied")  # fmt: skip
    write()
    return FOUND if found is not None or figures.share < ENOUGH else status


def main() -> None:
    sys.exit(commands.guarded(NAME, lambda: run(parse())))


if __name__ == "__main__":
    main()
