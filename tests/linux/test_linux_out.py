"""What a program of Linux has made or changed of its files comes back into one folder, and goes nowhere else."""

from __future__ import annotations

import os
import shutil
import stat
import tracemalloc
from pathlib import Path
from typing import Final

import pytest
from linux_programs import build, on_all_machines

import tyrne.linux.returned
import tyrne.system.returned_files
from tyrne.cli.main import run_arguments as main
from tyrne.linux.archive import entry
from tyrne.linux.returned import read_returned
from tyrne.linux.start import out_pages
from tyrne.system.errors import RequestError
from tyrne.system.parts import Region
from tyrne.system.returned_files import _take
from tyrne.system.run import Machine
from tyrne.system.select import select

TEXT: Final = """\
[system]
name = "s"
[[task]]
name = "t"
program = "changes"
abi = "linux"
files = "root"
out = "out"
caps = [ { console = true } ]
"""
WHOLE: Final = {
    "made": "made\n", "changed": "new", "appended": "first\nmore\n", "empty": "", "folder/deep/file": "deep\n",
    "folder/moved": "moved\n", "renamed/inner": "inner\n", "script": "#!\n", "tmp/scratch": "scratch\n",
    "folder/here": "here\n",
}  # fmt: skip
"""All that comes back of it."""
FOLDERS: Final = {"folder", "folder/deep", "bare", "renamed", "tmp"}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    folder = tmp_path / "system"
    (folder / "root" / "whole").mkdir(parents=True)
    (folder / "changes").write_bytes(build("changes.c").read_bytes())
    for name, text in {"changed": "old content", "appended": "first\n", "kept": "kept\n", "moved": "moved\n",
                       "script": "#!\n", "removed": "x", "whole/inner": "inner\n"}.items():  # fmt: skip
        (folder / "root" / name).write_text(text)
        (folder / "root" / name).chmod(0o644)
    (folder / "s.toml").write_text(TEXT)
    return folder / "s.toml"


def tree(folder: Path) -> tuple[dict[str, str], set[str]]:
    """Each file below a folder with what it holds, and the folders."""
    found = [each for each in folder.rglob("*") if not each.is_symlink()]
    files = {str(each.relative_to(folder)): each.read_text() for each in found if each.is_file()}
    return files, {str(each.relative_to(folder)) for each in found if each.is_dir()}


def said(capfd: pytest.CaptureFixture[str]) -> list[str]:
    return [line.removeprefix("tyrne: ") for line in capfd.readouterr().err.splitlines()]


