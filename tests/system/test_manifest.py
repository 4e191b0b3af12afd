"""The bytes of a manifest, word by word."""

import struct

from tyrne.kernel.abi import Rights
from tyrne.system.description import CONSOLE_CAP, Cap
from tyrne.system.manifest import System, Task, encode
from tyrne.system.program import Program, Segment

RAW = Program(0x80_0000, (Segment(0x80_0000, False, True, b"code", 4),), 0x80_1000)
TWO = Program(
    0x40_0008,
    (
        Segment(0x40_0000, False, True, b"x" * 4097, 4097),
        Segment(0x60_0000, True, False, b"", 100),
        Segment(0x61_0000, True, False, b"y", 0x3000),
    ),
    0x61_4000,
)


def words(blob: bytes, first: int, count: int) -> tuple[int, ...]:
    return struct.unpack_from(f"<{count}Q", blob, 8 * first)


def test_the_words_of_a_manifest_of_two_tasks() -> None:
    system = System(
        "s",
        2,
        (
            Task("raw", RAW, 1, (CONSOLE_CAP,)),
            Task("é" * 16, TWO, 7, (Cap(1, Rights.SEND | Rights.RECV), CONSOLE_CAP)),
        ),
    )
    blob = encode(system, 12345)
    assert blob[:8] == b"TYRNEMF1"
    assert words(blob, 1, 5) == (5 * 4096, 12345, 2, 2, 48)
    assert len(blob) == 5 * 4096

    first = 6
    assert blob[48:80] == b"raw".ljust(32, b"\0")
    assert words(blob, first + 4, 5) == (0x80_0000, 0x80_1000, 1, 1, 1)
    assert words(blob, first + 9, 20) == (0x80_0000, 6, 4096, 4, 4, *[0] * 15)
    assert words(blob, first + 29, 48) == (1, 0, 0x80, *[0] * 45)
    assert words(blob, first + 77, 11) == (0,) * 11

    second = 6 + 88
    assert blob[8 * second : 8 * second + 32].decode() == "é" * 16
    assert words(blob, second + 4, 5) == (0x40_0008, 0x61_4000, 7, 3, 2)
    assert words(blob, second + 9, 20) == (
        *(0x40_0000, 6, 8192, 4097, 4097),
        *(0x60_0000, 5, 16384, 0, 100),
        *(0x61_0000, 5, 16384, 1, 0x3000),
        *[0] * 5,
    )
    assert words(blob, second + 29, 48) == (2, 1, 0x30, 1, 0, 0x80, *[0] * 42)

    assert blob[4096:8192] == b"code".ljust(4096, b"\0")
    assert blob[8192:16384] == (b"x" * 4097).ljust(8192, b"\0")
    assert blob[16384:] == b"y".ljust(4096, b"\0")


def test_sixteen_tasks_push_the_contents_beyond_the_records() -> None:
    blob = encode(System("s", 0, tuple(Task(f"t{i}", RAW, 1, ()) for i in range(16))))
    assert words(blob, 1, 5) == (19 * 4096, 0, 0, 16, 48)
    for index in range(16):
        (offset,) = words(blob, 6 + 88 * index + 11, 1)
        assert (offset, blob[offset : offset + 4]) == (4096 * (3 + index), b"code")
