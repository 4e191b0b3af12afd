"""What a campaign came to: as tables, as lines for the survivors, and as JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from rich.console import Console
from rich.table import Table

from assurance.mutation.categories import ORDER
from assurance.mutation.mutant import Mutant
from tyrne.system.kernel_source import digest

OUTCOMES: Final = ("killed", "equivalent", "survived")


@dataclass(frozen=True)
class Outcome:
    """A mutant, what became of it (one of OUTCOMES), and if it is equivalent why."""

    mutant: Mutant
    outcome: str
    reason: str = ""


def table(title: str, outcomes: Sequence[Outcome], group: Callable[[Mutant], str], order: Sequence[str]) -> Table:
    """Mutants by their groups, a row for each and one for all."""
    counts: Counter[tuple[str, str]] = Counter((group(one.mutant), one.outcome) for one in outcomes)
    shown = Table(title, "mutants", *OUTCOMES)
    for column in shown.columns[1:]:
        column.justify = "right"
    rows = [name for name in order if any(counts[name, outcome] for outcome in OUTCOMES)]
    for name in rows:
        each = [counts[name, outcome] for outcome in OUTCOMES]
        shown.add_row(name, str(sum(each)), *map(str, each))
    total = [sum(counts[name, outcome] for name in rows) for outcome in OUTCOMES]
    shown.add_section()
    shown.add_row("all", str(sum(total)), *map(str, total))
    return shown


def show(console: Console, outcomes: Sequence[Outcome]) -> None:
    files = sorted({one.mutant.file for one in outcomes})
    console.print(table("file", outcomes, lambda mutant: mutant.file, files))
    console.print(table("about", outcomes, lambda mutant: mutant.category, ORDER))
    for one in outcomes:
        if one.outcome == "survived":
            console.print(str(one.mutant), soft_wrap=True, emoji=False, highlight=False, markup=False)


def figures(outcomes: Sequence[Outcome], command: str) -> dict[str, Any]:
    """The object that is written as JSON: the same for the same kernel and tests."""

    def counted(group: Callable[[Mutant], str], order: Sequence[str]) -> dict[str, dict[str, int]]:
        found: dict[str, dict[str, int]] = {}
        for name in order:
            inside = [one for one in outcomes if group(one.mutant) == name]
            if inside:
                found[name] = {"mutants": len(inside)}
                found[name].update({outcome: sum(one.outcome == outcome for one in inside) for outcome in OUTCOMES})
        return found

    def listed(outcome: str) -> list[dict[str, Any]]:
        chosen = [one for one in outcomes if one.outcome == outcome]
        return [
            {
                "file": one.mutant.file,
                "function": one.mutant.function,
                "line": one.mutant.line,
                "check": one.mutant.check,
                "changed": one.mutant.changed,
                **({"reason": one.reason} if one.reason else {}),
            }
            for one in chosen
        ]

    return {
        "command": command,
        "kernel": digest(),
        "mutants": len(outcomes),
        **{outcome: sum(one.outcome == outcome for one in outcomes) for outcome in OUTCOMES},
        "categories": counted(lambda mutant: mutant.category, ORDER),
        "operators": counted(lambda mutant: mutant.operator, sorted({one.mutant.operator for one in outcomes})),
        "files": counted(lambda mutant: mutant.file, sorted({one.mutant.file for one in outcomes})),
        "equivalents": listed("equivalent"),
        "survivors": listed("survived"),
    }
