"""Memory at a place that the description fixes, which devices may write to: who learns where it lies, and that it is
never anybody else's."""

from __future__ import annotations

import pytest

from tyrne.abi import CallNumber as C
from tyrne.abi import CapKind, Rights, Status, rights_at_boot
from tyrne.kernel.kernel import Kernel
from tyrne.system.parts import Cap, Quota, Region
from tyrne.testing.board import PAGE, RAM, MemoryBoard
from tyrne.testing.invariants import violations
from tyrne.testing.kernels import booted, registers, system_call, task_record

PAGES = 64
RING = RAM + (PAGES - 3) * PAGE
"""Three pages at the end of RAM, of which the last two are a region of their own."""
REGIONS = [Region("ring", 1, RING), Region("buffers", 2, RING + PAGE), Region("own", 1)]
EVERYTHING = Quota(frames=4, memory=1)


ALL_RIGHTS = rights_at_boot(CapKind.MEMORY)


def driver(rights: Rights = ALL_RIGHTS) -> Kernel[MemoryBoard]:
    """A task with both regions, one of its own, and a quota."""
    caps = (
        *(Cap(number, rights, kind=CapKind.MEMORY) for number in range(2)),
        Cap(2, rights & ~Rights.LOCATE, kind=CapKind.MEMORY),
        Cap(0, Rights.CREATE, kind=CapKind.QUOTA),
    )
    return booted(task_record("driver", *caps, quota=EVERYTHING), memory=REGIONS, slots=8, pages=PAGES)


def called(kernel: Kernel[MemoryBoard], number: C, *arguments: int) -> int:
    """A call that succeeds; x1."""
    x = system_call(kernel, number.value, *arguments)
    assert x[0] == 0
    return x[1]


def place(kernel: Kernel[MemoryBoard], word: int) -> int:
    """What cap_query says of where a capability's memory lies."""
    called(kernel, C.CAP_QUERY, word)
    return registers(kernel.tasks.items[0])[7]


@pytest.mark.promise(
    "Where memory lies is told only of what the description puts at a fixed place, to who has LOCATE over it",
    "memory, LOCATE, lets its holder: learn where it lies, for a device",
)
def test_where_memory_lies_is_told_of_what_is_shared_with_devices_to_who_has_the_right() -> None:
    kernel = driver()
    assert [place(kernel, word) for word in range(2)] == [RING, RING + PAGE]
    kernel = driver(rights_at_boot(CapKind.MEMORY) & ~Rights.LOCATE)
    assert [place(kernel, word) for word in range(2)] == [0, 0]


def test_of_a_part_of_a_region_is_told_where_that_lies() -> None:
    kernel = driver()
    rights = int(Rights.READ | Rights.LOCATE)
    assert place(kernel, called(kernel, C.MEMORY_DERIVE, 1, rights, 1, 1)) == RING + 2 * PAGE


def test_nobody_gets_the_right_over_memory_that_is_made() -> None:
    kernel = driver()
    made = called(kernel, C.CREATE, 3, CapKind.MEMORY.value, 1)
    assert place(kernel, made) == 0
    assert system_call(kernel, C.CAP_DERIVE.value, made, int(Rights.LOCATE), 0)[0] == Status.WIDENED_RIGHTS.value


@pytest.mark.promise(
    "What devices reach is clear when the system starts, and is never anybody else's: a device may write there when "
    "its driver has ended"
)
def test_what_is_shared_with_devices_is_cleared_and_is_no_frame_that_is_ever_given_out() -> None:
    kernel = driver()
    board = kernel.board
    assert isinstance(board, MemoryBoard) and board.get(RING, 3 * PAGE) == bytes(3 * PAGE)
    before = kernel.frames.available()
    for word in range(2):
        called(kernel, C.CAP_DROP, word)
    assert kernel.frames.available() == before and not violations(kernel)
    assert not any(kernel.frames.extent.start + first * PAGE >= RING for first in free_frames(kernel))


def free_frames(kernel: Kernel[MemoryBoard]) -> list[int]:
    """The numbers of the frames that may yet be given out."""
    total = int(kernel.frames.total())
    return [i for i in range(total) if not int(kernel.frames.taken[i // 64]) >> i % 64 & 1]
