"""The other end of the wire: who is at 10.0.2.2. It answers ARP and ICMP echo, and nothing that is not for it or wrong.

A function of what is sent: so a run with it repeats. What else comes over the wire comes from a file, or from outside.
"""

from __future__ import annotations

from struct import pack, unpack
from typing import Final, NamedTuple

ADDRESS: Final = bytes((0x52, 0x55, 10, 0, 2, 2))
IP: Final = bytes((10, 0, 2, 2))
GUEST: Final = bytes((10, 0, 2, 15))
"""The address at which programs in `programs/` are, and to which datagrams from the host go."""
LATENCY: Final = 100_000
"""Nanoseconds until an answer comes."""
_ARP, _IPV4 = b"\x08\x06", b"\x08\x00"
_ICMP, _UDP = 1, 17
_REQUEST: Final = b"\0\1\x08\0\6\4\0\1"  # Ethernet, IPv4, their lengths, who has
_ANSWER: Final = b"\0\1\x08\0\6\4\0\2"
_TTL: Final = 64

ANNOUNCEMENT: Final = bytes([255] * 6) + ADDRESS + _ARP + _REQUEST + ADDRESS + IP + bytes(6) + IP
"""Where the peer is, told to everybody, who need not answer."""


def checksum(data: bytes) -> int:
    """Of the Internet: 0 for data with a right one among it."""
    total = sum(unpack(f">{(len(data) + 1) // 2}H", data + bytes(len(data) % 2)))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return int(total) ^ 0xFFFF


def answer(frame: bytes) -> bytes | None:
    """What the peer says to a frame of at least 14 bytes; None for nothing."""
    to, sender, kind, rest = frame[:6], frame[6:12], frame[12:14], frame[14:]
    if kind == _ARP and to in (ADDRESS, bytes([255] * 6)):
        if len(rest) < 28 or rest[:8] != _REQUEST or rest[24:28] != IP:
            return None
        return sender + ADDRESS + _ARP + _ANSWER + ADDRESS + IP + rest[8:18]
    if kind != _IPV4 or to != ADDRESS:
        return None
    packet = packet_of(rest)
    if packet is None or packet[9] != _ICMP or packet[16:20] != IP:
        return None
    message = packet[20:]
    if len(message) < 8 or message[:2] != b"\x08\0" or checksum(message):
        return None
    echo = b"\0\0" + pack(">H", checksum(bytes(4) + message[4:])) + message[4:]
    return ethernet(sender, ipv4(_ICMP, packet[12:16], echo))


class Datagram(NamedTuple):
    """One of UDP between the peer and another one, whose address is `ip`."""

    ip: bytes
    source_port: int
    port: int
    data: bytes


def frame_of(device: bytes, datagram: Datagram) -> bytes:
    """A datagram from the peer, to a device's address. It has 65,507 bytes at most."""
    length = 8 + len(datagram.data)
    head = pack(">HHH", datagram.source_port, datagram.port, length)
    ends = IP + datagram.ip + pack(">HH", _UDP, length)
    found = checksum(ends + head + b"\0\0" + datagram.data) or 0xFFFF
    return ethernet(device, ipv4(_UDP, datagram.ip, head + pack(">H", found) + datagram.data))


def datagram_of(frame: bytes) -> Datagram | None:
    """A datagram to the peer, in a frame of at least 14 bytes; None if that is none, or wrong."""
    packet = packet_of(frame[14:]) if frame[:6] == ADDRESS and frame[12:14] == _IPV4 else None
    if packet is None or packet[9] != _UDP or packet[16:20] != IP or len(packet) < 28:
        return None
    source_port, port, length, found = unpack(">HHHH", packet[20:28])
    if length != len(packet) - 20 or (found and checksum(packet[12:20] + pack(">HH", _UDP, length) + packet[20:])):
        return None
    return Datagram(packet[12:16], source_port, port, packet[28:])


def packet_of(data: bytes) -> bytes | None:
    """The IPv4 packet that data begin with, without options and whole; None if that is none."""
    if len(data) < 20 or data[0] != 0x45 or checksum(data[:20]):
        return None
    length, part = unpack(">H", data[2:4])[0], unpack(">H", data[6:8])[0]
    return data[:length] if 20 <= length <= len(data) and not part & 0x3FFF else None


def ethernet(to: bytes, packet: bytes) -> bytes:
    """A frame from the peer."""
    return to + ADDRESS + _IPV4 + packet


def ipv4(protocol: int, to: bytes, content: bytes) -> bytes:
    """A packet from the peer."""
    start = pack(">BBHHHBB", 0x45, 0, 20 + len(content), 0, 0, _TTL, protocol)
    ends = IP + to
    return start + pack(">H", checksum(start + b"\0\0" + ends)) + ends + content
