"""ELF files made by hand for the tests: the header and program headers of the generic ABI."""

import struct
from dataclasses import dataclass, replace

R, W, X = 4, 2, 1
PT_LOAD, PT_INTERP = 1, 3
TEXT = 0x80_0000


@dataclass(frozen=True)
class Load:
    """A program header and the bytes that it names."""

    address: int
    flags: int
    data: bytes = b"\x1f\x20\x03\xd5"
    memory: int = -1
    type: int = PT_LOAD
    claimed: int = -1
    """The size in the file that the header claims; -1 for the true one."""


CODE = Load(TEXT, R | X)
DATA = Load(TEXT + 0x2000, R | W, b"data", 0x1800)


def elf(*loads: Load, entry: int = TEXT, machine: int = 183, kind: int = 2, bits: int = 2, order: int = 1) -> bytes:
    """A 64-bit ELF file, contents page-aligned in the file as far as the addresses are."""
    offset = 0x1000
    headers = b""
    body = b""
    for load in loads:
        place = offset + len(body) + load.address % 0x1000
        body = body.ljust(place - offset, b"\0") + load.data
        body = body.ljust(-(-len(body) // 0x1000) * 0x1000, b"\0")
        size = len(load.data) if load.claimed < 0 else load.claimed
        memory = size if load.memory < 0 else load.memory
        sizes = (size, memory, 4096)
        headers += struct.pack("<IIQQQQQQ", load.type, load.flags, place, load.address, load.address, *sizes)
    ident = b"\x7fELF" + bytes([bits, order, 1]) + bytes(9)
    head = ident + struct.pack("<HHIQQQIHHHHHH", kind, machine, 1, entry, 64, 0, 0, 64, 56, len(loads), 64, 0, 0)
    return (head + headers).ljust(offset, b"\0") + body


def moved(load: Load, address: int) -> Load:
    return replace(load, address=address)
