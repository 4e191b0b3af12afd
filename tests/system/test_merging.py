"""A program of more segments than the loader takes: neighbours become one, if both are written to, or neither is."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from elf_files import TEXT, Load, R, W, X, elf

from running import on_each_machine, run_system
from tyrne.system.elf import load_elf
from tyrne.system.errors import RequestError
from tyrne.system.merging import GAP, merged
from tyrne.system.program import Program, Segment

PAGE = 0x1000
FIVE_AND_SEVEN = TEXT + 4 * PAGE, TEXT + 7 * PAGE
"""Where the program below has a word that is 5, and one that is 7."""


def adds(first: int, second: int) -> bytes:
    """Loads a word from each address, stores their sum at the first, and exits with what stands there."""
    near = [(address - TEXT) // PAGE for address in (first, second)]
    adrp = [0x9000_0000 | (pages & 3) << 29 | pages >> 2 << 5 | register for register, pages in enumerate(near, 1)]
    code = [*adrp, 0xF940_0023, 0xF940_0044, 0x8B04_0063, 0xF900_0023, 0xF940_0020, 0xD280_0088, 0xD400_0001]
    return struct.pack(f"<{len(code)}I", *code)


WORDS = [struct.pack("<Q", number) for number in (5, 7)]
MANY = elf(
    Load(TEXT, R | X, adds(*FIVE_AND_SEVEN)),
    Load(TEXT + PAGE, R, b"constants"),
    Load(TEXT + 2 * PAGE, R, b"more"),
    Load(TEXT + 4 * PAGE, R | W, WORDS[0]),
    Load(TEXT + 5 * PAGE, R | W, b"", 1),
    Load(TEXT + 7 * PAGE, R | W, WORDS[1], 0x1800),
    Load(TEXT + 9 * PAGE, R, b"last"),
)


def loaded(*loads: Load) -> Program:
    return load_elf(Path("p"), elf(*loads))


def at(number: int, flags: int, data: bytes = bytes(4)) -> Load:
    return Load(TEXT + number * PAGE, flags, data)


@on_each_machine
def test_a_program_of_seven_segments_runs(tmp_path: Path, machine: str) -> None:
    (tmp_path / "p").write_bytes(MANY)
    assert run_system([tmp_path / "p"], machine)["tasks"][0]["code"] == 12


def test_neighbours_of_one_access_come_first_and_nothing_is_written_to_that_was_not() -> None:
    found = load_elf(Path("p"), MANY).segments
    assert [(s.address, s.end, s.writable, s.executable) for s in found] == [
        (TEXT, TEXT + PAGE, False, True),
        (TEXT + PAGE, TEXT + 3 * PAGE, False, False),
        (TEXT + 4 * PAGE, TEXT + 9 * PAGE, True, False),
        (TEXT + 9 * PAGE, TEXT + 10 * PAGE, False, False),
    ]
    assert found[1].data == b"constants".ljust(PAGE, b"\0") + b"more"
    assert found[2].data == WORDS[0].ljust(3 * PAGE, b"\0") + WORDS[1]
    assert found[2].memory == 3 * PAGE + 0x1800


def test_constants_join_code_only_where_it_has_to_be() -> None:
    four = loaded(at(0, R | X), at(1, R), at(2, R | W), at(3, R)).segments
    assert [s.executable for s in four] == [True, False, False, False]
    five = loaded(at(0, R | X), at(1, R), at(2, R | W), at(3, R), at(4, R | W)).segments
    assert [(s.address, s.executable) for s in five] == [
        (TEXT, True), (TEXT + 2 * PAGE, False), (TEXT + 3 * PAGE, False), (TEXT + 4 * PAGE, False),
    ]  # fmt: skip


def test_what_lies_far_apart_stays_apart() -> None:
    low = Segment(TEXT, True, False, b"low", 3)
    near, far = (Segment(TEXT + PAGE + gap, True, False, b"high", 4) for gap in (GAP - PAGE, GAP + PAGE))
    assert len(merged([low, near], 1)) == 1
    assert len(merged([low, far], 1)) == 2
    large = Segment(TEXT, True, False, b"low", GAP + PAGE)
    above = Segment(large.end, True, False, b"high", 4)
    assert len(merged([large, above], 1)) == 2, "the image would have the zeros between their contents"
    assert merged([large, Segment(large.end, True, False, b"", 4)], 1)[0].data == b"low"


@pytest.mark.parametrize(
    ("loads", "expected"),
    [
        (
            [at(i, (R | W) if i % 2 else (R | X)) for i in range(5)],
            "p: 5 loaded segments; the one at 0x804000 is too many; "
            "link it into 4, with all that is written to behind all that is not",
        ),
        (
            [at(0, R | X), at(1, R), *(at(i, (R | W) if i % 2 else R) for i in range(3, 8))],
            "p: 7 loaded segments, and 6 when neighbours become one; the one at 0x806000 is too many; "
            "link it into 4, with all that is written to behind all that is not",
        ),
        ([at(0, R | X), *(at(i * 0x101, R | W) for i in range(2, 7))], "p: 6 loaded segments; the one at 0xd05000"),
    ],
)
def test_what_stays_too_many_is_refused_with_the_first_that_is(loads: list[Load], expected: str) -> None:
    with pytest.raises(RequestError) as caught:
        loaded(*loads)
    assert str(caught.value).startswith(expected)


def test_many_segments_share_no_bytes_of_the_file() -> None:
    one = elf(*(at(i, R | X) for i in range(6)))
    size = struct.pack("<Q", len(one))
    header = 64 + 56 * 5
    claims = one[: header + 8] + bytes(8) + one[header + 16 : header + 32] + size * 2 + one[header + 48 :]
    with pytest.raises(RequestError, match="p: 6 segments that overlap in the file, or are truncated; link it again"):
        load_elf(Path("p"), claims)
