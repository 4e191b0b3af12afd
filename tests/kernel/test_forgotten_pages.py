"""What the processor must forget of a page that is unmapped or protected, and when."""

from __future__ import annotations

import pytest
from tables import ASID, F, Tables

from tyrne.abi import Status
from tyrne.kernel.page_ranges import MOST_INVALIDATIONS
from tyrne.testing.board import PAGE
from tyrne.testing.kernels import BASE


@pytest.mark.parametrize("work", ["unmap", "protect"])
@pytest.mark.parametrize("alone", [False, True])
@pytest.mark.parametrize("pages", [1, 2, 31, 32, 33, 512])
def test_pages_are_forgotten_one_by_one_and_the_whole_space_when_they_are_many(
    pages: int, alone: bool, work: str
) -> None:
    tables = Tables()
    if not alone:
        assert tables.map((1 << 30) - PAGE) is None
    start = (1 << 30) - (1 << 21) if alone else (1 << 30) - (2 << 21)
    tables.map_range(start, start + pages * PAGE)
    tables.board.events.clear()
    if work == "unmap":
        tables.unmap_range(start, start + pages * PAGE)
    else:
        tables.protect(start, start + pages * PAGE, F.USER)
    few = ("invalidate_pages", ASID, start, pages)
    assert tables.board.events == [few if pages <= MOST_INVALIDATIONS else ("invalidate_space", ASID)]


def test_each_table_of_a_range_is_forgotten_for_itself() -> None:
    tables = Tables()
    middle = BASE + (1 << 21)
    tables.map_range(middle - 40 * PAGE, middle + 2 * PAGE)
    tables.board.events.clear()
    tables.unmap_range(middle - 40 * PAGE, middle + 2 * PAGE)
    assert tables.board.events == [("invalidate_space", ASID), ("invalidate_pages", ASID, middle, 2)]


@pytest.mark.parametrize("pages", [1, 40])
@pytest.mark.parametrize("beside", [False, True])
def test_what_is_unmapped_is_forgotten_before_its_tables_are_free_and_after_nothing_leads_there(
    pages: int, beside: bool
) -> None:
    tables = Tables()
    assert not beside or tables.map(BASE + 100 * PAGE) is None
    tables.map_range(BASE, BASE + pages * PAGE)
    allocated = tables.frames.allocated
    asked: list[bool] = []

    def forget(*_: object) -> None:
        assert tables.frames.allocated == allocated
        assert all(tables.translate(BASE + page * PAGE) is Status.NOT_MAPPED for page in range(pages))
        asked.append(True)

    tables.board.invalidate_pages = forget  # type: ignore[method-assign, assignment]
    tables.board.invalidate_space = forget  # type: ignore[method-assign, assignment]
    assert tables.unmap_range(BASE, BASE + pages * PAGE) == (0 if beside else 3)
    assert asked == [True]
