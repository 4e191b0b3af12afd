"""Files of frames in pcap's format: a header, then for each frame its time, its length and its bytes."""

from __future__ import annotations

from collections.abc import Iterable
from struct import Struct
from typing import Final

Frame = tuple[int, bytes]
"""A frame, and the time in nanoseconds at which it comes."""

_UNITS: Final = {0xA1B2_C3D4: 1_000, 0xA1B2_3C4D: 1}
"""Nanoseconds in the smaller part of a time, by the number that such a file begins with."""
_PCAPNG: Final = b"\x0a\x0d\x0d\x0a"
_ETHERNET: Final = 1
_SECOND: Final = 1_000_000_000
_HEADER, _RECORD = "IHHIIII", "IIII"
FRAME_BYTES: Final = 16
"""Of such a file, for each frame beside its own."""
MOST_BYTES: Final = 65_535
"""Of a frame in such a file. A device takes fewer."""

LATEST: Final = (_SECOND << 32) - 1
"""Nanoseconds: the last time that such a file has room for, after 136 years."""


def frames_of(content: bytes) -> tuple[Frame, ...]:
    """The frames of a file; one that says to be earlier than the one before comes with that. ValueError with what is
    wrong, and what mends it."""
    if content.startswith(_PCAPNG):
        raise ValueError("is in pcapng's format; convert it, with: editcap -F pcap OLD NEW")
    for order in "<", ">":
        header, record = Struct(order + _HEADER), Struct(order + _RECORD)
        if len(content) >= header.size and (unit := _UNITS.get(header.unpack_from(content)[0])):
            break
    else:
        raise ValueError("is no pcap file; name one, such as tcpdump -w writes")
    link = header.unpack_from(content)[6] & 0xFFFF
    if link != _ETHERNET:
        raise ValueError(f"has frames of link type {link}, not of Ethernet (1); capture on such a device")
    found: list[Frame] = []
    at, latest = header.size, 0
    while at < len(content):
        what = f"frame {len(found) + 1}"
        if len(content) - at < record.size:
            raise ValueError(f"ends within {what}; copy the whole file")
        seconds, part, kept, length = record.unpack_from(content, at)
        at += record.size
        if part * unit >= _SECOND or kept > MOST_BYTES:
            raise ValueError(f"{what} is damaged; copy the file anew")
        if kept > len(content) - at:
            raise ValueError(f"ends within {what}; copy the whole file")
        if kept != length:
            raise ValueError(f"has {kept} of the {length} bytes of {what}; capture whole frames, with: tcpdump -s 0")
        latest = max(latest, seconds * _SECOND + part * unit)
        found.append((latest, content[at : at + kept]))
        at += kept
    return tuple(found)


def pcap_of(frames: Iterable[Frame]) -> bytes:
    """A file of frames, whose times are at most LATEST."""
    made = bytearray(Struct("<" + _HEADER).pack(0xA1B2_3C4D, 2, 4, 0, 0, MOST_BYTES, _ETHERNET))
    record = Struct("<" + _RECORD)
    for time, frame in frames:
        made += record.pack(time // _SECOND, time % _SECOND, len(frame), len(frame)) + frame
    return bytes(made)
