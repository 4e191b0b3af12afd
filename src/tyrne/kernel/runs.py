"""Clear bits in a row in a bitmap: the lowest are found in few instructions a word, whatever is in it."""

from __future__ import annotations

from typing import Final

from tyrne.lang import Array, apart, bit_not, hot, inline, leading_zeros, trailing_zeros, u64, wrapping_mul

WORD_BITS: Final = u64(64)


@apart
@hot
def first_run(words: Array[u64], count: u64) -> u64 | None:
    """The lowest index of so many clear bits in a row, at least two."""
    return _first_long(words, count) if count > WORD_BITS else _first_short(words, count)


@inline
def _first_long(words: Array[u64], count: u64) -> u64 | None:
    """Of more than a word. `before` is how many bits just below the word are clear."""
    before, first = u64(0), u64(0)
    for word in words:
        if before + trailing_zeros(word) >= count:
            return first - before
        before = before + WORD_BITS if word == 0 else leading_zeros(word)
        first += WORD_BITS
    return None


@inline
def _first_short(words: Array[u64], count: u64) -> u64 | None:
    """Of at most a word. Set in `near` are the bits such that one of the `count` up to there is set, of those in the
    word. The lowest bit at which a run may end is `least`: one below the word is set."""
    two, four, eight = _step(count, u64(2)), _step(count, u64(4)), _step(count, u64(8))
    sixteen, half = _step(count, u64(16)), _step(count, u64(32))
    last = u64(1) << (count - 1)
    least, first = last, u64(0)
    for word in words:
        near = word | wrapping_mul(word, u64(2))
        near = near | wrapping_mul(near, two)
        near = near | wrapping_mul(near, four)
        near = near | wrapping_mul(near, eight)
        near = near | wrapping_mul(near, sixteen)
        ends = bit_not(near | wrapping_mul(near, half))
        if ends >= least:
            return first + trailing_zeros(ends & bit_not(least - 1)) + 1 - count
        least = last >> leading_zeros(word | 1)
        first += WORD_BITS
    return None


@inline
def _step(count: u64, length: u64) -> u64:
    """What a word is multiplied by so that its bits, spread over `length` each, are spread over as many again, but over
    `count` at most."""
    return u64(1) << min(length, count - min(count, length))
