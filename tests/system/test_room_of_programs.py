"""Programs may be large: what bounds them is the room that a system has for all of them."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from elf_files import CODE, TEXT, Load, R, W, elf

from running import on_each_machine, run_system
from tyrne.system import limits
from tyrne.system.errors import RequestError
from tyrne.system.run import Machine
from tyrne.system.select import load_system, select

MIB = 1 << 20
EXIT = struct.pack("<3I", 0xD2800000, 0xD2800088, 0xD4000001)
LAST = TEXT + 0x1000


def large_raw(folder: Path, mebibytes: int) -> Path:
    """A raw image of so many MiB that exits with 0."""
    path = folder / f"{mebibytes}.bin"
    path.write_bytes(EXIT.ljust(mebibytes * MIB, b"\x01"))
    return path


def zeros(folder: Path, pages: int, name: str = "zeros") -> Path:
    """A program with so many pages of zeros that exits with 0."""
    path = folder / name
    path.write_bytes(elf(Load(TEXT, CODE.flags, EXIT), Load(LAST, R | W, b"", memory=pages * limits.PAGE)))
    return path


@on_each_machine
def test_a_program_of_sixteen_mebibytes_runs(tmp_path: Path, machine: str) -> None:
    report = run_system([large_raw(tmp_path, 16)], machine)
    assert (report["status"], report["tasks"][0]["code"]) == (0, 0)


@on_each_machine
def test_the_largest_program_runs(tmp_path: Path, machine: str) -> None:
    most = limits.SHARED_FRAMES + limits.SMALL_PROGRAM_PAGES - 2
    assert run_system([zeros(tmp_path, min(most, limits.PROGRAM_BYTES // limits.PAGE - 1))], machine)["status"] == 0


@on_each_machine
def test_programs_that_fill_the_room_run_beside_each_other(tmp_path: Path, machine: str) -> None:
    room = limits.SHARED_FRAMES + 2 * limits.SMALL_PROGRAM_PAGES
    copied = 2 * 15 * MIB // limits.PAGE
    report = run_system([large_raw(tmp_path, 15), zeros(tmp_path, room - copied - 2)], machine)
    assert (report["status"], len(report["tasks"])) == (0, 2)


def test_a_native_machine_loads_it_too(tmp_path: Path) -> None:
    assert run_system([large_raw(tmp_path, 16)], Machine.NATIVE.value)["status"] == 0


def test_one_page_more_than_the_room_is_refused_with_what_takes_it(tmp_path: Path) -> None:
    room = limits.SHARED_FRAMES + 2 * limits.SMALL_PROGRAM_PAGES
    raw, fits = large_raw(tmp_path, 15), room - 2 * 15 * MIB // limits.PAGE - 2
    load_system(select([raw, zeros(tmp_path, fits)]))
    with pytest.raises(RequestError) as caught:
        load_system(select([raw, zeros(tmp_path, fits + 1)]))
    assert str(caught.value) == (
        f"{tmp_path}/zeros: programs take 20481 pages above 512 each, up to this one; "
        "a system has at most 20480, make it smaller, or give --memory 256M to run, build or check"
    )


def test_memory_stacks_and_quotas_take_of_the_same_room(tmp_path: Path) -> None:
    zeros(tmp_path, 512 - 2 + 412)
    text = (
        '[system]\nname = "s"\n[[memory]]\nname = "m"\npages = 19_968\n[[task]]\nname = "t"\nprogram = "zeros"\n'
        "stack_pages = 114\nquota = { frames = 50 }\n"
    )
    (tmp_path / "s.toml").write_text(text)
    load_system(select([tmp_path / "s.toml"]))
    (tmp_path / "s.toml").write_text(text.replace("= 50", "= 51"))
    with pytest.raises(RequestError) as caught:
        load_system(select([tmp_path / "s.toml"]))
    (line,) = caught.value.lines
    assert line.startswith(f"{tmp_path}/s.toml:8: ")
    assert line.endswith(
        "zeros: programs take 412 pages above 512 each, up to this one, and memory, stacks and quotas 20069; "
        'a system has at most 20480, make it smaller, or write memory = "256M" in [system]'
    )
