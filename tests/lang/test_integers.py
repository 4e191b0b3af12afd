"""Checked integers under CPython: what traps, what is refused, and the named exceptions to checking."""

from __future__ import annotations

import copy
import operator
import pickle
from collections.abc import Callable

import pytest

from tyrne.lang import (
    Trap,
    bit_not,
    leading_zeros,
    saturating_add,
    saturating_mul,
    saturating_sub,
    trailing_zeros,
    u8,
    u16,
    u32,
    u64,
    usize,
    wrapping_add,
    wrapping_mul,
    wrapping_sub,
)
from tyrne.lang.integers import SHARED, UnsignedInteger

WIDTHS: list[type[UnsignedInteger]] = [u8, u16, u32, u64]
width = pytest.mark.parametrize("kind", WIDTHS)
ARITHMETIC: list[Callable[[int, int], int]] = [
    operator.add,
    operator.sub,
    operator.mul,
    operator.floordiv,
    operator.mod,
    operator.and_,
    operator.or_,
    operator.xor,
]


def edges(kind: type[UnsignedInteger]) -> list[int]:
    top = kind.LIMIT - 1
    return [0, 1, 2, 3, top // 2, top // 2 + 1, top - 1, top]


def outcome(kind: type[UnsignedInteger], exact: Callable[[], int]) -> int | None:
    """The exact result, or None where it must trap."""
    try:
        value = exact()
    except ZeroDivisionError:
        return None
    return value if 0 <= value < kind.LIMIT else None


@width
@pytest.mark.parametrize("operation", ARITHMETIC, ids=lambda operation: operation.__name__)
def test_a_result_is_exact_and_of_the_same_width_or_traps(
    kind: type[UnsignedInteger], operation: Callable[[int, int], int]
) -> None:
    for a in edges(kind):
        for b in edges(kind):
            expected = outcome(kind, lambda a=a, b=b: operation(a, b))
            for left, right in ((kind(a), kind(b)), (kind(a), b), (a, kind(b))):
                if expected is None:
                    with pytest.raises(Trap):
                        operation(left, right)
                else:
                    result = operation(left, right)
                    assert result == expected and type(result) is kind


@width
def test_a_cast_that_does_not_fit_traps(kind: type[UnsignedInteger]) -> None:
    assert kind(kind.LIMIT - 1) == kind.LIMIT - 1
    for value in (-1, kind.LIMIT, kind.LIMIT + 5):
        with pytest.raises(Trap):
            kind(value)


@width
def test_mixing_widths_is_refused_but_comparing_them_is_not(kind: type[UnsignedInteger]) -> None:
    for other in WIDTHS:
        if other is not kind:
            for operation in ARITHMETIC:
                with pytest.raises(TypeError):
                    operation(kind(1), other(1))
        assert kind(1) == other(1) and kind(1) < other(2) and kind(2) >= other(2)


@width
def test_a_shift_loses_no_one_bit_to_the_left_and_any_to_the_right(kind: type[UnsignedInteger]) -> None:
    top = kind.LIMIT - 1
    assert kind(1) << (kind.BITS - 1) == kind.LIMIT // 2
    assert kind(top) >> (kind.BITS - 1) == 1
    assert kind(top) >> kind.BITS == 0
    assert kind(0) << 10_000 == 0
    assert type(kind(3) << u64(1)) is kind is type(kind(3) >> u8(1))
    for value, distance in ((1, kind.BITS), (top, 1), (2, kind.BITS - 1), (1, 10_000)):
        with pytest.raises(Trap):
            kind(value) << distance


@width
def test_operators_outside_the_language_are_refused(kind: type[UnsignedInteger]) -> None:
    refused: list[Callable[[], object]] = [
        lambda: kind(4) / kind(2),
        lambda: kind(4) ** 2,
        lambda: -kind(4),
        lambda: divmod(kind(4), 2),
        lambda: 1 << kind(4),
        lambda: 1 >> kind(4),
    ]
    for attempt in refused:
        with pytest.raises(TypeError):
            attempt()


@width
def test_wrapping_arithmetic_is_modulo_the_width(kind: type[UnsignedInteger]) -> None:
    for a in edges(kind):
        for b in edges(kind):
            assert wrapping_add(kind(a), kind(b)) == (a + b) % kind.LIMIT
            assert wrapping_sub(kind(a), kind(b)) == (a - b) % kind.LIMIT
            assert wrapping_mul(kind(a), kind(b)) == (a * b) % kind.LIMIT


@width
def test_saturating_arithmetic_stops_at_the_ends(kind: type[UnsignedInteger]) -> None:
    top = kind.LIMIT - 1
    for a in edges(kind):
        for b in edges(kind):
            assert saturating_add(kind(a), kind(b)) == min(a + b, top)
            assert saturating_sub(kind(a), kind(b)) == max(a - b, 0)
            assert saturating_mul(kind(a), kind(b)) == min(a * b, top)


@width
def test_bit_not_and_trailing_zeros(kind: type[UnsignedInteger]) -> None:
    for a in edges(kind):
        assert bit_not(kind(a)) == a ^ (kind.LIMIT - 1)
        assert bit_not(bit_not(kind(a))) == a
    assert trailing_zeros(kind(0)) == kind.BITS
    for bit in range(kind.BITS):
        assert trailing_zeros(kind(1) << bit) == bit
        assert trailing_zeros(bit_not(kind(0)) << 0) == 0
    assert type(trailing_zeros(kind(8))) is kind


@width
def test_leading_zeros(kind: type[UnsignedInteger]) -> None:
    assert leading_zeros(kind(0)) == kind.BITS
    for bit in range(kind.BITS):
        assert leading_zeros(kind(1) << bit) == leading_zeros(kind((2 << bit) - 1)) == kind.BITS - 1 - bit
    assert type(leading_zeros(kind(8))) is kind


@width
def test_a_small_number_is_one_object_however_it_came_about(kind: type[UnsignedInteger]) -> None:
    """Which saves the hosted kernel most of what it makes; no width shares with another."""
    for value in {0, 1, min(SHARED, kind.LIMIT) - 1}:
        number = kind(value)
        for same in (number, kind(u64(value)), number + 0, 0 + number, number | 0, number >> 0):
            assert same is number and type(same) is kind
    assert len({id(other(7)) for other in WIDTHS}) == len(WIDTHS)


def test_what_is_no_small_number_is_made_each_time_and_equal() -> None:
    for value in (SHARED, SHARED + 1, u64.LIMIT - 1):
        assert u64(value) == value and type(u64(value)) is u64 and repr(u64(value) + 0) == repr(u64(value))


@width
def test_a_number_can_be_copied_and_pickled(kind: type[UnsignedInteger]) -> None:
    for value in edges(kind):
        for same in (copy.deepcopy(kind(value)), pickle.loads(pickle.dumps(kind(value)))):
            assert same == value and type(same) is kind


def test_usize_is_64_bits() -> None:
    assert usize is u64


def test_a_trap_is_no_exception_that_a_program_would_catch() -> None:
    assert not issubclass(Trap, Exception)


def test_a_number_prints_with_its_width() -> None:
    assert repr(u16(7)) == "u16(7)"
    assert str(u16(7)) == f"{u16(7)}" == "7"
    assert f"{u16(7):#x}" == "0x7"
