"""Answers who asks over the network: ARP for 10.0.2.15, ICMP echo, and UDP on port 7. After two quiet seconds it ends.

It drives the network device, by interrupt and many frames at a time. An answer is made where the question lies, and
that buffer is sent; when it has been, it waits for the next frame. Nothing in a frame is believed before it has been
checked: what is too short, says a wrong length, or has a wrong checksum is dropped; what is for others is passed over.
"""

from __future__ import annotations

from typing import Final

from tyrne.abi import Status
from tyrne.lang import Array, export, handle, irange, u8, u16, u32, u64
from tyrne.lang.machine import read8, read16, read32, write8, write16, write32
from tyrne.user import (
    SECOND,
    ClockCap,
    InterruptCap,
    MemoryCap,
    NotificationCap,
    clock_read,
    done,
    end_wait_at,
    granted,
    interrupt_ack,
    interrupt_bind,
    print_bytes,
    print_decimal,
    wait_signals,
)
from tyrne.user.virtio import DeviceMemory, Used, VirtioDevice, VirtioError, VirtioQueue, device_memory

CLOCK: Final = ClockCap(handle("clock"))
INTERRUPT: Final = InterruptCap(handle("network_interrupt"))
BELL: Final = NotificationCap(handle("bell"))
SHARED: Final = MemoryCap(handle("shared"))
REGISTERS: Final = u64(0x1000_0000)
RING: Final = u64(1)
NETWORK: Final = u32(1)
"""The device's id."""
HAS_ADDRESS: Final = u64(1) << 5
"""Its feature that it says which address it has."""
RECEIVE: Final = u64(0)
TRANSMIT: Final = u64(1)
PLACES: Final = 32
"""Of each queue, and as many buffers."""
BUFFERS_AT: Final = u64(0x1000)
BUFFER: Final = u64(0x800)
"""Where the buffers lie in the shared memory, and how large each is. Both queues are before them."""
TRANSMIT_AT: Final = u64(0x800)
SHIFT: Final = u64(2)
HEADER: Final = u64(12)
"""So the device's header ends, and a packet behind the frame's 14 bytes begins, at a multiple of 4."""
ROOM: Final = HEADER + 1514
QUIET: Final = 2 * SECOND

IP: Final = u64(0x0F02_000A)
"""10.0.2.15, as it lies in memory."""
EVERYBODY: Final = u64(0xFFFF_FFFF_FFFF)
PORT: Final = u64(7)
ARP: Final = u64(0x0806)
IPV4: Final = u64(0x0800)
ICMP: Final = u8(1)
UDP: Final = u8(17)
ECHO_REQUEST: Final = u64(0x0800)
"""Type 8, code 0."""


class State:
    """What the program keeps beside its queues."""

    def __init__(self) -> None:
        self.address: u64 = u64(0)
        """Of the device, six bytes as they lie in memory."""
        self.arps: u64 = u64(0)
        self.pings: u64 = u64(0)
        self.datagrams: u64 = u64(0)
        self.dropped: u64 = u64(0)


DEVICE: Final = VirtioDevice()
RECEIVED: Final = VirtioQueue()
SENT: Final = VirtioQueue()
STATE: Final = State()


class Owners:
    """Which buffer a chain has, by its head."""

    def __init__(self) -> None:
        self.receiving: Array[u16] = Array.filled(PLACES, u16(0))
        self.sending: Array[u16] = Array.filled(PLACES, u16(0))


OWNERS: Final = Owners()


def big16(address: u64) -> u64:
    """Two bytes, the first of which counts more."""
    return u64(read8(address)) << 8 | u64(read8(address + 1))


def address_at(place: u64) -> u64:
    """Six bytes at a place of two."""
    return u64(read16(place)) | u64(read16(place + 2)) << 16 | u64(read16(place + 4)) << 32


def write_address(place: u64, address: u64) -> None:
    write16(place, u16(address & 0xFFFF))
    write16(place + 2, u16(address >> 16 & 0xFFFF))
    write16(place + 4, u16(address >> 32))


