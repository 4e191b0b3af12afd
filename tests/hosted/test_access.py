"""Loads and stores that the host executes for the CPU do what the CPU does."""

from __future__ import annotations

import random
import struct

import pytest
from hand_made_space import CODE, STACK, Machine, Thread

from tyrne.hal.frame import Vector
from tyrne.hosted.access import Access, decode, perform
from tyrne.lang import u64

MIDDLE = STACK + 0x800
FORMS = (
    (0x3900_0000, 0xC0C0_7FFF),  # unsigned offset, which stays in the page
    (0x3800_0000, 0xC0FF_FFFF),  # unscaled, indexed, unprivileged, register offset
    (0x2800_0000, 0xC1FF_FFFF),  # pair
    (0x089F_FC00, 0xC040_03FF),  # acquire, release
    (0x1800_0000, 0xC0FF_FFFF),  # literal
)
"""The bits that a form of instruction has, and those that are drawn."""
STRANGERS = {
    "ldr q0, [x0]": 0x3DC0_0000,
    "ldp q0, q1, [x0]": 0xAD40_0400,
    "ldr s0, [x0, x1]": 0xBC61_6800,
    "ld1 {v0.16b}, [x0]": 0x4C40_7000,
    "ldxr x1, [x0]": 0xC85F_7C01,
    "ldaxr w1, [x0]": 0x885F_FC01,
    "stxr w2, x1, [x0]": 0xC802_7C01,
    "prfm pldl1keep, [x0]": 0xF980_0000,
    "add x0, x0, x1": 0x8B01_0000,
    "dc zva, x0": 0xD50B_7420,
    "svc #0": 0xD400_0001,
}
Done = tuple[list[int], bytes]
"""Registers and the page of data afterwards."""


class Both:
    """The same instruction, registers and page of data for the CPU and for the host."""

    def __init__(self) -> None:
        self.machine = Machine()
        root = self.machine.space(b"")
        self.machine.cpu.set_translation(root, 1)
        self.code, self.data = (
            int(self.machine.ram.read64(u64(self.machine.entry(root, page)))) & 0xFFFF_FFFF_F000
            for page in (CODE, STACK)
        )

    def cpu(self, code: int, values: list[int], content: bytes) -> Done | None:
        """None where it traps."""
        machine, thread = self.machine, begun(values)
        machine.write(self.code, struct.pack("<I", code))
        machine.write(self.data, content)
        machine.cpu.flush_code()
        if machine.run(thread, 1).vector is not Vector.IRQ:
            return None
        return registers(thread), machine.ram.get(self.data, 4096)

    def host(self, code: int, values: list[int], content: bytes) -> tuple[Access, Done] | None:
        """None where it is none of those that are known, or accesses something else."""
        thread, memory = begun(values), bytearray(content)
        access = decode(code, thread.general)
        if access is None or not STACK <= access.address <= STACK + 4096 - access.length:
            return None
        start = access.address - STACK

        def read(at: int, width: int) -> int:
            return int.from_bytes(memory[start + at : start + at + width], "little")

        def write(at: int, width: int, value: int) -> None:
            memory[start + at : start + at + width] = value.to_bytes(width, "little")

        perform(access, thread.general, read, write)
        return access, (registers(thread), bytes(memory))


def begun(values: list[int]) -> Thread:
    thread = Thread(sp=MIDDLE)
    for number, value in enumerate(values):
        thread.frame.x[number] = u64(value)
    thread.general.from_frame()
    return thread


def registers(thread: Thread) -> list[int]:
    return [*thread.general.words[:32], thread.general.pc]


def drawn_values(chance: random.Random) -> list[int]:
    """Addresses in the middle of a page, and small numbers, of which some are negative as words or as halves."""
    small = [number & (1 << bits) - 1 for number in (-8, -3, 0, 1, 24) for bits in (32, 64)]
    return [chance.choice((MIDDLE, MIDDLE + 8 * chance.randrange(32), chance.choice(small))) for _ in range(31)]


def test_what_the_host_executes_is_what_the_cpu_executes() -> None:
    both, chance = Both(), random.Random(11)
    seen: set[tuple[bool, int, int, int]] = set()
    moves: set[bool] = set()
    for _ in range(8000):
        bits, free = chance.choice(FORMS)
        code, values, content = bits | chance.getrandbits(32) & free, drawn_values(chance), chance.randbytes(4096)
        host = both.host(code, values, content)
        if host is None:
            continue
        cpu = both.cpu(code, values, content)
        if cpu is None:
            continue
        access, done = host
        assert done == cpu, hex(code)
        seen.add((access.store, access.width, access.signed, len(access.registers)))
        moves.add(access.base is not None)
    loads = {(1, 0), (2, 0), (4, 0), (8, 0), (1, 32), (2, 32), (1, 64), (2, 64), (4, 64)}
    pairs = {(True, 4, 0), (True, 8, 0), (False, 4, 0), (False, 8, 0), (False, 4, 64)}
    assert {(width, signed) for store, width, signed, count in seen if not store and count == 1} == loads
    assert {width for store, width, _, count in seen if store and count == 1} == {1, 2, 4, 8}
    assert {what[:3] for what in seen if what[3] == 2} == pairs
    assert moves == {False, True}


@pytest.mark.parametrize(("width", "code"), [(8, 0x5800_0080), (4, 0x1800_0080), (4, 0x9800_0080)])
def test_a_load_from_beside_the_pc_is_one(width: int, code: int) -> None:
    access = decode(code, begun([0] * 31).general)
    assert access == Access(False, width, 64 if code >> 31 else 0, (0,), CODE + 16)


@pytest.mark.parametrize("code", STRANGERS.values(), ids=STRANGERS)
def test_other_instructions_are_not_known(code: int) -> None:
    assert decode(code, begun([MIDDLE] * 31).general) is None
