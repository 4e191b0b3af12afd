"""What a program of Linux is given to read: files in a folder or an archive, and its standard input."""

from __future__ import annotations

import os
import random
import shutil
import struct
import subprocess
from pathlib import Path
from typing import Final

import pytest
from linux_programs import ORACLE, PROGRAMS, build, on_all_machines, run, told

from tyrne.cli.main import run_arguments as main
from tyrne.linux import archive
from tyrne.linux.archive import entry, pack, read_archive
from tyrne.linux.errors import ExecutableError
from tyrne.system.errors import RequestError
from tyrne.system.run import Machine
from tyrne.system.select import load_system, select

RIGHT: Final = (PROGRAMS / "files.txt").read_text()
"""What Linux answers: the test below asks it again where qemu-user is there."""
FILE, FOLDER, LINK = 0o100644, 0o040755, 0o120777
END: Final = entry(b"TRAILER!!!", 0, b"", 0)


@pytest.fixture
def files(tmp_path: Path) -> Path:
    folder = tmp_path / "files"
    (folder / "folder").mkdir(parents=True)
    (folder / "text").write_text("first\nsecond\n")
    (folder / "text").chmod(0o644)
    (folder / "folder" / "inner").write_text("inner\n")
    (folder / "folder" / "link").symlink_to("../text")
    return folder


@pytest.fixture
def typed(tmp_path: Path) -> Path:
    path = tmp_path / "typed"
    path.write_text("one\ntwo\n")
    return path


@pytest.mark.promise(
    "The program has a copy: nothing that it does changes a file of the host, except in a folder that its task names "
    "by out, or --out of the command: that gets what it has made or changed"
)
@on_all_machines
def test_files_are_found_changed_made_renamed_and_removed_as_linux_does(
    machine: Machine, files: Path, typed: Path
) -> None:
    result = run(build("files.c"), machine=machine, files=files, stdin=typed)
    assert told(result) == (RIGHT, 0)
    assert (files / "text").read_text() == "first\nsecond\n", "the program changes a copy"
    assert sorted(os.listdir(files)) == ["folder", "text"]


@pytest.mark.skipif(ORACLE is None, reason="qemu-user is not installed")
def test_linux_itself_answers_so(files: Path, typed: Path) -> None:
    assert ORACLE is not None
    command = [ORACLE, str(build("files.c"))]
    with typed.open("rb") as stdin:
        done = subprocess.run(command, cwd=files, stdin=stdin, capture_output=True, env={}, timeout=60)
    assert done.stdout.decode() == RIGHT


def test_the_archive_of_a_folder_is_the_same_wherever_it_lies(files: Path, tmp_path: Path) -> None:
    other = tmp_path / "other place"
    shutil.copytree(files, other, symlinks=True)
    os.utime(other / "text", (1, 1))
    assert pack(files) == pack(other)


