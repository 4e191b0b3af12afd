"""Classes of A64 instructions as bit patterns (Arm ARM, C4), from which random members are drawn.

A pattern has 32 places, spaces aside: 0 and 1 stand for themselves, a letter for a field. Encodings inside a class that
the architecture leaves unallocated are drawn too: they must fault alike everywhere.

    x  any bits                          n  a general register as source
    d  a general register to write       b  a general register that holds an address
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass
from typing import Final

from tyrne.testing.code.values import BAD_BASES, GOOD_BASES

WRITTEN: Final = (*range(8), *range(9, 19))
"""The registers that a random instruction writes: x8 keeps a call's number, the addresses and the count of a loop stay
where they are, mostly."""


@dataclass(frozen=True)
class Pattern:
    """One class of instructions."""

    name: str
    bits: str

    def __post_init__(self) -> None:
        plain = self.bits.replace(" ", "")
        if len(plain) != 32 or not re.fullmatch("[01xdnb]*", plain):
            raise ValueError(f"{self.name}: {self.bits}: {len(plain)} places")

    def draw(self, choose: random.Random) -> int:
        """A random member."""
        plain = self.bits.replace(" ", "")
        word = 0
        for run in re.finditer(r"x+|[01]+|d{5}|n{5}|b{5}", plain):
            text = run.group()
            width = len(text)
            match text[0]:
                case "x":
                    value = choose.getrandbits(width)
                case "d":
                    value = choose.choice(WRITTEN) if choose.random() < 0.97 else choose.randrange(29)
                case "n":
                    value = choose.randrange(32)
                case "b":
                    value = base(choose)
                case _:
                    value = int(text, 2)
            word = word << width | value
        return word


def base(choose: random.Random) -> int:
    """A register for an address: mostly one that may be read and written."""
    kind = choose.random()
    if kind < 0.75:
        return choose.choice(GOOD_BASES)
    if kind < 0.92:
        return choose.choice(BAD_BASES)
    return choose.randrange(32)


def _patterns(table: str) -> tuple[Pattern, ...]:
    """One class a line: its name, two spaces at least, its bits."""
    rows = (re.split(r"\s{2,}", line.strip(), maxsplit=1) for line in table.strip().splitlines())
    return tuple(Pattern(name, bits) for name, bits in rows)


INTEGER: Final = _patterns("""
    add and subtract immediate          xxx100010x xxxxxxxxxxxx nnnnn ddddd
    logical immediate, 32 bits          0xx1001000 0xxxxx xxxxxx nnnnn ddddd
    logical immediate, 64 bits          1xx100100x xxxxxx xxxxxx nnnnn ddddd
    move wide, negated                  x00100101 0x xxxxxxxxxxxxxxxx ddddd
    move wide                           x1x100101 0x xxxxxxxxxxxxxxxx ddddd
    move wide, upper half               11x100101 1x xxxxxxxxxxxxxxxx ddddd
    address of                          xxx10000 xxxxxxxxxxxxxxxxxxx ddddd
    bit field, 32 bits                  0x01001100 0xxxxx 0xxxxx nnnnn ddddd
    bit field, 64 bits                  1x01001101 xxxxxx xxxxxx nnnnn ddddd
    extract, 32 bits                    00010011100 nnnnn 0xxxxx nnnnn ddddd
    extract, 64 bits                    10010011110 nnnnn xxxxxx nnnnn ddddd
    logical shifted, 32 bits            0xx01010xxx nnnnn 0xxxxx nnnnn ddddd
    logical shifted, 64 bits            1xx01010xxx nnnnn xxxxxx nnnnn ddddd
    add and subtract shifted, 32 bits   0xx010110x0 nnnnn 0xxxxx nnnnn ddddd
    add and subtract shifted, 64 bits   1xx010110x0 nnnnn xxxxxx nnnnn ddddd
    add and subtract extended           xxx01011001 nnnnn xxx0xx nnnnn ddddd
    add with carry                      xxx11010000 nnnnn 000000 nnnnn ddddd
    conditional compare                 xx111010010 nnnnn xxxx x0 nnnnn 0 xxxx
    conditional select                  xx011010100 nnnnn xxxx 0x nnnnn ddddd
    divide                              x0011010110 nnnnn 00001x nnnnn ddddd
    shift                               x0011010110 nnnnn 0010xx nnnnn ddddd
    checksum                            00011010110 nnnnn 010x0x nnnnn ddddd
    checksum of 32 bits                 00011010110 nnnnn 010x10 nnnnn ddddd
    checksum of 64 bits                 10011010110 nnnnn 010x11 nnnnn ddddd
    reverse                             x101101011000000 00000x nnnnn ddddd
    reverse, 64 bits                    1101101011000000 00001x nnnnn ddddd
    count leading                       x101101011000000 00010x nnnnn ddddd
    multiply and add                    x0011011000 nnnnn x nnnnn nnnnn ddddd
    multiply long                       10011011x01 nnnnn x nnnnn nnnnn ddddd
    multiply high                       10011011x10 nnnnn 0 11111 nnnnn ddddd
    any of two sources                  xxx11010110 nnnnn 0xxxxx nnnnn ddddd
