"""Lines and tables of an answer: aligned text into a pipe, with colours and within its width on a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from tyrne.cli.output import say
from tyrne.system.printable import one_line

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

GAP: Final = "  "


@dataclass(frozen=True)
class Styled:
    """A text, and how a terminal shows it: a style of rich."""

    text: str
    style: str = ""


Cell = str | Styled


@dataclass(frozen=True)
class Table:
    """Rows under titles; a column of numbers stands to the right."""

    titles: Sequence[str]
    rows: list[Sequence[Cell]] = field(default_factory=list)
    numbers: frozenset[str] = frozenset()


Item = Cell | Table


def show(items: Iterable[Item], console: Console | None) -> None:
    """Show an answer on a terminal, or on standard output."""
    for item in items:
        if isinstance(item, Table):
            if console is None:
                say(*plain(item))
            else:
                _show_table(item, console)
        elif console is None:
            say(_text(item))
        else:
            console.print(_rich(item), soft_wrap=True)


def lines_of(items: Iterable[Item]) -> list[str]:
    """An answer as plain lines."""
    return [line for item in items for line in (plain(item) if isinstance(item, Table) else [_text(item)])]


def plain(table: Table) -> list[str]:
    """The lines of a table, each column as wide as its longest cell."""
    rows = [list(table.titles), *([_text(cell) for cell in row] for row in table.rows)]
    widths = [max(len(row[i]) for row in rows) for i in range(len(table.titles))]
    sides = [str.rjust if title in table.numbers else str.ljust for title in table.titles]
    lines = ([side(cell, width) for side, cell, width in zip(sides, row, widths, strict=True)] for row in rows)
    return [GAP.join(line).rstrip() for line in lines]


def _text(cell: Cell) -> str:
    return cell.text if isinstance(cell, Styled) else cell


def _rich(cell: Cell) -> Text:
    from rich.text import Text  # here: into a pipe one does without

    return Text(one_line(_text(cell)), style=cell.style if isinstance(cell, Styled) else "")


def _show_table(table: Table, console: Console) -> None:
    from rich.table import Table as RichTable

    shown = RichTable(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    for title in table.titles:
        shown.add_column(
            title,
            header_style="dim",
            justify="right" if title in table.numbers else "left",
            overflow="fold",
        )
    for row in table.rows:
        shown.add_row(*map(_rich, row))
    console.print(shown)
