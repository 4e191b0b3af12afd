"""Asks the console for names, and greets who is there, until the input ends."""

from __future__ import annotations

from typing import Final

from tyrne.lang import Array, export, handle, irange, u8, u64
from tyrne.user import EndpointCap, Message, call, granted

CONSOLE: Final = EndpointCap(handle("console"))
WRITE: Final = u64(1)
READ: Final = u64(2)
OK: Final = u64(0)
END: Final = u64(3)
"""What the console is asked for, and what it answers: programs/console.py."""
A_CALL: Final = u64(16)
NEWLINE: Final = u8(10)
NAME: Final = 32
"""Bytes of a name, at most; the rest is left out."""


class Text:
    """Bytes that go to the console together, and the name that was read."""

    def __init__(self) -> None:
        self.count: u64 = u64(0)
        self.low: u64 = u64(0)
        self.high: u64 = u64(0)
        self.name: Array[u8] = Array.filled(NAME, u8(0))
        self.length: u64 = u64(0)


TEXT: Final = Text()


def put(byte: u8) -> None:
    if TEXT.count < 8:
        TEXT.low = TEXT.low | u64(byte) << 8 * TEXT.count
    else:
        TEXT.high = TEXT.high | u64(byte) << 8 * (TEXT.count - 8)
    TEXT.count += 1
    if TEXT.count == A_CALL or byte == NEWLINE:
        answer = granted(call(CONSOLE, Message(WRITE, TEXT.count, TEXT.low, TEXT.high)))
        assert answer.label == OK
        TEXT.count = u64(0)
        TEXT.low = u64(0)
        TEXT.high = u64(0)


def say(text: bytes) -> None:
    for i in irange(len(text)):
        put(u8(text[i]))


def read_name() -> bool:
    """The next line, of which some end without a newline, because the input does; False if there is none."""
    TEXT.length = u64(0)
    while True:
        answer = granted(call(CONSOLE, Message(READ)))
        if answer.label == END:
            return TEXT.length != 0
        assert answer.label == OK
        for i in irange(answer.word0):
            word = answer.word1 if i < 8 else answer.word2
            byte = u8(word >> 8 * (i % 8) & 0xFF)
            if byte == NEWLINE:
                return True
            if TEXT.length < NAME:
                TEXT.name[TEXT.length] = byte
                TEXT.length += 1


@export
def main() -> u64:
    while True:
        say(b"What is your name?\n")
        if not read_name():
            say(b"Good bye.\n")
            return u64(0)
        say(b"Good day, ")
        for i in irange(TEXT.length):
            put(TEXT.name[i])
        say(b"!\n")
