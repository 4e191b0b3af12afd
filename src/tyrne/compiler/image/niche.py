"""`Value | None` without a tag of its own: where the value holds something that is never nothing.

A field that is a place is never a null pointer, and a field that is a union without None never has the tag of None. One
of these, in the value or in a value in it, says by what it cannot be that there is no value. In C the union has a name
of its own for it: `kp_held` for the pointer, `tag` for the tag.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tyrne.compiler.front.reject import Reject
from tyrne.compiler.lower.types import NONE, Place, Type, Union, Value

if TYPE_CHECKING:
    from tyrne.compiler.image.measure import Image


@dataclass(frozen=True)
class Niche:
    """The value, the names of the fields that lead to what is never nothing, and its type: a place or a union."""

    value: Value
    path: tuple[str, ...]
    type: Place | Union

    @property
    def name(self) -> str:
        """What C calls it in the union."""
        return "tag" if isinstance(self.type, Union) else "kp_held"

    @property
    def nothing(self) -> str:
        """The C text of what it is where there is no value."""
        return f"IS_{NONE.name}" if isinstance(self.type, Union) else "0"


def find_niche(image: Image, t: Union) -> Niche | None:
    """The niche of a union; None where it needs a tag."""
    parts = [part for part in t.parts if part != NONE]
    if len(parts) == len(t.parts) or len(parts) != 1 or not isinstance(parts[0], Value):
        return None
    try:
        found = _find(image, parts[0], ())
    except Reject:  # the class is refused where it is used
        return None
    return None if found is None else Niche(parts[0], *found)


def _find(image: Image, t: Value, outer: tuple[Type, ...]) -> tuple[tuple[str, ...], Place | Union] | None:
    for item in image.fields(t).values():
        if isinstance(item.type, Place) or (isinstance(item.type, Union) and NONE not in item.type.parts):
            return (item.name,), item.type
        if isinstance(item.type, Value) and item.type not in outer:
            found = _find(image, item.type, (*outer, t))
            if found is not None:
                return (item.name, *found[0]), found[1]
    return None