""")

FLOATING: Final = _patterns("""
    two sources                         000111100x1 xxxxx 0xxx10 xxxxx xxxxx
    move, absolute, negate, root        000111100x1 0000xx 10000 xxxxx xxxxx
    round                               000111100x1 001xxx 10000 xxxxx xxxxx
    to half                             000111100x1 000111 10000 xxxxx xxxxx
    single to double                    00011110001 000101 10000 xxxxx xxxxx
    double to single                    00011110011 000100 10000 xxxxx xxxxx
    from half                           00011110111 00010x 10000 xxxxx xxxxx
    three sources                       000111110xx xxxxx x xxxxx xxxxx xxxxx
    compare                             000111100x1 xxxxx 001000 xxxxx xx000
    conditional compare                 000111100x1 xxxxx xxxx 01 xxxxx xxxxx
    select                              000111100x1 xxxxx xxxx 11 xxxxx xxxxx
    immediate                           000111100x1 xxxxxxxx 100 00000 xxxxx
    to integers                         x00111100x1 xx 00x 000000 xxxxx ddddd
    from integers                       x00111100x1 00 xxx 000000 nnnnn ddddd
    from fixed point, 32 bits           000111100x0 00 01x 1xxxxx nnnnn xxxxx
    to fixed point, 64 bits             100111100x0 11 00x xxxxxx xxxxx ddddd
    any conversion                      x00111100xx xx xxx xxxxxx nnnnn ddddd
    vectors, three the same             0xx01110xx1 xxxxx xxxxx1 xxxxx xxxxx
    vectors, three floating             0x00111001 1 xxxxx 11xxx1 xxxxx xxxxx
    vectors, three different            0xx011100x1 xxxxx xxxx00 xxxxx xxxxx
    vectors, two                        0xx01110xx10000 xxxxx 10 xxxxx xxxxx
    vectors, long sum across            0xx011100x11000 00011 10 xxxxx xxxxx
    vectors, least and most across      0xx011100x11000 x1010 10 xxxxx xxxxx
    vectors, sum across                 0x0011100x11000 11011 10 xxxxx xxxxx
    vectors, floating across            01101110x011000 01100 10 xxxxx xxxxx
    vectors, duplicate                  0x001110000 xxxx1 0 000x 1 nnnnn xxxxx
    vectors, insert                     01001110000 xxx10 0 0011 1 nnnnn xxxxx
    vectors, element to element         01101110000 xxx10 0 xxxx 1 xxxxx xxxxx
    vectors, extract to general         0x001110000 xxxx1 0 01x1 1 xxxxx ddddd
    vectors, by element                 0x00111101x xxxxx xxx0x0 xxxxx xxxxx
    vectors, floating by element        0x0011111xx xxxxx x001x0 xxxxx xxxxx
    vectors, immediate                  0xx0111100000 xxx xxxx 01 xxxxx xxxxx
    vectors, shift                      0xx011110 01xx xxx 00xx0 1 xxxxx xxxxx
    vectors, shift 64 bits              01x011110 1xxx xxx 00xx0 1 xxxxx xxxxx
    vectors, shift narrow and long      0xx011110 0x1x xxx 10x00 1 xxxxx xxxxx
    vectors, any shift                  0xx011110 xxxx xxx xxxxx 1 xxxxx xxxxx
    vectors, table                      0x001110000 xxxxx 0 xx x 00 xxxxx xxxxx
    vectors, permute                    01001110xx0 xxxxx 0 xxx 10 xxxxx xxxxx
    vectors, extract                    01101110000 xxxxx 0 xxxx 0 xxxxx xxxxx
    scalars, three the same             01x11110111 xxxxx 0xxxx1 xxxxx xxxxx
    scalars, saturating                 01x11110xx1 xxxxx 00x011 xxxxx xxxxx
    scalars, three floating             01x111100x1 xxxxx 11x111 xxxxx xxxxx
    scalars, saturating product         01011110011 xxxxx 10x100 xxxxx xxxxx
    scalars, two                        01x1111011 10000 01xxx 10 xxxxx xxxxx
    scalars, two floating               01x11110xx 10000 11x01 10 xxxxx xxxxx
    scalars, pair                       0101111011110001101110 xxxxx xxxxx
    scalars, floating pair              011111100x110000110110 xxxxx xxxxx
    scalars, shift                      01x111110 1xxx xxx 00xx0 1 xxxxx xxxxx
    scalars, shift narrow               01x111110 0xx1 xxx 1001x 1 xxxxx xxxxx
    scalars, by element                 0101111110x xxxxx xx01x0 xxxxx xxxxx
    AES                                 010011100010100 001xx 10 xxxxx xxxxx
    SHA, three                          01011110000 xxxxx 0xxx00 xxxxx xxxxx
    SHA, two                            010111100010100 0000x 10 xxxxx xxxxx
