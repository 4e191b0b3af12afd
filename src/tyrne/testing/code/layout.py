"""Where everything lies in the address space of a task of a batch, and what it holds: fixed.S has the same places."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from tyrne.system import limits
from tyrne.system.loading import load_program
from tyrne.system.program import Program, Segment

FIXED: Final = 0x0080_0000
"""One page of code that all tasks have."""
CODE: Final = 0x0090_0000
"""A program's own code."""
CODE_WORDS: Final = 1024
CODE_END: Final = CODE + 4 * CODE_WORDS
"""One past the last page that it may have."""
DATA: Final = 0x00A0_0000
"""Three pages: the registers of the start and what else a program finds, a page to work on, the registers of the
end."""
DATA_PAGES: Final = 3
STACK: Final = 0x00B0_0000
"""One page; what lies above is unmapped."""
FREE: Final = 0x00C0_0000
"""From here on a program may map what it makes."""

BEGIN, FINISH, WITNESS, SUPERVISOR, PLAIN = range(FIXED, FIXED + 20, 4)
"""The entries of the fixed code."""
NO_CODE: Final = 0x0000_0000
"""UDF #0."""

BLOCK_BYTES: Final = 800
_PARAMETERS: Final = 0xC00
CONSOLE, ENDPOINT, NOTIFICATION, QUOTA, SPACE, SHARED, PARTNER = range(7)
"""Handle words of a program: the last two only where it has a partner."""


@dataclass(frozen=True)
class Registers:
    """What a task starts with: x0 to x30, SP, q0 to q31 as 64 words, and the special ones."""

    x: tuple[int, ...]
    sp: int
    q: tuple[int, ...]
    nzcv: int = 0
    fpcr: int = 0
    fpsr: int = 0
    tpidr: int = 0

    def block(self) -> bytes:
        """The 800 bytes that the fixed code loads."""
        words = (*self.q, *self.x, self.sp, self.nzcv, self.fpcr, self.fpsr, self.tpidr)
        return struct.pack("<100Q", *words)


@cache
def fixed_code() -> bytes:
    """The machine code of fixed.S."""
    return load_program(Path(__file__).with_name("fixed.S")).segments[0].data


def image(entry: int, code: Sequence[int], data: bytes) -> Program:
    """A task's program: the fixed code, its own words, and the beginning of its data, the rest of which is zero."""
    own = struct.pack(f"<{len(code)}I", *code)
    segments = (
        Segment(FIXED, writable=False, executable=True, data=fixed_code(), memory=limits.PAGE),
        Segment(CODE, writable=False, executable=True, data=own, memory=max(len(own), 4)),
        Segment(DATA, writable=True, executable=False, data=data, memory=DATA_PAGES * limits.PAGE),
    )
    return Program(entry, segments if code else (segments[0], segments[2]), STACK)


def witness_image(registers: Registers, rounds: int, seed: int) -> Program:
    """A witness: x8 of its registers must be the number of task_yield, x29 is how long it works in each round, x30
    where its data is."""
    parameters = struct.pack("<2Q", rounds, seed)
    page = (registers.block().ljust(_PARAMETERS, b"\0") + parameters).ljust(limits.PAGE, b"\0")
    pattern = struct.pack("<512Q", *((seed * (2 * i + 1)) % (1 << 64) for i in range(512)))
    return image(WITNESS, (), page + pattern)


def supervisor_image(programs: int, faults: int) -> Program:
    """The supervisor of so many programs, each of which may fault so often."""
    return image(SUPERVISOR, (), struct.pack("<4Q", programs, faults, CODE, CODE_END))
