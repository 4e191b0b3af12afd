"""Text on the debug console: bytes, decimal and hexadecimal numbers.

A line goes out in one call when it ends, when the buffer is full, on `flush`, and when the program returns from
`main`. Without a console, or with a kernel that has none, the text is lost and nothing else happens.
"""

from __future__ import annotations

from typing import Final

from tyrne.lang import Array, irange, u8, u64
from tyrne.lang.machine import address_of
from tyrne.user.console import console_write
from tyrne.user.handles import CONSOLE

CAPACITY: Final = 256
"""Bytes of a line that one call can write."""
NEWLINE: Final = u8(0x0A)
DIGIT_0: Final = u8(0x30)
LETTER_A: Final = u8(0x61)


class Line:
    """The text that has not gone out yet: `length` bytes of `text`."""

    def __init__(self) -> None:
        self.text: Array[u8] = Array.filled(CAPACITY, u8(0))
        self.length: u64 = u64(0)


LINE: Final = Line()


def flush() -> None:
    """Write what has not gone out yet."""
    if LINE.length != 0:
        console_write(CONSOLE, address_of(LINE.text), LINE.length)  # audit: U-41
        LINE.length = u64(0)


def print_byte(byte: u8) -> None:
    """One byte; a newline ends the line."""
    LINE.text[LINE.length] = byte
    LINE.length += 1
    if byte == NEWLINE or LINE.length == CAPACITY:
        flush()


def print_bytes(text: bytes) -> None:
    """A text, newlines included."""
    for i in irange(len(text)):
        print_byte(u8(text[i]))


def print_decimal(value: u64) -> None:
    """A number in decimal, without leading zeros."""
    divisor = u64(1)
    while value // divisor >= 10:
        divisor *= 10
    while divisor != 0:
        print_byte(DIGIT_0 + u8(value // divisor % 10))
        divisor //= 10


def print_hex(value: u64) -> None:
    """A number in hexadecimal, with 0x and without leading zeros."""
    print_bytes(b"0x")
    shift = u64(60)
    while shift != 0 and value >> shift == 0:
        shift -= 4
    for i in irange(shift // 4 + 1):
        digit = u8((value >> (shift - i * 4)) & 0xF)
        print_byte(DIGIT_0 + digit if digit < 10 else LETTER_A + (digit - 10))
