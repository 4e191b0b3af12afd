"""What a new address space starts with."""

from __future__ import annotations

import pytest

from tyrne.kernel.address_space import AddressSpace
from tyrne.lang import u16, u64


@pytest.mark.promise("Each space has its own ASID")
@pytest.mark.parametrize("index", [0, 1, 16])
def test_the_tag_of_a_space_is_its_place_counted_from_one(index: int) -> None:
    space = AddressSpace()
    space.life.index = u16(index)
    space.begin(u64(0x4000_0000))
    assert (space.asid, space.root, space.frames) == (index + 1, 0x4000_0000, 1)
