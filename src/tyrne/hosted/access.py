"""What a load or store does, read from the instruction: for accesses to devices, which the host makes for the CPU.

The loads and stores of one or two general registers are known, in each form of address; LDAR and STLR too. Those of
vector registers, the exclusive ones and all others are not: to a device they are no access.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from tyrne.hosted.registers import GeneralRegisters

_SP: Final = 31
_WORD: Final = (1 << 64) - 1
_POST, _OFFSET, _PRE, _UNSCALED = 1, 2, 3, 0
_EXTENDED_FROM: Final = {2: (32, False), 3: (64, False), 6: (32, True), 7: (64, True)}
"""UXTW, LSL, SXTW, SXTX: how many bits of the offset register count, and whether they have a sign."""


class Access(NamedTuple):
    """One instruction: `registers`, 31 being the one that is zero, from `address` on, `width` bytes each. A load of a
    sign extends it to `signed` bits, unless that is 0. The register `base`, if there is one, 31 being SP, is `after`
    afterwards."""

    store: bool
    width: int
    signed: int
    registers: tuple[int, ...]
    address: int
    base: int | None = None
    after: int = 0

    @property
    def length(self) -> int:
        return self.width * len(self.registers)

    @property
    def aligned(self) -> bool:
        return self.address % self.width == 0


def decode(code: int, registers: GeneralRegisters) -> Access | None:
    """What the instruction `code`, at the PC of these registers, is about to do; None for another one."""
    if code >> 27 & 7 == 0b101 and not code >> 26 & 1:
        return _pair(code, registers)
    if code >> 27 & 7 == 0b111 and not code >> 26 & 1:
        return _single(code, registers)
    if code & 0x3FBF_FC00 == 0x089F_FC00:  # STLR, LDAR
        return Access(not code >> 22 & 1, 1 << (code >> 30), 0, (code & 31,), _base(code, registers))
    if code & 0x3F00_0000 == 0x1800_0000 and code >> 30 < 3:  # LDR from an address beside the PC
        width, signed = ((4, 0), (8, 0), (4, 64))[code >> 30]
        return Access(False, width, signed, (code & 31,), (registers.pc + (_signed(code >> 5, 19) << 2)) & _WORD)
    return None


def perform(
    access: Access,
    registers: GeneralRegisters,
    read: Callable[[int, int], int],
    write: Callable[[int, int, int], None],
) -> None:
    """Execute it: `read` and `write` are for `width` bytes at a distance from its address."""
    loaded: list[int] = []
    for number, register in enumerate(access.registers):
        if access.store:
            value = 0 if register == 31 else registers.get(register)
            write(number * access.width, access.width, value & (1 << 8 * access.width) - 1)
            continue
        value = read(number * access.width, access.width)
        if access.signed:
            value = _signed(value, 8 * access.width) & (1 << access.signed) - 1
        loaded.append(value)
    if not access.store:
        for register, value in reversed([*zip(access.registers, loaded, strict=True)]):  # the first stays in both
            if register != 31:
                registers.set(register, value)
    if access.base is not None:
        registers.set(access.base, access.after)
    registers.go_on()


def _pair(code: int, registers: GeneralRegisters) -> Access | None:
    """LDP, STP, LDPSW, LDNP, STNP."""
    kind, mode, store = code >> 30, code >> 23 & 3, not code >> 22 & 1
    if code >> 25 & 1 or kind == 3 or (kind == 1 and (store or mode == _UNSCALED)):
        return None
    width = 8 if kind == 2 else 4
    offset = _signed(code >> 15, 7) * width
    pair = code & 31, code >> 10 & 31
    return _at(code, registers, Access(store, width, 64 if kind == 1 else 0, pair, 0), mode, offset)


def _single(code: int, registers: GeneralRegisters) -> Access | None:
    """LDR, STR and their kind: LDRSB, LDURH, STTR …"""
    size, what = code >> 30, code >> 22 & 3
    if what >= 2 and size + what > 4:  # PRFM, which accesses nothing, and what is no instruction
        return None
    access = Access(what == 0, 1 << size, (0, 0, 64, 32)[what], (code & 31,), 0)
    if code >> 24 & 3 == 1:
        return _at(code, registers, access, _OFFSET, (code >> 10 & 0xFFF) << size)
    if code >> 24 & 3:
        return None
    mode = code >> 10 & 3
    if not code >> 21 & 1:
        return _at(code, registers, access, _OFFSET if mode == 2 else mode, _signed(code >> 12, 9))
    if mode != 2 or code >> 13 & 7 not in _EXTENDED_FROM:
        return None
    bits, sign = _EXTENDED_FROM[code >> 13 & 7]
    register = code >> 16 & 31
    value = 0 if register == 31 else registers.get(register) & (1 << bits) - 1
    offset = (_signed(value, bits) if sign else value) << (size if code >> 12 & 1 else 0)
    return _at(code, registers, access, _OFFSET, offset)


def _at(code: int, registers: GeneralRegisters, access: Access, mode: int, offset: int) -> Access:
    base = _base(code, registers)
    moved = (base + offset) & _WORD
    if mode in (_OFFSET, _UNSCALED):
        return access._replace(address=moved)
    return access._replace(address=moved if mode == _PRE else base, base=code >> 5 & 31, after=moved)


def _base(code: int, registers: GeneralRegisters) -> int:
    return registers.get(code >> 5 & 31)


def _signed(value: int, bits: int) -> int:
    value &= (1 << bits) - 1
    return value - (value >> (bits - 1) << bits)
