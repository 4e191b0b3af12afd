"""A64 instruction words, encoded by hand from the Arm ARM (C6.2): what a v1 binary is made of."""

from __future__ import annotations

import struct

XZR = 31
SVC = 0xD400_0001
"""SVC #0."""


def movz(rd: int, value: int, shift: int = 0) -> int:
    """MOVZ xd, #value, LSL #shift."""
    return 0xD280_0000 | shift // 16 << 21 | value << 5 | rd


def movk(rd: int, value: int, shift: int) -> int:
    """MOVK xd, #value, LSL #shift."""
    return 0xF280_0000 | shift // 16 << 21 | value << 5 | rd


def load(rd: int, value: int) -> list[int]:
    """MOVZ and MOVKs that put 64 bits into xd."""
    return [movz(rd, value & 0xFFFF), *(movk(rd, value >> shift & 0xFFFF, shift) for shift in (16, 32, 48))]


def adr(rd: int, offset: int) -> int:
    """ADR xd, .+offset."""
    return 0x1000_0000 | (offset & 3) << 29 | (offset >> 2 & 0x7_FFFF) << 5 | rd


def mov(rd: int, rm: int) -> int:
    """ORR xd, xzr, xm."""
    return 0xAA00_03E0 | rm << 16 | rd


def mov_from_sp(rd: int) -> int:
    """ADD xd, sp, #0."""
    return 0x9100_03E0 | rd


def mov_to_sp(rn: int) -> int:
    """ADD sp, xn, #0."""
    return 0x9100_001F | rn << 5


def svc(immediate: int) -> int:
    """SVC #immediate."""
    return SVC | immediate << 5


def add(rd: int, rn: int, rm: int) -> int:
    """ADD xd, xn, xm."""
    return 0x8B00_0000 | rm << 16 | rn << 5 | rd


def add_immediate(rd: int, rn: int, value: int) -> int:
    """ADD xd, xn, #value."""
    return 0x9100_0000 | value << 10 | rn << 5 | rd


def orr(rd: int, rn: int, rm: int) -> int:
    """ORR xd, xn, xm."""
    return 0xAA00_0000 | rm << 16 | rn << 5 | rd


def eor(rd: int, rn: int, rm: int) -> int:
    """EOR xd, xn, xm."""
    return 0xCA00_0000 | rm << 16 | rn << 5 | rd


def compare(rn: int, value: int) -> int:
    """SUBS xzr, xn, #value."""
    return 0xF100_001F | value << 10 | rn << 5


def branch_not_equal(offset: int) -> int:
    """B.NE .+offset."""
    return 0x5400_0001 | (offset >> 2 & 0x7_FFFF) << 5


def fmov_to_x(rd: int, vn: int) -> int:
    """FMOV xd, dn."""
    return 0x9E66_0000 | vn << 5 | rd


def read_tpidr(rd: int) -> int:
    """MRS xd, TPIDR_EL0."""
    return 0xD53B_D040 | rd


def image(*parts: int | list[int] | bytes) -> bytes:
    """Words and bytes, one after the other."""
    out = b""
    for part in parts:
        if isinstance(part, bytes):
            out += part
        else:
            words = part if isinstance(part, list) else [part]
            out += struct.pack(f"<{len(words)}I", *words)
    return out