def sum_of(place: u64, length: u64, start: u64) -> u64:
    """The Internet's sum, of words as they lie in memory: 0xFFFF where a right checksum is among them. `start` is the
    sum of what is not there; the place is a multiple of 4."""
    total = start
    for i in irange(length // 4):
        total += u64(read32(place + 4 * i))
    done_with = length - length % 4
    if length % 4 >= 2:
        total += u64(read16(place + done_with))
        done_with += 2
    if length % 2 != 0:
        total += u64(read8(place + done_with))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return total


def answer_arp(frame: u64, length: u64) -> bool:
    """Say which address has 10.0.2.15, if that is what a frame asks."""
    body = frame + 14
    if length < 42 or read32(body) != 0x0008_0100 or read32(body + 4) != 0x0100_0406:
        return False
    if read32(body + 24) != u32(IP):
        return False
    asker = address_at(body + 8)
    asker_ip = read32_at_two(body + 14)
    write16(body + 6, u16(0x0200))
    write_address(body + 8, STATE.address)
    write32_at_two(body + 14, u32(IP))
    write_address(body + 18, asker)
    write32(body + 24, asker_ip)
    STATE.arps += 1
    return True


def read32_at_two(place: u64) -> u32:
    """Four bytes at a multiple of two."""
    return u32(read16(place)) | u32(read16(place + 2)) << 16


def write32_at_two(place: u64, value: u32) -> None:
    write16(place, u16(value & 0xFFFF))
    write16(place + 2, u16(value >> 16))


def answer_packet(packet: u64, most: u64) -> u64:
    """Make an answer of a packet, which has `most` bytes at most; how many it has, or 0 if there is none."""
    if most < 20 or read8(packet) != 0x45 or sum_of(packet, u64(20), u64(0)) != 0xFFFF:
        return u64(0)
    length = big16(packet + 2)
    if length < 28 or length > most or big16(packet + 6) & 0x3FFF != 0:
        return u64(0)
    sender = read32(packet + 12)
    if read32(packet + 16) != u32(IP) or sender == u32(IP) or read8(packet + 12) >= 224:
        return u64(0)
    protocol = read8(packet + 9)
    if protocol == ICMP:
        if not answer_ping(packet + 20, length - 20):
            return u64(0)
    elif protocol != UDP or not answer_datagram(packet, length - 20):
        return u64(0)
    write8(packet + 8, u8(64))
    write16(packet + 10, u16(0))
    write32(packet + 12, u32(IP))
    write32(packet + 16, sender)
    write16(packet + 10, u16(0xFFFF - sum_of(packet, u64(20), u64(0))))
    return length


def answer_ping(message: u64, length: u64) -> bool:
    """Make an echo of a request of so many bytes, at least 8."""
    if big16(message) != ECHO_REQUEST or sum_of(message, length, u64(0)) != 0xFFFF:
        return False
    write16(message, u16(0))
    write16(message + 2, u16(0))
    write16(message + 2, u16(0xFFFF - sum_of(message, length, u64(0))))
    STATE.pings += 1
    return True


def answer_datagram(packet: u64, length: u64) -> bool:
    """Send a datagram of so many bytes, at least 8, back. Not one that comes from port 7: two who do that never end."""
    datagram = packet + 20
    if big16(datagram + 4) != length or big16(datagram + 2) != PORT or big16(datagram) == PORT:
        return False
    if read16(datagram + 6) != 0:
        pseudo = u64(read32(packet + 12)) + u64(read32(packet + 16)) + 0x1100 + u64(read16(datagram + 4))
        if sum_of(datagram, length, pseudo) != 0xFFFF:
            return False
    port = read16(datagram)  # the sum stays the same when both ends change places
    write16(datagram, read16(datagram + 2))
    write16(datagram + 2, port)
    STATE.datagrams += 1
    return True


def answer(frame: u64, length: u64) -> u64:
    """Make an answer of a frame of so many bytes; how many it has, or 0 if there is none."""
    if length < 14 or read8(frame + 6) & 1 != 0:
        STATE.dropped += 1
        return u64(0)
    to = address_at(frame)
    kind = big16(frame + 12)
    made = u64(0)
    if kind == ARP and (to == STATE.address or to == EVERYBODY):
        made = u64(42) if answer_arp(frame, length) else u64(0)
    elif kind == IPV4 and to == STATE.address:
        made = answer_packet(frame + 14, length - 14)
        if made != 0:
            made += 14
        else:
            STATE.dropped += 1
    if made != 0:
        write_address(frame, address_at(frame + 6))
        write_address(frame + 6, STATE.address)
    return made


def offer(memory: DeviceMemory, buffer: u64) -> VirtioError | None:
    """Let the device fill a buffer."""
    error = RECEIVED.add(memory, BUFFERS_AT + buffer * BUFFER + SHIFT, ROOM, True)
    if error is None:
        OWNERS.receiving[RECEIVED.offer()] = u16(buffer)
    return error


def send(memory: DeviceMemory, buffer: u64, length: u64) -> VirtioError | None:
    """Let the device send what is in a buffer, behind a header that asks for nothing."""
    start = memory.address + BUFFERS_AT + buffer * BUFFER + SHIFT
    for i in irange(HEADER // 2):
        write16(start + 2 * i, u16(0))
    error = SENT.add(memory, BUFFERS_AT + buffer * BUFFER + SHIFT, HEADER + length, False)
    if error is None:
        OWNERS.sending[SENT.offer()] = u16(buffer)
    return error


def start(memory: DeviceMemory) -> VirtioError | None:
    """Begin with the device, for the first time or after an error, and give it all buffers."""
    error = DEVICE.start(REGISTERS, NETWORK, HAS_ADDRESS)
    if error is None and DEVICE.features & HAS_ADDRESS == 0:
        error = VirtioError.FEATURES
    if error is None:
        error = RECEIVED.set_up(DEVICE, RECEIVE, memory, u64(0), u64(PLACES))
    if error is None:
        error = SENT.set_up(DEVICE, TRANSMIT, memory, TRANSMIT_AT, u64(PLACES))
    if error is not None:
        return error
    STATE.address = DEVICE.configuration64(u64(0)) & 0xFFFF_FFFF_FFFF
    DEVICE.go()
    for buffer in irange(RECEIVED.places):
        error = offer(memory, buffer)
        if error is not None:
            return error
    RECEIVED.notify(DEVICE)
    return None


def serve(memory: DeviceMemory) -> VirtioError | None:
    """See to all that has come and all that has been sent, and tell the device once of each."""
    error = DEVICE.acknowledge()
    while error is None:
        used = SENT.take(DEVICE)
        if used is None:
            break
        error = offer(memory, u64(OWNERS.sending[used.head])) if isinstance(used, Used) else used
    while error is None:
        used = RECEIVED.take(DEVICE)
        if used is None:
            break
        error = serve_frame(memory, used) if isinstance(used, Used) else used
    SENT.notify(DEVICE)
    RECEIVED.notify(DEVICE)
    return error


def serve_frame(memory: DeviceMemory, used: Used) -> VirtioError | None:
    buffer = u64(OWNERS.receiving[used.head])
    frame = memory.address + BUFFERS_AT + buffer * BUFFER + SHIFT + HEADER
    length = answer(frame, used.written - HEADER) if used.written >= HEADER else u64(0)
    return send(memory, buffer, length) if length != 0 else offer(memory, buffer)


def report() -> None:
    print_bytes(b"echo: answered ")
    print_decimal(STATE.arps)
    print_bytes(b" for an address, ")
    print_decimal(STATE.pings)
    print_bytes(b" pings, ")
    print_decimal(STATE.datagrams)
    print_bytes(b" datagrams; dropped ")
    print_decimal(STATE.dropped)
    print_bytes(b"\n")


@export
def main() -> u64:
    memory = granted(device_memory(SHARED))
    done(interrupt_bind(INTERRUPT, BELL, RING))
    error = start(memory)
    if error is not None:
        print_bytes(b"echo: there is no such device\n")
        return u64(1)
    while error is None:
        done(end_wait_at(CLOCK, granted(clock_read(CLOCK)) + QUIET))
        rung = wait_signals(BELL)
        if rung == Status.TIMED_OUT:
            report()
            return u64(0)
        if serve(memory) is not None:
            error = start(memory)
        done(interrupt_ack(INTERRUPT))
    print_bytes(b"echo: the device has failed\n")
    return u64(1)
