"""The matrix of calls and refusals: what tests pin, beside what is documented and what random calls have met."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from assurance.scorecard.results import RESULTS, read
from tyrne.abi import CallNumber, Status
from tyrne.user.refusals import ENDS_OF_WAITS, REFUSALS


def refusal_matrix(folder: Path = RESULTS) -> list[dict[str, object]]:
    """A row for each call: how many tests pin each of its refusals, and which refusals are documented, or were met by
    random calls, that no test pins. Empty where nothing was recorded, or it cannot be read."""
    with suppress(ValueError, KeyError, AttributeError):
        pinned, met = read("refusals", folder), read("fuzz-calls", folder)
        if pinned is not None:
            statuses = met["statuses"] if met is not None else {}
            return [_row(call, tests, set(statuses.get(call, {}))) for call, tests in pinned["calls"].items()]
    return []


def _row(call: str, tests: dict[str, int], met: set[str]) -> dict[str, object]:
    number = CallNumber[call.upper()]
    documented = {status.name for status in REFUSALS[number]}
    no_refusals = {status.name for status in (Status.OK, *ENDS_OF_WAITS.get(number, ()))}
    unpinned = (documented | met - no_refusals) - tests.keys()
    return {"call": call, "tests": tests, "unpinned": sorted(unpinned)}
