"""The search for clear bits in a row, against one that goes bit by bit."""

from __future__ import annotations

from hypothesis import example, given, settings
from hypothesis import strategies as st

from tyrne.kernel.runs import first_run
from tyrne.lang import Array, u64

WORDS = 12
ALL = (1 << 64) - 1


def model(words: list[int], count: int) -> int | None:
    """Where the lowest of so many clear bits in a row begin."""
    clear = 0
    for index in range(64 * len(words)):
        clear = 0 if words[index // 64] >> index % 64 & 1 else clear + 1
        if clear == count:
            return index + 1 - count
    return None


def found(words: list[int], count: int) -> u64 | None:
    array = Array.filled(len(words), u64(0))
    for at, word in enumerate(words):
        array[u64(at)] = u64(word)
    return first_run(array, u64(count))


def bitmap(taken: set[int]) -> list[int]:
    return [sum(1 << bit for bit in range(64) if 64 * word + bit in taken) for word in range(WORDS)]


def holes(lengths: list[int]) -> list[int]:
    """Set bits that stand alone, with so many clear ones before each."""
    taken, at = set(), 0
    for length in lengths:
        at += length
        taken.add(at)
        at += 1
    return bitmap(taken | set(range(at, 64 * WORDS)))


counts = st.integers(2, 70) | st.sampled_from([127, 128, 129, 191, 192, 193, 256, 511, 512])
random_words = st.integers(0, ALL) | st.sampled_from([0, ALL, 1, 1 << 63, 1 << 32, ALL >> 1, ALL - 1])


@settings(max_examples=600)
@given(st.lists(random_words, min_size=WORDS, max_size=WORDS), counts)
@example([0] * WORDS, 64 * WORDS)
@example([0] * WORDS, 64 * WORDS + 1)
def test_in_any_bitmap_it_finds_what_a_search_bit_by_bit_finds(words: list[int], count: int) -> None:
    assert found(words, count) == model(words, count)


@settings(max_examples=600)
@given(counts, st.data())
def test_where_each_run_is_about_as_long_as_the_one_looked_for_it_finds_the_first_that_is_not_shorter(
    count: int, data: st.DataObject
) -> None:
    lengths = st.integers(count - 2, count - 1) | st.integers(0, 3)
    before = data.draw(st.lists(lengths, max_size=30))
    words = holes([*before, count + data.draw(st.integers(-1, 1)), *data.draw(st.lists(lengths, max_size=9))])
    assert found(words, count) == model(words, count)
