"""`--memory`: how much RAM a machine has for programs without a description; and what `tyrne check` says of it."""

from __future__ import annotations

import re
import struct
from pathlib import Path

import pytest
from commands import Outcome, Tyrne

from tyrne.hosted.loading import ram_size

MEND = "name programs, or write memory in the [system] of a description"
EXIT = struct.pack("<3I", 0xD2800000, 0xD2800088, 0xD4000001)


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "exit.bin").write_bytes(EXIT)
    text = '[system]\nname = "s"\nmemory = "256M"\n[[task]]\nname = "t"\nprogram = "exit.bin"\n'
    (tmp_path / "s.toml").write_text(text)


def frames(output: str) -> int:
    """Those that the kernel says it has at boot, reserved ones included."""
    return sum(map(int, re.findall(r"pmm initialized \((\d+) frames available; (\d+) reserved\)", output)[0]))


@pytest.mark.parametrize("machine", ["hosted", "native", pytest.param("qemu", marks=pytest.mark.qemu)])
def test_a_machine_has_as_much_memory_as_is_said(tyrne: Tyrne, machine: str) -> None:
    for arguments, size in (("s.toml", 256), ("exit.bin", 128), ("exit.bin --memory 512M", 512)):
        done = tyrne("run", "--machine", machine, *arguments.split())
        assert (done.status, frames(done.out)) == (0, size * 256)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ("exit.bin --memory 512", "--memory is '512'; write 128M to 1G, in steps of 2M"),
        ("exit.bin --memory 64M", "--memory is 64M; write 128M to 1G, in steps of 2M"),
        ("--memory 1G", f"--memory: no program is named; {MEND}"),
        ("s.toml --memory 1G", f"--memory: s.toml is a description; {MEND}"),
    ],
)
def test_memory_that_nobody_gets_is_refused(tyrne: Tyrne, arguments: str, expected: str) -> None:
    done = tyrne("run", *arguments.split())
    assert (done.status, done.error) == (2, f"tyrne: error: {expected}")


@pytest.mark.parametrize("command", ["run", "check", "build --emit elf -o k.elf"])
def test_each_command_refuses_it_beside_a_description(tyrne: Tyrne, command: str) -> None:
    done = tyrne(*command.split(), "s.toml", "--memory", "1G")
    assert (done.status, done.error) == (2, f"tyrne: error: --memory: s.toml is a description; {MEND}")


def test_the_kernel_is_built_for_a_machine_with_that_memory(tyrne: Tyrne, tmp_path: Path) -> None:
    assert tyrne("build", "--emit", "elf", "-o", "k.elf", "exit.bin", "--memory", "256M").status == 0
    elf = (tmp_path / "k.elf").read_bytes()
    manifest = elf[elf.index(b"TYRNEMF2") :]
    assert ram_size(manifest) == 256 << 20


@pytest.mark.parametrize("emit", ["c", "program", "raw"])
def test_what_has_no_system_inside_takes_no_memory(tyrne: Tyrne, tmp_path: Path, emit: str) -> None:
    done = tyrne("build", "--emit", emit, "-o", "out", "exit.bin", "--memory", "256M")
    what = f"--emit {emit} has no system inside; leave it out, or give --emit elf or image"
    assert (done.status, done.error) == (2, f"tyrne: error: --memory: {what}")
    assert not (tmp_path / "out").exists()


def memory_line(done: Outcome) -> str:
    assert (done.status, done.err) == (0, "")
    return done.out.splitlines()[1]


def test_check_says_how_much_memory_there_is(tyrne: Tyrne) -> None:
    assert memory_line(tyrne("check", "exit.bin")) == "  128M of memory: 20480 frames for all are left"
    assert memory_line(tyrne("check", "exit.bin", "--memory", "1G")) == "  1G of memory: 249856 frames for all are left"
    assert memory_line(tyrne("check", "s.toml")) == "  256M of memory: 53248 frames for all are left"


FULL = """\
[system]
name = "full"
memory = "130M"
[[memory]]
name = "filled"
pages = 5
file = "exit.bin"
[[task]]
name = "t"
program = "large.bin"
stack_pages = 70
caps = [ { quota = true } ]
quota = { frames = 100 }
"""


def test_check_says_what_takes_of_it_and_what_is_left(tyrne: Tyrne, tmp_path: Path) -> None:
    (tmp_path / "large.bin").write_bytes(EXIT.ljust(300 * 4096, b"\1"))
    (tmp_path / "full.toml").write_text(FULL)
    assert memory_line(tyrne("check", "full.toml")) == (
        "  130M of memory: of 20992 frames for all, 88 for programs (above 512 each), 6 for stacks (above 64 each), "
        "6 for memory regions, 100 for quotas; 20792 are left"
    )


def test_what_check_says_is_left_is_what_there_is(tyrne: Tyrne, tmp_path: Path) -> None:
    (tmp_path / "large.bin").write_bytes(EXIT.ljust(300 * 4096, b"\1"))
    (tmp_path / "full.toml").write_text(FULL.replace("= 100", f"= {100 + 20792}"))
    assert memory_line(tyrne("check", "full.toml")).endswith("; 0 are left")
    assert tyrne("run", "full.toml").status == 0
    (tmp_path / "full.toml").write_text(FULL.replace("= 100", f"= {100 + 20793}"))
    done = tyrne("check", "full.toml")
    assert done.status == 2
    assert done.error.endswith('make it smaller, or write memory = "256M" in [system]')


def test_check_refuses_a_program_in_one_line_and_takes_it_with_more_memory(tyrne: Tyrne, tmp_path: Path) -> None:
    (tmp_path / "large.bin").write_bytes(EXIT.ljust(15 << 20, b"\1"))
    programs = ["large.bin"] * 3
    done = tyrne("check", *programs)
    assert (done.status, done.error) == (
        2,
        "tyrne: error: large.bin: programs take 21504 pages above 512 each, up to this one; "
        "a system has at most 20480, make it smaller, or give --memory 256M to run, build or check",
    )
    line = memory_line(tyrne("check", *programs, "--memory", "256M"))
    assert line.endswith("of 53248 frames for all, 21504 for programs (above 512 each); 31744 are left")