@pytest.mark.promise(
    "The program has a copy: nothing that it does changes a file of the host, except in a folder that its task names "
    "by out, or --out of the command: that gets what it has made or changed",
    "The command says what it has written",
)
@on_all_machines
def test_what_was_made_or_changed_comes_back(
    machine: Machine, path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    before = tree(path.parent / "root")
    assert main(["run", "-q", str(path), "--machine", machine.value]) == 0
    out = path.parent / "out"
    assert tree(out) == (WHOLE, FOLDERS)
    assert tree(path.parent / "root") == before
    assert stat.S_IMODE((out / "script").stat().st_mode) & 0o111
    assert not stat.S_IMODE((out / "made").stat().st_mode) & 0o111
    first, removed, *others = said(capfd)
    assert first == (
        f"{out}: 10 files came back: tmp/scratch, appended, changed, script, made, empty, folder/deep/file, "
        "folder/moved and 2 more"
    )
    assert removed == f"{out}: removed by the program, and not deleted there: moved, removed, whole"
    assert others == [f"{out}: '{name}' is left out: a link" for name in ("folder/out", "link")]


def test_on_the_command_line_a_folder_is_named_for_one_program(
    path: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    program, out = path.parent / "changes", tmp_path / "new" / "out"
    words = ["run", "-q", "--abi", "linux", str(program), "--files", str(path.parent / "root"), "--out", str(out)]
    assert main(words) == 0
    assert tree(out) == (WHOLE, FOLDERS)
    capfd.readouterr()
    assert main(["run", str(path), "--out", str(out)]) == 2
    assert "--abi, --files, --out and arguments are for programs; write abi, files, out and args" in said(capfd)[0]
    assert main(["run", str(program), str(program), "--out", str(out)]) == 2
    assert said(capfd)[0] == "error: --out: 2 programs are named; name the one whose files come back"
    (tmp_path / "p.bin").write_bytes(b"\x88\0\x80\xd2\1\0\0\xd4")
    assert main(["run", str(tmp_path / "p.bin"), "--out", str(out)]) == 2
    assert "a program of Tyrne, which is given no out; leave that out" in said(capfd)[0]


def test_a_program_that_ends_by_a_signal_leaves_its_files_and_one_that_faults_does_not(
    path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path.write_text(TEXT.replace('out = "out"', 'out = "out"\nargs = ["abort"]'))
    assert main(["run", "-q", str(path)]) == 1
    out = path.parent / "out"
    assert tree(out) == (WHOLE, FOLDERS)
    capfd.readouterr()
    path.write_text(TEXT.replace('out = "out"', 'out = "other"\nargs = ["fault"]'))
    assert main(["run", "-q", str(path)]) == 1
    other = path.parent / "other"
    assert f"{other}: nothing comes back, since the program has not ended by itself" in said(capfd)
    assert not other.exists()


def test_as_much_comes_back_as_the_heap_has(path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """The file is of 2 MiB, what the memory for it was before."""
    path.write_text(TEXT.replace('out = "out"', 'out = "out"\nargs = ["large"]'))
    assert main(["run", "-q", str(path)]) == 0
    assert not any("did not fit" in line for line in said(capfd))
    assert tree(path.parent / "out")[0] == WHOLE | {"after": "after\n", "large": "x" * (2 << 20)}


def test_what_does_not_fit_is_said_and_the_rest_comes_back(path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Its content is the archive's, and not in the heap: the program only renames what it is in."""
    (path.parent / "root" / "whole" / "big").write_text("x" * (4 << 20))
    assert main(["run", "-q", str(path)]) == 0
    out = path.parent / "out"
    assert f"{out}: 1 more did not fit into 4 MiB, and are lost" in said(capfd)
    assert tree(out)[0] == WHOLE


def test_what_has_too_long_a_path_is_named_as_such(path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path.write_text(TEXT.replace('out = "out"', 'out = "out"\nargs = ["long"]'))
    assert main(["run", "-q", str(path)]) == 0
    out, told = path.parent / "out", said(capfd)
    assert told.count(f"{out}: '{'n' * 64}…' is left out: a path of more than 4095 bytes") == 1
    assert not any("did not fit" in line for line in told)
    folder = os.open(out, os.O_RDONLY)
    for name in ["n" * 250] * 16:
        above, folder = folder, os.open(name, os.O_RDONLY, dir_fd=folder)
        os.close(above)
    assert sorted(os.listdir(folder)) == ["n" * 79, "n" * 78 + "o"]
    os.close(folder)


@pytest.mark.parametrize(
    ("heap", "pages"), [(1, 512), (512, 512), (513, 1024), (None, 1024), (16_384, 16_384), (19_456, 16_384)]
)
def test_the_memory_for_it_is_whole_blocks_for_the_heap(heap: int | None, pages: int) -> None:
    assert out_pages(heap) == pages


def test_what_was_removed_is_said_and_stays(path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    out = path.parent / "out"
    (out / "whole").mkdir(parents=True)
    for name in ("removed", "whole/inner"):
        (out / name).write_text("the host's")
    assert main(["run", "-q", str(path)]) == 0
    assert f"{out}: removed by the program, and not deleted there: moved, removed, whole" in said(capfd)
    assert tree(out)[0] == WHOLE | {"removed": "the host's", "whole/inner": "the host's"}


def test_an_archive_of_others_names_what_was_removed_as_it_lies_in_the_tree(
    path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Its names begin with ./, folders are not named, and what the tree has not taken was not removed."""
    shutil.rmtree(path.parent / "root")
    named = [(b"./removed", FILE), (b"./whole/a/b", FILE), (b"./whole/c", FILE), (b"fifo", 0o010644), (b"moved", FILE)]
    content = b"".join(entry(name, mode, b"", number) for number, (name, mode) in enumerate(named)) + END
    (path.parent / "root").write_bytes(content)
    assert main(["run", "-q", str(path)]) == 0
    out = path.parent / "out"
    assert f"{out}: removed by the program, and not deleted there: removed, whole, moved" in said(capfd)


def test_files_that_are_there_are_replaced_and_others_stay(path: Path) -> None:
    out = path.parent / "out"
    (out / "folder").mkdir(parents=True)
    (out / "changed").write_text("from before")
    (out / "folder" / "other").write_text("other")
    assert main(["run", "-q", str(path)]) == 0
    assert tree(out) == (WHOLE | {"folder/other": "other"}, FOLDERS)


@pytest.mark.promise("Nothing is written outside that folder: no link is followed, and no path leads up")
def test_links_in_the_folder_are_not_followed(
    path: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    out, outside = path.parent / "out", tmp_path / "outside"
    out.mkdir()
    outside.mkdir()
    (outside / "secret").write_text("secret")
    (out / "folder").symlink_to(outside)
    (out / "made").symlink_to(outside / "secret")
    assert main(["run", "-q", str(path)]) == 0
    assert tree(outside) == ({"secret": "secret"}, set())
    assert (out / "made").read_text() == "made\n" and not (out / "made").is_symlink()
    assert f"{out}: 'folder/here' is left out: 'folder' is no folder there, or a link, which is not followed" in said(
        capfd
    )


@pytest.mark.promise("A folder that out names lies below the folder of the description, wherever links lead")
@pytest.mark.parametrize(
    ("out", "what"),
    [
        ("../out", "{out} lies outside the folder of the description; name one in it"),
        ("link", "{out} lies outside the folder of the description; name one in it"),
        ("/", "/ lies outside the folder of the description; name one in it"),
        (".", "{out} has {folder}/s.toml, which a program could replace; name a folder of its own"),
        ("changes/out", "{out}: {folder}/changes is no folder; name another"),
        ("", "no folder is named ''; write out = \"changed\""),
    ],
)
def test_a_folder_elsewhere_is_refused_before_the_run(path: Path, tmp_path: Path, out: str, what: str) -> None:
    (path.parent / "link").symlink_to(tmp_path)
    path.write_text(TEXT.replace('out = "out"', f'out = "{out}"'))
    with pytest.raises(RequestError) as caught:
        select([path])
    where = os.path.realpath(path.parent / out)
    assert str(caught.value) == f"{path}:8: {what.format(out=where, folder=path.parent)}"


@pytest.mark.parametrize(
    ("more", "held"),
    [
        ('[[task]]\nname = "u"\nabi = "linux"\nprogram = "out/other"\n', "other"),
        ('[[memory]]\nname = "m"\nfile = "out/data"\n', "data"),
        ('[[device]]\nname = "d"\nkind = "block"\nfile = "out/image"\n', "image"),
    ],
)
def test_a_folder_that_has_what_another_part_is_made_from_is_refused(path: Path, more: str, held: str) -> None:
    (path.parent / "out").mkdir()
    (path.parent / "out" / held).write_bytes(b"x" * 4096)
    path.write_text(TEXT + more)
    with pytest.raises(RequestError) as caught:
        select([path])
    out = path.parent / "out"
    mend = "which a program could replace; name a folder of its own"
    assert str(caught.value) == f"{path}:8: {out} has {out / held}, {mend}"


def test_a_folder_of_the_command_line_that_becomes_a_link_during_the_run_is_not_followed(
    path: Path, tmp_path: Path
) -> None:
    from tyrne.hosted.recorder import Listener
    from tyrne.system.parts import Given
    from tyrne.system.returned_files import take_files
    from tyrne.system.run import Request, prepare
    from tyrne.system.select import load_system

    outside, above = tmp_path / "outside", tmp_path / "above"
    for each in (outside, above / "out"):
        each.mkdir(parents=True)
    given = Given("linux", files=path.parent / "root", out=above / "out")
    request = Request(load_system(select([path.parent / "changes"], given)), Machine.NATIVE, False, 0)
    result = prepare(request).run(Listener())
    for link in (above / "out", above):
        shutil.rmtree(link)
        link.symlink_to(outside)
        with pytest.raises(RequestError, match="out: cannot be written to: a link has come in its way, or what is no"):
            [*take_files(result)]
        assert tree(outside) == ({}, set())
        link.unlink()
        link.mkdir()


def test_a_folder_that_becomes_a_link_during_the_run_is_not_followed(path: Path, tmp_path: Path) -> None:
    from tyrne.system.returned_files import take_files
    from tyrne.testing import run_system

    run = run_system(path)
    for outside in (tmp_path / "outside", path.parent / "beside"):
        outside.mkdir()
        (path.parent / "out").symlink_to(outside)
        with pytest.raises(RequestError, match="out: cannot be written to: a link has come in its way, or what is no"):
            [*take_files(run.result)]
        assert tree(outside) == ({}, set())
        (path.parent / "out").unlink()


def test_the_folder_is_looked_at_in_each_run(path: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path.write_text(TEXT.replace('files = "root"\n', ""))
    given = ["--abi", "linux", str(path.parent / "changes"), "--out", str(tmp_path / "out")]
    for out, words in ((path.parent / "out", [str(path)]), (tmp_path / "out", given)):
        assert main(["run", "-q", *words]) == 0
        shutil.rmtree(out)
        out.symlink_to(path.parent)
        capfd.readouterr()
        assert main(["run", "-q", *words]) == 2
        assert ", which a program could replace; name a folder of its own" in capfd.readouterr().err


def test_two_tasks_do_not_share_a_folder_and_a_task_has_room_for_it(path: Path) -> None:
    task = TEXT.partition("[[task]]")[2].replace('"t"', '"u"')
    path.write_text(f"{TEXT}[[task]]{task}")
    with pytest.raises(RequestError, match=r"s\.toml:15: \S+out gets the files of another task, at \S+s\.toml:8;"):
        select([path])
    path.write_text(TEXT.replace("{ console = true }", "{ console = true }, " * 16))
    with pytest.raises(RequestError, match=r"s\.toml:8: out takes one of the 16 capabilities that a task may have"):
        select([path])


def test_what_comes_back_is_part_of_the_system_and_a_replay_writes_nothing(
    path: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", str(path)]) == 0
    shown = capfd.readouterr().out
    out = path.parent / "out"
    assert f"  memory files of t: 1024 pages, which come back to {out}" in shown
    assert f"what it changes of them comes back to {out}" in shown
    assert main(["run", "-q", str(path), "--report", str(tmp_path / "r.json")]) == 0
    os.rename(out, tmp_path / "before")
    assert main(["replay", str(tmp_path / "r.json")]) == 0
    assert not out.exists()


FILE, FOLDER, LINK, DEVICE = 0o100644, 0o040755, 0o120777, 0o020666
END: Final = entry(b"TRAILER!!!", 0, b"", 0)
HOSTILE: Final = {
    b"../up": "it leads out of the folder", b"a/../../up": "it leads out of the folder",
    b"..": "it leads out of the folder", b"/etc/passwd": "it leads out of the folder", b"": "its path is none",
    b"a//b": "its path is none", b"./a": "its path is none", b"a/": "its path is none",
    b"\x1b[2J": "its name is not printable UTF-8", b"\xff": "its name is not printable UTF-8",
    b"a\0b": "its name is not printable UTF-8", b"x" * 256: "a name of more than 255 bytes",
    b"a/" * 64 + b"b": "more than 64 deep",
}  # fmt: skip


def left(archive: bytes, length: int | None = None) -> bytes:
    """The memory of a program that has left this."""
    return (len(archive) if length is None else length).to_bytes(8, "little") + bytes(8) + archive


@pytest.mark.parametrize("name", HOSTILE, ids=repr)
def test_a_path_that_leads_elsewhere_is_refused_and_the_rest_read(name: bytes) -> None:
    found = read_returned(left(entry(name, FILE, b"x", 1) + entry(b"good", FILE, b"y", 2) + END))
    assert found is not None and not found.damaged
    assert [each.refused for each in found.entries] == [HOSTILE[name], ""]


def test_of_a_path_of_many_mebibytes_its_beginning_is_kept() -> None:
    tracemalloc.start()
    memory = left(entry(b"ab/" * (4 << 20), FILE, b"x", 1) + entry(b"good", FILE, b"y", 2) + END)
    tracemalloc.reset_peak()
    before = tracemalloc.get_traced_memory()[0]
    found = read_returned(memory)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found is not None
    assert [each.refused for each in found.entries] == ["a path of more than 4095 bytes", ""]
    assert len(found.entries[0].name) == 65
    assert peak - before < 4 * len(memory)


def taken(archive: bytes, out: Path) -> list[str]:
    """What is said when it is put into a folder."""
    found = read_returned(left(archive + END))
    assert found is not None
    return [line.removeprefix(f"{out}: ") for line in _take(Region("files of t", 512, out=out), out, found)]


def test_no_more_comes_back_than_an_archive_may_have(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tyrne.linux.returned, "ENTRIES", 3)
    monkeypatch.setattr(tyrne.system.returned_files, "ENTRIES", 3)
    out = tmp_path / "out"
    said = taken(b"".join(entry(b"f%d" % number, FILE, b"", number) for number in range(5)), out)
    assert said == ["3 files came back: f0, f1, f2", "2 more are left out: no more than 3 come back"]
    assert sorted(os.listdir(out)) == ["f0", "f1", "f2"]


def test_paths_make_no_more_folders_than_an_archive_may_have_entries(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tyrne.system.returned_files, "ENTRIES", 5)
    out = tmp_path / "out"
    said = taken(entry(b"a/b/c/f", FILE, b"", 1) + entry(b"d/e/f/g", FILE, b"", 2) + entry(b"h", FILE, b"", 3), out)
    assert said == ["2 files came back: a/b/c/f, h", "'d/e/f/g' is left out: 5 folders have been made"]
    assert tree(out) == ({"a/b/c/f": "", "h": ""}, {"a", "a/b", "a/b/c", "d", "d/e"})


def test_no_name_is_one_of_ours(tmp_path: Path) -> None:
    """A program that guesses the names of files that are being written neither loses any, nor keeps others away."""
    out, guess = tmp_path / "out", f".tyrne-{os.getpid()}".encode()
    assert taken(entry(guess, FILE, b"x", 1) + entry(b"f", FILE, b"y", 2), out)[0].startswith("2 files came back")
    assert tree(out) == ({guess.decode(): "x", "f": "y"}, set())
    assert taken(entry(b"g/" + guess, FOLDER, b"", 1) + entry(b"g/f", FILE, b"z", 2), out) == ["1 file came back: g/f"]


def test_links_and_devices_are_refused_and_folders_are_none_of_them() -> None:
    archive = entry(b"a", LINK, b"/etc", 1) + entry(b"b", DEVICE, b"", 2) + entry(b"c", FOLDER, b"", 3) + END
    found = read_returned(left(archive))
    assert found is not None
    assert [each.refused for each in found.entries] == ["a link", "neither a file nor a folder", ""]


def test_what_was_removed_is_a_name_and_nothing_else_and_is_looked_at_as_any() -> None:
    gone = 0o020000
    archive = entry(b"a/b", gone, b"", 1) + entry(b"../up", gone, b"", 2) + entry(b"\x1b[2J", gone, b"", 3) + END
    found = read_returned(left(archive))
    assert found is not None
    assert [(each.name, each.is_removed, each.refused) for each in found.entries] == [
        ("a/b", True, ""),
        ("../up", True, "it leads out of the folder"),
        ("\x1b[2J", True, "its name is not printable UTF-8"),
    ]


def test_what_is_no_archive_ends_it() -> None:
    whole = entry(b"good", FILE, b"y", 2)
    large = whole.replace(b"00000001", b"FFFFFFFF")
    for rest in (b"", b"0707", large, whole[:-4], END[:-4], entry(b"x", FILE, b"", 1).replace(b"x\0", b"xx")):
        found = read_returned(left(whole + rest, 1 << 63))
        assert found is not None and found.damaged
        assert [each.name for each in found.entries] == ["good"]
    assert read_returned(bytes(64)) is None
