"""Streams are drawn from the classes they name, are the same for the same seed, and mostly flow forward."""

from __future__ import annotations

import random

import pytest

from tyrne.testing.code import instructions, streams
from tyrne.testing.code.assembler import NOP
from tyrne.testing.code.excluded import ALWAYS, WITH_TICKS, Excluded, is_excluded
from tyrne.testing.code.instructions import Pattern

FAMILIES = {
    "integer": instructions.INTEGER,
    "floating": instructions.FLOATING,
    "memory": (*instructions.MEMORY, *instructions.ORDERED),
    "system": instructions.SYSTEM,
}


@pytest.mark.parametrize("family", FAMILIES)
def test_a_drawn_word_has_the_fixed_bits_of_its_class(family: str) -> None:
    for pattern in FAMILIES[family]:
        bits = pattern.bits.replace(" ", "")
        for seed in range(10):
            word = f"{pattern.draw(random.Random(seed)):032b}"
            assert all(bit == place for bit, place in zip(word, bits, strict=True) if place in "01"), pattern.name


def test_a_pattern_has_32_places() -> None:
    with pytest.raises(ValueError, match="31 places"):
        Pattern("short", "x" * 31)
    with pytest.raises(ValueError, match="odd"):
        Pattern("odd", "z" * 32)


@pytest.mark.parametrize("kind", sorted(streams.KINDS))
def test_the_same_seed_gives_the_same_stream(kind: str) -> None:
    stream = streams.stream(kind, 7, 300)
    assert stream == streams.stream(kind, 7, 300) != streams.stream(kind, 8, 300)
    assert len(stream) == 300 and all(0 <= word < 1 << 32 for word in stream)


@pytest.mark.parametrize("kind", sorted(streams.KINDS))
def test_what_may_not_run_is_in_no_stream(kind: str) -> None:
    assert not any(is_excluded(word) for seed in range(40) for word in streams.stream(kind, seed, 200))


@pytest.mark.parametrize("row", (*ALWAYS, *WITH_TICKS), ids=lambda row: row.name)
def test_a_row_bars_its_words_and_no_others(row: Excluded) -> None:
    assert is_excluded(row.value, ticks=True) and is_excluded(row.value | ~row.mask & 0xFFFF_FFFF, ticks=True)
    for bit in range(32):
        assert row.mask >> bit & 1 == 0 or not row.has(row.value ^ 1 << bit)


@pytest.mark.parametrize(
    ("backward", "kept"),
    [(0x17FF_FFFE, 0xFC00_0000), (0x97FF_FFF0, 0xFC00_0000), (0x54FF_FFE1, 0xFF00_001F), (0xB5FF_FF83, 0xFF00_001F),
     (0x3607_FFC5, 0xFFF8_001F)],
)  # fmt: skip
def test_a_branch_back_goes_forward(backward: int, kept: int) -> None:
    word = streams.forward(backward, random.Random(0))
    assert word & kept == backward & kept and word != backward
    offset = word & ~kept
    assert 0 < offset >> (5 if offset > 16 else 0) <= 16


def test_other_words_stay_as_they_are() -> None:
    assert streams.forward(NOP, random.Random(0)) == NOP
