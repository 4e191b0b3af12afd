"""While the MMU is off, memory takes no unaligned access: the kernel is compiled without, and a fault says so."""

from __future__ import annotations

from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile
from metal import boot, patched, symbols

from tyrne.system.build import kernel_elf
from tyrne.system.select import load_system, select

HELLO = Path(__file__).parents[2] / "programs" / "hello.S"
SINGLE = 0x3800_0000
"""One register and an offset of 9 bits: unscaled, before or after (Arm ARM C4.1.94). Size in bits 30 and 31."""
SINGLE_MASK = 0x3B20_0000
TLBI_VMALLE1 = 0xD508_871F
LDUR_ODD = 0xF840_13E1
"""LDUR x1, [sp, #1]: the stack is aligned."""


def odd_accesses(code: bytes) -> list[int]:
    """Offsets of the loads and stores in machine code whose own offset is no multiple of their width."""
    found = []
    for at in range(0, len(code), 4):
        word = int.from_bytes(code[at : at + 4], "little")
        offset = word >> 12 & 0x1FF
        if word & SINGLE_MASK == SINGLE and offset % (1 << (word >> 30)):
            found.append(at)
    return found


def test_what_is_looked_for_is_found() -> None:
    assert odd_accesses(LDUR_ODD.to_bytes(4, "little")) == [0]


@pytest.mark.parametrize("release", [False, True])
def test_no_compiled_function_of_the_kernel_reads_or_writes_at_an_odd_offset(release: bool) -> None:
    elf = kernel_elf(load_system(select([HELLO])), release=release)
    with elf.open("rb") as stream:
        file = ELFFile(stream)
        code = file.get_section_by_name(".text")
        start, content = code["sh_addr"], code.data()
        symbols_of = file.get_section_by_name(".symtab").iter_symbols()
        functions = [s for s in symbols_of if s["st_info"]["type"] == "STT_FUNC" and s["st_size"]]
    assert len(functions) > 100
    for function in functions:
        at = function["st_value"] - start
        assert odd_accesses(content[at : at + function["st_size"]]) == [], function.name


@pytest.mark.qemu
def test_an_unaligned_access_before_the_mmu_is_on_is_a_fault_on_qemu_too(tmp_path: Path) -> None:
    """So each boot on QEMU shows that there is none."""
    good = kernel_elf(load_system(select([HELLO])))
    broken = patched(good, symbols(good)["_start"], 0x400, TLBI_VMALLE1, LDUR_ODD, tmp_path / "kernel.elf")
    outcome = boot(broken, seconds=10)
    assert outcome.status == 3
    assert outcome.serial.startswith("!! tyrne panic: exception before the MMU is on\n esr=0000000096000021 ")
