"""Asks the driver of the entropy device for 16 bytes, twice, and prints the first of them."""

from __future__ import annotations

from typing import Final

from tyrne.lang import export, handle, irange, u8, u64
from tyrne.user import EndpointCap, Message, call, granted, print_byte, print_bytes

RANDOM: Final = EndpointCap(handle("random"))
OK: Final = u64(0)


def print_word(word: u64) -> None:
    """Its eight bytes in hexadecimal, the lowest first, as they lie in memory."""
    for i in irange(8):
        byte = word >> 8 * i & 0xFF
        for digit in irange(2):
            value = byte >> 4 - 4 * digit & 0xF
            print_byte(u8(value + 48 if value < 10 else value + 87))


@export
def main() -> u64:
    one = granted(call(RANDOM, Message(u64(0))))
    other = granted(call(RANDOM, Message(u64(0))))
    if one.label != OK or other.label != OK:
        print_bytes(b"drawer: the device has failed\n")
        return u64(1)
    print_bytes(b"drawer: ")
    print_word(one.word0)
    print_word(one.word1)
    print_bytes(b"\n")
    if one.word0 == other.word0 and one.word1 == other.word1:
        print_bytes(b"drawer: the same bytes again\n")
        return u64(1)
    print_bytes(b"drawer: other bytes the next time\n")
    return u64(0)
