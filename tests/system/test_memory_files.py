"""Memory that begins with what a file holds: the same bytes on every machine, in every run, and in a replay."""

from __future__ import annotations

import json
import struct
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tyrne.cli.main import run_arguments
from tyrne.hal import manifest as layout
from tyrne.system import limits
from tyrne.system.description import read_description
from tyrne.system.devices import gap_of, placed, reached_from
from tyrne.system.errors import RequestError
from tyrne.system.manifest_read import manifest_bytes
from tyrne.system.outline import outline
from tyrne.system.packed import pack, unpack
from tyrne.system.parts import Region
from tyrne.system.record import from_json
from tyrne.system.replay import Replay
from tyrne.system.select import load_system
from tyrne.testing import run_system

MACHINES = ["hosted", "native", pytest.param("qemu", marks=pytest.mark.qemu)]
CONTENT = b"begin..." + bytes(4984) + b"...end.." + b"rest"
TEXT = """\
[system]
name = "s"
[[memory]]
name = "ring"
pages = 2
dma = true
[[memory]]
name = "data"
file = "data.bin"
[[memory]]
name = "plain"
pages = 1
[[task]]
name = "t"
program = "p.S"
caps = [ { console = true }, { memory = "data", at = 0x1000_0000 }, { memory = "ring", at = 0x1010_0000 } ]
"""
PROGRAM = """\
        .text
        .global _start
_start: mov     x9, #0x10000000
        ldr     x1, [x9]                // console_write: a handle, a length, words of text
        ldr     x2, [x9, #4992]
        str     xzr, [x9]
        ldr     w10, [x9, #5000]        // "rest", then zeros up to the end of the page
        ldr     w11, [x9, #5004]
        ldr     x12, [x9, #8184]
        mov     x13, #0x10100000
        ldr     x13, [x13]
        orr     x3, x11, x12
        orr     x3, x3, x13
        lsr     w10, w10, #24
        add     x0, x3, x10
        mov     x8, #4
        svc     #0
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    folder = tmp_path / "system"
    folder.mkdir()
    (folder / "data.bin").write_bytes(CONTENT)
    (folder / "p.S").write_text(PROGRAM)
    (folder / "s.toml").write_text(TEXT)
    return folder / "s.toml"


def complaint(path: Path, *changes: str, allowed: tuple[Path, ...] = ()) -> str:
    path.write_text(TEXT.replace(*changes) if changes else path.read_text())
    with pytest.raises(RequestError) as caught:
        read_description(path, allowed)
    return str(caught.value).replace(str(path.parent), "DIR")


@pytest.mark.parametrize("machine", MACHINES)
def test_a_task_finds_what_the_file_holds_and_zeros_behind_it(path: Path, machine: str) -> None:
    for _ in range(2):  # what one run writes the next does not find
        assert run_system(path, machine).tasks[0].exit_code == ord("t")
    assert (path.parent / "data.bin").read_bytes() == CONTENT


@pytest.mark.parametrize("machine", MACHINES)
def test_a_replay_has_what_the_file_held(path: Path, machine: str, tmp_path: Path) -> None:
    report = run_system(path, machine).report()
    (path.parent / "data.bin").write_bytes(b"another")
    (tmp_path / "report.json").write_text(json.dumps(report))
    replay = Replay.load(tmp_path / "report.json")
    replay.to(replay.length)
    assert replay.recorder.exit_codes == {0: ord("t")}
    places = {region.address: region.dma for region in from_json(report["replay"]).addressed}
    assert places == {0x47FF_C000: False, 0x47FF_E000: True}  # devices reach nothing of the file


def test_the_size_is_that_of_the_file_or_what_the_description_says(path: Path) -> None:
    assert [region.pages for region in read_description(path).memory] == [2, 2, 1]
    path.write_text(TEXT.replace('file = "data.bin"', 'file = "data.bin"\npages = 7'))
    region = read_description(path).memory[1]
    assert (region.pages, region.content, region.address) == (7, CONTENT, 0x47FF_7000)


def test_an_empty_file_fills_nothing(path: Path) -> None:
    (path.parent / "data.bin").write_bytes(b"")
    assert complaint(path) == "DIR/s.toml:9: DIR/data.bin: empty; add pages = 1, or name another file"
    path.write_text(TEXT.replace('file = "data.bin"', 'file = "data.bin"\npages = 2'))
    assert run_system(path).tasks[0].exit_code == 0


def test_a_larger_file_is_refused_in_one_line(path: Path) -> None:
    said = complaint(path, 'file = "data.bin"', 'file = "data.bin"\npages = 1')
    what = "DIR/data.bin: larger than 4096 bytes, the limit for one of 1 page"
    assert said == f"DIR/s.toml:9: {what}; leave pages out, and there are as many as it takes"


def test_what_a_region_is_filled_from_counts_with_all_memory(path: Path) -> None:
    said = complaint(path, 'name = "plain"\npages = 1', 'name = "plain"\npages = 20_475\ndma = true')
    mend = 'remove some, or write memory = "256M" in [system]'
    assert said == f"DIR/s.toml:12: 20481 pages of memory; a system has at most 20480, {mend}"


def test_what_is_no_file_or_is_filled_from_none_is_refused(path: Path) -> None:
    assert complaint(path, "data.bin", "") == """DIR/s.toml:9: no file is named ''; write file = "data.bin\""""
    assert complaint(path, '"data.bin"', "3") == 'DIR/s.toml:9: "file" is a number; write file = "data.bin"'
    assert complaint(path, "data.bin", "none").endswith("cannot be read: no such file or directory; name a file")
    assert complaint(path, "data.bin", ".").endswith("is no file; name a file")
    said = complaint(path, 'file = "data.bin"', 'file = "data.bin"\ndma = true')
    assert said == "DIR/s.toml:9: memory that is shared with devices is filled from no file; remove file"
    said = complaint(path, 'file = "data.bin"', 'file = "data.bin"\naddress = 0x0901_0000\npages = 1')
    assert "memory that is a device is filled from no file; remove file" in said
    said = complaint(path, 'file = "data.bin"\n', "")
    assert said == 'DIR/s.toml:7: no "pages" in [[memory]]; add pages = 1, or file = "data.bin"'
    said = complaint(path, "at = 0x1000_0000", 'rights = ["EXECUTE", "READ"], executable = true, at = 0x1000_0000')
    assert 'memory "data" is filled from a file, and is never executed; remove executable' in said