@pytest.mark.promise("A link among the files is kept as a link: what it leads to is not read")
def test_a_link_is_kept_as_a_link_and_what_it_leads_to_is_not_read(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    (tmp_path / "secret").write_text("secret")
    (folder / "file").symlink_to(tmp_path / "secret")
    (folder / "up").symlink_to("..")
    assert b"secret" not in pack(folder).replace(os.fsencode(tmp_path / "secret"), b"")
    assert told(run(build("walk.c"), files=folder)) == ("0 files of 0 bytes, 2 folders, 2 links\n", 0)


def test_what_is_neither_file_nor_folder_nor_link_is_refused(files: Path) -> None:
    os.mkfifo(files / "pipe")
    with pytest.raises(ExecutableError, match=r"pipe: neither a file, a folder nor a link; leave it out"):
        pack(files)


def test_more_than_the_limit_is_refused_before_it_is_read_whole(
    files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "ARCHIVE_BYTES", 1000)
    with (files / "large").open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(ExecutableError, match="larger than 1000 bytes, the limit for files"):
        pack(files)
    monkeypatch.setattr(archive, "ENTRIES", 2)
    (files / "large").unlink()
    with pytest.raises(ExecutableError, match="more than 2 files"):
        pack(files)


def test_an_archive_is_given_as_it_is_and_another_file_refused(files: Path, tmp_path: Path) -> None:
    path = tmp_path / "files.cpio"
    path.write_bytes(pack(files))
    assert read_archive(path) == pack(files)
    path.write_text("no archive")
    with pytest.raises(ExecutableError, match="neither a folder nor an archive"):
        read_archive(path)


HOSTILE: Final = {
    "up": (entry(b"../../outside", FILE, b"x", 1), "0 files of 0 bytes, 2 folders, 0 links"),
    "up-within": (entry(b"a/../../outside", FILE, b"x", 1), "0 files of 0 bytes, 2 folders, 0 links"),
    "absolute": (entry(b"/etc/passwd", FILE, b"xyz", 1), "1 files of 3 bytes, 3 folders, 0 links"),
    "through-a-link": (
        entry(b"a", LINK, b"/tmp", 1) + entry(b"a/b", FILE, b"x", 2), "1 files of 1 bytes, 2 folders, 1 links"
    ),
    "loop": (entry(b"a", LINK, b"a", 1) + entry(b"a/b", FILE, b"x", 2), "0 files of 0 bytes, 2 folders, 1 links"),
    "over-a-device": (entry(b"dev/null", FILE, b"x", 1), "0 files of 0 bytes, 2 folders, 0 links"),
    "device": (entry(b"disk", 0o060644, b"", 1), "0 files of 0 bytes, 2 folders, 0 links"),
    "file-as-folder": (
        entry(b"a", FILE, b"x", 1) + entry(b"a/b", FILE, b"y", 2), "1 files of 1 bytes, 2 folders, 0 links"
    ),
    "empty-name": (entry(b"", FILE, b"x", 1), "0 files of 0 bytes, 2 folders, 0 links"),
    "long-name": (entry(b"n" * 300, FILE, b"x", 1), "0 files of 0 bytes, 2 folders, 0 links"),
    "twice": (
        entry(b"a", FILE, b"x", 1) + entry(b"a", FILE, b"second", 2), "1 files of 6 bytes, 2 folders, 0 links"
    ),
    "huge": (
        entry(b"a", FILE, b"x", 1).replace(b"%08X" % 1, b"FFFFFFFF"), "0 files of 0 bytes, 2 folders, 0 links"
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_an_archive_leads_nowhere_else(name: str, tmp_path: Path) -> None:
    content, right = HOSTILE[name]
    path = tmp_path / "hostile.cpio"
    path.write_bytes(content + END)
    assert told(run(build("walk.c"), files=path)) == (right + "\n", 0)


def test_a_damaged_archive_ends_the_task_at_most(files: Path, tmp_path: Path) -> None:
    base = pack(files)
    path = tmp_path / "damaged.cpio"
    for seed in range(40):
        choose = random.Random(seed)
        damaged = bytearray(base)
        for _ in range(choose.randint(1, 8)):
            at = choose.randrange(len(damaged))
            damaged[at : at + choose.choice((0, 1, 4))] = choose.choice((b"0", b"F", b"/", b"..", b"\0", b"0707"))
        path.write_bytes(b"070701" + damaged[6 : choose.choice((len(damaged), choose.randrange(6, len(damaged))))])
        result = run(build("walk.c"), files=path)
        assert result.status in (0, 1), f"seed {seed}"


def described(folder: Path, more: str) -> Path:
    shutil.copy(build("walk.c"), folder / "walk")
    path = folder / "system.toml"
    task = '[[task]]\nname = "walk"\nprogram = "walk"\nabi = "linux"\ncaps = [{ console = true }]\n'
    path.write_text(f'[system]\nname = "walk"\n{task}{more}\n')
    return path


def test_a_description_gives_files_beside_it(files: Path) -> None:
    system = load_system(select([described(files.parent, 'files = "files"')]))
    assert pack(files) in system.tasks[0].program.segments[-1].data


@pytest.mark.promise(
    "The files and the input that a description gives to a program of Linux lie below the folder of the description, "
    "wherever links lead"
)
@pytest.mark.parametrize("key", ["files", "stdin"])
def test_what_lies_outside_the_folder_of_the_description_is_refused(key: str, files: Path) -> None:
    inner = files.parent / "inner"
    inner.mkdir()
    (inner / "way").symlink_to("../files/text" if key == "stdin" else "../files")
    for name in ("way", "../files", "/"):
        with pytest.raises(RequestError, match=r"toml:8: .* lies outside the folder of the description; move it there"):
            select([described(inner, f'{key} = "{name}"')])


def test_what_is_missing_is_said_with_its_place(files: Path) -> None:
    for key, what in (("files", "missing: cannot be read"), ("stdin", "missing: cannot be read")):
        with pytest.raises(RequestError, match=rf"toml:5: .*{what}"):
            load_system(select([described(files.parent, f'{key} = "missing"')]))


@pytest.mark.promise("Files and input are in the report of a run, and `run` says so")
def test_what_is_given_is_in_the_report_and_run_says_so(
    files: Path, typed: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    report = tmp_path / "report.json"
    words = ["run", "-q", "--abi", "linux", "--report", str(report), "--machine", "native"]
    given = ["--files", str(files), "--input", str(typed), str(build("files.c"))]
    assert main([*words, *given]) == 0
    out, err = capfd.readouterr()
    assert out == RIGHT
    assert err == (
        "tyrne: warning: what is typed is recorded in the report\n"
        "tyrne: warning: the files that programs are given are recorded in the report\n"
    )
    assert main(["replay", str(report)]) == 0
    assert main(["run", "-q", "--files", str(files), "programs/hello.py"]) == 2
    assert "a program of Tyrne, which is given no files; leave that out" in capfd.readouterr().err


def test_size_and_name_of_an_entry_are_words_of_eight_digits() -> None:
    """What c/archive.c reads: fourteen fields of the format."""
    head = entry(b"ab", FILE, b"xyz", 7)
    fields = [head[6 + 8 * number : 14 + 8 * number] for number in range(13)]
    assert fields[1] == b"%08X" % FILE and fields[6] == b"00000003" and fields[11] == b"00000003"
    assert len(head) % 4 == 0 and struct.calcsize("6s104s") == 110
