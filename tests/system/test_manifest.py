"""The bytes of a manifest, word by word."""

import struct

from tyrne.abi import CapKind, Rights
from tyrne.system import limits
from tyrne.system.manifest import System, Task, encode
from tyrne.system.parts import CONSOLE_CAP, Cap, Mapping, Quota, Region, Supervisor
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
HEADER, REGION, TASK = 16, 2, 120


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
    assert blob[:8] == b"TYRNEMF2"
    assert words(blob, 1, HEADER - 1) == (5 * 4096, 12345, 2, 2, 128, 0, 0, 0, 128, 0, 0, 0x4800_0000, 0, 0, 0)
    assert len(blob) == 5 * 4096

    first = HEADER
    assert blob[128:160] == b"raw".ljust(32, b"\0")
    assert words(blob, first + 4, 5) == (0x80_0000, 0x80_1000, 1, 1, 1)
    assert words(blob, first + 9, 20) == (0x80_0000, 6, 4096, 4, 4, *[0] * 15)
    assert words(blob, first + 29, 23) == (8, *[0] * 22)
    assert words(blob, first + 52, 68) == (1, 0, 0x80, *[0] * 65)

    second = HEADER + TASK
    assert blob[8 * second : 8 * second + 32].decode() == "é" * 16
    assert words(blob, second + 4, 5) == (0x40_0008, 0x61_4000, 7, 3, 2)
    assert words(blob, second + 9, 20) == (
        *(0x40_0000, 6, 8192, 4097, 4097),
        *(0x60_0000, 5, 16384, 0, 100),
        *(0x61_0000, 5, 16384, 1, 0x3000),
        *[0] * 5,
    )
    assert words(blob, second + 52, 68) == (2, 1, 0x30, 0, 1, 0, 0x80, *[0] * 61)

    assert blob[4096:8192] == b"code".ljust(4096, b"\0")
    assert blob[8192:16384] == (b"x" * 4097).ljust(8192, b"\0")
    assert blob[16384:] == b"y".ljust(4096, b"\0")


def test_the_words_of_terms_memory_and_every_kind_of_capability() -> None:
    caps = (
        CONSOLE_CAP,
        Cap(4, Rights.RECV, 0xFFFF_FFFF_FFFF_FFFE),
        Cap(3, Rights.NOTIFY, kind=CapKind.NOTIFICATION),
        Cap(0, Rights.READ, kind=CapKind.MEMORY),
        Cap(1, Rights.MODIFY, kind=CapKind.TASK),
        Cap(0, Rights.MAP, kind=CapKind.ADDRESS_SPACE),
        Cap(0, Rights.CREATE, kind=CapKind.QUOTA),
    )
    mappings = (
        Mapping(3, 0x1000_0000, writable=False, executable=False),
        Mapping(3, 0x2000_0000, writable=True, executable=False),
        Mapping(3, 0xFFFF_FFFF_F000, writable=False, executable=True),
    )
    terms = Task("a", RAW, 1, caps, 15, Supervisor(4, 0x77), Quota(1, 2, 3, 4, 5, 6, 7), mappings, held=True)
    memory = (Region("ram", 3), Region("rtc", 1, 0x901_0000))
    blob = encode(System("s", 5, (terms, Task("b", RAW, 1, (), 0, Supervisor(0))), 4, memory, 20_000))

    assert words(blob, 3, 7) == (5, 2, 8 * (HEADER + 2 * REGION), 20_000, 4, 2, 8 * HEADER)
    assert words(blob, HEADER, 4) == (3, 0, 1, 0x901_0000)
    first = HEADER + 2 * REGION
    assert words(blob, first + 8, 1) == (7,)
    assert words(blob, first + 29, 10) == (15, 5, 0x77, 7, 2, 3, 1, 4, 5, 6)
    assert words(blob, first + 39, 13) == (
        *(3, 3, 0x1000_0000, 0),
        *(3, 0x2000_0000, 1),
        *(3, 0xFFFF_FFFF_F000, 2),
        *(0, 0, 0),
    )
    assert words(blob, first + 52, 28) == (
        *(1, 0, 0x80, 0),
        *(2, 4, 0x20, 0xFFFF_FFFF_FFFF_FFFE),
        *(3, 3, 0x40, 0),
        *(6, 0, 0x200, 0),
        *(4, 1, 0x4_0000, 0),
        *(5, 0, 0x1000, 0),
        *(7, 0, 0x4000, 0),
    )
    assert words(blob, first + 80, 40) == (*[0] * 36, 1, 0, 0, 0)
    assert words(blob, first + TASK + 29, 3) == (0, 1, 0)
    assert words(blob, first + TASK + 116, 4) == (0, 0, 0, 0)


def test_the_fullest_record_leaves_its_last_words_alone() -> None:
    caps = (Cap(15, Rights.SEND, 1),) * limits.CAPS
    mappings = (Mapping(15, 0x1000, True, False),) * limits.MAPPINGS
    segments = tuple(Segment(0x40_0000 + 0x1000 * i, False, False, b"", 4096) for i in range(limits.SEGMENTS))
    task = Task("t" * limits.NAME_BYTES, Program(0x40_0000, segments, 0x41_0000), 1, caps, mappings=mappings)
    blob = encode(System("s", 16, (task,)))
    assert blob[8 * HEADER :][:32] == b"t" * 32
    assert words(blob, HEADER + 24, 5) == (0x40_3000, 4, 4096, 0, 4096)
    assert words(blob, HEADER + 49, 7) == (15, 0x1000, 1, 2, 15, 0x10, 1)
    assert words(blob, HEADER + 112, 8) == (2, 15, 0x10, 1, 0, 0, 0, 0)


def test_sixteen_tasks_and_regions_push_the_contents_beyond_the_records() -> None:
    tasks = tuple(Task(f"t{i}", RAW, 1, ()) for i in range(16))
    blob = encode(System("s", 0, tasks, memory=(Region("m", 1),) * 16))
    first = HEADER + 16 * REGION
    assert words(blob, 1, 5) == (20 * 4096, 0, 0, 16, 8 * first)
    for index in range(16):
        (offset,) = words(blob, first + TASK * index + 11, 1)
        assert (offset, blob[offset : offset + 4]) == (4096 * (4 + index), b"code")
