"""An extern that says which registers it changes costs its caller no others, and no stack frame."""

from __future__ import annotations

from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile
from unicorn import UC_ARCH_ARM64, UC_MODE_ARM, Uc
from unicorn import arm64_const as names

from tyrne.compiler import Target
from tyrne.compiler.build import Objects, build_objects, link_kernel
from tyrne.compiler.translate import translate

SOURCE = """
from __future__ import annotations
from typing import Final
from tyrne.lang import changes, export, extern, u64


class Frame:
    def __init__(self) -> None:
        self.sum: u64 = u64(0)


FRAME: Final = Frame()


@extern
@changes("x1", "x2")
def {add}(frame: Frame, amount: u64) -> None:
    raise NotImplementedError


@extern
@changes()
def answer() -> u64:
    raise NotImplementedError


@export
def run(a: u64, b: u64) -> u64:
    {add}(FRAME, a)
    FRAME.sum = FRAME.sum ^ b
    return answer() ^ a ^ FRAME.sum
"""
ASSEMBLY = """
        .text
        .global {add}, answer
{add}:  ldr     x2, [x0, #FRAME_SUM]
        add     x2, x2, x1
        mov     x1, #-1
        str     x2, [x0, #FRAME_SUM]
        ret
answer: mov     x0, #0x1000
        ret
"""
SCRIPT = """\
ENTRY(k_run)
SECTIONS { . = 0x40080000; .text : { *(.text*) } .rodata : { *(.rodata*) *(.manifest) } .bss : { *(.bss*) } }
"""
END = 0x4000_0000


def built(folder: Path, add: str = "add_up") -> Objects:
    (folder / "changing.py").write_text(SOURCE.replace("{add}", add))
    (folder / "routines.S").write_text(ASSEMBLY.replace("{add}", add))
    return build_objects(translate(folder / "changing.py", Target.METAL), [folder / "routines.S"])


@pytest.fixture(scope="module")
def objects(tmp_path_factory: pytest.TempPathFactory) -> Objects:
    return built(tmp_path_factory.mktemp("changes"))


def test_its_caller_needs_no_stack(objects: Objects) -> None:
    (bound,) = (bound for bound in objects.bounds if bound.entry == "k_run")
    assert bound.bytes == 0


def test_what_the_caller_holds_in_registers_is_there_afterwards(objects: Objects, tmp_path: Path) -> None:
    (tmp_path / "board.ld").write_text(SCRIPT)
    elf = link_kernel(objects.files, tmp_path / "board.ld", bytes(16))
    cpu = Uc(UC_ARCH_ARM64, UC_MODE_ARM)
    cpu.mem_map(END, 0x20_0000)
    with elf.open("rb") as stream:
        file = ELFFile(stream)
        start = next(s["st_value"] for s in file.get_section_by_name(".symtab").iter_symbols() if s.name == "k_run")
        for segment in file.iter_segments("PT_LOAD"):
            cpu.mem_write(segment["p_vaddr"], segment.data())
    cpu.reg_write(names.UC_ARM64_REG_X0, 0x1234)
    cpu.reg_write(names.UC_ARM64_REG_X1, 0xFF)
    cpu.reg_write(names.UC_ARM64_REG_LR, END)
    cpu.emu_start(start, END, count=1000)
    assert cpu.reg_read(names.UC_ARM64_REG_PC) == END
    assert cpu.reg_read(names.UC_ARM64_REG_X0) == 0x1000 ^ 0x1234 ^ (0x1234 ^ 0xFF)


def test_no_name_is_known_to_the_compiler(tmp_path: Path) -> None:
    assert "bl other_name" in built(tmp_path, "other_name").unit.c
