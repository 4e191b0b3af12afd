"""docs/promises.md: each statement beside its tests, section by section. A pure function of what there is."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Final

from assurance.promises.faults import Fault
from assurance.promises.marks import Pin
from assurance.promises.page import ROOT
from assurance.promises.promises import Promises
from assurance.scorecard.page import table

LIST: Final = ROOT / "docs" / "promises.md"
INTRODUCTION: Final = """\
# Promises and their tests

Written by `make promises`; do not edit. Each sentence of [security.md](security.md), and each part of one that a
semicolon ends, beside the tests that pin it. A sentence without a test fails `make check`, and so does a test that
pins what the page does not say any more. How a test says what it pins: [tests/promises](../tests/promises/README.md).

{promises} promises, {tests} tests; {others} statements that promise nothing, each with the reason why.
"""


FAULTS: Final = """\
## Faults that a test notices

What a row of a table says is broken in the kernel, a function at a time: `make promises ARGS=--faults`. One of the
tests that pin what the row says has to fail. `make test` does it for "Denial of service".
"""


def listing(promises: Promises, faults: Sequence[Fault]) -> str:
    """The whole page."""
    pinned = [one for one in promises.statements if promises.of(one)]
    others = [one for one in promises.statements if one.text in promises.reasons]
    tests = {(pin.file, pin.function) for pin in promises.pins}
    parts = [INTRODUCTION.format(promises=len(pinned), tests=len(tests), others=len(others))]
    for section, statements in groupby(pinned, lambda one: one.section):
        rows = [(one.text, "<br>".join(_link(pin) for pin in promises.of(one))) for one in statements]
        parts += [f"## {section[0].upper()}{section[1:]}\n", table(("promised", "pinned by"), rows)]
    parts.append("## No promises\n")
    parts.append(table(("said", "why it is no promise"), [(one.text, promises.reasons[one.text]) for one in others]))
    planted = [(fault.row, fault.what, f"{fault.file}: {fault.function}") for fault in faults]
    parts += [FAULTS, table(("row", "what is wrong", "where"), planted)]
    return "\n".join(parts)


def _link(pin: Pin) -> str:
    return f"[{pin.function}](../{pin.file})"
