"""Frames as tests write them, and what is in those that come back: not by what models and programs have for it."""

from __future__ import annotations

from struct import pack, unpack
from typing import Final, NamedTuple

GUEST_MAC: Final = bytes.fromhex("525400123456")
PEER_MAC: Final = bytes.fromhex("52550a000202")
GUEST: Final = bytes((10, 0, 2, 15))
PEER: Final = bytes((10, 0, 2, 2))
EVERYBODY: Final = bytes([255] * 6)


def total(data: bytes) -> int:
    """The Internet's checksum."""
    value = 0
    for at in range(0, len(data), 2):
        value += int.from_bytes(data[at : at + 2].ljust(2, b"\0"), "big")
    while value > 0xFFFF:
        value = (value >> 16) + (value & 0xFFFF)
    return 0xFFFF - value


def arp(asks_for: bytes = GUEST, sender: bytes = PEER_MAC, ip: bytes = PEER, to: bytes = EVERYBODY) -> bytes:
    """Who has this address?"""
    return to + sender + b"\x08\x06" + b"\0\1\x08\0\6\4\0\1" + sender + ip + bytes(6) + asks_for


def packet(protocol: int, content: bytes, source: bytes = PEER, to: bytes = GUEST, length: int | None = None) -> bytes:
    """An IPv4 packet; `length` is what it says to have."""
    size = 20 + len(content) if length is None else length
    start = pack(">BBHHHBBH4s4s", 0x45, 0, size, 7, 0, 64, protocol, 0, source, to)
    return start[:10] + pack(">H", total(start)) + start[12:] + content


def frame(content: bytes, to: bytes = GUEST_MAC, sender: bytes = PEER_MAC) -> bytes:
    """An Ethernet frame with an IPv4 packet."""
    return to + sender + b"\x08\0" + content


def echo(data: bytes, number: int = 1, kind: int = 8) -> bytes:
    """An ICMP echo request."""
    rest = pack(">HH", 0x1234, number) + data
    return bytes((kind, 0)) + pack(">H", total(bytes((kind, 0, 0, 0)) + rest)) + rest


def datagram(
    data: bytes, port: int = 7, source_port: int = 4000, source: bytes = PEER, to: bytes = GUEST, checked: bool = True
) -> bytes:
    """A UDP datagram, with a checksum or without."""
    size = 8 + len(data)
    start = pack(">HHHH", source_port, port, size, 0)
    found = total(source + to + pack(">BBH", 0, 17, size) + start + data) or 0xFFFF
    return start[:6] + pack(">H", found if checked else 0) + data


class Datagram(NamedTuple):
    """A UDP datagram within a frame."""

    to: bytes
    source_port: int
    port: int
    data: bytes


def datagram_in(made: bytes) -> Datagram:
    """What is in a frame, all of which is checked."""
    content = made[14:]
    assert made[12:14] == b"\x08\0" and content[0] == 0x45 and not total(content[:20]) and content[9] == 17
    size = int.from_bytes(content[2:4], "big")
    rest = content[20:size]
    source_port, port, length, check = unpack(">HHHH", rest[:8])
    assert length == len(rest)
    assert check and not total(content[12:20] + pack(">BBH", 0, 17, length) + rest)
    return Datagram(content[16:20], source_port, port, rest[8:])
