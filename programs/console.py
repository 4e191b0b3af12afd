"""The console as a service: prints lines of its clients, and gives them what is typed, line by line.

It drives a virtio console and hears it by its interrupt, so nobody waits for it but who wants a line. A line can be
edited until it ends: backspace takes a character back, enter ends the line, byte 4 ends the input. It is not echoed: a
terminal shows by itself what is typed. What is typed ahead is kept, and the device waits when there is no room.
"""

from __future__ import annotations

from typing import Final

from tyrne.lang import Array, export, handle, irange, u8, u32, u64
from tyrne.lang.machine import read8, write8
from tyrne.user import (
    SIGNAL_BADGE,
    Arrival,
    EndpointCap,
    InterruptCap,
    MemoryCap,
    Message,
    NotificationCap,
    ReplyCap,
    bind,
    cap_drop,
    done,
    granted,
    interrupt_ack,
    interrupt_bind,
    reply,
    wait,
    wait_signals,
)
from tyrne.user.virtio import DeviceMemory, VirtioDevice, VirtioError, VirtioQueue, device_memory

REQUESTS: Final = EndpointCap(handle("console"))
INTERRUPT: Final = InterruptCap(handle("keys_interrupt"))
BELL: Final = NotificationCap(handle("bell"))
SHARED: Final = MemoryCap(handle("shared"))
REGISTERS: Final = u64(0x1000_0000)
RING: Final = u64(1)
CONSOLE: Final = u32(3)
"""The device's id."""
RECEIVE: Final = u64(0)
TRANSMIT: Final = u64(1)
PLACES: Final = u64(4)
"""Of each queue."""

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

RECEIVE_AT: Final = u64(0)
TRANSMIT_AT: Final = u64(0x200)
KEYS_AT: Final = u64(0x400)
LINE_AT: Final = u64(0x500)
"""Where queues and buffers lie in the shared page."""
KEYS: Final = 64
LINE: Final = 80
"""Bytes of the buffers."""
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

DEVICE: Final = VirtioDevice()
KEYS_QUEUE: Final = VirtioQueue()
LINES_QUEUE: Final = VirtioQueue()


class Lines:
    """What each client has begun to write, by its badge."""

    def __init__(self) -> None:
        self.text: Array[u8] = Array.filled(CLIENTS * LINE, u8(0))
        self.length: Array[u64] = Array.filled(CLIENTS, u64(0))


class Typed:
    """What was typed and nobody has read: a ring, whose ends are counts of bytes. Up to `ended` it can be read."""

    def __init__(self) -> None:
        self.text: Array[u8] = Array.filled(TYPED, u8(0))
        self.first: u64 = u64(0)
        self.ended: u64 = u64(0)
        self.last: u64 = u64(0)
        self.over: bool = False
        self.entered: bool = False
        """Whether the last key was ENTER: a newline behind it belongs to it."""
        self.at: u64 = u64(0)
        self.held: u64 = u64(0)
        """Of the device's buffer: which byte comes next, and how many there are."""
        self.offered: bool = False
        """Whether the device has that buffer."""
        self.reader: ReplyCap | None = None
        """Who waits for a line."""
        self.badge: u64 = u64(0)
        self.inside: bool = False
        """Whether the client with this badge has read a part of a line."""


BEGUN: Final = Lines()
INPUT: Final = Typed()


def start(memory: DeviceMemory) -> VirtioError | None:
    error = DEVICE.start(REGISTERS, CONSOLE, u64(0))
    if error is None:
        error = KEYS_QUEUE.set_up(DEVICE, RECEIVE, memory, RECEIVE_AT, PLACES)
    if error is None:
        error = LINES_QUEUE.set_up(DEVICE, TRANSMIT, memory, TRANSMIT_AT, PLACES)
    if error is None:
        DEVICE.go()
    return error


def hear() -> VirtioError | None:
    """The device has interrupted."""
    error = DEVICE.acknowledge()
    done(interrupt_ack(INTERRUPT))
    return error


def put_out(memory: DeviceMemory, client: u64) -> VirtioError | None:
    """Let a line of a client out, and wait until the device has it."""
    length = BEGUN.length[client]
    for i in irange(length):
        write8(memory.address + LINE_AT + i, BEGUN.text[client * LINE + i])
    BEGUN.length[client] = u64(0)
    error = LINES_QUEUE.add(memory, LINE_AT, length, False)
    if error is not None:
        return error
    LINES_QUEUE.offer()
    LINES_QUEUE.notify(DEVICE)
    while True:
        used = LINES_QUEUE.take(DEVICE)
        if isinstance(used, VirtioError):
            return used
        if used is not None:
            return None
        granted(wait_signals(BELL))
        error = hear()
        if error is not None:
            return error


