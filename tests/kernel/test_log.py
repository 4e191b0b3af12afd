"""The kernel's numbers in text."""

from __future__ import annotations

import pytest

from tyrne.kernel.log import log_decimal, log_hex, log_line, log_text
from tyrne.lang import u64
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
