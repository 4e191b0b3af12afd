"""docs/scorecard.md from scorecard.json: a pure function."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any, Final

from assurance.scorecard.results import About

INTRODUCTION: Final = """\
# Scorecard

Written by `make scorecard`; do not edit. Figures stand below the command that makes them, which anyone can run; the
commands are explained in [assurance.md](assurance.md), what they have found is in [bugs.md](bugs.md).

This page is about the kernel `{short}`: so begins the SHA-256 over the sources of `lang`, `hal`, `kernel` and `boot`.
"""
_MARK: Final = {
    About.THIS.value: "this kernel",
    About.EARLIER.value: "**OF AN EARLIER KERNEL** `{short}`",
    About.NOTHING.value: "**NOT MEASURED**",
    About.BROKEN.value: "**UNREADABLE**",
}


def short(digest: str) -> str:
    return digest[:12]


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table of Markdown; numbers stand to the right."""
    body = [list(row) for row in rows]
    right = [bool(body) and all(isinstance(row[i], int) for row in body) for i in range(len(head))]
    lines = [_line(head), _line(["--:" if is_number else "---" for is_number in right])]
    return "\n".join(lines + [_line(row) for row in body]) + "\n"


def _line(cells: Iterable[object]) -> str:
    texts = (f"{cell:,}" if isinstance(cell, int) else str(cell).replace("|", "\\|") for cell in cells)
    return f"| {' | '.join(texts)} |"


def page(card: dict[str, Any]) -> str:
    """The whole page."""
    sections = [
        INTRODUCTION.format(short=short(card["kernel"])),
        _warning(card),
        _figures(card),
        _lines(card),
        _tests(card),
        _faults(card),
        _refusals(card),
        _seeded(card),
        _details(card),
        _limits(card),
    ]
    return "\n".join(section for section in sections if section)


def _warning(card: dict[str, Any]) -> str:
    """What is not as it should be, before anything else."""
    wanting = [row for row in card["rows"] if row["about"] != About.THIS.value]
    if not wanting:
        return ""
    return f"**{len(wanting)} of {len(card['rows'])} figures are of an earlier kernel, missing or unreadable.**\n"


def _figures(card: dict[str, Any]) -> str:
    """A table for each command, below it."""
    parts = ["## Figures\n"]
    for command, rows in groupby(card["rows"], lambda row: row["command"]):
        body = [(row["figure"], row["value"], _MARK[row["about"]].format(short=short(row["kernel"]))) for row in rows]
        parts.append(f"`{command}`\n\n{table(('figure', '', 'about'), body)}")
    return "\n".join(parts)


def _lines(card: dict[str, Any]) -> str:
    rows = [(layer["name"], layer["what"], layer["files"], layer["lines"]) for layer in card["layers"]]
    rows.append(("all", "", sum(row[2] for row in rows), sum(row[3] for row in rows)))
    text = "## Lines of what boots\n\nWithout blank lines, comments and docstrings.\n\n"
    return text + table(("part", "", "files", "lines"), rows)


def _tests(card: dict[str, Any]) -> str:
    rows = [(kind["name"], kind["functions"], kind["tests"], kind["qemu"]) for kind in card["tests"]]
    rows.append(("all", *(sum(row[i] for row in rows) for i in (1, 2, 3))))
    text = "## Tests\n\nAs pytest collects them: functions, the cases that they make, how many of these boot QEMU.\n\n"
    text += table(("category", "functions", "cases", "on QEMU"), rows)
    others = [(o["name"], f"{o['lines']:,}" if o["lines"] else "not counted", o["tests"]) for o in card["others"]]
    kernel = next(layer["lines"] for layer in card["layers"] if layer["name"] == "kernel")
    ours = ("Tyrne", f"{kernel:,}; with all that boots {sum(layer['lines'] for layer in card['layers']):,}")
    others.insert(0, (*ours, f"{rows[-1][1]:,} functions, {rows[-1][2]:,} cases, {rows[-1][3]:,} of them on QEMU"))
    return text + OTHERS + table(("kernel", "lines of the kernel", "tests"), others)


OTHERS: Final = """
Beside others. Their figures are no command's: we counted them in public sources, of no version that we noted. They say
how large these kernels are and how they are tested, and no more.

"""
FAULTS: Final = """\
## Faults at EL0

With how many programs that provoke a fault each machine is tested. What happens on native and QEMU is compared with the
hosted machine: syndrome, address, registers, and all that other tasks do. *Repaired*: the supervisor sends the task on,
and it has lost no register; *started anew*: the supervisor configures it again. Rows of zero, and
causes without a row, have no program: [hosted.md](hosted.md) and [CAVEATS.md](../CAVEATS.md) say what is known of them.

"""
_FAULT_COLUMNS: Final = {
    "hosted": "hosted",
    "native": "native",
    "qemu": "QEMU",
    "repaired": "repaired: hosted, native",
    "repaired on qemu": "repaired: QEMU",
    "restarted": "started anew: hosted, native",
    "restarted on qemu": "started anew: QEMU",
}


def _faults(card: dict[str, Any]) -> str:
    rows = [(row["fault"], *(row[column] for column in _FAULT_COLUMNS)) for row in card["faults"]]
    return FAULTS + table(("fault", *_FAULT_COLUMNS.values()), rows)


REFUSALS: Final = """\
## Refusals

Each call, the statuses with which it can be refused, and how many tests pin each: the status, and that the whole kernel
is as it was. What is documented, or was met by random calls, and is pinned by no test would stand in the last column. A
test also sees each line of the kernel that refuses do so: `tests/kernel/test_refusal_lines.py`.

"""


def _refusals(card: dict[str, Any]) -> str:
    rows = [
        (
            f"`{row['call']}`",
            ", ".join(f"{status} {tests}" for status, tests in row["tests"].items()),
            ", ".join(row["unpinned"]),
        )
        for row in card["refusals"]
    ]
    return REFUSALS + table(("call", "refusals and their tests", "pinned by none"), rows) if rows else ""


SEEDED: Final = """\
## Bugs that were planted

A test plants each of these in the kernel, and exploration of a model finds it. The shortest trace that shows it has so
many steps. Models that `make explore ARGS=--list` does not have are made for this, beside the bugs:
`tests/testing/explore/seeded_bugs.py`.

"""


def _seeded(card: dict[str, Any]) -> str:
    rows = [(bug["what"], f"`{bug['place']}`", bug["model"], bug["steps"]) for bug in card["seeded"]]
    return SEEDED + table(("what is wrong", "where", "model", "steps"), rows)


def _details(card: dict[str, Any]) -> str:
    text = "".join(f"\n### {title}\n\n{_items(lines)}" for title, lines in card["details"].items())
    return f"## What the figures leave open\n{text}" if text else ""


def _items(lines: Iterable[str]) -> str:
    return "".join(f"- {line}\n" for line in lines)


def _limits(card: dict[str, Any]) -> str:
    text = "## Known limits\n\nThe headings of [CAVEATS.md](../CAVEATS.md), which explains them.\n"
    for section in card["limits"]:
        text += f"\n- {section['section']}: {'; '.join(section['limits'])}."
    return text + "\n"
