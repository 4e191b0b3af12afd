"""Wrong requests: one line that names the cause and the mend, status 2, and nothing written."""

import os
from pathlib import Path

import pytest
from commands import Tyrne

CODE = b"\x00\x00\x80\xd2\x88\x00\x80\xd2\x01\x00\x00\xd4"
"""mov x0, #0; mov x8, #4; svc #0."""


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ("run no.bin", "no.bin: cannot be read: no such file or directory; give the path of a program"),
        ("run no.toml", "no.toml: cannot be read: no such file or directory; give the path of a system description"),
        ("run a.bin s.toml", "s.toml: a description stands alone; give one system, or only programs"),
        (
            "run a.txt",
            "a.txt: not a program; "
            "give Kernel Python (.py), C (.c), assembly (.S), an AArch64 ELF or a raw image (.bin)",
        ),
        ("run" + " a.bin" * 17, "17 programs; a system has at most 16 tasks, give fewer"),
        ("run --machine moon a.bin", "Invalid value for '--machine': 'moon' is not one of 'hosted', 'qemu', 'native'"),
        ("run --max-instructions 0 a.bin", "Invalid value for '--max-instructions': Input should be "),
        ("run --swift a.bin", "No such option: --swift; see tyrne run --help"),
        ("run --report no/r.json a.bin", "no/r.json: there is no directory no; make it first"),
        ("run --report a.bin a.bin", "a.bin: is an input of this command and would be lost; name another file"),
        ("build --emit c -o a.bin a.bin", "a.bin: is an input of this command and would be lost; name another file"),
        ("new a.bin/x", "a.bin/x: cannot be made: a.bin is no folder; choose another name"),
        ("run --report . a.bin", ".: is a directory; name a file"),
        ("build a.bin", "Missing option '--emit'"),
        ("build --emit pdf a.bin", "Invalid value for '--emit': 'pdf' is not one of 'c', 'elf', 'image'"),
        ("build --emit elf a.bin", "no output named; add -o FILE for --emit elf"),
        ("build --emit elf -o no/k.elf a.bin", "no/k.elf: there is no directory no; make it first"),
        ("build --emit elf -o k.elf no.bin", "no.bin: cannot be read: no such file or directory; give the path of a "),
        ("build --emit c no.py", "no.py: there is no such file; give the path of a program"),
        ("check no.bin", "no.bin: cannot be read: no such file or directory; give the path of a program"),
        ("new a.bin", "a.bin: no name for a project; use at most 32 letters, digits, - and _, a letter first"),
        ("new folder", "folder: exists already, and nothing in it was touched; choose another name"),
        ("new", "Missing argument 'NAME'"),
        ("lab start 1 folder", "folder: exists already, and nothing in it was touched; name another folder"),
        ("lab check 9", "there is no lab 9; tyrne lab list shows those from 1 to 6"),
        ("lab check", "Missing argument 'N'"),
        ("fly", "No such command 'fly'; see tyrne --help"),
    ],
)
def test_a_wrong_request_is_one_line_and_status_2(tyrne: Tyrne, tmp_path: Path, arguments: str, expected: str) -> None:
    (tmp_path / "a.bin").write_bytes(CODE)
    (tmp_path / "a.txt").write_bytes(CODE)
    (tmp_path / "s.toml").write_text("")
    (tmp_path / "folder").mkdir()
    before = sorted(os.listdir(tmp_path))
    outcome = tyrne(*arguments.split())
    assert (outcome.status, outcome.out) == (2, "")
    assert outcome.error.startswith(f"tyrne: error: {expected}")
    assert sorted(os.listdir(tmp_path)) == before


@pytest.mark.parametrize("command", ["run --report", "build --emit elf -o"])
@pytest.mark.parametrize("lost", ["s.toml", "a.bin"])
def test_no_output_replaces_a_description_or_its_programs(
    tyrne: Tyrne, tmp_path: Path, command: str, lost: str
) -> None:
    (tmp_path / "a.bin").write_bytes(CODE)
    (tmp_path / "s.toml").write_text('[system]\nname = "s"\n[[task]]\nname = "t"\nprogram = "a.bin"\n')
    before = (tmp_path / lost).read_bytes()
    outcome = tyrne(*command.split(), lost, "s.toml")
    assert outcome.status == 2
    assert outcome.error == f"tyrne: error: {lost}: is an input of this command and would be lost; name another file"
    assert (tmp_path / lost).read_bytes() == before


@pytest.mark.parametrize("command", ["run --report", "build --emit elf -o"])
def test_no_output_takes_the_place_of_a_stream_that_is_a_file(tyrne: Tyrne, tmp_path: Path, command: str) -> None:
    """As /dev/stdout is one where it is sent to a file: a link into /proc, which root could replace."""
    (tmp_path / "a.bin").write_bytes(CODE)
    (tmp_path / "s.toml").write_text('[system]\nname = "s"\n[[task]]\nname = "t"\nprogram = "a.bin"\n')
    with (tmp_path / "out").open("wb") as stream:
        (tmp_path / "stdout").symlink_to(f"/proc/self/fd/{stream.fileno()}")
        for output in ("stdout", f"/proc/self/fd/{stream.fileno()}", f"/dev/fd/{stream.fileno()}"):
            outcome = tyrne(*command.split(), output, "s.toml")
            assert outcome.status == 2
            why = "leads to a file that is open already; name the file that is to be written"
            assert outcome.error == f"tyrne: error: {output}: {why}"
    assert (tmp_path / "stdout").is_symlink() and (tmp_path / "out").read_bytes() == b""


