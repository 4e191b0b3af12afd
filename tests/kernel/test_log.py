"""The kernel's numbers in text."""

from __future__ import annotations

import pytest

from tyrne.hal.text import log_decimal, log_hex, log_line, log_name, log_text
from tyrne.kernel.task import NAME_LENGTH, Task
from tyrne.lang import u8, u32, u64
from tyrne.testing.board import MemoryBoard
from tyrne.testing.kernels import NULL

VALUES = [0, 1, 9, 10, 15, 16, 99, 100, 101, 0xABCDEF, 10**19, 10**19 - 1, 1 << 60, (1 << 60) - 1, NULL]


@pytest.mark.parametrize("value", VALUES)
def test_numbers_are_written_without_leading_zeros(value: int) -> None:
    board = MemoryBoard(1)
    log_hex(board, u64(value))
    log_text(board, b" ")
    log_decimal(board, u64(value))
    log_line(board, b"!")
    assert board.log.decode() == f"{value:#x} {value}!\n"


@pytest.mark.parametrize(
    ("name", "number", "text"),
    [
        (b"", 3, '"task 3"'),
        (b"", 2**32 - 1, '"task 4294967295"'),
        (b"a", 3, '"a"'),
        (b"a\0b", 3, '"a"'),
        (b" ~\x1f\x7f\x80\xff", 3, '" ~...."'),
        (b"x" * (NAME_LENGTH - 1), 3, f'"{"x" * (NAME_LENGTH - 1)}"'),
        (b"x" * NAME_LENGTH, 3, f'"{"x" * NAME_LENGTH}"'),
    ],
    ids=repr,
)
def test_a_name_ends_at_a_zero_byte_or_with_its_field(name: bytes, number: int, text: str) -> None:
    board, task = MemoryBoard(1), Task()
    task.number = u32(number)
    for i, byte in enumerate(name):
        task.name[i] = u8(byte)
    log_name(board, task.name, task.number)
    assert board.log.decode() == text
