"""The few A64 instructions that generators write on purpose, as words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tyrne.abi import NULL_HANDLE, CallNumber

NOP: Final = 0xD503_201F
RET: Final = 0xD65F_03C0
NULL: Final = int(NULL_HANDLE)


@dataclass(frozen=True)
class X:
    """A general register."""

    number: int


def move(target: int, source: int | X) -> list[int]:
    """Put a constant, or what another register holds, into a register."""
    if isinstance(source, X):
        return [0xAA00_03E0 | source.number << 16 | target]
    if source == NULL:
        return [0x9280_0000 | target]  # movn
    parts = [(shift, source >> 16 * shift & 0xFFFF) for shift in range(4)]
    first, *others = [part for part in parts if part[1]] or [(0, 0)]
    words = [0xD280_0000 | first[0] << 21 | first[1] << 5 | target]
    return words + [0xF280_0000 | shift << 21 | part << 5 | target for shift, part in others]


def supervisor_call(immediate: int = 0) -> int:
    return 0xD400_0001 | immediate << 5


def call(number: CallNumber | int, *arguments: int | X) -> list[int]:
    """A system call. Arguments in registers come from x8 on up, which no argument before them overwrites."""
    words = [word for i, argument in enumerate(arguments) for word in move(i, argument)]
    return [*words, *move(8, number.value if isinstance(number, CallNumber) else number), supervisor_call()]


def load(target: int, base: int, offset: int = 0) -> int:
    """LDR of 64 bits; offset in bytes, unsigned, a multiple of 8."""
    return 0xF940_0000 | offset // 8 << 10 | base << 5 | target


def store(source: int, base: int, offset: int = 0) -> int:
    return 0xF900_0000 | offset // 8 << 10 | base << 5 | source


def store_word(source: int, base: int, offset: int = 0) -> int:
    """STR of 32 bits; offset a multiple of 4."""
    return 0xB900_0000 | offset // 4 << 10 | base << 5 | source


def load_exclusive(target: int, base: int) -> int:
    return 0xC85F_7C00 | base << 5 | target


def store_exclusive(status: int, source: int, base: int) -> int:
    return 0xC800_7C00 | status << 16 | base << 5 | source


def add(target: int, source: int, amount: int) -> int:
    """ADD of 0 to 4095; register 31 is SP."""
    return 0x9100_0000 | amount << 10 | source << 5 | target


def subtract(target: int, source: int, amount: int) -> int:
    return 0xD100_0000 | amount << 10 | source << 5 | target


def low_bits(target: int, source: int, bits: int) -> int:
    """AND with a mask of so many bits."""
    return 0x9240_0000 | bits - 1 << 10 | source << 5 | target


def aligned(target: int, source: int) -> int:
    """AND with -16."""
    return 0x927C_EC00 | source << 5 | target


def branch(words: int, link: bool = False) -> int:
    """B or BL, by so many instructions."""
    return (0x9400_0000 if link else 0x1400_0000) | words & 0x3FF_FFFF


def branch_if(condition: int, words: int) -> int:
    """B.cond."""
    return 0x5400_0000 | (words & 0x7FFFF) << 5 | condition


def branch_unless_zero(register: int, words: int) -> int:
    """CBNZ of 64 bits."""
    return 0xB500_0000 | (words & 0x7FFFF) << 5 | register


def branch_on_bit(register: int, bit: int, words: int, set_: bool) -> int:
    """TBZ, or TBNZ if `set_`."""
    return 0x3600_0000 | int(set_) << 24 | bit >> 5 << 31 | (bit & 31) << 19 | (words & 0x3FFF) << 5 | register


def address_of(target: int, offset: int) -> int:
    """ADR: the address `offset` bytes from this instruction."""
    return 0x1000_0000 | (offset & 3) << 29 | (offset >> 2 & 0x7FFFF) << 5 | target


def call_register(base: int) -> int:
    """BLR."""
    return 0xD63F_0000 | base << 5


def jump_register(base: int) -> int:
    """BR."""
    return 0xD61F_0000 | base << 5
