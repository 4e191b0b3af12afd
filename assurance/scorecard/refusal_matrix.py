"""The matrix of calls and refusals: what tests pin, beside what random calls have met."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Final

from assurance.scorecard.results import RESULTS, read

NO_REFUSALS: Final = frozenset({"OK", "ABORTED"})
"""Success, and the end of a wait that was called off: neither is an answer to a wrong call."""


def refusal_matrix(folder: Path = RESULTS) -> list[dict[str, object]]:
    """A row for each call: how many tests pin each of its refusals, and which refusals random calls have met that no
    test pins. Empty where nothing was recorded, or it cannot be read."""
    with suppress(ValueError, KeyError, AttributeError):
        pinned, met = read("refusals", folder), read("fuzz-calls", folder)
        if pinned is not None:
            statuses = met["statuses"] if met is not None else {}
            return [
                {
                    "call": call,
                    "tests": tests,
                    "unpinned": sorted(set(statuses.get(call, {})) - tests.keys() - NO_REFUSALS),
                }
                for call, tests in pinned["calls"].items()
            ]
    return []
