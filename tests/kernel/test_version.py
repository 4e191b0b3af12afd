"""The version of the interface rises when a program could see a difference, and what each version fixes stays."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tyrne.abi import KNOWN_KINDS, VERSION, CapKind
from tyrne.user.interface import interface, line

LIST: Final = "tests/kernel/versions.txt"
COMMAND: Final = f"python -m tyrne.user.interface >> {LIST}"
FIRST: Final = 2
"""The version of the first programs that carry one."""


def mistakes(lines: list[str], now: str) -> Iterator[str]:
    """What is wrong with the list, beside the interface as it is."""
    rows = [text.split() for text in lines if text and not text.startswith("#")]
    versions = [int(version) for version, _ in rows]
    if versions != list(range(FIRST, FIRST + len(rows))):
        yield f"{LIST}: a line for each version from {FIRST} on, in their order; not {versions}"
    version, found = now.split()
    if int(version) != versions[-1]:
        yield f"{LIST}: its last version is {versions[-1]}, VERSION is {version}; run: {COMMAND}"
    elif found != rows[-1][1]:
        yield (
            f"the interface is not what version {version} was: raise VERSION in src/tyrne/abi/version.py, and run: "
            f"{COMMAND}; where only words changed, and no program sees a difference, the last line becomes: {now}"
        )


def test_the_version_was_looked_at_when_the_interface_changed() -> None:
    assert list(mistakes(Path(__file__).with_name("versions.txt").read_text().splitlines(), line())) == []


@pytest.mark.parametrize(
    ("lines", "now", "told"),
    [
        (["2 aa"], "2 aa", ""),
        (["# words", "2 aa", "3 bb"], "3 bb", ""),
        (["2 aa"], "2 bb", "the interface is not what version 2 was: raise VERSION"),
        (["2 aa"], "3 bb", "its last version is 2, VERSION is 3; run: python -m tyrne.user.interface >>"),
        (["2 aa", "3 bb"], "2 aa", "its last version is 3, VERSION is 2"),
        (["3 bb"], "3 bb", "a line for each version from 2 on"),
        (["2 aa", "2 bb"], "2 bb", "a line for each version from 2 on"),
    ],
)
def test_what_is_wrong_is_said_with_its_mend(lines: list[str], now: str, told: str) -> None:
    found = list(mistakes(lines, now))
    assert (len(found), told in "".join(found)) == (bool(told), True)


def test_a_version_fixes_each_number_and_each_register() -> None:
    lines = list(interface())
    assert len(lines) == len(set(lines))
    for text in ("CallNumber 0x1 SEND", "Rights 0x400 WRITE", "Status 0x208 ABORTED", "CapKind 0x8 REPLY"):
        assert text in lines
    assert any(text.startswith("TASK_STATE: task -> state; exit code;") for text in lines)


def test_a_bit_stands_for_each_kind() -> None:
    assert [kind.value for kind in CapKind] == [n for n in range(KNOWN_KINDS.bit_length()) if KNOWN_KINDS >> n & 1]
    assert VERSION >= FIRST
