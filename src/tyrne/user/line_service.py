"""A console as a service: prints lines of its clients, and gives them what is typed, line by line.

What drives the device is a LineDevice; `serve` does the rest, and hears clients and the device at one endpoint. A line
can be edited until it ends: backspace takes a character back, enter ends the line, byte 4 ends the input. It is not
echoed: a terminal shows by itself what is typed. What is typed ahead is kept, and the device waits when there is no
room.
"""

from __future__ import annotations

from typing import Final, NoReturn, Protocol

from tyrne.abi import SIGNAL_BADGE, Status
from tyrne.lang import Array, irange, u8, u64
from tyrne.user.capabilities import cap_drop, cap_query
from tyrne.user.handles import EndpointCap, ReplyCap
from tyrne.user.messages import Arrival, Message, reply, wait
from tyrne.user.outcomes import granted

WRITE: Final = u64(1)
"""Word 0 is how many bytes follow in words 1 and 2, 16 at most. A line of a client goes out as one when it ends."""
READ: Final = u64(2)
"""The answer has the next bytes of the line in the same way, the last of which is its newline; or END."""
OK: Final = u64(0)
END: Final = u64(3)
"""Label of an answer: nothing more will be typed."""
REFUSED: Final = u64(4)
"""Label of an answer: no such request, or another client is reading a line."""
FAILED: Final = u64(5)
"""Label of an answer: the device is broken."""

LINE: Final = 80
"""Bytes of a line that go out together, at most."""
CLIENTS: Final = 4
"""Their badges are 0 to 3."""
TYPED: Final = 256
A_CALL: Final = u64(16)
"""Bytes that a call carries."""
BACKSPACE: Final = u8(8)
NEWLINE: Final = u8(10)
ENTER: Final = u8(13)
DELETE: Final = u8(127)
END_OF_INPUT: Final = u8(4)


class Line:
    """What a client has begun to write."""

    def __init__(self) -> None:
        self.text: Array[u8] = Array.filled(LINE, u8(0))
        self.length: u64 = u64(0)


class Typed:
    """What was typed and nobody has read: a ring, whose ends are counts of bytes. Up to `ended` it can be read."""

    def __init__(self) -> None:
        self.text: Array[u8] = Array.filled(TYPED, u8(0))
        self.first: u64 = u64(0)
        self.ended: u64 = u64(0)
        self.last: u64 = u64(0)
        self.over: bool = False
        """Whether nothing more will be typed."""
        self.entered: bool = False
        """Whether the last key was ENTER: a newline behind it belongs to it."""
        self.reader: ReplyCap | None = None
        """Who waits for a line, or has waited: a capability that is taken back when the wait is over."""
        self.badge: u64 = u64(0)
        self.inside: bool = False
        """Whether the client with this badge has read a part of a line."""

    def edit(self, byte: u8) -> bool:
        """What a key does; False if there is no room for it."""
        key = NEWLINE if byte == ENTER else BACKSPACE if byte == DELETE else byte
        if byte == NEWLINE and self.entered:
            self.entered = False
        elif byte == END_OF_INPUT:
            self.over = True
            self.ended = self.last
        elif key == BACKSPACE:
            self.entered = False
            going = True
            while going and self.last > self.ended:
                self.last -= 1
                going = self.text[self.last % TYPED] & 0xC0 == 0x80  # a character of UTF-8 has more bytes before this
        elif self.last - self.first == TYPED:
            self.ended = self.last  # so much of a line that does not end can be read
            return False
        else:
            self.text[self.last % TYPED] = key
            self.last += 1
            self.entered = byte == ENTER
            if key == NEWLINE:
                self.ended = self.last
        return True


class LineDevice(Protocol):
    """A device that takes lines and gives keys. Each method says whether the device still works."""

    def hear(self) -> bool:
        """It has interrupted: acknowledge it."""
        ...

    def put_out(self, line: Line) -> bool:
        """Let out what the line has, and wait until the device has it."""
        ...

    def take_keys(self, typed: Typed) -> bool:
        """Take what it has until the input is over, as far as there is room. It interrupts when there is more, and
        there is room."""
        ...


class Lines:
    """By the badges of clients."""

    def __init__(self) -> None:
        self.lines: Array[Line] = Array.of(CLIENTS, lambda _: Line())


BEGUN: Final = Lines()
INPUT: Final = Typed()


def serve(device: LineDevice, requests: EndpointCap) -> NoReturn:
    """Serve for ever. The notification of the device's interrupt is bound to the endpoint. A device that works no more
    is asked for nothing, and clients are told."""
    works = True
    while True:
        works = works and device.take_keys(INPUT)
        give(works)
        works = works and device.take_keys(INPUT)  # there is room again
        arrival = granted(wait(requests))
        went = device.hear() if arrival.badge == SIGNAL_BADGE else attend(device, arrival, works)
        works = works and went


def attend(device: LineDevice, arrival: Arrival, works: bool) -> bool:
    """Do what somebody has called for."""
    if arrival.cap is not None:
        cap_drop(arrival.cap)
    caller = arrival.reply
    if caller is None:
        return True
    if not works:
        reply(caller, Message(FAILED))
    elif arrival.label == READ and begin_to_read(arrival, caller):
        pass
    elif arrival.label == WRITE and arrival.badge < CLIENTS and arrival.word0 <= A_CALL:
        went = write(device, BEGUN.lines[arrival.badge], arrival)
        reply(caller, Message(OK if went else FAILED))
        return went
    else:
        reply(caller, Message(REFUSED))
    return True


def write(device: LineDevice, line: Line, arrival: Arrival) -> bool:
    for i in irange(arrival.word0):
        word = arrival.word1 if i < 8 else arrival.word2
        byte = u8(word >> 8 * (i % 8) & 0xFF)
        line.text[line.length] = byte
        line.length += 1
        if byte == NEWLINE or line.length == LINE:
            went = device.put_out(line)
            line.length = u64(0)
            if not went:
                return False
    return True


def begin_to_read(arrival: Arrival, caller: ReplyCap) -> bool:
    """Remember who reads; False if another one does, or has read the beginning of the line."""
    reader = INPUT.reader
    if reader is not None and not isinstance(cap_query(reader), Status):
        return False
    if INPUT.inside and arrival.badge != INPUT.badge:
        return False
    INPUT.reader = caller
    INPUT.badge = arrival.badge
    return True


def give(works: bool) -> None:
    """Answer who reads, if there is something to answer. Who wants no answer any more, since its wait or its task is
    over, takes nothing."""
    reader = INPUT.reader
    if reader is None:
        return
    first, inside = INPUT.first, INPUT.inside
    answer = answer_to_reader() if works else Message(FAILED)
    if answer is not None:
        INPUT.reader = None
        if reply(reader, answer) is not Status.OK:
            INPUT.first = first
            INPUT.inside = inside


def answer_to_reader() -> Message | None:
    """The next bytes of a line, or that there are none; None while nobody knows."""
    if INPUT.first == INPUT.ended:
        INPUT.inside = INPUT.inside and not INPUT.over
        return Message(END) if INPUT.over else None
    count = u64(0)
    low = u64(0)
    high = u64(0)
    INPUT.inside = True
    while INPUT.inside and INPUT.first < INPUT.ended and count < A_CALL:
        byte = INPUT.text[INPUT.first % TYPED]
        if count < 8:
            low = low | u64(byte) << 8 * count
        else:
            high = high | u64(byte) << 8 * (count - 8)
        INPUT.first += 1
        count += 1
        INPUT.inside = byte != NEWLINE
    return Message(OK, count, low, high)