@pytest.mark.parametrize("name", ["x" * 255, "link"])
def test_an_output_has_any_name_and_takes_the_place_of_a_link(tyrne: Tyrne, tmp_path: Path, name: str) -> None:
    (tmp_path / "a.bin").write_bytes(CODE)
    (tmp_path / "link").symlink_to("other")
    tyrne("run", "a.bin", "--report", name)
    assert (tmp_path / name).read_bytes().startswith(b"{") and not (tmp_path / name).is_symlink()
    assert {file.name for file in tmp_path.iterdir()} == {"a.bin", "link", name}


def test_every_mistake_of_a_description_is_a_line(tyrne: Tyrne, tmp_path: Path) -> None:
    task = '[system]\nname = "s"\n[[task]]\nname = "t"\nprogram = "t.bin"\n'
    (tmp_path / "s.toml").write_text(task + "stack_pages = 0\nx = 1\n")
    assert tyrne("check", "s.toml").err == (
        'tyrne: error: s.toml:7: unknown key "x" in [[task]]; '
        "the keys are name, program, abi, args, env, heap_pages, threads, files, stdin, out, stack_pages, priority, "
        "start, serves, supervisor, quota, caps\n"
    )
    (tmp_path / "s.toml").write_text(task + "stack_pages = 0\n")
    assert tyrne("check", "s.toml").error.startswith("tyrne: error: s.toml:6: stack_pages is 0; write a number from 1")
    (tmp_path / "s.toml").write_text(task)
    assert tyrne("check", "s.toml").error == (
        "tyrne: error: s.toml:5: t.bin: cannot be read: no such file or directory; give the path of a program"
    )


def test_the_files_of_devices_are_looked_at_before_anything_runs_and_are_not_written_over(
    tyrne: Tyrne, tmp_path: Path
) -> None:
    (tmp_path / "a.bin").write_bytes(CODE)
    (tmp_path / "in").mkdir()
    (tmp_path / "disk.img").write_bytes(bytes(512))
    (tmp_path / "in" / "s.toml").write_text(
        '[system]\nname = "s"\n[[device]]\nname = "d"\nkind = "block"\nfile = "../disk.img"\n'
        '[[task]]\nname = "t"\nprogram = "../a.bin"\n'
    )
    for command in (["run"], ["check"], ["run", "--machine", "native"]):
        refused = tyrne(*command, "in/s.toml")
        assert refused.status == 2
        assert refused.error == (
            "tyrne: error: in/s.toml:6: in/../disk.img: lies outside the folder of the description; move it there, "
            f"or add --allow-path {tmp_path}"
        )
        assert tyrne(*command, "--allow-path", ".", "in/s.toml").status == 0
    taken = tyrne("run", "--allow-path", ".", "--report", "disk.img", "in/s.toml")
    assert (taken.status, "is an input of this command and would be lost" in taken.error) == (2, True)


@pytest.mark.parametrize("machine", ["hosted", "native"])
def test_a_device_is_refused_on_a_machine_that_has_none(tyrne: Tyrne, tmp_path: Path, machine: str) -> None:
    (tmp_path / "a.bin").write_bytes(CODE)
    (tmp_path / "s.toml").write_text(
        '[system]\nname = "s"\n[[memory]]\nname = "ram"\npages = 1\n[[memory]]\nname = "clock"\npages = 1\n'
        'address = 0x0901_0000\n[[task]]\nname = "t"\nprogram = "a.bin"\n'
    )
    outcome = tyrne("run", "--machine", machine, "--report", "r.json", "s.toml")
    assert (outcome.status, outcome.out) == (2, "")
    assert outcome.error == (
        f'tyrne: error: s.toml:9: memory "clock" is a device at 0x9010000, and the {machine} machine has none there; '
        'run it with --machine qemu, or describe it with [[device]] and kind = "rtc"'
    )
    assert not (tmp_path / "r.json").exists()


def test_a_machine_that_is_not_installed_is_named_with_the_command_that_installs_it(
    tyrne: Tyrne, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.bin").write_bytes(CODE)
    monkeypatch.setenv("PATH", str(tmp_path))
    outcome = tyrne("run", "--machine", "qemu", "--report", "r.json", "a.bin")
    assert outcome.status == 2
    assert outcome.error == (
        "tyrne: error: qemu-system-aarch64: not installed; "
        "install it with: apt-get install --no-install-recommends qemu-system-arm"
    )
    assert not (tmp_path / "r.json").exists()


def test_a_program_that_cannot_be_read_by_this_user_is_named(tyrne: Tyrne, tmp_path: Path) -> None:
    (tmp_path / "a.bin").mkdir()
    assert tyrne("run", "a.bin").error == (
        "tyrne: error: a.bin: cannot be read: is a directory; give the path of a program"
    )


def test_help_is_shown_on_request_and_without_a_command(tyrne: Tyrne) -> None:
    for arguments in (["--help"], ["run", "--help"]):
        outcome = tyrne(*arguments)
        assert (outcome.status, outcome.err) == (0, "")
        assert "Usage: tyrne" in outcome.out
    assert "max-instructions" in tyrne("run", "--help").out


def test_a_defect_of_tyrne_is_one_line_too(tyrne: Tyrne, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("two\nlines")

    monkeypatch.setattr("tyrne.cli.building.select", broken)
    outcome = tyrne("check")
    assert outcome.status == 70
    assert outcome.error.startswith("tyrne: defect in tyrne: ZeroDivisionError: two lines; set TYRNE_TRACEBACK=1")
