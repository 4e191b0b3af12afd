"""The two drivers of the CPU count the same and stop at the same places, whatever runs."""

from __future__ import annotations

import random
import struct
from collections.abc import Callable

import pytest
from hand_made_space import CODE, KERNEL_ONLY, NOWHERE, NOWHERE_CODE, READ_ONLY, STACK, UNMAPPED, Machine, Thread

from tyrne.compiler import CompileError
from tyrne.hal.frame import Vector
from tyrne.hosted import library
from tyrne.hosted.cpu import Cpu
from tyrne.hosted.drivers import ByBlock, ByInstruction, fastest
from tyrne.hosted.engine import Engine
from tyrne.lang import u64

WORDS = 1024
POINTERS = (STACK, STACK + 64, READ_ONLY, UNMAPPED, KERNEL_ONLY, NOWHERE)
TARGETS = (CODE, CODE + 4, CODE + 402, CODE + 0x800, CODE + 0xFFC, UNMAPPED, NOWHERE_CODE, STACK)
ODD = (
    0xD503201F, 0xD503205F, 0xD53BE040, 0xD50342DF, 0xD51BE880, 0x00000000, 0xD4200060, 0xD4000001, 0xD40000E1,
    0xD65F03C0,
)  # fmt: skip
"""nop; wfe; mrs x0, cntvct_el0; msr daifset, #2; msr pmevcntr4_el0, x0; udf #0; brk #3; svc #0; svc #7; ret"""


def by_block(cpu: Engine) -> ByBlock:
    functions = library.load()
    assert functions is not None
    return ByBlock(cpu, functions)


def instruction(chance: random.Random, at: int) -> int:
    """One of those that a block is made of, or of those that end one, or trap."""
    d, n, m = (chance.randrange(8) for _ in range(3))
    offset = chance.randrange(-min(at, 40), min(WORDS - at, 40))
    kind = chance.random()
    if kind < 0.55:
        return chance.choice((0x8B00_0000, 0xCB00_0000, 0xCA00_0000, 0xEB00_0000)) | m << 16 | n << 5 | d
    if kind < 0.70:  # ldr, str, ldxr, stxr through x16 to x21
        pointer = (16 + chance.choice((0, 0, 0, 0, 1, 1, 1, *range(len(POINTERS))))) << 5
        load, store = 0xF940_0000 | pointer | d, 0xF900_0000 | pointer | d
        return chance.choice((load, store, 0xC85F_7C00 | pointer | d, 0xC800_7C00 | 7 << 16 | pointer | n))
    if kind < 0.85:  # b.cond, cbz, tbnz
        return chance.choice(
            (
                0x5400_0000 | (offset & 0x7FFFF) << 5 | chance.randrange(14),
                0xB400_0000 | (offset & 0x7FFFF) << 5 | d,
                0x3700_0000 | chance.randrange(8) << 19 | (offset & 0x3FFF) << 5 | d,
            )
        )
    if kind < 0.93:  # b, bl
        return chance.choice((0x1400_0000, 0x9400_0000)) | offset & 0x3FF_FFFF
    if kind < 0.97:  # br through x22 on
        return 0xD61F_0000 | (22 + chance.randrange(len(TARGETS))) << 5
    return chance.choice(ODD)


def machine(code: bytes, drive: Callable[[Engine], ByBlock | ByInstruction]) -> tuple[Machine, Thread]:
    made, thread = Machine(), Thread()
    made.cpu = Cpu(made.ram, drive)
    made.cpu.set_translation(made.space(code), 1)
    for number, value in enumerate((*POINTERS, *TARGETS), start=16):
        thread.frame.x[number] = u64(value)
    return made, thread


def seen(machine: Machine, thread: Thread, limit: int, pause: bool) -> tuple[object, ...]:
    """Run a part; why it stopped, and all that can be known then."""
    thread.general.from_frame()
    stop = machine.cpu.run(thread.general, limit, pause)
    thread.general.to_frame()
    return stop, machine.cpu.instructions, list(thread.general.words)


@pytest.mark.parametrize("seed", range(60))
def test_random_programs_stop_at_the_same_places_after_as_many_instructions(seed: int) -> None:
    chance = random.Random(seed)
    code = struct.pack(f"<{WORDS}I", *(instruction(chance, at) for at in range(WORDS)))
    pairs = [machine(code, by_block), machine(code, ByInstruction)]
    vectors = set()
    for _ in range(150):
        limit, pause = chance.choice((1, 2, 3, chance.randrange(1, 60), 2000)), chance.random() < 0.5
        one, other = (seen(*pair, limit, pause) for pair in pairs)
        assert one == other
        stop = one[0]
        vectors.add(stop.vector)  # type: ignore[attr-defined]
        if chance.random() < 0.3 or stop.vector is Vector.SYNCHRONOUS:  # type: ignore[attr-defined]
            start = CODE + 4 * chance.randrange(WORDS)
            for _, thread in pairs:
                thread.frame.pc = u64(start)
    assert vectors == {Vector.SYNCHRONOUS, Vector.IRQ}
    assert bytes(pairs[0][0].ram.bytes) == bytes(pairs[1][0].ram.bytes)


@pytest.mark.parametrize("limit", range(1, 12))
def test_a_limit_inside_a_block_leaves_the_block_as_it_was(limit: int) -> None:
    """A part of it is run as other code once; then it is one block again, for whoever comes through."""
    code = struct.pack("<9I", *[0x9100_0400] * 8, 0x17FF_FFF8)  # eight times add x0, x0, #1; b to the first
    made, thread = machine(code, by_block)
    total = 0
    for part in (1000, limit, 9, limit, 1, 1000):
        seen(made, thread, part, True)
        total += part
        assert made.cpu.instructions == total
        assert thread.frame.x[0] == total - total // 9
        assert thread.frame.pc == CODE + total % 9 * 4


@pytest.mark.parametrize("drive", [by_block, ByInstruction])
def test_each_instruction_that_begins_is_told_once(drive: Callable[[Engine], ByBlock | ByInstruction]) -> None:
    code = struct.pack("<9I", *[0x9100_0400] * 8, 0x17FF_FFF8)
    made, thread = machine(code, drive)
    told: list[int] = []
    made.cpu.watch(CODE, CODE + 4096, told.append)
    for part in (5, 1, 20, 9, 1, 2):
        seen(made, thread, part, False)
    assert told == [CODE + 4 * (i % 9) for i in range(38)]


def test_without_a_compiler_the_emulator_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*_: object) -> None:
        raise CompileError("ziglang: the compiler's back end is not installed")

    library.load.cache_clear()
    monkeypatch.setattr(library, "build_host_c", missing)
    try:
        made = Machine()
        assert isinstance(fastest(Engine(made.ram)), ByInstruction)
    finally:
        library.load.cache_clear()


def test_the_state_that_both_languages_share_has_one_layout() -> None:
    state = library.CpuState
    assert library.load().tyrne_size_of_cpu() == state.stop.offset + 8
