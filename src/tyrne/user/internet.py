"""A host at 10.0.2.15 that answers ARP, ICMP echo, and UDP to one port. An answer is made where the question lies.

Nothing in a frame is believed before it has been checked: what is too short, says a wrong length, or has a wrong
checksum is dropped; what is for others is passed over. A frame lies two bytes behind a multiple of 4, so that its
packet begins at one. A length in it is read once, so whoever changes the frame meanwhile gets a wrong answer, and no
more.
"""

from __future__ import annotations

from typing import Final

from tyrne.lang import irange, u8, u16, u32, u64
from tyrne.lang.machine import read8, read16, read32, write8, write16, write32
from tyrne.user.printing import print_bytes, print_decimal

IP: Final = u64(0x0F02_000A)
"""10.0.2.15, as it lies in memory."""
EVERYBODY: Final = u64(0xFFFF_FFFF_FFFF)
ECHO_PORT: Final = u64(7)
ARP: Final = u64(0x0806)
IPV4: Final = u64(0x0800)
ICMP: Final = u8(1)
UDP: Final = u8(17)
ECHO_REQUEST: Final = u64(0x0800)
"""Type 8, code 0."""


def big16(address: u64) -> u64:
    """Two bytes, the first of which counts more."""
    return u64(read8(address)) << 8 | u64(read8(address + 1))  # audit: U-53


def address_at(place: u64) -> u64:
    """Six bytes at a place of two."""
    return u64(read16(place)) | u64(read16(place + 2)) << 16 | u64(read16(place + 4)) << 32  # audit: U-53


def write_address(place: u64, address: u64) -> None:
    write16(place, u16(address & 0xFFFF))  # audit: U-53
    write16(place + 2, u16(address >> 16 & 0xFFFF))  # audit: U-53
    write16(place + 4, u16(address >> 32))  # audit: U-53


def read32_at_two(place: u64) -> u32:
    """Four bytes at a multiple of two."""
    return u32(read16(place)) | u32(read16(place + 2)) << 16  # audit: U-53


def write32_at_two(place: u64, value: u32) -> None:
    write16(place, u16(value & 0xFFFF))  # audit: U-53
    write16(place + 2, u16(value >> 16))  # audit: U-53


