"""Memory that a description maps where the program or its stack is."""

import struct
from pathlib import Path

import pytest

from tyrne.system.errors import RequestError
from tyrne.system.manifest import System
from tyrne.system.select import load_system, select

EXIT = struct.pack("<3I", 0xD2800000, 0xD2800088, 0xD4000001)


def load(folder: Path, address: int) -> System:
    """A program of three pages from 0x80_0000 on, its stack of two pages above, and a region of two pages."""
    (folder / "p.bin").write_bytes(EXIT.ljust(0x2001, b"\0"))
    (folder / "s.toml").write_text(
        '[system]\nname = "x"\n[[memory]]\nname = "m"\npages = 2\n[[task]]\nname = "t"\nprogram = "p.bin"\n'
        f'stack_pages = 2\ncaps = [{{ memory = "m", at = {address:#x} }}]\n'
    )
    return load_system(select([folder / "s.toml"]))


@pytest.mark.parametrize(
    ("address", "what"),
    [
        (0x7F_F000, "the program's segment at 0x800000"),
        (0x80_0000, "the program's segment at 0x800000"),
        (0x80_2000, "the program's segment at 0x800000"),
        (0x80_3000, "the stack at 0x803000"),
        (0x80_4000, "the stack at 0x803000"),
    ],
)
def test_a_mapping_over_the_program_is_refused_with_its_line(tmp_path: Path, address: int, what: str) -> None:
    with pytest.raises(RequestError) as caught:
        load(tmp_path, address)
    place = f"{tmp_path}/s.toml:10"
    assert str(caught.value) == (
        f'{place}: memory "m" at {address:#x} overlaps {what}; map it elsewhere, such as from 0x805000 on'
    )


@pytest.mark.parametrize("address", [0x7F_E000, 0x80_5000])
def test_a_mapping_beside_the_program_is_taken(tmp_path: Path, address: int) -> None:
    system = load(tmp_path, address)
    assert [mapping.address for mapping in system.tasks[0].mappings] == [address]
    assert (system.memory[0].pages, system.slice) == (2, 1_000_000)


@pytest.mark.parametrize("page", ["first", "last"])
def test_the_guard_that_catches_an_overflow_of_the_stack_stays_empty(tmp_path: Path, page: str) -> None:
    (tmp_path / "p.S").write_text(".text\n.global _start\n_start: mov x8, #4\nsvc #0\n")
    text = '[system]\nname = "x"\n[[memory]]\nname = "m"\npages = 1\n[[task]]\nname = "t"\nprogram = "p.S"\n'
    (tmp_path / "s.toml").write_text(text)
    program = load_system(select([tmp_path / "s.toml"])).tasks[0].program
    guard = program.segments[-1].end
    assert program.stack_base - guard >= 1 << 20
    address = guard if page == "first" else program.stack_base - 0x1000
    (tmp_path / "s.toml").write_text(text + f'caps = [{{ memory = "m", at = {address:#x} }}]\n')
    with pytest.raises(RequestError, match="overlaps the guard below the stack, which stays empty; map it elsewhere"):
        load_system(select([tmp_path / "s.toml"]))
