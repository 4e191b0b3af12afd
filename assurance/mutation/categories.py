"""What a check is about, told from what it names: the first row whose words are in it."""

from __future__ import annotations

import re
from typing import Final

CATEGORIES: Final = (
    ("rights", r"\bRights\b|\brights\b|includes\(|WRITE\b|EXECUTE\b|MappingFlags|forbidden|AP_|[PU]XN"),
    ("generation", r"generation|GENERATION|contains\(slot|\.get\(|stale"),
    ("alignment", r"aligned|%|to_page_end|page_of"),
    ("quota", r"quota|claim|covers|payer|FRAMES"),
    ("kind", r"isinstance|kind|CapKind|Handle\("),
    ("range", r"<=|>=|[<>](?![<>=])|\blen\(|LIMIT|MAX_|irange|overlaps|window|validate|>>|<<"),
    ("capability", r"capability|slot|table|resolve|lookup|handle|HANDLE|origin|child|sibling|parent|parked|badge"),
    ("state", r""),
)
"""The categories of checks in the order in which they are told; the last takes what is left."""
EFFECT: Final = "effect"
"""Not a check: what a call does once it is allowed."""
STATUS: Final = "status"
"""Which refusal it is."""
INVARIANT: Final = "invariant"
"""What never happens."""


def category(check: str) -> str:
    return next(name for name, words in CATEGORIES if re.search(words, check))
