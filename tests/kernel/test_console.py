"""console_write over pages that come and go: the window is the first check, the caller's own tables are the proof."""

from __future__ import annotations

import pytest

from tyrne.abi import CallNumber as C
from tyrne.abi import Status
from tyrne.kernel.user_memory import probe
from tyrne.lang import u64
from tyrne.testing.board import PAGE
from tyrne.testing.kernels import BASE, move_window
from tyrne.testing.world import World

EDGE = BASE + 4 * PAGE
"""Where the memory of these tests is mapped: two pages above the stack, inside the window."""


class Console(World):
    """Task 0 has the console, a window that reaches far past its stack, and two pages of memory."""

    def __init__(self) -> None:
        super().__init__(2)
        self.console = self.give_console(0)
        self.space = self.give_space(0, 0)
        task = self.task(0)
        move_window(task, BASE, 1 << 30)
        self.memory_object = self.memory(2)
        self.mem = self.give(0, self.memory_object)

    @property
    def start(self) -> int:
        """Where the memory lies once it was mapped."""
        return int(self.region_at(self.memory_object).address(u64(0)))


def test_bytes_of_mapped_memory_are_written_across_a_page() -> None:
    w = Console()
    text = bytes(range(1, 201))
    w.ok(0, C.MAP, w.space, w.mem, EDGE, 0)
    w.board.put(w.start + PAGE - 100, text)
    assert w.ok(0, C.CONSOLE_WRITE, w.console, EDGE + PAGE - 100, 200) == 200
    assert w.board.console == [(0, byte) for byte in text]


@pytest.mark.promise("The kernel then reads through its own map of RAM, never through the user's address")
def test_pages_that_lie_apart_in_ram_are_followed_one_by_one() -> None:
    w = Console()
    parts = [w.ok(0, C.MEMORY_DERIVE, w.mem, 0x200, page, 1) for page in (1, 0)]
    for page, part in enumerate(parts):  # the second page first
        w.ok(0, C.MAP, w.space, part, EDGE + page * PAGE, 0)
    w.board.put(w.start + 2 * PAGE - 3, b"abc")
    w.board.put(w.start, b"def")
    w.ok(0, C.CONSOLE_WRITE, w.console, EDGE + PAGE - 3, 6)
    assert w.board.written() == b"abcdef"


@pytest.mark.promise("then each page of it must be RAM that is mapped for EL0 in the task's own tables")
@pytest.mark.parametrize(
    ("address", "length"), [(EDGE, 1), (EDGE - 1, 2), (BASE + 2 * PAGE - 1, 2), (EDGE + PAGE, 4096)]
)
def test_pages_of_the_window_that_are_not_mapped_are_refused_and_nothing_is_written(address: int, length: int) -> None:
    w = Console()
    assert w.refused(0, C.CONSOLE_WRITE, w.console, address, length) is Status.FAULT_ADDRESS


def test_a_range_of_which_the_last_page_is_not_mapped_is_refused_as_a_whole() -> None:
    w = Console()
    w.ok(0, C.MAP, w.space, w.mem, EDGE, 0)
    assert w.refused(0, C.CONSOLE_WRITE, w.console, EDGE + 2 * PAGE - 8, 9) is Status.FAULT_ADDRESS
    w.ok(0, C.CONSOLE_WRITE, w.console, EDGE + 2 * PAGE - 8, 8)


@pytest.mark.promise("then each page of it must be RAM that is mapped for EL0 in the task's own tables")
def test_the_kernel_does_not_read_device_registers_for_a_task() -> None:
    w = Console()
    device = w.give(0, w.registers(0x901_0000))
    w.ok(0, C.MAP, w.space, device, EDGE, 0)
    assert w.refused(0, C.CONSOLE_WRITE, w.console, EDGE, 4) is Status.FAULT_ADDRESS


def test_memory_that_was_unmapped_cannot_be_written_from_any_more() -> None:
    w = Console()
    w.ok(0, C.MAP, w.space, w.mem, EDGE, 0)
    w.ok(0, C.CONSOLE_WRITE, w.console, EDGE, 1)
    w.ok(0, C.UNMAP, w.space, w.mem)
    assert w.refused(0, C.CONSOLE_WRITE, w.console, EDGE, 1) is Status.FAULT_ADDRESS


def test_memory_mapped_outside_the_window_is_refused() -> None:
    w = Console()
    w.ok(0, C.MAP, w.space, w.mem, BASE - 2 * PAGE, 0)
    assert w.refused(0, C.CONSOLE_WRITE, w.console, BASE - PAGE, 1) is Status.FAULT_ADDRESS


@pytest.mark.parametrize("address", [0, BASE, 1 << 63, 2**64 - 1])
def test_nothing_is_written_from_anywhere(address: int) -> None:
    w = Console()
    assert w.ok(0, C.CONSOLE_WRITE, w.console, address, 0) == 0
    assert w.board.console == []


def test_a_kernel_without_a_console_does_not_know_the_call() -> None:
    w = World(1, debug_console=False)
    console = w.give_console(0)
    assert w.refused(0, C.CONSOLE_WRITE, console, BASE, 1) is Status.BAD_SYSCALL_NUMBER


@pytest.mark.parametrize(
    ("pointer", "length"),
    [(2**64 - 1, 2), (2**64 - PAGE, PAGE + 1), (EDGE, 2**64 - EDGE + 1), (EDGE, 2**64 - 1)],
)
def test_a_range_that_reaches_past_the_last_address_is_no_range(pointer: int, length: int) -> None:
    """The window refuses it as well, and first."""
    w = Console()
    w.ok(0, C.MAP, w.space, w.mem, EDGE, 0)
    assert not probe(w.board, w.kernel.spaces.items[1], u64(pointer), u64(length), False)
