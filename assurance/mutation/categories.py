"""What a check is about: told from what it names, then from the file that it is in."""

from __future__ import annotations

import re
from typing import Final

BY_NAME: Final = (
    ("rights", r"\bRights\b|\brights\b|includes\(|WRITE\b|EXECUTE\b|MappingFlags|forbidden|AP_|[PU]XN"),
    ("generation", r"generation|GENERATION|contains\(slot|\.get\(|stale"),
    ("alignment", r"aligned|%|to_page_end|page_of"),
    ("quota", r"quota|claim|covers|payer|FRAMES"),
    ("refusal", r"isinstance\(\w+, (Status|LoadFailure)\)|refus|failure"),
    ("kind", r"isinstance|kind|CapKind|Handle\("),
    ("range", r"<=|>=|[<>](?![<>=])|\blen\(|LIMIT|MAX_|irange|overlaps|window|validate"),
)
"""Categories that a check's own words tell; the first row that fits."""
BY_FILE: Final = (
    ("memory", r"page_|pages|descriptors|frames|memory|mapping|address_space"),
    ("scheduling", r"scheduler|task_queue|interrupt|timer"),
    ("report", r"log|fault|end_of_run|syndrome"),
)
"""Those that the file tells, where the words do not."""
BY_NAME_AT_LAST: Final = (
    ("capability", r"capability|slot|table|resolve|lookup|handle|HANDLE|origin|child|sibling|parent|parked|badge"),
    ("state", r""),
)
EFFECT: Final = "effect"
"""Not a check: what a call does once it is allowed."""
STATUS: Final = "status"
"""Which refusal it is."""
INVARIANT: Final = "invariant"
"""What never happens."""
ORDER: Final = (*(name for name, _ in (*BY_NAME, *BY_FILE, *BY_NAME_AT_LAST)), STATUS, INVARIANT, EFFECT)


def category(file: str, check: str) -> str:
    """The category of a check in a file of src/tyrne."""
    told = [(name, words, check) for name, words in BY_NAME]
    told += [(name, words, file) for name, words in BY_FILE]
    told += [(name, words, check) for name, words in BY_NAME_AT_LAST]
    return next(name for name, words, text in told if re.search(words, text))
