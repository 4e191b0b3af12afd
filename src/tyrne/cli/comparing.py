"""What `tyrne diff` shows: where two runs part, and how the systems stand there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from tyrne.cli.sheet import Item, Styled, Table
from tyrne.inspect.difference import Comparison
from tyrne.inspect.words import counted

SHOWN: Final = 40
"""Changes: of very different systems there are thousands."""


def compared(found: Comparison) -> Iterator[Item]:
    """The first transition that differs, and what is different after it."""
    one, other = found.at
    if found.same:
        to_the_end = f"to the end: {counted(found.same_for, 'transition')}"
        yield f"the same {to_the_end if one.over else one.text}"
        return
    if found.made == (None, None):
        yield f"different {_place(found)}:"
    else:
        yield f"the same for {counted(found.same_for, 'transition')}; then:"
        for sign, made, style in zip("-+", found.made, ("red", "green"), strict=True):
            yield Styled(f"{sign} {'(the run is over)' if made is None else made}", style)
    table = Table(("", f"- {one.run}", f"+ {other.run}"))
    for change in found.changes[:SHOWN]:
        table.rows.append((change.what, change.one or "-", change.other or "-"))
    if table.rows:
        yield table
    if len(found.changes) > SHOWN:
        yield f"and {len(found.changes) - SHOWN} more differences"


def _place(found: Comparison) -> str:
    one = found.at[0]
    return f"at the end, after {counted(one.transition, 'transition')}" if one.over else one.text
