"""Spec 8.6: user memory. The window as a cheap first gate, the walk of the caller's own tables as the proof."""

from __future__ import annotations

import pytest

from kernel.spaces import USER_CODE, USER_DATA, Spaces
from tyrne.hal.aarch64.descriptors import block_descriptor
from tyrne.hal.pages import MappingFlags
from tyrne.kernel.page_table import entry_of, translate
from tyrne.kernel.user_memory import UserWindow, probe, user_byte_address
from tyrne.lang import u64
from tyrne.testing.board import PAGE, POISON, RAM
from tyrne.testing.kernels import BASE, NULL

F = MappingFlags
TOP = 1 << 48


def window(base: int, length: int, pointer: int, count: int) -> bool:
    return UserWindow(u64(base), u64(length)).validate(u64(pointer), u64(count))


@pytest.mark.parametrize("pointer", [0, BASE - 1, BASE, BASE + 64, NULL])
def test_spec_8_6_length_0_is_valid_anywhere_even_in_the_empty_window(pointer: int) -> None:
    assert window(BASE, 64, pointer, 0)
    assert window(0, 0, pointer, 0)


@pytest.mark.parametrize(
    ("pointer", "count", "valid"),
    [
        (BASE, 64, True),
        (BASE, 1, True),
        (BASE + 63, 1, True),
        (BASE + 10, 54, True),
        (BASE, 65, False),
        (BASE + 63, 2, False),
        (BASE + 64, 1, False),
        (BASE - 1, 1, False),
        (BASE - 1, 2, False),
        (BASE - 1, 66, False),
        (0, NULL, False),
    ],
)
def test_spec_8_6_a_range_must_lie_in_the_window(pointer: int, count: int, valid: bool) -> None:
    assert window(BASE, 64, pointer, count) is valid


@pytest.mark.promise("The range must lie in the task's window without wrapping round")
@pytest.mark.parametrize(("pointer", "count"), [(NULL, 1), (NULL, 2), (BASE, NULL), (BASE + 1, NULL), (2, NULL - 1)])
def test_spec_8_6_a_range_past_the_last_address_is_refused(pointer: int, count: int) -> None:
    assert not window(BASE, 64, pointer, count)
    assert not window(0, NULL, pointer, count) or pointer + count <= NULL


@pytest.mark.parametrize(
    ("base", "length"), [(NULL, 1), (NULL - 63, 64), (NULL - 10, NULL), (BASE, NULL), (NULL, NULL)]
)
def test_spec_8_6_a_window_past_the_last_address_accepts_nothing(base: int, length: int) -> None:
    for pointer in (base, NULL, 0, BASE, base - 1):
        assert not window(base, length, pointer, 1)


def test_spec_8_6_the_empty_window_accepts_no_byte() -> None:
    for pointer in (0, BASE, NULL):
        assert not UserWindow().validate(u64(pointer), u64(1))


class Pages(Spaces):
    """A space with some pages mapped at BASE, page n with flags n."""

    def __init__(self, *flags: MappingFlags | None) -> None:
        super().__init__()
        self.cap = self.created()
        self.at = self.space(self.cap)
        for page, wanted in enumerate(flags):
            if wanted is not None:
                assert self.map(self.cap, self.frame(), BASE + page * PAGE, wanted) is None

    def probe(self, pointer: int, length: int, write: bool = False) -> bool:
        return probe(self.board, self.at, u64(pointer), u64(length), write)


def test_spec_8_6_probe_wants_user_in_every_page() -> None:
    pages = Pages(USER_CODE, USER_DATA, F.USER, F.WRITE, F.NONE, F.WRITE, None)
    for page, readable in enumerate([True, True, True, False, False, False, False]):
        assert pages.probe(BASE + page * PAGE, 1) is readable
        assert pages.probe(BASE + page * PAGE, PAGE) is readable
    assert pages.probe(BASE, 3 * PAGE)
    assert not pages.probe(BASE, 3 * PAGE + 1)
    assert not pages.probe(BASE + 2 * PAGE, 2 * PAGE)
    assert not pages.probe(BASE - 1, 2)


