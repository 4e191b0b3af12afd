"""The results: rows of figures beside what they are compared with, as a table and as JSON."""

from __future__ import annotations

from bisect import bisect
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from rich.table import Table
from rich.text import Text

Number = int | float


@dataclass(frozen=True)
class Row:
    """One figure. `sel4` is seL4's, `budget` the most (or the least) that it may be; None where there is none.

    `least` and `most` are the extremes where the figure is the median of many.
    """

    name: str
    value: Number
    sel4: Number | None = None
    budget: Number | None = None
    least: Number | None = None
    most: Number | None = None

    def to_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "value": self.value,
            "least": self.least,
            "most": self.most,
            "sel4": self.sel4,
            "budget": self.budget,
            "of_sel4": ratio(self.value, self.sel4),
            "of_budget": ratio(self.value, self.budget),
        }


@dataclass(frozen=True)
class Section:
    """Rows in one unit. `note` says how they were taken."""

    title: str
    unit: str
    rows: tuple[Row, ...]
    note: str
    more_is_better: bool = False

    def table(self) -> Table:
        """For a terminal, or plain where there is none."""
        title = f"{self.title} ({self.unit})"
        table = Table(title=title, caption=self.note, title_justify="left", caption_justify="left")
        table.add_column("", min_width=38)
        extremes = any(row.least is not None for row in self.rows)
        names = ["Tyrne", *(("min", "max") if extremes else ()), "seL4", "budget", "of seL4", "of budget"]
        for name in names:
            table.add_column(name, justify="right")
        for row in self.rows:
            within = ratio(row.value, row.budget)
            kept = within is None or (within >= 1 if self.more_is_better else within <= 1)
            cells = [
                _plain(row.value),
                *((_plain(row.least), _plain(row.most)) if extremes else ()),
                _plain(row.sel4),
                _plain(row.budget),
                _times(ratio(row.value, row.sel4)),
            ]
            style = "" if within is None else "green" if kept else "red"
            table.add_row(row.name, *cells, Text(_times(within), style=style))
        return table

    def to_json(self) -> dict[str, Any]:
        return {
            "title": self.title,
            "unit": self.unit,
            "note": self.note,
            "more_is_better": self.more_is_better,
            "rows": [row.to_json() for row in self.rows],
        }


@dataclass(frozen=True)
class Histogram:
    """How many of each row's values lie below each bound and not below the one before; then the rest, and the most."""

    title: str
    unit: str
    bounds: tuple[int, ...]
    rows: tuple[tuple[str, tuple[int, ...]], ...]
    note: str

    def table(self) -> Table:
        """As a section's. A cell is empty where there is none."""
        title = f"{self.title} ({self.unit})"
        table = Table(title=title, caption=self.note, title_justify="left", caption_justify="left")
        table.add_column("", min_width=38)
        for name in (*(f"<{bound:,}" for bound in self.bounds), "more", "most"):
            table.add_column(name, justify="right")
        for name, values in self.rows:
            counts = (_plain(count or None) for count in self.counts(values))
            table.add_row(name, *counts, _plain(max(values, default=None)))
        return table

    def counts(self, values: Sequence[int]) -> list[int]:
        found = Counter(bisect(self.bounds, value) for value in values)
        return [found[column] for column in range(len(self.bounds) + 1)]

    def to_json(self) -> dict[str, Any]:
        return {
            "title": self.title,
            "unit": self.unit,
            "note": self.note,
            "bounds": list(self.bounds),
            "rows": [
                {"name": name, "counts": self.counts(values), "most": max(values, default=None)}
                for name, values in self.rows
            ],
        }


@dataclass
class Report:
    """All sections of one run."""

    sections: list[Section | Histogram] = field(default_factory=list)

    def add(self, section: Section | Histogram) -> None:
        self.sections.append(section)

    def to_json(self) -> dict[str, Any]:
        return {"sections": [section.to_json() for section in self.sections]}


def ratio(value: Number, reference: Number | None) -> float | None:
    """How many times the reference; None without one."""
    return None if reference is None else round(value / reference, 3)


def _plain(value: Number | None) -> str:
    return "" if value is None else f"{value:,}"


def _times(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"
