"""The table of checks: each failed check of the kernel is one breakpoint, and the report finds its line."""

from __future__ import annotations

import re
import struct
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile
from metal import boot, symbols

from tyrne.boards.qemu_virt.memory_map import DIRECT_MAP
from tyrne.lang.panics import Panic
from tyrne.system.build import kernel_elf
from tyrne.system.select import load_system, select

HELLO = Path(__file__).parents[2] / "programs" / "hello.S"
BRK = 0xD420_0000
"""BRK #0; the number is in bits 5 to 20."""
BRANCH = 0x1400_0000
"""B; the distance in instructions is in bits 0 to 25."""


@pytest.fixture(scope="module", params=[False, True], ids=["whole", "release"])
def kernel(request: pytest.FixtureRequest) -> Path:
    return kernel_elf(load_system(select([HELLO])), release=request.param)


def section(elf: Path, name: str) -> tuple[int, bytes]:
    """Address and content of a section of a linked kernel."""
    with elf.open("rb") as stream:
        found = ELFFile(stream).get_section_by_name(name)
        return found["sh_addr"], found.data()


def table(elf: Path) -> dict[int, tuple[int, int]]:
    """Address of each check: the number of its file, and its line."""
    names = symbols(elf)
    start, constants = section(elf, ".rodata")
    first, last = names["checks_start"] - start, names["checks_end"] - start
    found = {}
    for at in range(first, last, 8):
        distance, site = struct.unpack_from("<iI", constants, at)
        found[start + at + distance] = (site >> 16, site & 0xFFFF)
    return found


def test_every_breakpoint_of_the_kernel_is_a_check_with_a_line(kernel: Path) -> None:
    """The linker drops what nothing refers to, and nothing refers to the table."""
    start, code = section(kernel, ".text")
    numbers = {}
    for at in range(0, len(code) - len(code) % 4, 4):
        word = int.from_bytes(code[at : at + 4], "little")
        if word & 0xFFE0_001F == BRK:
            numbers[start + at] = word >> 5 & 0xFFFF
    assert len(numbers) > 300
    assert table(kernel).keys() == numbers.keys()
    assert set(numbers.values()) <= {kind.value for kind in Panic}
    assert all(line > 0 for _, line in table(kernel).values())


@pytest.mark.qemu
def test_a_check_that_fails_before_the_mmu_is_on_is_reported_with_numbers(tmp_path: Path) -> None:
    """The first function that runs is changed to go to one of its own checks at once."""
    good = kernel_elf(load_system(select([HELLO])))
    start = symbols(good)["k_prepare_translation"]
    end = min(address for address in symbols(good).values() if address > start)
    check = min(address for address in table(good) if start <= address < end)
    content = bytearray(good.read_bytes())
    with good.open("rb") as stream:
        (offset,) = ELFFile(stream).address_offsets(start, 4)
        kind = int.from_bytes(content[offset + check - start :][:4], "little") >> 5 & 0xFFFF
    content[offset : offset + 4] = (BRANCH | (check - start) // 4).to_bytes(4, "little")
    broken = tmp_path / "kernel.elf"
    broken.write_bytes(content)
    outcome = boot(broken, seconds=10)
    file, line = table(good)[check]
    assert outcome.status == 3
    assert outcome.serial.startswith(
        f"!! tyrne panic: check {kind} failed at file {file}:{line}\n pc={check - int(DIRECT_MAP):016x}"
    )
    assert len(re.findall(r" x\d+=[0-9a-f]{16}", outcome.serial)) == 31