@pytest.mark.promise(
    "The file of a memory region lies below the folder of its description, wherever links lead, or below a folder that "
    "the command allows, and no run writes to it"
)
def test_a_file_elsewhere_is_read_only_if_its_folder_is_allowed(path: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "data.bin").write_bytes(CONTENT)
    (path.parent / "data.bin").unlink()
    (path.parent / "data.bin").symlink_to(outside / "data.bin")
    said = "DIR/s.toml:9: DIR/data.bin: lies outside the folder of the description; move it there, or add "
    assert complaint(path) == f"{said}--allow-path {outside}"
    assert read_description(path, (outside,)).memory[1].content == CONTENT
    assert run_arguments(["check", str(path)]) == 2
    assert run_arguments(["check", str(path), "--allow-path", str(outside)]) == 0
    assert run_arguments(["run", "-q", str(path), "--allow-path", str(outside)]) == 1
    assert (outside / "data.bin").read_bytes() == CONTENT
    assert "lies outside" in complaint(path, "data.bin", str(outside / "none"))  # whether it is there is not told


def test_a_check_says_what_is_filled_and_the_command_what_is_recorded(
    path: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    description = read_description(path)
    lines = [*outline(description, load_system(description))]
    assert f"  memory data: 2 pages, filled from {path.parent}/data.bin, {len(CONTENT)} bytes" in lines
    assert run_arguments(["run", "-q", str(path), "--report", str(tmp_path / "r.json")]) == 1
    assert "the files that programs are given are recorded in the report" in capfd.readouterr().err
    assert run_arguments(["run", str(path), "--report", str(path.parent / "data.bin")]) == 2
    assert "is an input of this command and would be lost" in capfd.readouterr().err


@pytest.mark.parametrize(("word", "value"), [(0, 9), (0, 2), (1, 1 << 40), (1, (1 << 64) - 4096), (2, 1 << 40)])
def test_a_record_that_fills_what_is_not_there_is_refused(
    path: Path, tmp_path: Path, word: int, value: int, capfd: pytest.CaptureFixture[str]
) -> None:
    report = run_system(path).report()
    manifest = bytearray(unpack(report["replay"]["manifest"], manifest_bytes(limits.RAM)))
    first = struct.unpack_from("<Q", manifest, 8 * int(layout.WORD_FIRST_FILL))[0]
    struct.pack_into("<Q", manifest, first + 8 * word, value)
    report["replay"]["manifest"] = pack(bytes(manifest))
    (tmp_path / "report.json").write_text(json.dumps(report))
    assert run_arguments(["replay", str(tmp_path / "report.json")]) == 2
    (line,) = capfd.readouterr().err.splitlines()
    assert f"{tmp_path}/report.json: replay.manifest is none that tyrne makes: " in line


LARGE = """\
#include <stdint.h>
/* The first and the last word of what the file holds, whether zeros follow, and whether all of it can be written to. */
int main(void)
{
    volatile uint64_t *data = (volatile uint64_t *)0x40000000, *end = data + 1536 * 512;
    volatile uint64_t *word = data + (600 * 4096 + 8) / 8;
    uint64_t sum = *data + word[-1];
    for (; word < end; word++)
        if (*word)
            return 1;
    for (word = data; word < end; word += 512)
        *word = 7;
    return (int)(sum + end[-512]);
}
"""
BLOCKS = """\
[system]
name = "s"
[[memory]]
name = "ring"
pages = 3
dma = true
[[memory]]
name = "data"
file = "large.bin"
pages = 1536
[[memory]]
name = "small"
file = "data.bin"
[[memory]]
name = "buffers"
pages = 1024
dma = true
[[task]]
name = "t"
program = "p.c"
caps = [
  { memory = "data", at = 0x4000_0000 },
  { memory = "buffers", at = 0x5000_0000 },
  { memory = "small", at = 0x6000_0000 },
  { memory = "ring", at = 0x6001_0000 },
]
"""


@pytest.fixture
def blocks(path: Path) -> Path:
    (path.parent / "large.bin").write_bytes(struct.pack("<Q", 20).ljust(600 * 4096, b"\0") + struct.pack("<Q", 15))
    (path.parent / "p.c").write_text(LARGE)
    path.write_text(BLOCKS)
    return path


@pytest.mark.parametrize("machine", MACHINES)
def test_a_large_region_is_filled_and_mapped_by_blocks_in_one_piece(blocks: Path, machine: str) -> None:
    assert run_system(blocks, machine).tasks[0].exit_code == 42


def test_without_a_number_of_pages_a_large_file_gets_whole_blocks(blocks: Path) -> None:
    blocks.write_text(BLOCKS.replace("pages = 1536\n", ""))
    assert read_description(blocks).memory[1].pages == 1024
    blocks.write_text(BLOCKS.replace("pages = 1536", "pages = 1537"))
    with pytest.raises(RequestError) as caught:
        read_description(blocks)
    what = 'memory "data" has 1537 pages, which are not blocks of 0x200000 bytes'
    mend = "write pages = 2048, or let the task derive a part of at most 512 pages and map that"
    assert str(caught.value) == f"{blocks}:22: {what}; {mend}"


def test_blocks_begin_with_one_and_what_devices_reach_is_last(blocks: Path) -> None:
    ring, data, small, buffers = read_description(blocks).memory
    end = 0x4800_0000
    assert [region.address for region in (buffers, ring, small)] == [
        end - 1024 * limits.PAGE, buffers.address - 3 * limits.PAGE, ring.address - 2 * limits.PAGE,
    ]  # fmt: skip
    assert data.address == small.address // limits.BLOCK * limits.BLOCK - 1536 * limits.PAGE
    line = [*outline(read_description(blocks), load_system(read_description(blocks)))][1]
    assert f"{3 + 1536 + 601 + 2 + 2 + 1024 + 507} for memory regions" in line, "with the pages between that nobody has"


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.sampled_from([1, 3, 511, 512, 513, 1024, 1536]), st.sampled_from(["dma", "file", ""]))))
def test_wherever_they_are_laid_no_two_have_a_page_in_common(kinds: list[tuple[int, str]]) -> None:
    regions = [
        Region(str(i), pages, dma=kind == "dma", file=Path("f") if kind == "file" else None)
        for i, (pages, kind) in enumerate(kinds)
    ]
    end = 0x4800_0000
    found = sorted((r for r in placed(regions, end) if r.is_placed), key=lambda region: region.address)
    for low, high in pairwise(found):
        assert low.address + low.pages * limits.PAGE <= high.address and low.dma <= high.dma
    for region in found:
        assert region.pages <= 512 or region.pages % 512 or region.address % limits.BLOCK == 0
    if found:
        assert found[-1].address + found[-1].pages * limits.PAGE == end
        assert (end - found[0].address) // limits.PAGE == sum(r.pages for r in found) + gap_of(regions)
    assert reached_from(regions, end) == min((r.address for r in found if r.dma), default=end)
