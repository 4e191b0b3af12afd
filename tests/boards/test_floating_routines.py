"""The routines of floating.S change the registers that they are declared to change, and no others."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from metal import symbols
from unicorn import UC_ARCH_ARM64, UC_MODE_ARM, Uc
from unicorn import arm64_const as names

from tyrne.boards.qemu_virt.memory_map import DIRECT_MAP, RAM_START
from tyrne.compiler.build import image_bytes
from tyrne.system.build import kernel_elf
from tyrne.system.select import load_system, select

GENERAL = [getattr(names, f"UC_ARM64_REG_X{number}") for number in range(31)] + [names.UC_ARM64_REG_SP]
IMAGE = int(RAM_START) + 0x8_0000
STATE = int(RAM_START) + 0x100_0000
END = int(RAM_START)


@pytest.fixture(scope="module")
def kernel() -> Path:
    return kernel_elf(load_system(select([])), release=True)


@pytest.mark.parametrize(
    ("routine", "changed"), [("save_floating", {1, 2}), ("load_floating", {1, 2}), ("clear_floating", set())]
)
def test_a_routine_changes_what_it_says(routine: str, changed: set[int], kernel: Path) -> None:
    cpu = Uc(UC_ARCH_ARM64, UC_MODE_ARM)
    cpu.mem_map(int(RAM_START), 0x200_0000)
    cpu.mem_write(IMAGE, image_bytes(kernel))
    cpu.reg_write(names.UC_ARM64_REG_CPACR_EL1, 0b11 << 20)
    choose = random.Random(5)
    before = [choose.randrange(1 << 64) for _ in range(31)] + [STATE + 0x1000]
    before[0], before[30] = STATE, END
    for register, value in zip(GENERAL, before, strict=True):
        cpu.reg_write(register, value)
    cpu.emu_start(symbols(kernel)[routine] - int(DIRECT_MAP), END, count=100)
    assert cpu.reg_read(names.UC_ARM64_REG_PC) == END
    after = [cpu.reg_read(register) for register in GENERAL]
    assert {number for number in range(32) if after[number] != before[number]} <= changed
