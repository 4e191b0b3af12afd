"""The words of a page of a task's memory."""

from __future__ import annotations

from typing import Any, Final

from tyrne.inspect.ui.writes import WORD, physical
from tyrne.system.replay import Replay

PAGE: Final = 4096
"""Bytes."""
ROW: Final = 4
"""Words that are told together."""


def page_words(replay: Replay, task: int, address: int) -> dict[str, Any]:
    """The page with an address, as data for JSON, without rows that are all zero. RequestError where nothing is mapped,
    or no RAM."""
    first = address - address % PAGE
    content = replay.kernel.board.get(physical(replay, task, first), PAGE)
    rows = []
    for start in range(0, PAGE, ROW * WORD):
        row = [int.from_bytes(content[at : at + WORD], "little") for at in range(start, start + ROW * WORD, WORD)]
        if any(row):
            rows.append({"at": f"{first + start:#x}", "words": [f"{word:#x}" for word in row]})
    return {"page": f"{first:#x}", "rows": rows}