def write(memory: DeviceMemory, client: u64, count: u64, low: u64, high: u64) -> VirtioError | None:
    for i in irange(count):
        word = low if i < 8 else high
        byte = u8(word >> 8 * (i % 8) & 0xFF)
        BEGUN.text[client * LINE + BEGUN.length[client]] = byte
        BEGUN.length[client] += 1
        if byte == NEWLINE or BEGUN.length[client] == LINE:
            error = put_out(memory, client)
            if error is not None:
                return error
    return None


def edit(byte: u8) -> bool:
    """What a key does; False if there is no room for it."""
    key = NEWLINE if byte == ENTER else BACKSPACE if byte == DELETE else byte
    if byte == NEWLINE and INPUT.entered:
        INPUT.entered = False
    elif byte == END_OF_INPUT:
        INPUT.over = True
        INPUT.ended = INPUT.last
    elif key == BACKSPACE:
        going = True
        while going and INPUT.last > INPUT.ended:
            INPUT.last -= 1
            going = INPUT.text[INPUT.last % TYPED] & 0xC0 == 0x80  # a character of UTF-8 has more bytes before this
    elif INPUT.last - INPUT.first == TYPED:
        INPUT.ended = INPUT.last  # so much of a line that does not end can be read
        return False
    else:
        INPUT.text[INPUT.last % TYPED] = key
        INPUT.last += 1
        INPUT.entered = byte == ENTER
        if key == NEWLINE:
            INPUT.ended = INPUT.last
    return True


def take_keys(memory: DeviceMemory) -> VirtioError | None:
    """Take what the device has, as far as there is room."""
    while not INPUT.over:
        if INPUT.at < INPUT.held:
            if not edit(read8(memory.address + KEYS_AT + INPUT.at)):
                return None
            INPUT.at += 1
        elif INPUT.offered:
            used = KEYS_QUEUE.take(DEVICE)
            if used is None:
                return None
            if isinstance(used, VirtioError):
                return used
            INPUT.offered = False
            INPUT.at = u64(0)
            INPUT.held = used.written
        else:
            error = KEYS_QUEUE.add(memory, KEYS_AT, u64(KEYS), True)
            if error is not None:
                return error
            KEYS_QUEUE.offer()
            KEYS_QUEUE.notify(DEVICE)
            INPUT.offered = True
    return None


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


def begin_to_read(arrival: Arrival, caller: ReplyCap) -> bool:
    """Remember who reads; False if another one does."""
    if INPUT.reader is not None or (INPUT.inside and arrival.badge != INPUT.badge):
        return False
    INPUT.reader = caller
    INPUT.badge = arrival.badge
    return True


def attend(memory: DeviceMemory, arrival: Arrival, broken: bool) -> VirtioError | None:
    """Do what somebody has called for."""
    if arrival.cap is not None:
        cap_drop(arrival.cap)
    caller = arrival.reply
    if caller is None:
        return None
    if broken:
        reply(caller, Message(FAILED))
    elif arrival.label == READ and begin_to_read(arrival, caller):
        pass
    elif arrival.label == WRITE and arrival.badge < CLIENTS and arrival.word0 <= A_CALL:
        error = write(memory, arrival.badge, arrival.word0, arrival.word1, arrival.word2)
        reply(caller, Message(OK if error is None else FAILED))
        return error
    else:
        reply(caller, Message(REFUSED))
    return None


def give(broken: bool) -> None:
    """Answer who reads, if there is something to answer. It may want no answer any more."""
    reader = INPUT.reader
    if reader is None:
        return
    answer = Message(FAILED) if broken else answer_to_reader()
    if answer is not None:
        INPUT.reader = None
        reply(reader, answer)


@export
def main() -> u64:
    memory = granted(device_memory(SHARED))
    done(interrupt_bind(INTERRUPT, BELL, RING))
    done(bind(REQUESTS, BELL))
    error = start(memory)
    while True:
        if error is None:
            error = take_keys(memory)
        give(error is not None)
        if error is None:
            error = take_keys(memory)  # there is room again
        arrival = granted(wait(REQUESTS))
        failure = hear() if arrival.badge == SIGNAL_BADGE else attend(memory, arrival, error is not None)
        if error is None:
            error = failure
