"""Which check of the language failed, by the breakpoint that it is in machine code.

A check that fails is BRK #kind. The compiler leaves a table of them in the image, 8 bytes each: how far the instruction
lies from the entry, signed, and its site, the number of a source file and a line of it. So the table is good at either
address of the image, before the MMU is on and after. Code for a debugger has no table: it is BRK #(kind + 0x100), and
the site is in w16.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tyrne.hal.frame import TrapFrame
from tyrne.lang import u32, u64, wrapping_add
from tyrne.lang.machine import read32, symbol_address

ENTRY: Final = u64(8)
"""Bytes."""
SITE_IN_REGISTER: Final = u64(0x100)
"""In the number of a breakpoint."""
KINDS: Final = u64(0xFF)


@dataclass(frozen=True)
class FailedCheck:
    """`kind` is that of `tyrne.lang.panics`, `file` the number of a source file."""

    kind: u32
    file: u32
    line: u32


def failed_check(frame: TrapFrame, number: u64) -> FailedCheck | None:
    """What BRK #number says at `frame.pc`; None if no check stands there."""
    kind = u32(number & KINDS)
    site = u32(frame.x[16] & 0xFFFF_FFFF) if number & SITE_IN_REGISTER != 0 else _site(frame.pc)
    return None if kind == 0 or site == 0 else FailedCheck(kind, site >> 16, site & 0xFFFF)


def _site(pc: u64) -> u32:
    """The site of the check at an address, 0 if there is none."""
    # audit: U-06
    entry = symbol_address(b"checks_start")
    # audit: U-06
    end = symbol_address(b"checks_end")
    while entry < end:
        # audit: U-15
        distance = u64(read32(entry))
        if distance >= 0x8000_0000:
            distance += 0xFFFF_FFFF_0000_0000
        if wrapping_add(entry, distance) == pc:
            # audit: U-15
            return read32(entry + 4)
        entry += ENTRY
    return u32(0)
