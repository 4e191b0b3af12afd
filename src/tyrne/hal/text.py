"""Text and numbers, byte by byte to an output."""

from __future__ import annotations

from typing import Final

from tyrne.hal.board import Output
from tyrne.lang import Array, irange, u8, u32, u64

NEWLINE: Final = u8(10)


def log_text(output: Output, text: bytes) -> None:
    for i in irange(len(text)):
        output.put_log(u8(text[i]))


def log_line(output: Output, text: bytes) -> None:
    """The last piece of a line, and its end."""
    log_text(output, text)
    output.put_log(NEWLINE)


def log_hex(output: Output, value: u64) -> None:
    """`0x` and the digits without leading zeros."""
    log_text(output, b"0x")
    shift = u64(60)
    while shift > 0 and value >> shift == 0:
        shift -= 4
    while True:
        _log_digit(output, (value >> shift) & 15)
        if shift == 0:
            break
        shift -= 4


def log_decimal(output: Output, value: u64) -> None:
    """The digits without leading zeros."""
    divisor = u64(1)
    while value // divisor >= 10:
        divisor = divisor * 10
    while divisor > 0:
        _log_digit(output, value // divisor % 10)
        divisor = divisor // 10


def log_name(output: Output, name: Array[u8], number: u32) -> None:
    """The name of a task between quotes, what is no printable ASCII as a dot; its number where it has none."""
    log_text(output, b'"')
    if name[0] == 0:
        log_text(output, b"task ")
        log_decimal(output, u64(number))
    for byte in name:
        if byte == 0:
            break
        output.put_log(byte if 0x20 <= byte < 0x7F else u8(0x2E))
    log_text(output, b'"')


def _log_digit(output: Output, digit: u64) -> None:
    output.put_log(u8(digit + 0x30) if digit < 10 else u8(digit + 0x57))
