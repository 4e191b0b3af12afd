"""What generated programs start with: numbers at the edges of arithmetic, addresses at the edges of memory.

The same seed gives the same registers and data; programs that are kept as tests rely on it.
"""

from __future__ import annotations

import random
import struct
from typing import Final

from tyrne.testing.code import layout
from tyrne.testing.code.layout import CODE, DATA, FREE, STACK, Registers

_PAGE: Final = 4096
DATA_END: Final = DATA + layout.DATA_PAGES * _PAGE
GOOD: Final = (DATA + 0x800, DATA + _PAGE, DATA + _PAGE + 0x800, STACK + 0x800, DATA + _PAGE - 8, DATA + 2 * _PAGE - 16)
"""Addresses that a program may read and write, some way to each side."""
EDGES: Final = (
    DATA, DATA_END - 8, DATA_END - 4, DATA_END - 1, DATA - 8, STACK, STACK - 8, STACK + _PAGE - 16, STACK + _PAGE - 3,
    CODE, layout.CODE_END, layout.FIXED, layout.FIXED + _PAGE - 4, FREE, FREE + _PAGE - 8,
)  # fmt: skip
WILD: Final = (
    0, 8, 0xFFF, 0x4008_0000, 0x0900_0000, (1 << 48) - 8, 1 << 48, 1 << 55, 0xFF00_0000_0090_0000, (1 << 64) - 8,
    0xFFFF_FFFF_4008_0000, 0xFFFF_FFFF_4400_0000, 0xFFFF_FFFF_0900_0000, 0xFFFF_0000_0000_0000,
)  # fmt: skip
UNALIGNED: Final = (
    DATA + 0x801, DATA + _PAGE - 1, DATA + _PAGE - 3, STACK + 0x7F9, DATA + 0xC04, DATA + 0x1002, CODE + 0x102,
    layout.FIXED + 0x21,
)  # fmt: skip

NUMBERS: Final = (0, 1, 2, 7, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF, 1 << 32, 1 << 62, (1 << 63) - 1, 1 << 63,
                  (1 << 64) - 1, (1 << 64) - 2, 0x5555_5555_5555_5555, 0x0123_4567_89AB_CDEF)  # fmt: skip
FLOATS: Final = (
    0x0000_0000_0000_0000, 0x8000_0000_0000_0000, 0x3FF0_0000_0000_0000, 0xBFE0_0000_0000_0000, 0x7FF0_0000_0000_0000,
    0xFFF0_0000_0000_0000, 0x7FF8_0000_0000_0000, 0x7FF0_0000_0000_0001, 0x0000_0000_0000_0001, 0x7FEF_FFFF_FFFF_FFFF,
    0x3F80_0000_4000_0000, 0x7F80_0001_7FC0_0000, 0x0000_0001_8000_0000, 0x3C00_7C00_FC00_7E01, 0x43E0_0000_0000_0000,
)  # fmt: skip

GOOD_BASES: Final = (19, 20, 21, 22, 23)
"""Registers that start with an address that a program may read and write."""
BAD_BASES: Final = (24, 25, 26, 27, 28)
"""Registers that start at an edge, unaligned, or wild."""


def number(choose: random.Random) -> int:
    """A 64-bit word, at an edge as often as not."""
    if choose.random() < 0.4:
        return choose.choice(NUMBERS)
    return choose.getrandbits(choose.choice((8, 16, 32, 64)))


def registers(seed: int) -> Registers:
    """The registers of a program's start."""
    choose = random.Random(seed)
    x = [number(choose) for _ in range(31)]
    x[0], x[1], x[8] = choose.randrange(7), choose.randrange(64), choose.randrange(40)
    for i in GOOD_BASES:
        x[i] = choose.choice(GOOD)
    x[24], x[25], x[26] = choose.choice(EDGES), choose.choice(EDGES), choose.choice(UNALIGNED)
    x[27], x[28] = choose.choice(WILD), choose.choice(WILD)
    q = tuple(choose.choice(FLOATS) if choose.random() < 0.5 else choose.getrandbits(64) for _ in range(64))
    return Registers(
        tuple(x),
        STACK + _PAGE - 16 * choose.randrange(128),
        q,
        nzcv=choose.getrandbits(4) << 28,
        fpcr=choose.choice((0, 0, choose.getrandbits(5) << 22)),
        fpsr=choose.choice((0, choose.getrandbits(5))),
        tpidr=choose.getrandbits(64),
    )


def working_data(seed: int) -> bytes:
    """What follows the registers in a program's data, up to the end of its second page."""
    choose = random.Random(~seed)
    words = (2 * _PAGE - layout.BLOCK_BYTES) // 8
    return struct.pack(f"<{words}Q", *(choose.choice((0, choose.getrandbits(64))) for _ in range(words)))
