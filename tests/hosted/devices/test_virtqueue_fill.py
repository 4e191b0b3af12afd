"""Where bytes go that a device writes to the buffers of a chain."""

import pytest

from hosted.devices.ring_driver import BASE, Reach
from tyrne.hosted.devices.virtqueue import Chain, Virtqueue

BUFFERS = ((BASE, 3), (BASE + 8, 2), (BASE + 16, 4))


def filled(data: bytes, start: int) -> str:
    """Memory afterwards: a dot where nothing was written, a space between two buffers."""
    memory = Reach()
    memory.bytes[:24] = b"." * 24
    Virtqueue(memory).fill(Chain(0, b"", BUFFERS, 9), data, start)
    assert memory.bytes[:24].count(b".") == 24 - len(data)
    return " ".join(memory.read(address, length).decode() for address, length in BUFFERS)


@pytest.mark.parametrize(
    ("data", "start", "memory"),
    [
        ("", 0, "... .. ...."),
        ("ab", 0, "ab. .. ...."),
        ("abcdefghi", 0, "abc de fghi"),
        ("abc", 1, ".ab c. ...."),
        ("abcde", 1, ".ab cd e..."),
        ("ab", 3, "... ab ...."),
        ("abc", 4, "... .a bc.."),
        ("a", 8, "... .. ...a"),
        ("", 9, "... .. ...."),
    ],
)
def test_data_fill_one_buffer_after_the_other(data: str, start: int, memory: str) -> None:
    assert filled(data.encode(), start) == memory


@pytest.mark.parametrize(("data", "start"), [(b"abcdefghij", 0), (b"ab", 8), (b"", 10)])
def test_more_than_there_is_room_for_is_a_defect(data: bytes, start: int) -> None:
    with pytest.raises(ValueError, match="more than there is room for"):
        filled(data, start)
