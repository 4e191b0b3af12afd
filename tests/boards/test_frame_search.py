"""How long the release kernel looks for free frames in a row: its own instructions, counted in Unicorn, whatever is in
the bitmap."""

from __future__ import annotations

import random
import struct
from pathlib import Path

import pytest
from metal import symbols
from unicorn import UC_ARCH_ARM64, UC_HOOK_CODE, UC_HOOK_MEM_READ, UC_MODE_ARM, Uc
from unicorn.arm64_const import UC_ARM64_REG_LR, UC_ARM64_REG_SP, UC_ARM64_REG_X0, UC_ARM64_REG_X1

from tyrne.boards.qemu_virt.memory_map import DIRECT_MAP, RAM_START
from tyrne.compiler.build import image_bytes
from tyrne.kernel.config import MAX_FRAMES
from tyrne.system.build import kernel_elf
from tyrne.system.select import load_system, select

IMAGE = int(RAM_START) + 0x8_0000
MEMORY = 0x200_0000
STACK = int(RAM_START) + 0x100_0000
END = int(RAM_START)
WORDS = MAX_FRAMES // 64
ALL = (1 << 64) - 1
WORST = 10_805
"""Instructions: 21 for each of the 512 words, and 53 around them."""


class Search:
    """`first_run` of a kernel. It is no export; that its count is in x0, its answer in x0 and x1, answers show."""

    def __init__(self, kernel: Path) -> None:
        self.cpu = Uc(UC_ARCH_ARM64, UC_MODE_ARM)
        self.cpu.mem_map(int(RAM_START), MEMORY)
        self.cpu.mem_write(IMAGE, image_bytes(kernel))
        self.entry = symbols(kernel)["first_run"] - int(DIRECT_MAP)
        self.instructions = 0
        self.reads: list[int] = []
        self.cpu.hook_add(UC_HOOK_CODE, self._count)
        hook = self.cpu.hook_add(UC_HOOK_MEM_READ, self._read)
        self.find(MAX_FRAMES + 1)
        self.cpu.hook_del(hook)
        self.bitmap = self.reads[0]
        assert self.reads == [self.bitmap + 8 * word for word in range(WORDS)]

    def _count(self, cpu: Uc, address: int, size: int, data: object) -> None:
        self.instructions += 1

    def _read(self, cpu: Uc, access: int, address: int, size: int, value: int, data: object) -> None:
        self.reads.append(address)

    def find(self, count: int) -> int | None:
        """What it answers; `instructions` are those that it took."""
        self.cpu.reg_write(UC_ARM64_REG_SP, STACK)
        self.cpu.reg_write(UC_ARM64_REG_LR, END)
        self.cpu.reg_write(UC_ARM64_REG_X0, count)
        self.instructions = 0
        self.cpu.emu_start(self.entry, END)
        return self.cpu.reg_read(UC_ARM64_REG_X1) if self.cpu.reg_read(UC_ARM64_REG_X0) & 0xFF else None

    def fill(self, words: list[int]) -> None:
        self.cpu.mem_write(self.bitmap, struct.pack(f"<{WORDS}Q", *words))


@pytest.fixture(scope="module")
def search() -> Search:
    return Search(kernel_elf(load_system(select([])), release=True))


def clear(first: int, length: int) -> int:
    """A word with so many clear bits, all others set."""
    return ALL & ~(((1 << length) - 1) << first)


def bitmaps(count: int) -> list[list[int]]:
    """Without a run of `count`, but in each word one that is as long as can be, at either end or in the middle; full;
    empty but for one bit of as few words as do; and what chance brings."""
    length = min(count, 64) - 1
    words = [clear(first, length) for first in {0, (64 - length) // 2, 64 - length}]
    choose = random.Random(count)
    return [
        [ALL] * WORDS,
        *([word] * WORDS for word in words),
        [clear(0, length // 2) & clear(64 - length // 2, length // 2)] * WORDS,
        [0 if count > 64 and (word + 1) % (count // 64) else 1 for word in range(WORDS)],
        *([choose.getrandbits(64) | choose.getrandbits(64) for _ in range(WORDS)] for _ in range(9)),
    ]


def lowest(words: list[int], count: int) -> int | None:
    text = "".join(format(word, "064b")[::-1] for word in words)
    found = text.find("0" * count)
    return None if found < 0 else found


@pytest.mark.parametrize("count", [2, 3, 8, 9, 32, 33, 62, 63, 64, 65, 127, 128, 129, 256, 511, 512])
def test_a_search_takes_at_most_so_many_instructions_and_finds_the_lowest(search: Search, count: int) -> None:
    taken = []
    for words in bitmaps(count):
        search.fill(words)
        assert search.find(count) == lowest(words, count)
        taken.append(search.instructions)
    assert max(taken) <= WORST
    if 2 <= count <= 64:
        assert max(taken) == taken[0] == WORST
    else:
        assert max(taken) < 7_000


def test_a_run_in_the_last_frames_is_found(search: Search) -> None:
    for count in (2, 33, 64, 65, 512):
        words = [ALL] * WORDS
        for frame in range(MAX_FRAMES - count, MAX_FRAMES):
            words[frame // 64] &= ~(1 << frame % 64)
        search.fill(words)
        assert search.find(count) == MAX_FRAMES - count
        assert search.instructions <= WORST + 20
