"""Random instruction streams: chunks of single instructions, branches forward, short loops, and system calls.

Control flows forward except in loops of a counted number of rounds, so that nearly every stream ends: where a random
branch makes an endless one, the hosted run finds out, and another program takes its place.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Final

from tyrne.abi import CallNumber
from tyrne.testing.code import assembler as a
from tyrne.testing.code import instructions
from tyrne.testing.code.assembler import NOP, X
from tyrne.testing.code.excluded import is_excluded
from tyrne.testing.code.instructions import Pattern, base
from tyrne.testing.code.values import GOOD, GOOD_BASES, number

Chunk = Callable[[random.Random], list[int]]

_LOOP_COUNTER: Final = 29
_KEPT: Final = range(9, 13)
"""Registers that calls put handles into, and take them from."""


def _some(patterns: tuple[Pattern, ...], most: int = 8) -> Chunk:
    def chunk(choose: random.Random) -> list[int]:
        return [forward(choose.choice(patterns).draw(choose), choose) for _ in range(choose.randint(1, most))]

    return chunk


def forward(word: int, choose: random.Random) -> int:
    """The word, unless it is excluded, or branches a short way back; such a one goes forward."""
    if is_excluded(word):
        return NOP
    if word & 0x7C00_0000 == 0x1400_0000 and word >> 25 & 1 and word >> 12 & 0x3FFF == 0x3FFF:
        return word & 0xFC00_0000 | choose.randint(1, 16)
    conditional = word & 0xFF00_0010 == 0x5400_0000 or word & 0x7E00_0000 == 0x3400_0000
    if conditional and word >> 23 & 1:
        return word & 0xFF00_001F | choose.randint(1, 16) << 5
    if word & 0x7E00_0000 == 0x3600_0000 and word >> 18 & 1:
        return word & 0xFFF8_001F | choose.randint(1, 16) << 5
    return word


def branches(choose: random.Random) -> list[int]:
    """One branch forward, of any form, over a few instructions."""
    over = choose.randint(1, 6)
    distance = choose.randint(1, over + 1)
    tested = choose.randrange(31)
    first = choose.choice((
        [a.branch(distance)],
        [a.branch(distance, link=True)],
        [a.branch_if(choose.randrange(16), distance)],
        [a.branch_unless_zero(tested, distance) & ~(choose.getrandbits(1) << 24) & ~(choose.getrandbits(1) << 31)],
        [a.branch_on_bit(tested, choose.randrange(64), distance, bool(choose.getrandbits(1)))],
        [a.address_of(18, 4 + 4 * distance), a.jump_register(18)],
        [a.address_of(18, 4 + 4 * distance), a.call_register(18)],
    ))  # fmt: skip
    return first + [word for _ in range(over) for word in _some(instructions.INTEGER, 1)(choose)]


def wild_jumps(choose: random.Random) -> list[int]:
    """A jump to whatever a register holds."""
    return [choose.choice((0xD61F_0000, 0xD63F_0000, 0xD65F_0000)) | base(choose) << 5]


def loops(choose: random.Random) -> list[int]:
    """A few instructions, so many times: at most 64, also where a jump comes into the middle."""
    kinds = (instructions.INTEGER, instructions.INTEGER, instructions.FLOATING)
    body = [word for _ in range(choose.randint(1, 4)) for word in _some(choose.choice(kinds), 3)(choose)]
    end = [a.subtract(_LOOP_COUNTER, _LOOP_COUNTER, 1), a.low_bits(_LOOP_COUNTER, _LOOP_COUNTER, 6)]
    end.append(a.branch_unless_zero(_LOOP_COUNTER, -len(body) - len(end)))
    return [*a.move(_LOOP_COUNTER, choose.randint(2, 40)), *body, *end]


def rebase(choose: random.Random) -> list[int]:
    """Another address near one that may be used: updates of base registers have led some astray."""
    register = choose.choice(GOOD_BASES)
    return [*a.move(register, choose.choice(GOOD)), a.add(register, register, choose.randrange(64))]


def ordered_access(choose: random.Random) -> list[int]:
    """A load-acquire or store-release at an aligned address."""
    word = choose.choice(instructions.ORDERED).draw(choose)
    return [a.aligned(18, base(choose)), word & ~(31 << 5) | 18 << 5]


def numbers(choose: random.Random) -> list[int]:
    """A new number in a register."""
    return a.move(choose.choice(instructions.WRITTEN), number(choose))


HARMLESS: Final = tuple(call for call in CallNumber if call not in (
    CallNumber.TASK_EXIT, CallNumber.WAIT, CallNumber.CALL, CallNumber.SEND_WAIT, CallNumber.REPLY_WAIT,
))  # fmt: skip
"""Calls after which a task goes on."""


def calls(choose: random.Random) -> list[int]:
    """A system call with random arguments; a result is kept, and used by later ones."""
    kind = choose.random()
    which: CallNumber | int = choose.choice(HARMLESS)
    if kind < 0.04:
        which = choose.choice(list(CallNumber))
    elif kind < 0.08:
        which = choose.getrandbits(choose.choice((6, 32, 64)))
    arguments = [argument(choose) for _ in range(choose.randrange(7))]
    words = a.call(which, *arguments)
    if choose.random() < 0.2:
        words[-1] = a.supervisor_call(choose.getrandbits(16))
    return words + (a.move(choose.choice(_KEPT), X(1)) if choose.random() < 0.5 else [])


def argument(choose: random.Random) -> int | X:
    """A word for a call."""
    kind = choose.random()
    if kind < 0.5:
        return choose.randrange(9)
    if kind < 0.7:
        return X(choose.choice(_KEPT))
    if kind < 0.85:
        return X(choose.randrange(19, 29))
    return choose.choice((a.NULL, choose.getrandbits(12), choose.getrandbits(48), 1 << choose.randrange(64)))


KINDS: Final[dict[str, tuple[tuple[Chunk, int], ...]]] = {
    "raw": ((_some(instructions.RAW, 4), 6), (_some(instructions.INTEGER), 2), (rebase, 1)),
    "integer": ((_some(instructions.INTEGER), 8), (branches, 3), (loops, 3), (numbers, 2)),
    "floating": ((_some(instructions.FLOATING), 10), (loops, 3), (_some(instructions.MEMORY, 2), 2), (rebase, 1)),
    "memory": (
        (_some(instructions.MEMORY, 4), 8), (ordered_access, 1), (rebase, 4), (_some(instructions.INTEGER, 3), 2),
        (loops, 2),
    ),
    "system": ((_some(instructions.SYSTEM, 3), 6), (_some(instructions.INTEGER, 3), 2), (rebase, 1)),
    "calls": ((calls, 8), (_some(instructions.MEMORY, 2), 1), (rebase, 1), (_some(instructions.INTEGER, 2), 1)),
    "branches": ((branches, 6), (loops, 4), (wild_jumps, 1), (_some(instructions.INTEGER), 2)),
    "everything": (
        (_some(instructions.INTEGER), 4), (_some(instructions.FLOATING), 4), (_some(instructions.MEMORY, 4), 4),
        (branches, 2), (loops, 3), (rebase, 3), (calls, 2), (_some(instructions.SYSTEM, 2), 1), (wild_jumps, 1),
        (_some(instructions.RAW, 2), 1),
    ),
}  # fmt: skip
"""Kinds of stream: chunks and their weights."""


def noise(kind: str, choose: random.Random) -> list[int]:
    """One chunk of a kind."""
    chunks, weights = zip(*KINDS[kind], strict=True)
    chunk: Chunk = choose.choices(chunks, weights)[0]
    return chunk(choose)


def stream(kind: str, seed: int, length: int) -> tuple[int, ...]:
    """A stream of `length` words; the same for the same seed."""
    choose = random.Random(f"{kind}-{seed}")
    words: list[int] = []
    while len(words) < length:
        words += noise(kind, choose)
    return tuple(words[:length])
