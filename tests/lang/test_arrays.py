"""Fixed arrays and ranges under CPython."""

from __future__ import annotations

import pytest

from tyrne.lang import Array, Trap, irange, u8, u64


@pytest.mark.parametrize("index", [-1, 3, 4, 2**64 - 1])
def test_an_index_past_either_end_traps_for_loads_and_stores(index: int) -> None:
    array = Array.filled(3, u8(7))
    with pytest.raises(Trap):
        array[index]
    with pytest.raises(Trap):
        array[index] = u8(1)
    assert list(array) == [7, 7, 7]


def test_elements_are_stored_and_loaded_by_any_width_of_index() -> None:
    array = Array.filled(3, u64(0))
    array[u8(1)] = u64(5)
    array[u64(2)] = u64(6)
    assert [array[0], array[u8(1)], array[u64(2)]] == [0, 5, 6]
    assert len(array) == 3


def test_an_array_of_places_embeds_one_place_per_element() -> None:
    class Place:
        def __init__(self, index: int) -> None:
            self.index = index

    array = Array.of(4, Place)
    assert [place.index for place in array] == [0, 1, 2, 3]
    assert len({id(place) for place in array}) == 4


def test_an_array_may_be_empty() -> None:
    assert list(Array.filled(0, u8(0))) == []
    with pytest.raises(Trap):
        Array.of(0, u8)[0]


def test_irange_yields_u64() -> None:
    assert list(irange(3)) == [0, 1, 2]
    assert list(irange(u8(2), u64(5))) == [2, 3, 4]
    assert list(irange(5, 2)) == []
    assert all(type(i) is u64 for i in irange(u8(3)))