def test_spec_8_6_probe_for_writing_wants_write_as_well() -> None:
    pages = Pages(USER_CODE, USER_DATA, F.USER, F.WRITE)
    for page, writable in enumerate([False, True, False, False]):
        assert pages.probe(BASE + page * PAGE, 8, write=True) is writable
    assert not pages.probe(BASE + 2 * PAGE - 4, 8, write=True)


def test_spec_8_6_probe_refuses_device_memory() -> None:
    pages = Pages(F.USER | F.DEVICE, USER_DATA | F.DEVICE)
    for page in (0, 1):
        for write in (False, True):
            assert not pages.probe(BASE + page * PAGE, 1, write)


def test_spec_8_6_probe_refuses_a_page_or_a_block_never_accessed() -> None:
    """Version 1 has no blocks for tasks, and refuses them all; what large memory maps is memory of its task."""
    pages = Pages(USER_DATA)
    entry = entry_of(pages.board, pages.at.root, u64(BASE), u64(3))
    assert isinstance(entry, u64)
    descriptor = pages.board.read64(entry)
    pages.board.write64(entry, u64(int(descriptor) & ~(1 << 10)))
    assert not pages.probe(BASE, 1)
    pages.board.write64(entry, u64(int(descriptor) & ~2))
    assert not pages.probe(BASE, 1)
    pages.board.write64(entry, descriptor)
    assert pages.probe(BASE, 1)
    level2 = int(pages.board.read64(pages.board.read64(pages.at.root) // PAGE * PAGE)) // PAGE * PAGE
    block = block_descriptor(u64(RAM), USER_DATA)
    pages.board.write64(u64(level2 + (BASE >> 21) * 8), u64(int(block) & ~(1 << 10)))
    assert not pages.probe(BASE, 1)
    pages.board.write64(u64(level2 + (BASE >> 21) * 8), block)
    assert pages.probe(BASE, 1)


@pytest.mark.parametrize(
    ("pointer", "length"),
    [(NULL, 1), (NULL, 2), (2**64 - PAGE, PAGE), (BASE, NULL), (NULL, NULL), (TOP - 1, 2), (TOP, 1), (1, NULL)],
)
def test_spec_8_6_probe_past_the_user_half_or_the_last_address_is_refused(pointer: int, length: int) -> None:
    assert not Pages(USER_DATA).probe(pointer, length)


def test_spec_8_6_probe_of_an_alias_beyond_the_user_half_is_refused() -> None:
    pages = Pages(USER_DATA)
    assert not pages.probe(BASE | 1 << 48, 1)
    assert not pages.probe(BASE | 0xFFFF << 48, 1)


def test_spec_8_6_probe_of_a_range_that_ends_in_the_topmost_page_is_no_fault() -> None:
    pages = Pages()
    assert pages.map(pages.cap, pages.frame(), TOP - PAGE) is None
    assert pages.probe(TOP - PAGE, PAGE)
    assert pages.probe(TOP - 1, 1)


def test_spec_8_6_probe_of_no_bytes_walks_nothing() -> None:
    pages = Pages()
    assert pages.probe(BASE, 0)
    assert pages.probe(NULL, 0, write=True)


def test_spec_8_6_a_probed_byte_has_the_physical_address_that_the_tables_say() -> None:
    pages = Pages(USER_CODE, USER_DATA)
    for page in (0, 1):
        frame = translate(pages.board, pages.at.root, u64(BASE + page * PAGE))
        for offset in (0, 1, PAGE - 1):
            address = user_byte_address(pages.board, pages.at, u64(BASE + page * PAGE + offset))
            assert address == frame.frame + offset  # type: ignore[union-attr]


def test_spec_8_6_probing_reads_and_never_writes() -> None:
    pages = Pages(USER_CODE, None, USER_DATA)
    before = pages.everything()
    pages.probe(BASE, 3 * PAGE)
    pages.probe(BASE + 2 * PAGE, 5, write=True)
    assert pages.everything() == before
    assert pages.board.ram[-1] == POISON
