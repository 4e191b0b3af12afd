"""The name that somebody meant."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Final

LONGEST: Final = 64
"""A name that is longer is compared by its beginning: comparing takes time by the product of both lengths."""


def meant(name: str, known: Iterable[str]) -> str:
    """ '; did you mean "x"?' after a sentence about an unknown name; empty where no known one is like it."""
    by_lower = {each.lower(): each for each in known}
    found = get_close_matches(name[:LONGEST].lower(), by_lower, 1)
    return f'; did you mean "{by_lower[found[0]]}"?' if found else ""
