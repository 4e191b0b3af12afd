"""Everything that a translation table maps, read as the MMU would: independent of the code that built it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

SHIFTS = (39, 30, 21, 12)
ADDRESS = 0x0000_FFFF_FFFF_F000


@dataclass(frozen=True)
class Leaf:
    """One page or block and what it allows."""

    virtual: int
    physical: int
    size: int
    user: bool
    writable: bool
    kernel_executes: bool
    user_executes: bool
    device: bool
    is_global: bool

    @property
    def executable(self) -> bool:
        return self.kernel_executes or self.user_executes


def leaves(read64: Callable[[int], int], root: int, base: int = 0, level: int = 0) -> Iterator[Leaf]:
    """The leaves under the table at physical address `root`; `base` is the address of its first entry."""
    for index in range(512):
        entry = read64(root + index * 8)
        virtual = base + (index << SHIFTS[level])
        if entry & 1 == 0:
            continue
        if level < 3 and entry & 2:
            assert entry & ~(ADDRESS | 3) == 0, "a table descriptor overrides attributes"
            yield from leaves(read64, entry & ADDRESS, virtual, level + 1)
            continue
        assert level in (2, 3) and (level == 3) == bool(entry & 2), f"reserved descriptor {entry:#x} at level {level}"
        assert entry >> 10 & 1, "the access flag is clear"
        yield Leaf(
            virtual,
            entry & ADDRESS,
            1 << SHIFTS[level],
            user=bool(entry >> 6 & 1),
            writable=not entry >> 7 & 1,
            kernel_executes=not entry >> 53 & 1,
            user_executes=not entry >> 54 & 1,
            device=entry >> 2 & 7 == 0,
            is_global=not entry >> 11 & 1,
        )


def check_no_page_is_writable_and_executable(mapped: list[Leaf]) -> None:
    """Neither one page, nor two pages that name the same memory."""
    for leaf in mapped:
        assert not (leaf.writable and leaf.executable), leaf
        assert not (leaf.device and leaf.executable), leaf
    code = {
        page for leaf in mapped if leaf.executable for page in range(leaf.physical, leaf.physical + leaf.size, 4096)
    }
    for leaf in mapped:
        if leaf.writable:
            assert code.isdisjoint(range(leaf.physical, leaf.physical + leaf.size, 4096)), leaf
