"""Each statement of the page with the tests that pin it, or the reason why it is no promise; and what is missing."""

from __future__ import annotations

import difflib
import tomllib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from assurance.promises.marks import Pin, pins
from assurance.promises.page import PAGE, ROOT, Statement, plain, statements

NO_PROMISES: Final = Path(__file__).parent / "no_promises.toml"
HOW: Final = "tests/promises/README.md says how"


@dataclass(frozen=True)
class Promises:
    """The statements of the page in its order, the tests of each, and the reasons of those that are no promises."""

    statements: Sequence[Statement]
    pins: Sequence[Pin]
    reasons: Mapping[str, str]

    def of(self, statement: Statement) -> list[Pin]:
        """The tests that pin a statement."""
        return [pin for pin in self.pins if pin.statement == statement.text]

    def of_row(self, row: str) -> list[Pin]:
        """The tests that pin anything that a row of a table says, each once."""
        said = {statement.text for statement in self.statements if statement.row == row}
        return list({(pin.file, pin.function): pin for pin in self.pins if pin.statement in said}.values())

    def rows(self, section: str) -> list[str]:
        """The first cells of the tables of a section."""
        return list(dict.fromkeys(one.row for one in self.statements if one.section == section and one.row))


def read(page: Path = PAGE, reasons: Path = NO_PROMISES) -> Promises:
    """What there is now. Raises MarkError."""
    return Promises(statements(page.read_text()), pins(), read_reasons(reasons.read_text()))


def read_reasons(text: str) -> dict[str, str]:
    """The reason of each statement that is no promise: [[reason]] tables with a reason and what it is true of."""
    return {plain(one): entry["reason"] for entry in tomllib.loads(text)["no_promise"] for one in entry["statements"]}


def complaints(promises: Promises) -> list[str]:
    """What is wrong, one line each: promises without a test, and tests and reasons of what the page does not say."""
    said = {statement.text for statement in promises.statements}
    pinned: dict[str, list[Pin]] = defaultdict(list)
    for pin in promises.pins:
        pinned[pin.statement].append(pin)
    page, listed = PAGE.relative_to(ROOT), NO_PROMISES.relative_to(ROOT)
    return [
        *(
            f'{page}:{one.line}: no test pins "{one.text}"; mark one with @pytest.mark.promise, {HOW}'
            for one in promises.statements
            if one.text not in pinned and one.text not in promises.reasons
        ),
        *(
            f'{pin.file}:{pin.line}: pins "{pin.statement}", which {page} does not say{_nearest(pin.statement, said)}; '
            "see whether the test pins what the page says now, and quote that"
            for pin in promises.pins
            if pin.statement not in said
        ),
        *(
            f'{listed}: "{one}" is not in {page}{_nearest(one, said)}; decide anew whether what it says is a promise'
            for one in promises.reasons
            if one not in said
        ),
        *(
            f'{listed}: "{one}" is pinned by {pinned[one][0].function}; remove it here, or the mark there'
            for one in promises.reasons
            if one in pinned
        ),
    ]


def _nearest(statement: str, said: Iterable[str]) -> str:
    found = difflib.get_close_matches(statement, said, 1, 0.6)
    return f', but "{found[0]}"' if found else ""
