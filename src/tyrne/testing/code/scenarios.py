"""Pieces of programs that use their authority: memory that is made, mapped, used, protected and taken back; code that
is written and run; messages and memory between partners; capabilities that are copied, derived and revoked.

Steps are left out or changed now and then, so that wrong orders occur as well. A fault does not end a program: its
supervisor lets it go on behind the instruction.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from typing import Final

from tyrne.abi import CallNumber as N
from tyrne.abi import CapKind, Rights
from tyrne.testing.code import assembler as a
from tyrne.testing.code import instructions, layout, streams, values
from tyrne.testing.code.assembler import RET, X
from tyrne.testing.code.layout import CONSOLE, DATA, ENDPOINT, FREE, NOTIFICATION, PARTNER, QUOTA, SHARED, SPACE, STACK

_PAGE: Final = 4096
_SKIPPED: Final = 0.06
"""How often a step is left out."""
READ, WRITE, EXECUTE = 0, 1, 2
_HANDLE, _ADDRESS, _VALUE, _SECOND, _OTHER = 9, 10, 11, 12, 13
"""Registers that the pieces use; x14 to x17 keep what was loaded."""


def _steps(choose: random.Random, steps: Iterable[list[int]]) -> list[int]:
    """The steps one after another, but for those that are left out."""
    return [word for step in steps if choose.random() >= _SKIPPED for word in step]


def _place(choose: random.Random) -> int:
    """An address to map at: free, mostly; near others, far, not aligned, or taken."""
    kind = choose.random()
    if kind < 0.6:
        return FREE + _PAGE * choose.choice((0, 1, 2, 255, 256, 511, 512, choose.randrange(1 << 20)))
    if kind < 0.8:
        return choose.randrange(1, 1 << 36) * _PAGE
    return choose.choice((STACK + _PAGE, DATA - _PAGE, DATA, layout.CODE, (1 << 48) - _PAGE, 1 << 48, 0, FREE + 8))


def _flags(choose: random.Random, *usual: int) -> int:
    return choose.choice(usual) if choose.random() < 0.85 else choose.randrange(9)


def _touch(choose: random.Random, base: int = _ADDRESS) -> list[int]:
    """Loads and stores in the first page behind a base, at its edges too."""
    words = []
    for _ in range(choose.randint(1, 4)):
        offset = choose.choice((0, 8, 2048, _PAGE - 8, 8 * choose.randrange(512)))
        words.append(choose.choice((a.load(choose.randint(14, 17), base, offset), a.store(_VALUE, base, offset))))
    return words


def _use(choose: random.Random) -> list[int]:
    """One access of any form."""
    words = [*a.move(19, X(_ADDRESS)), a.add(19, 19, choose.randrange(_PAGE))]
    return [*words, choose.choice(instructions.MEMORY).draw(choose) & ~(31 << 5) | 19 << 5]


def memory(choose: random.Random) -> list[int]:
    """The life of a memory region, with accesses between its changes."""
    pages = choose.choice((1, 1, 2, 3, choose.randrange(40)))
    address, other = _place(choose), _place(choose)
    middle: list[list[int]] = []
    for _ in range(choose.randint(1, 6)):
        middle.append(choose.choice((
            a.call(N.PROTECT, SPACE, X(_HANDLE), _flags(choose, READ, WRITE, EXECUTE)),
            a.call(N.UNMAP, SPACE, X(_HANDLE)),
            a.call(N.MAP, SPACE, X(_HANDLE), choose.choice((address, other)), _flags(choose, READ, WRITE)),
            a.call(N.CAP_QUERY, X(_HANDLE)),
            a.call(N.TASK_YIELD),
            _use(choose),
        )))  # fmt: skip
        middle.append(_touch(choose))
    return _steps(choose, [
        a.call(N.CREATE, QUOTA, CapKind.MEMORY.value, pages), a.move(_HANDLE, X(1)),
        a.move(_ADDRESS, address), a.move(_VALUE, values.number(choose)),
        a.call(N.MAP, SPACE, X(_HANDLE), X(_ADDRESS), _flags(choose, WRITE)), _touch(choose),
        *middle,
        a.call(N.UNMAP, SPACE, X(_HANDLE)), _touch(choose),
        a.call(choose.choice((N.CAP_DROP, N.CAP_REVOKE)), X(_HANDLE)), _touch(choose),
    ])  # fmt: skip


def aliases(choose: random.Random) -> list[int]:
    """Two capabilities over one region, mapped in two places with rights of their own; one goes."""
    first, second = FREE + _PAGE * choose.randrange(64), FREE + _PAGE * (64 + choose.randrange(64))
    rights = choose.choice((0x7FFFF, int(Rights.READ | Rights.REVOKE), int(Rights.READ | Rights.EXECUTE)))
    part = a.call(N.MEMORY_DERIVE, X(_HANDLE), rights, choose.randrange(3), choose.randint(0, 2))
    copy = a.call(choose.choice((N.CAP_COPY, N.CAP_DERIVE)), X(_HANDLE), rights)
    return _steps(choose, [
        a.call(N.CREATE, QUOTA, CapKind.MEMORY.value, choose.randint(1, 3)), a.move(_HANDLE, X(1)),
        a.move(_ADDRESS, first), a.move(_OTHER, second), a.move(_VALUE, values.number(choose)),
        a.call(N.MAP, SPACE, X(_HANDLE), X(_ADDRESS), _flags(choose, WRITE)),
        choose.choice((part, copy)), a.move(_SECOND, X(1)),
        a.call(N.MAP, SPACE, X(_SECOND), X(_OTHER), _flags(choose, READ, WRITE, EXECUTE)),
        _touch(choose), _touch(choose, _OTHER), _touch(choose), _touch(choose, _OTHER),
        a.call(choose.choice((N.CAP_DROP, N.CAP_REVOKE)), X(choose.choice((_HANDLE, _SECOND)))),
        _touch(choose), _touch(choose, _OTHER),
        a.call(choose.choice((N.CAP_DROP, N.CAP_REVOKE)), X(choose.choice((_HANDLE, _SECOND)))),
        _touch(choose), _touch(choose, _OTHER),
    ])  # fmt: skip


def fresh_code(choose: random.Random) -> list[int]:
    """Code that is written, made executable, run, rewritten, and run again: old code must not come back."""
    steps = [
        a.call(N.CREATE, QUOTA, CapKind.MEMORY.value, choose.randint(1, 2)), a.move(_HANDLE, X(1)),
        a.move(_ADDRESS, FREE + _PAGE * choose.randrange(1024)),
        a.call(N.MAP, SPACE, X(_HANDLE), X(_ADDRESS), _flags(choose, WRITE)),
    ]  # fmt: skip
    for _ in range(choose.randint(1, 4)):
        offset = 4 * choose.choice((0, 0, 1, 3, choose.randrange(1000)))
        body = choose.choice((a.move(14, choose.getrandbits(16)), [a.add(15, 15, choose.randrange(99))], [0, 0]))
        for i, word in enumerate([*body, RET]):
            steps += [a.move(_VALUE, word), [a.store_word(_VALUE, _ADDRESS, offset + 4 * i)]]
        steps += [
            a.call(N.PROTECT, SPACE, X(_HANDLE), _flags(choose, EXECUTE)),
            [a.add(_OTHER, _ADDRESS, offset), a.call_register(_OTHER)],
            _touch(choose),
            a.call(N.PROTECT, SPACE, X(_HANDLE), _flags(choose, WRITE, WRITE, READ)),
        ]
    steps += [a.call(N.UNMAP, SPACE, X(_HANDLE)), [a.call_register(_ADDRESS)], a.call(N.CAP_DROP, X(_HANDLE))]
    return _steps(choose, steps)


def shared(choose: random.Random) -> list[int]:
    """The region that both partners hold, counted up by exclusive accesses, with turns between."""
    count = [
        a.load_exclusive(14, _ADDRESS), a.add(14, 14, 1), a.store_exclusive(15, 14, _ADDRESS),
        a.load_exclusive(16, _ADDRESS), *a.call(N.TASK_YIELD), a.store_exclusive(17, 14, _ADDRESS),
    ]  # fmt: skip
    return _steps(choose, [
        a.move(_ADDRESS, _place(choose)), a.move(_VALUE, choose.getrandbits(64)),
        a.call(N.MAP, SPACE, SHARED, X(_ADDRESS), _flags(choose, WRITE, WRITE, READ)),
        _touch(choose), a.call(N.TASK_YIELD), _touch(choose), count, a.call(N.TASK_YIELD), _use(choose),
        a.call(N.NOTIFY, NOTIFICATION, choose.getrandbits(8)), a.call(N.POLL, NOTIFICATION), _touch(choose),
        a.call(N.CAP_DERIVE, SHARED, 0x7FFFF, 0), a.move(_SECOND, X(1)),
        a.call(N.SEND, PARTNER, 7, 8, 9, 10, choose.choice((X(_SECOND), a.NULL))),
        a.call(N.TASK_YIELD), a.call(N.RECV, ENDPOINT), a.move(_HANDLE, X(6)),
        a.call(N.MAP, SPACE, X(_HANDLE), FREE + _PAGE * choose.randrange(32), _flags(choose, READ, WRITE)),
        a.call(choose.choice((N.CAP_REVOKE, N.UNMAP, N.PROTECT)), *choose.choice(((SHARED,), (SPACE, SHARED, READ)))),
        _touch(choose), _use(choose),
    ])  # fmt: skip


def messages(choose: random.Random) -> list[int]:
    """Messages to the partner and to itself, signals, and what is refused."""
    words = [choose.getrandbits(choose.choice((4, 64))) for _ in range(4)]
    cap = choose.choice((a.NULL, X(_HANDLE), NOTIFICATION))
    steps = [
        a.call(N.SEND, choose.choice((ENDPOINT, PARTNER, PARTNER)), *words, cap),
        a.call(N.RECV, ENDPOINT), a.call(N.RECV, ENDPOINT), a.call(N.CANCEL, ENDPOINT),
        a.call(N.NOTIFY, NOTIFICATION, 1 + choose.getrandbits(60)) + a.call(N.WAIT, NOTIFICATION),
        a.call(N.NOTIFY, NOTIFICATION, 1 << choose.randrange(64)), a.call(N.POLL, NOTIFICATION),
        a.call(N.POLL, NOTIFICATION), a.call(N.TASK_YIELD),
        a.call(N.BIND, ENDPOINT, choose.choice((NOTIFICATION, a.NULL))),
        a.call(N.REPLY, choose.choice((X(_HANDLE), ENDPOINT)), *words, a.NULL),
    ]  # fmt: skip
    if choose.random() < 0.1:
        steps.append(a.call(choose.choice((N.CALL, N.SEND_WAIT)), PARTNER, *words, a.NULL))
    choose.shuffle(steps)
    return [*_steps(choose, steps), *a.move(_HANDLE, X(6))]


def capabilities(choose: random.Random) -> list[int]:
    """Capabilities copied, derived, moved, asked about, revoked and dropped."""
    words = a.move(_HANDLE, choose.randrange(7))
    for _ in range(choose.randint(3, 8)):
        number = choose.choice((N.CAP_COPY, N.CAP_DERIVE, N.CAP_MOVE, N.CAP_QUERY, N.CAP_REVOKE, N.CAP_DROP))
        source: int | X = choose.choice((X(_HANDLE), X(_SECOND)))
        if number in (N.CAP_COPY, N.CAP_DERIVE, N.CAP_QUERY) or choose.random() < 0.08:
            source = choose.choice((source, ENDPOINT, NOTIFICATION, QUOTA, SPACE))
        second = choose.choice((0x7FFFF, choose.getrandbits(19), a.NULL))
        words += a.call(number, source, second, choose.choice((0, choose.getrandbits(64))))
        if number in (N.CAP_COPY, N.CAP_DERIVE, N.CAP_MOVE):
            words += a.move(choose.choice((_HANDLE, _SECOND)), X(1))
    return words


def writing(choose: random.Random) -> list[int]:
    """Bytes to the console, from good places and bad ones, across edges, of all lengths."""
    address: int | X = choose.choice((*values.GOOD, *values.EDGES, *values.WILD, FREE, FREE + _PAGE - 1))
    length = choose.choice((0, 1, 8, 100, _PAGE - 8, 4096, 4097, choose.getrandbits(64)))
    console = CONSOLE if choose.random() < 0.9 else choose.randrange(8)
    return a.call(N.CONSOLE_WRITE, console, choose.choice((address, X(_ADDRESS), X(22))), length)


def objects(choose: random.Random) -> list[int]:
    """Everything that can be made, within the quota and beyond it."""
    kind = choose.choice((*(kind.value for kind in CapKind), choose.getrandbits(5)))
    pages = choose.choice((0, 1, 2, 24, 25, 512, 513, choose.getrandbits(64)))
    made = [*a.call(N.CREATE, QUOTA, kind, pages), *a.move(_HANDLE, X(1))]
    moved = a.call(N.QUOTA_MOVE, QUOTA, choose.choice((QUOTA, X(_HANDLE))), choose.randrange(9), choose.getrandbits(5))
    return choose.choice((made, made, moved))


Piece = Callable[[random.Random], list[int]]
PIECES: Final[tuple[tuple[Piece, int], ...]] = (
    (memory, 6), (aliases, 4), (fresh_code, 5), (shared, 4), (messages, 4), (capabilities, 3), (writing, 2),
    (objects, 2),
)  # fmt: skip
"""Pieces and their weights."""
NOISE: Final = 0.5
"""How often random instructions stand between two pieces."""


def program(seed: int, length: int) -> tuple[int, ...]:
    """Pieces and noise up to `length` words; the same for the same seed."""
    choose = random.Random(f"program-{seed}")
    pieces, weights = zip(*PIECES, strict=True)
    words: list[int] = []
    while len(words) < length:
        words += choose.choices(pieces, weights)[0](choose)
        if choose.random() < NOISE:
            kind = choose.choice(("integer", "floating", "memory", "branches", "everything"))
            words += streams.noise(kind, choose)
    return tuple(words[:length])
