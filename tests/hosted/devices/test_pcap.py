"""Files of frames: what is read, and what is refused with a sentence."""

from __future__ import annotations

from struct import pack

import pytest

from tyrne.hosted.devices.pcap import frames_of, pcap_of

FRAMES = ((1, b"first" * 5), (3_000_000_002, b""), (3_000_000_002, b"x" * 65_535))


def head(order: str = "<", magic: int = 0xA1B2C3D4, link: int = 1) -> bytes:
    return pack(order + "IHHIIII", magic, 2, 4, 0, 0, 262_144, link)


def test_what_is_written_is_read() -> None:
    assert frames_of(pcap_of(FRAMES)) == FRAMES
    assert frames_of(pcap_of(())) == ()


@pytest.mark.parametrize("order", ["<", ">"])
def test_both_orders_of_bytes_and_both_units_of_time_are_read(order: str) -> None:
    record = pack(order + "IIII", 2, 3, 1, 1) + b"a"
    assert frames_of(head(order) + record) == ((2_000_003_000, b"a"),)
    assert frames_of(head(order, 0xA1B23C4D) + record) == ((2_000_000_003, b"a"),)


def test_a_frame_that_says_to_be_earlier_comes_with_the_one_before() -> None:
    records = b"".join(pack("<IIII", second, 0, 1, 1) + b"a" for second in (5, 4, 6))
    assert [time for time, _ in frames_of(head() + records)] == [5_000_000_000, 5_000_000_000, 6_000_000_000]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is no pcap file; name one, such as tcpdump -w writes"),
        (head()[:23], "is no pcap file; name one, such as tcpdump -w writes"),
        (b"garbage" * 9, "is no pcap file; name one, such as tcpdump -w writes"),
        (b"\x0a\x0d\x0d\x0a" + bytes(40), "is in pcapng's format; convert it, with: editcap -F pcap OLD NEW"),
        (head(link=113), "has frames of link type 113, not of Ethernet (1); capture on such a device"),
        (head() + bytes(15), "ends within frame 1; copy the whole file"),
        (head() + bytes(16) + pack("<IIII", 0, 0, 9, 9) + bytes(8), "ends within frame 2; copy the whole file"),
        (head() + pack("<IIII", 0, 1_000_000, 0, 0), "frame 1 is damaged; copy the file anew"),
        (head() + pack("<IIII", 0, 0, 65_536, 65_536) + bytes(65_536), "frame 1 is damaged; copy the file anew"),
        (
            head() + pack("<IIII", 0, 0, 2, 60) + bytes(2),
            "has 2 of the 60 bytes of frame 1; capture whole frames, with: tcpdump -s 0",
        ),
    ],
)
def test_what_is_no_such_file_is_named(content: bytes, said: str) -> None:
    with pytest.raises(ValueError) as caught:
        frames_of(content)
    assert str(caught.value) == said


def test_no_damaged_file_is_more_than_refused() -> None:
    content = bytearray(pcap_of(FRAMES[:2]))
    for at in range(len(content)):
        for value in (0, 1, 0x7F, 0xFF):
            changed = content[:at] + bytes((value,)) + content[at + 1 :]
            try:
                found = frames_of(bytes(changed))
            except ValueError as error:
                assert ";" in str(error)
            else:
                assert sum(16 + len(frame) for _, frame in found) + 24 == len(content)
