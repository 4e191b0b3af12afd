"""No number of the interface is ever moved or used again: programs that were built once go on to mean the same.

numbers.txt lists every number that was ever used. A line is added with a new row, and never taken out.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator, Mapping
from enum import Enum
from pathlib import Path
from typing import Final

import pytest

from tyrne.abi import CallNumber, CapKind, Notice, Rights, SendOutcome, Status, TaskState
from tyrne.user.memory import Access

LIST: Final = Path(__file__).with_name("numbers.txt")
TABLES: Final[dict[str, type[Enum]]] = {
    "call": CallNumber,
    "right": Rights,
    "kind": CapKind,
    "status": Status,
    "state": TaskState,
    "notice": Notice,
    "outcome": SendOutcome,
    "access": Access,
}
Used = Mapping[tuple[str, int], str]
"""The names by table and number."""


def listed(text: str) -> Used:
    """The lines of the list: table, number, name."""
    rows = [line.split() for line in text.splitlines() if line and not line.startswith("#")]
    used = {(table, int(number, 0)): name for table, number, name in rows}
    assert len(used) == len(rows), "tests/kernel/numbers.txt: a number stands there twice"
    return used


def now() -> Used:
    return {(table, int(m.value)): m.name for table, members in TABLES.items() for m in members}


def line_of(table: str, number: int, name: str) -> str:
    return f"{table} {number:#x} {name}" if table in ("right", "status") else f"{table} {number} {name}"


def place(table: str, name: str) -> str:
    """Where a number stands in the sources."""
    lines, first = inspect.getsourcelines(TABLES[table])
    row = next(i for i, line in enumerate(lines, first) if re.match(rf" +{name} = ", line))
    return f"src/{TABLES[table].__module__.replace('.', '/')}.py:{row}"


def mistakes(used: Used, current: Used) -> Iterator[str]:
    """What is wrong with the numbers as they are now, beside those that were ever used."""
    numbers = {(table, name): number for (table, number), name in used.items()}
    for (table, number), name in current.items():
        before = used.get((table, number))
        was = numbers.get((table, name))
        if was is not None and was != number:
            yield f"{place(table, name)}: {name} was {was:#x}, and a number is never moved; write {name} = {was:#x}"
        elif before is not None and before != name:
            yield f"{place(table, name)}: {number:#x} was {before}'s, and is never used again; take the next number"
        elif before is None:
            yield f"tests/kernel/numbers.txt: {name} is new; add the line: {line_of(table, number, name)}"


def test_no_number_was_moved_or_used_again_and_a_new_one_is_listed() -> None:
    found = list(mistakes(listed(LIST.read_text()), now()))
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("table", "number", "name", "expected"),
    [
        ("call", 99, "POLL", "{}: POLL was 0x13, and a number is never moved; write POLL = 0x13"),
        ("right", 0x10, "RECV", "{}: RECV was 0x20, and a number is never moved; write RECV = 0x20"),
        ("kind", 99, "DOOR", "tests/kernel/numbers.txt: DOOR is new; add the line: kind 99 DOOR"),
        ("status", 0x309, "LATE", "tests/kernel/numbers.txt: LATE is new; add the line: status 0x309 LATE"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(table: str, number: int, name: str, expected: str) -> None:
    (found,) = mistakes(listed(LIST.read_text()), {(table, number): name})
    at = place(table, name) if "{}" in expected else ""
    assert found == expected.format(at)
    if at:
        file, _, line = at.rpartition(":")
        assert f" {name} = " in (Path(__file__).parents[2] / file).read_text().splitlines()[int(line) - 1]


def test_the_number_of_what_is_gone_is_not_free() -> None:
    used = {**listed(LIST.read_text()), ("call", 19): "GONE"}
    (found,) = mistakes(used, {("call", 19): "POLL"})
    assert found.endswith(": 0x13 was GONE's, and is never used again; take the next number")