def sum_of(place: u64, length: u64, start: u64) -> u64:
    """The Internet's sum, of words as they lie in memory: 0xFFFF where a right checksum is among them. `start` is the
    sum of what is not there; the place is a multiple of 4."""
    total = start
    for i in irange(length // 4):
        total += u64(read32(place + 4 * i))  # audit: U-53
    done_with = length - length % 4
    if length % 4 >= 2:
        total += u64(read16(place + done_with))  # audit: U-53
        done_with += 2
    if length % 2 != 0:
        total += u64(read8(place + done_with))  # audit: U-53
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return total


class Host:
    """Who it is, and what it has answered. `dropped` are those that were wrong."""

    def __init__(self) -> None:
        self.address: u64 = u64(0)
        """Of its device, six bytes as they lie in memory."""
        self.port: u64 = ECHO_PORT
        self.arps: u64 = u64(0)
        self.pings: u64 = u64(0)
        self.datagrams: u64 = u64(0)
        self.dropped: u64 = u64(0)

    def answer(self, frame: u64, length: u64) -> u64:
        """Make an answer of a frame of so many bytes; how many it has, or 0 if there is none."""
        if length < 14 or read8(frame + 6) & 1 != 0:  # audit: U-53
            self.dropped += 1
            return u64(0)
        to = address_at(frame)
        kind = big16(frame + 12)
        made = u64(0)
        if kind == ARP and (to == self.address or to == EVERYBODY):
            made = u64(42) if self._answer_arp(frame, length) else u64(0)
        elif kind == IPV4 and to == self.address:
            made = self._answer_packet(frame + 14, length - 14)
            if made != 0:
                made += 14
            else:
                self.dropped += 1
        if made != 0:
            write_address(frame, address_at(frame + 6))
            write_address(frame + 6, self.address)
        return made

    def _answer_arp(self, frame: u64, length: u64) -> bool:
        """Say which address has 10.0.2.15, if that is what a frame asks."""
        body = frame + 14
        if length < 42 or read32(body) != 0x0008_0100 or read32(body + 4) != 0x0100_0406:  # audit: U-53
            return False
        if read32(body + 24) != u32(IP):  # audit: U-53
            return False
        asker = address_at(body + 8)
        asker_ip = read32_at_two(body + 14)
        write16(body + 6, u16(0x0200))  # audit: U-53
        write_address(body + 8, self.address)
        write32_at_two(body + 14, u32(IP))
        write_address(body + 18, asker)
        write32(body + 24, asker_ip)  # audit: U-53
        self.arps += 1
        return True

    def _answer_packet(self, packet: u64, most: u64) -> u64:
        """Make an answer of a packet, which has `most` bytes at most; how many it has, or 0 if there is none."""
        if most < 20 or read8(packet) != 0x45 or sum_of(packet, u64(20), u64(0)) != 0xFFFF:  # audit: U-53
            return u64(0)
        length = big16(packet + 2)
        if length < 28 or length > most or big16(packet + 6) & 0x3FFF != 0:
            return u64(0)
        sender = read32(packet + 12)  # audit: U-53
        if read32(packet + 16) != u32(IP) or sender == u32(IP) or read8(packet + 12) >= 224:  # audit: U-53
            return u64(0)
        protocol = read8(packet + 9)  # audit: U-53
        if protocol == ICMP:
            if not self._answer_ping(packet + 20, length - 20):
                return u64(0)
        elif protocol != UDP or not self._answer_datagram(packet, length - 20):
            return u64(0)
        write8(packet + 8, u8(64))  # audit: U-53
        write16(packet + 10, u16(0))  # audit: U-53
        write32(packet + 12, u32(IP))  # audit: U-53
        write32(packet + 16, sender)  # audit: U-53
        write16(packet + 10, u16(0xFFFF - sum_of(packet, u64(20), u64(0))))  # audit: U-53
        return length

    def _answer_ping(self, message: u64, length: u64) -> bool:
        """Make an echo of a request of so many bytes, at least 8."""
        if big16(message) != ECHO_REQUEST or sum_of(message, length, u64(0)) != 0xFFFF:
            return False
        write16(message, u16(0))  # audit: U-53
        write16(message + 2, u16(0))  # audit: U-53
        write16(message + 2, u16(0xFFFF - sum_of(message, length, u64(0))))  # audit: U-53
        self.pings += 1
        return True

    def _answer_datagram(self, packet: u64, length: u64) -> bool:
        """Send a datagram of so many bytes, at least 8, back. Not one from the own port: two who do that never end."""
        datagram = packet + 20
        if big16(datagram + 4) != length or big16(datagram + 2) != self.port or big16(datagram) == self.port:
            return False
        if read16(datagram + 6) != 0:  # audit: U-53
            ends = u64(read32(packet + 12)) + u64(read32(packet + 16))  # audit: U-53
            pseudo = ends + 0x1100 + u64(read16(datagram + 4))  # audit: U-53
            if sum_of(datagram, length, pseudo) != 0xFFFF:
                return False
        port = read16(datagram)  # audit: U-53
        write16(datagram, read16(datagram + 2))  # the sum stays the same when both ends change places; audit: U-53
        write16(datagram + 2, port)  # audit: U-53
        self.datagrams += 1
        return True

    def say(self) -> None:
        """The end of a line that says what was answered."""
        print_bytes(b"answered ")
        print_decimal(self.arps)
        print_bytes(b" for an address, ")
        print_decimal(self.pings)
        print_bytes(b" pings, ")
        print_decimal(self.datagrams)
        print_bytes(b" datagrams; dropped ")
        print_decimal(self.dropped)
        print_bytes(b"\n")
