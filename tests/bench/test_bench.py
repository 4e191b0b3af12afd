"""`make bench` in little: one path, few samples. That counts are what they are, not how fast anything is."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import pytest
from elftools.elf.elffile import ELFFile

from tyrne.system.build import kernel_elf
from tyrne.system.select import load_system, select

BENCH: Final = Path(__file__).parents[2] / "bench"


def bench(*arguments: str, program: str = "table.py") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(BENCH / program), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=300)


def rows(file: Path, *arguments: str) -> dict[str, dict[str, Any]]:
    """The rows of a short run by their names."""
    done = bench("--samples", "200", "--json", str(file), *arguments)
    assert done.returncode == 0, done.stderr
    (section,) = json.loads(file.read_text())["sections"]
    assert section["unit"] == "instructions"
    assert "1 instruction of reading the counter taken off" in section["note"]
    found = {row["name"]: row for row in section["rows"]}
    assert all(name in done.stdout for name in found)
    return found


@pytest.mark.qemu
def test_counts_are_the_same_in_every_run(tmp_path: Path) -> None:
    first, second = (rows(tmp_path / f"{run}.json", "--only", "yield switch") for run in (1, 2))
    assert first == second
    (row,) = first.values()
    assert row["least"] <= row["value"] <= row["most"]
    assert (row["sel4"], row["budget"]) == (277, 135)
    assert row["of_sel4"] == round(row["value"] / 277, 3)


@pytest.mark.qemu
def test_the_program_of_every_path_gets_what_it_asks_of_the_kernel(tmp_path: Path) -> None:
    done = bench("--samples", "1", "--only", "", "--json", str(tmp_path / "all.json"))
    assert done.returncode == 0, done.stderr
    (section,) = json.loads((tmp_path / "all.json").read_text())["sections"]
    count = "import scenarios; print(len(scenarios.FIGURES))"
    figures = subprocess.run([sys.executable, "-c", count], cwd=BENCH, capture_output=True, text=True, check=True)
    assert len(section["rows"]) == int(figures.stdout)


@pytest.mark.qemu
def test_a_round_trip_is_the_sum_of_its_ways(tmp_path: Path) -> None:
    found = rows(tmp_path / "ways.json", "--only", "4-word")
    one, other = found["4-word call, one way"], found["4-word reply and wait, one way"]
    assert found["4-word call → reply, round trip"]["value"] == one["value"] + other["value"]


@pytest.mark.qemu
def test_following_a_path_finds_the_instructions_that_the_counter_counts(tmp_path: Path) -> None:
    (row,) = rows(tmp_path / "path.json", "--only", "rejected").values()
    done = bench("rejected", program="where.py")
    assert done.returncode == 0, done.stderr
    assert f"rejected call: {row['value']} instructions" in done.stdout
    assert "vectors.S" in done.stdout


@pytest.mark.qemu
def test_of_a_boot_the_lines_of_caches_are_counted_by_themselves() -> None:
    """Eighteen instructions for eight lines of what start.S stores, and eleven for four of the one page of code."""
    script = "from table import boot; print(*(row.value for row in boot().rows))"
    done = subprocess.run([sys.executable, "-c", script], cwd=BENCH, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    others, caches = map(int, done.stdout.split())
    elf = ELFFile(io.BytesIO(kernel_elf(load_system(select([])), release=True).read_bytes()))
    table = elf.get_section_by_name(".symtab")
    start, end = (table.get_symbol_by_name(name)[0]["st_value"] for name in ("bss_start", "emergency_stack_end"))
    lines = (end - start) // 64
    assert lines > 2000 and abs(caches - (lines * 18 // 8 + 64 * 11 // 4)) < 20
    assert others > caches


def test_the_kernel_s_initial_state_is_all_zero_and_takes_no_room_in_the_image() -> None:
    elf = ELFFile(io.BytesIO(kernel_elf(load_system(select([])), release=True).read_bytes()))
    assert elf.get_section_by_name(".data")["sh_size"] == 0


def test_an_unknown_path_is_refused() -> None:
    done = bench("--only", "teleport")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "bench: no path is named like teleport; the names are those of the table\n"
