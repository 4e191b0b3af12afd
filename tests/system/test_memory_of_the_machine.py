"""A system says how much RAM its machine has: 128 MiB, or up to 1 GiB, the same on every machine and in a replay."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import pytest

from running import on_each_machine
from tyrne import testing
from tyrne.hosted.loading import ram_size
from tyrne.system import limits
from tyrne.system.description import read_description
from tyrne.system.errors import RequestError
from tyrne.system.manifest import System, encode
from tyrne.system.ram import MOST, read_size, shared_frames, size_text
from tyrne.system.replay import Replay
from tyrne.system.select import load_system

MIB = 1 << 20
EXIT = struct.pack("<3I", 0xD2800000, 0xD2800088, 0xD4000001)
TOUCH = """
#include <stdint.h>
/* Writes to the first and the last word of its memory, and to the first of that at the end of RAM. */
int main(void)
{
    volatile uint64_t *large = (volatile uint64_t *)0x40000000, *last = large + PAGES * 512ULL - 1;
    volatile uint64_t *end = (volatile uint64_t *)0x10000000;
    if (*large || *last || *end) return 1;
    *large = 2, *last = 3, *end = 4;
    return *large + *last + *end;
}
"""


def touching(folder: Path, memory: str, pages: int) -> Path:
    """A system of which a task has so many pages, and one that lies at the end of RAM."""
    (folder / "touch.c").write_text(TOUCH.replace("PAGES", str(pages)))
    path = folder / "s.toml"
    path.write_text(
        f'[system]\nname = "s"\n{memory}\n[[memory]]\nname = "large"\npages = {pages}\n'
        '[[memory]]\nname = "end"\npages = 1\ndma = true\n[[task]]\nname = "t"\nprogram = "touch.c"\n'
        'caps = [ { memory = "large", at = 0x4000_0000 }, { memory = "end", at = 0x1000_0000 } ]\n'
    )
    return path


def described(folder: Path, *lines: str) -> Path:
    (folder / "exit.bin").write_bytes(EXIT)
    path = folder / "s.toml"
    path.write_text("\n".join(["[system]", 'name = "s"', *lines, "[[task]]", 'name = "t"', 'program = "exit.bin"', ""]))
    return path


def complaints(path: Path) -> list[str]:
    with pytest.raises(RequestError) as caught:
        load_system(read_description(path))
    return [line.replace(f"{path}:", "s:") for line in caught.value.lines]


@pytest.mark.parametrize(("memory", "end"), [('memory = "130M"', 0x4820_0000), ('memory = "1G"', 0x8000_0000)])
@on_each_machine
def test_memory_is_used_up_to_its_end(tmp_path: Path, machine: str, memory: str, end: int) -> None:
    path = touching(tmp_path, memory, 2048)
    assert read_description(path).memory[1].address == end - limits.PAGE
    outcome = testing.run_system(path, machine)
    assert (outcome.tasks[0].state, outcome.tasks[0].exit_code) == ("exited", 9)
    assert outcome.report()["status"] == 1


@pytest.mark.parametrize("machine", ["native", pytest.param("qemu", marks=pytest.mark.qemu)])
def test_one_region_may_be_larger_than_all_memory_is_without_a_word(tmp_path: Path, machine: str) -> None:
    path = touching(tmp_path, 'memory = "256M"', limits.RAM // limits.PAGE + 4096)
    assert testing.run_system(path, machine).tasks[0].exit_code == 9


@pytest.mark.parametrize("machine", ["hosted", "native"])
def test_a_replay_has_the_same_memory(tmp_path: Path, machine: str) -> None:
    report = testing.run_system(touching(tmp_path, 'memory = "1G"', 2048), machine).report()
    (tmp_path / "r.json").write_text(json.dumps(report))
    replay = Replay.load(tmp_path / "r.json")
    assert replay.record.ram == MOST
    replay.to(-1)
    assert replay.difference() is None


@pytest.mark.qemu
def test_a_run_of_qemu_with_more_memory_is_repeated(tmp_path: Path) -> None:
    report = testing.run_system(touching(tmp_path, 'memory = "512M"', 1024), "qemu").report()
    (tmp_path / "r.json").write_text(json.dumps(report))
    assert Replay.load(tmp_path / "r.json").difference() is None


@on_each_machine
def test_devices_reach_the_end_of_larger_memory(tmp_path: Path, machine: str) -> None:
    systems = Path(__file__).parents[2] / "systems"
    text = (systems / "disk.toml").read_text().replace('name = "disk"\n', 'name = "disk"\nmemory = "256M"\n', 1)
    (tmp_path / "disk.img").write_bytes((systems / "disk.img").read_bytes())
    (tmp_path / "disk.toml").write_text(text.replace("../programs", str(systems.parent / "programs")))
    found = testing.run_system(tmp_path / "disk.toml", machine, max_instructions=0).report()
    usual = testing.run_system(systems / "disk.toml", "hosted", max_instructions=0).report()
    assert found["status"] == usual["status"] == 0
    assert sorted(found["console"].split("\n")) == sorted(usual["console"].split("\n"))


@on_each_machine
def test_the_largest_system_fits_into_the_most_memory(tmp_path: Path, machine: str) -> None:
    (tmp_path / "large.bin").write_bytes(EXIT.ljust(limits.SMALL_PROGRAM_PAGES // 2 * limits.PAGE, b"\x01"))
    small = limits.BOOT_REGIONS - 1
    most = (shared_frames(MOST) - 2 * small) // limits.MAPPED_PAGES * limits.MAPPED_PAGES
    text = '[system]\nname = "large"\nmemory = "1G"\n'
    text += "".join(f'[[memory]]\nname = "{i}"\npages = {pages}\n' for i, pages in enumerate([2] * small + [most]))
    for number in range(limits.TASKS):
        text += f'[[task]]\nname = "{number}"\nprogram = "large.bin"\nstack_pages = {limits.SMALL_STACK_PAGES}\n'
    (tmp_path / "s.toml").write_text(text)
    report = testing.run_system(tmp_path / "s.toml", machine).report()
    assert report["status"] == 0
    assert len(report["tasks"]) == limits.TASKS


@pytest.mark.parametrize(
    ("text", "size"), [("128M", 128), ("130M", 130), ("256M", 256), ("1022M", 1022), ("1024M", 1024), ("1G", 1024)]
)
def test_sizes_are_written_in_mib_or_gib(text: str, size: int) -> None:
    assert read_size(text) == size * MIB
    assert read_size(size_text(size * MIB)) == size * MIB


MEND = "write 128M to 1G, in steps of 2M"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ('memory = "126M"', f"s:3: memory is 126M; {MEND}"),
        ('memory = "129M"', f"s:3: memory is 129M; {MEND}"),
        ('memory = "1026M"', f"s:3: memory is 1026M; {MEND}"),
        ('memory = "2G"', f"s:3: memory is 2G; {MEND}"),
        ('memory = "999999G"', f"s:3: memory is 999999G; {MEND}"),
        ('memory = "0M"', f"s:3: memory is '0M'; {MEND}"),
        ('memory = "256"', f"s:3: memory is '256'; {MEND}"),
        ('memory = "256m"', f"s:3: memory is '256m'; {MEND}"),
        ('memory = "256 M"', f"s:3: memory is '256 M'; {MEND}"),
        ('memory = "٢M"', f"s:3: memory is '٢M'; {MEND}"),
        ('memory = "1G\\n"', f"s:3: memory is '1G\\n'; {MEND}"),
        ('memory = ""', f"s:3: memory is ''; {MEND}"),
        (f'memory = "{"1" * 5000}M"', f"s:3: memory is '{'1' * 40}'; {MEND}"),
        ("memory = 256", 's:3: "memory" is a number; write memory = "256M"'),
    ],
)
def test_a_size_that_no_machine_has_is_told_with_what_to_write(tmp_path: Path, line: str, expected: str) -> None:
    assert complaints(described(tmp_path, line)) == [expected]


def test_what_a_system_has_for_all_grows_with_its_memory(tmp_path: Path) -> None:
    assert shared_frames(limits.RAM) == limits.SHARED_FRAMES == 20_480
    region = ["[[memory]]", 'name = "m"']
    more = ', or write memory = "{}" in [system]'
    for memory, most, mend in (
        ((), 20_480, more.format("256M")),
        (('memory = "256M"',), 53_248, more.format("512M")),
        (('memory = "1G"',), 249_856, ""),
    ):
        path = described(tmp_path, *memory, *region, f"pages = {most}")
        assert load_system(read_description(path)).memory[0].pages == most
        where = f"s:{5 + len(memory)}: "
        path = described(tmp_path, *memory, *region, f"pages = {most + 512}")
        assert complaints(path) == [f"{where}pages is {most + 512}; write a number from 1 to {most}"]
        path = described(tmp_path, *memory, *region, f"pages = {most}", *region[:1], 'name = "n"', "pages = 1")
        said = f"{most + 1} pages of memory; a system has at most {most}, remove some{mend}"
        assert [line.partition(": ")[2] for line in complaints(path)] == [said]


def test_quotas_and_programs_may_be_as_large_as_memory_has_room_for(tmp_path: Path) -> None:
    path = described(tmp_path, 'memory = "256M"')
    quota = "caps = [ { quota = true } ]\nquota = { frames = %d }\n"
    text = path.read_text()
    path.write_text(text + quota % 53_248)
    assert load_system(read_description(path)).tasks[0].quota.frames == 53_248
    path.write_text(text + quota % 53_249)
    assert complaints(path) == ["s:8: frames is 53249; write a number from 0 to 53248"]


def test_a_manifest_says_where_memory_ends() -> None:
    for size in limits.RAM, 300 * MIB, MOST:
        assert ram_size(encode(System("s", 0, (), ram=size))) == size
    assert ram_size(bytes(4096)) == limits.RAM, "older ones do not say it"