""")

MEMORY: Final = _patterns("""
    store and load                      xx1110010x 00000xxxxxxx bbbbb ddddd
    load with sign                      0x1110011x 00000xxxxxxx bbbbb ddddd
    vector store and load               xx1111010x 00000xxxxxxx bbbbb xxxxx
    128 bits                            001111011x 00000xxxxxxx bbbbb xxxxx
    unscaled                            xx1110000x0 xxxxxxxxx 00 bbbbb ddddd
    before and after                    xx1110000x0 xxxxxxxxx x1 bbbbb ddddd
    with sign, before and after         0x1110001x0 xxxxxxxxx x1 bbbbb ddddd
    unprivileged                        xx1110000x0 xxxxxxxxx 10 bbbbb ddddd
    vector, before and after            xx1111000x0 xxxxxxxxx xx bbbbb xxxxx
    register offset                     xx111x000x1 nnnnn x1x x 10 bbbbb ddddd
    literal                             xx011x00 00000000xxxxxxxxxxx ddddd
    pair                                x010100x0x xxxxxxx ddddd bbbbb ddddd
    pair with update                    x010100x1x xxxxxxx ddddd bbbbb ddddd
    pair with sign                      0110100xx1 xxxxxxx ddddd bbbbb ddddd
    vector pair                         x010110x0x xxxxxxx xxxxx bbbbb xxxxx
    vector pair with update             0x10110x1x xxxxxxx xxxxx bbbbb xxxxx
    exclusive                           xx0010000x0 ddddd x 11111 bbbbb ddddd
    exclusive pair                      1x0010000x1 ddddd x ddddd bbbbb ddddd
    vectors                             0x0011000x000000 0xx0xx bbbbb xxxxx
    one vector                          0x0011000x000000 0111xx bbbbb xxxxx
    vectors, after                      0x0011001x0 xxxxx x0x0xx bbbbb xxxxx
    elements                            0x0011010xx00000 00xxxx bbbbb xxxxx
    any elements                        0x0011010xx00000 xxxxxx bbbbb xxxxx
    elements, after                     0x0011011xx xxxxx xx0xxx bbbbb xxxxx
""")

ORDERED: Final = _patterns("""
    acquire and release                 xx0010001x0 11111 1 11111 bbbbb ddddd
    any exclusive                       xx001000xxx ddddd x ddddd bbbbb ddddd
""")

SYSTEM: Final = _patterns("""
    anything                            1101010100 xxxxxxxxxxxxxxxxx ddddd
    registers                           11010101 00x 1x xxx xxxx xxxx xxx ddddd
    registers of EL0                    11010101 00x 11 011 xxxx xxxx xxx ddddd
    floating-point, flags, thread       11010101 00x 11 011 x10x 00x0 0xx ddddd
    hints                               11010101000000110010 xxxx xxx 11111
    barriers                            11010101000000110011 xxxx xxx 11111
    fields of PSTATE                    1101010100000 xxx 0100 xxxx xxx 11111
    cache, translation                  1101010100001 xxx 0111 xxxx xxx bbbbb
    invalidation                        1101010100001 xxx 1000 xxxx xxx bbbbb
    exceptions                          11010100 xxx xxxxxxxxxxxxxxxx xxx xx
    returns from exceptions             1101011 xxxx 11111 000000 11111 00000
""")

RAW: Final = _patterns("""
    any word                            xxxxxxxx xxxxxxxx xxxxxxxx xxxxxxxx
""")
