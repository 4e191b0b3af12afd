"""Random programs find the same devices at the same times, however the CPU is driven."""

from __future__ import annotations

import random

import pytest
from device_board import DEVICE, LINE, Board, Probe, by_block
from hand_made_space import CODE, STACK

from tyrne.hal.frame import Vector
from tyrne.hosted.drivers import ByInstruction
from tyrne.lang import u64

NOP, SVC = 0xD503_201F, 0xD400_0001


class Moody(Probe):
    """Raises its line, lowers it, or means to do something later, by what it is told, and says what time it is."""

    def read(self, offset: int, width: int) -> int:
        self.seen.append((self.now(), offset, width))
        return self.now() * 0x9E37 + offset

    def write(self, offset: int, width: int, value: int) -> None:
        self.seen.append((self.now(), offset, width, value))
        self.set_line(value % 5 == 0)
        self.event = self.now() + value % 64 if value % 3 == 0 else None

    def advance(self, now: int) -> None:
        self.advanced.append(now)
        self.event = None
        self.set_line(now % 2 == 0)


def moody_word(chance: random.Random, at: int) -> int:
    """x0 and x2 are where the device is, x1 is an address of memory; the others are numbers."""
    d, n = (chance.randrange(3, 12) for _ in range(2))
    pointer = chance.choice((0, 0, 1, 2)) << 5
    kind = chance.random()
    if kind < 0.35:
        return chance.choice((0x8B00_0000, 0xCA00_0000, 0xEB00_0000)) | d << 16 | n << 5 | d
    if kind < 0.75:
        load = chance.choice((0xB940_0000, 0xF940_0000, 0x3940_0000, 0xA940_0000, 0xB980_0000))
        store = chance.choice((0xB900_0000, 0xF900_0000, 0x7900_0000, 0x2900_0000))
        code = chance.choice((load, store)) | pointer | d
        return code | (n << 10 if code >> 28 in (0xA, 0x2) else chance.randrange(8) << 10)
    if kind < 0.8:
        return chance.choice((0xB800_0400 | 4 << 12, 0xB840_0C00 | 0x1FC << 12)) | 2 << 5 | d  # x2 by 4 on, or back
    if kind < 0.95:
        return 0x5400_0000 | (chance.randrange(-min(at, 20), 20) & 0x7FFFF) << 5 | chance.randrange(14)
    return chance.choice((NOP, SVC))


@pytest.mark.parametrize("seed", range(20))
def test_random_programs_find_the_same_devices_however_the_cpu_is_driven(seed: int) -> None:
    chance = random.Random(seed)
    words = [*(moody_word(chance, at) for at in range(1000)), *[SVC] * 24]
    boards = [Board(by_block, *words), Board(ByInstruction, *words)]
    for board in boards:
        board.probe.__class__ = Moody
        board.lines.unmask(LINE)
    for _ in range(120):
        limit = chance.choice((1, 2, 7, chance.randrange(1, 90), 1500))
        start, jump = chance.randrange(1000), chance.random() < 0.5
        one, other = ((board.run(limit), board.at, board.cpu.instructions, board.probe.seen, board.probe.advanced,
                       list(board.thread.general.words)) for board in boards)  # fmt: skip
        assert one == other
        for board in boards:
            board.probe.set_line(False)
            board.set(0, DEVICE), board.set(1, STACK), board.set(2, DEVICE + 0x800)
            if one[0].vector is Vector.SYNCHRONOUS or jump:
                board.thread.frame.pc = u64(CODE + 4 * start)
    assert len(boards[0].probe.seen) > 50 and boards[0].probe.advanced
