"""Who is at the other end of the wire of a network device, and what comes over it by itself."""

from __future__ import annotations

import pytest

from hosted.devices.packets import (
    GUEST,
    GUEST_MAC,
    PEER,
    PEER_MAC,
    arp,
    datagram,
    echo,
    frame,
    packet,
    total,
)
from tyrne.hosted.devices.peer import answer

ASKED = arp(PEER, GUEST_MAC, GUEST)
PING = frame(packet(1, echo(b"data!"), GUEST, PEER), PEER_MAC, GUEST_MAC)


def test_it_says_where_it_is() -> None:
    assert answer(ASKED) == (
        GUEST_MAC + PEER_MAC + b"\x08\x06\0\1\x08\0\6\4\0\2" + PEER_MAC + PEER + GUEST_MAC + GUEST
    )
    assert answer(arp(PEER, GUEST_MAC, GUEST, to=PEER_MAC)) == answer(ASKED)
    assert answer(ASKED + bytes(18)) == answer(ASKED)  # as long as a frame must be on a wire


def test_it_answers_an_echo_request() -> None:
    said = answer(PING)
    assert said is not None
    assert said[:14] == GUEST_MAC + PEER_MAC + b"\x08\0"
    content = said[14:]
    assert content[2:4] == bytes((0, len(content))) and content[8:10] == b"\x40\1"
    assert content[12:20] == PEER + GUEST
    assert not total(content[:20]) and not total(content[20:])
    assert content[20:] == echo(b"data!", kind=0)
    assert answer(PING + b"\0\0\0") == said


def patched(made: bytes, at: int, value: int) -> bytes:
    return made[:at] + bytes((value,)) + made[at + 1 :]


@pytest.mark.parametrize(
    "made",
    [
        ASKED[:41],
        patched(ASKED, 12, 7),
        patched(ASKED, 15, 2),
        patched(ASKED, 21, 2),
        arp(GUEST, GUEST_MAC, GUEST),
        arp(PEER, GUEST_MAC, GUEST, to=GUEST_MAC),
        PING[:14],
        PING[:33],
        PING[:-1],
        patched(PING, 0, 0),
        patched(PING, 14, 0x46),
        patched(PING, 24, 1),
        patched(PING, 34, 0),
        patched(PING, 45, 1),
        frame(packet(1, echo(b"", kind=0), GUEST, PEER), PEER_MAC, GUEST_MAC),
        frame(packet(1, echo(b"")[:7], GUEST, PEER), PEER_MAC, GUEST_MAC),
        frame(packet(1, echo(b""), GUEST, PEER, length=19), PEER_MAC, GUEST_MAC),
        frame(packet(1, echo(b""), GUEST, PEER, length=29), PEER_MAC, GUEST_MAC),
        frame(packet(1, echo(b""), GUEST, GUEST), PEER_MAC, GUEST_MAC),
        frame(packet(17, datagram(b"", 9), GUEST, PEER), PEER_MAC, GUEST_MAC),
        bytes(14),
    ],
)
def test_it_says_nothing_to_what_is_wrong_or_not_for_it(made: bytes) -> None:
    assert answer(made) is None


def test_it_says_nothing_to_parts_of_packets() -> None:
    whole = PING[14:34]
    for flags in 0x2000, 1:
        start = whole[:6] + flags.to_bytes(2, "big") + whole[8:10] + b"\0\0" + whole[12:]
        part = start[:10] + total(start).to_bytes(2, "big") + start[12:]
        assert answer(PING[:14] + part + PING[34:]) is None
