"""A hostile program of Linux that may leave files: what it leaves past its library, and code that it makes itself."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

import pytest
from linux_programs import build, on_all_machines

from tyrne.cli.main import run_arguments as main
from tyrne.linux.archive import entry
from tyrne.system.run import Machine

FILE, FOLDER, LINK, DEVICE = 0o100644, 0o040755, 0o120777, 0o020666
TRIED: Final = (
    (b"../outside", FILE, "it leads out of the folder"),
    (b"folder/../../outside", FILE, "it leads out of the folder"),
    (b"/tmp/tyrne-outside", FILE, "it leads out of the folder"),
    (b"way", LINK, "a link"),
    (b"way/outside", FILE, ""),  # the link is not there, so it is a folder
    (b"device", DEVICE, "neither a file nor a folder"),
    (b"\x1b[2J", FILE, "its name is not printable UTF-8"),
    (b"folder", FOLDER, ""),
    (b"folder", FILE, "a folder is there"),
    (b"good", FILE, ""),
)


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """In a folder with its files, of which one is what it leaves."""
    (tmp_path / "place" / "files").mkdir(parents=True)
    archive = b"".join(entry(name, mode, b"/etc/passwd", at) for at, (name, mode, _) in enumerate(TRIED))
    (tmp_path / "place" / "files" / "archive").write_bytes(archive + b"no more of it")
    (tmp_path / "place" / "leaves").write_bytes(build("leaves.c").read_bytes())
    return tmp_path / "place" / "leaves"


def words(program: Path, machine: Machine, *arguments: str) -> list[str]:
    given = ["--files", str(program.parent / "files"), "--out", str(program.parent / "out")]
    behind = ("--", *arguments) if arguments else ()
    return ["run", "-q", "--policy", "--abi", "linux", "--machine", machine.value, *given, str(program), *behind]


@pytest.mark.promise("Nothing is written outside that folder: no link is followed, and no path leads up")
@on_all_machines
def test_what_a_program_leaves_past_its_library_leads_nowhere_else(
    machine: Machine, program: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(words(program, machine)) == 0
    out = program.parent / "out"
    told = capfd.readouterr().err.partition("tyrne: nothing was refused")[0]
    lines = told.replace(f"tyrne: {out}: ", "").splitlines()
    names = [name.decode(errors="backslashreplace") for name, _, _ in TRIED]
    refused = [f"{name!r} is left out: {why}" for name, (_, _, why) in zip(names, TRIED, strict=True) if why]
    assert lines[0] == "2 files came back: way/outside, good"
    assert sorted(lines[1:-2]) == sorted(refused)
    assert lines[-2] == f"{(1 << 64) - 1} more did not fit into 4 MiB, and are lost"
    assert lines[-1] == "what the program has left there ends in what is no archive"
    assert {str(each.relative_to(out)) for each in out.rglob("*")} == {"way", "way/outside", "folder", "good"}
    assert sorted(os.listdir(tmp_path)) == ["place"]
    assert sorted(os.listdir(program.parent)) == ["files", "leaves", "out"]
    assert not Path("/tmp/tyrne-outside").exists()


@pytest.mark.promise("Code that it writes into its data, its stack or its heap is not executed")
@pytest.mark.parametrize("where", ["data", "heap", "stack", "out"])
@pytest.mark.parametrize("machine", [Machine.NATIVE, pytest.param(Machine.QEMU, marks=pytest.mark.qemu)])
def test_code_that_a_program_makes_is_not_executed(
    machine: Machine, where: str, program: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(words(program, machine, where)) == 1
    out, err = capfd.readouterr()
    assert out == "jumps\n"
    assert "tyrne: leaves: executes " in err
    assert " EACCES  mprotect" in err and " EACCES  mmap" in err
