"""A program may replace what lies in the folder that gets its files: nothing that is read, or written, lies there."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest
from linux_programs import build

from tyrne.cli.main import run_arguments as main
from tyrne.system.shipped import shipped

LINUX: Final = """\
[system]
name = "s"
[[task]]
name = "t"
program = "ends"
abi = "linux"
out = "gen"
"""
IN_C: Final = '[[task]]\nname = "c"\ncaps = []\nprogram = { sources = ["main.c"], include = [INCLUDE] }\n'
MAIN: Final = "#include HEADER\nint main(void) { return O - 7; }\n"
MEND: Final = "which a program could replace; name a folder of its own"

Complaint = Callable[[], str]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A system of a program of Linux whose files come back into `gen`, in which a file lies."""
    (tmp_path / "gen").mkdir()
    (tmp_path / "gen/o.h").write_text("#define O 7\n")
    shutil.copy(build("leaves.c"), tmp_path / "ends")
    (tmp_path / "s.toml").write_text(LINUX)
    return tmp_path


@pytest.fixture
def complaint(folder: Path, capfd: pytest.CaptureFixture[str]) -> Complaint:
    """What `tyrne check`, and `tyrne run` likewise, says is wrong with the system."""

    def asked() -> str:
        told = []
        for command in ("check", "run"):
            capfd.readouterr()
            assert main([command, str(folder / "s.toml")]) == 2
            told.append(capfd.readouterr().err)
        assert told[0] == told[1] and told[0].count("\n") == 1
        return told[0].removeprefix(f"tyrne: error: {folder / 's.toml'}:7: ").rstrip()

    return asked


def with_c(folder: Path, header: str, include: str = "") -> None:
    """A second task, in C, with a header."""
    (folder / "main.c").write_text(MAIN.replace("HEADER", header))
    (folder / "s.toml").write_text(LINUX + IN_C.replace("INCLUDE", include))


@pytest.mark.promise(
    "But for what its own task is given, it has nothing that the system is made from, headers among them, and nothing "
    "that the command writes"
)
def test_a_folder_with_headers_of_another_task_is_refused(folder: Path, complaint: Complaint) -> None:
    with_c(folder, '"o.h"', '"gen"')
    assert complaint() == f"{folder}/gen is searched for what is read, {MEND}"


def test_a_folder_with_a_header_that_is_included_by_its_path_is_refused(folder: Path, complaint: Complaint) -> None:
    with_c(folder, '"gen/o.h"')
    assert complaint() == f"{folder}/gen has {folder}/gen/o.h, {MEND}"


def test_a_folder_is_refused_in_which_a_header_would_be_found_before_the_one_that_is_read(
    folder: Path, complaint: Complaint
) -> None:
    (folder / "inc").mkdir()
    (folder / "gen").rename(folder / "inc/gen")
    with_c(folder, '"gen/o.h"', '"inc"')
    assert complaint() == f"{folder}/gen would have {folder}/gen/o.h, {MEND}"


def test_a_folder_is_refused_through_which_a_link_leads_to_a_header(folder: Path, complaint: Complaint) -> None:
    (folder / "gen/o.h").rename(folder / "safe.h")
    (folder / "gen/o.h").symlink_to("../safe.h")
    (folder / "o.h").symlink_to("gen/o.h")
    with_c(folder, '"o.h"')
    assert complaint() == f"{folder}/gen has {folder}/o.h, {MEND}"


def test_a_folder_with_bytes_that_an_assembly_source_takes_is_refused(folder: Path, complaint: Complaint) -> None:
    (folder / "main.c").write_text('__asm__(".incbin \\"gen/o.h\\"");\nint main(void) { return 0; }\n')
    (folder / "s.toml").write_text(LINUX + IN_C.replace("INCLUDE", ""))
    assert complaint() == f"{folder}/gen has {folder}/gen/o.h, {MEND}"


def test_a_folder_with_a_module_of_another_task_is_refused(folder: Path, complaint: Complaint) -> None:
    (folder / "gen/__init__.py").write_text("")
    (folder / "gen/more.py").write_text("from tyrne.lang import u64\n\n\ndef seven() -> u64:\n    return u64(7)\n")
    lines = ["from gen.more import seven", "from tyrne.lang import export, u64", "", "", "@export"]
    (folder / "p.py").write_text(
        "import tyrne.user\n" + "\n".join([*lines, "def main() -> u64:", "    return seven()", ""])
    )
    (folder / "s.toml").write_text(LINUX + '[[task]]\nname = "p"\nprogram = "p.py"\n')
    assert complaint() == f"{folder}/gen has {folder}/gen/__init__.py, {MEND}"


@pytest.mark.parametrize(
    "other",
    [
        'program = "gen/link"',
        'program = { sources = ["gen/link.c"] }',
        'program = { sources = ["main.c"], include = ["gen/inc"] }',
        'program = "ends"\nabi = "linux"\nstdin = "gen/link"',
        'program = "ends"\nabi = "linux"\nfiles = "gen/inc"',
    ],
)
def test_a_folder_is_refused_with_a_link_by_which_something_is_read(
    folder: Path, complaint: Complaint, other: str
) -> None:
    (folder / "inc").mkdir()
    (folder / "main.c").write_text("int main(void) { return 0; }\n")
    for link, to in {"link": "ends", "link.c": "main.c", "inc": "inc"}.items():
        (folder / "gen" / link).symlink_to(f"../{to}")
    (folder / "s.toml").write_text(f'{LINUX}[[task]]\nname = "u"\n{other}\n')
    (link,) = re.findall(r"gen/[\w.]+", other)
    assert complaint() == f"{folder}/gen has {folder}/{link}, {MEND}"


def test_one_may_stand_in_the_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder / "gen")
    assert main(["check", "../s.toml"]) == 0
    assert main(["run", "--max-instructions", "100", "../s.toml", "--report", "../r.json"]) == 4
    assert (folder / "r.json").is_file()


def test_a_folder_beside_a_program_of_that_name_is_none_of_its_packages(folder: Path) -> None:
    (folder / "gen.py").write_text((shipped("programs/hello.py")).read_text())
    (folder / "s.toml").write_text(f'{LINUX}[[task]]\nname = "p"\nprogram = "gen.py"\n')
    assert main(["check", str(folder / "s.toml")]) == 0


@pytest.mark.parametrize("given", ['stdin = "gen/o.h"', 'files = "gen"', 'files = "gen/made"'])
def test_a_folder_with_what_another_task_is_given_is_refused(folder: Path, complaint: Complaint, given: str) -> None:
    path = given.split('"')[1]
    what = "is searched for what is read" if path == "gen" else f"has {folder}/{path}"
    (folder / "gen/made").mkdir()
    other = LINUX.partition("[[task]]")[2].replace('"t"', '"u"').replace('out = "gen"', given)
    (folder / "s.toml").write_text(f"{LINUX}[[task]]{other}")
    assert complaint() == f"{folder}/gen {what}, {MEND}"


def test_a_folder_among_the_files_of_another_task_is_refused(folder: Path, complaint: Complaint) -> None:
    (folder / "gen").rename(folder / "root")
    other = LINUX.partition("[[task]]")[2].replace('"t"', '"u"').replace('out = "gen"', 'files = "root"')
    (folder / "s.toml").write_text(f"{LINUX.replace('gen', 'root/gen')}[[task]]{other}")
    what = "whose files another task gets; name a folder of its own"
    assert complaint() == f"{folder}/root/gen lies in {folder}/root, {what}"


@pytest.mark.parametrize(("one", "other"), [("gen", "gen/b"), ("gen/b", "gen")])
def test_of_two_folders_none_lies_in_the_other(
    folder: Path, complaint: Complaint, monkeypatch: pytest.MonkeyPatch, one: str, other: str
) -> None:
    second = LINUX.partition("[[task]]")[2].replace('"t"', '"u"').replace('"gen"', f'"{other}"')
    (folder / "s.toml").write_text(f"{LINUX.replace('gen', one)}[[task]]{second}")
    (folder / "gen/b").mkdir()
    where = f"tyrne: error: {folder}/s.toml:12: {folder}/{other}"
    assert complaint() == f"{where} lies in the folder of another task, or has it, at {folder}/s.toml:7; name another"
    monkeypatch.chdir(folder / "gen/b")
    assert main(["check", str(folder / "s.toml")]) == 2, "wherever one stands"


def test_what_a_task_is_given_itself_may_lie_in_its_folder(folder: Path) -> None:
    (folder / "s.toml").write_text(f'{LINUX}files = "gen"\nstdin = "gen/o.h"\n')
    for _ in range(2):
        assert main(["check", str(folder / "s.toml")]) == 0


def test_a_folder_that_cannot_be_made_is_refused_before_the_run(
    folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (folder / "loop").symlink_to("loop")
    words = {
        "n" * 300: "file name too long",
        "a/" + "n" * 300 + "/b": "file name too long",
        "/proc/tyrne": "no such file or directory",
    }
    for out, why in words.items():
        capfd.readouterr()
        place = os.path.join(folder, out)
        assert main(["run", "--abi", "linux", str(folder / "ends"), "--out", place]) == 2
        told = capfd.readouterr()
        words = f"{re.escape(place)} cannot be written to(: {why})?; name another folder\\n"  # /proc is root's
        assert re.fullmatch(f"tyrne: error: (--out: )?{words}", told.err) and not told.out
    assert main(["run", "--abi", "linux", str(folder / "ends"), "--out", str(folder / "loop/x")]) == 2
    assert capfd.readouterr().err.endswith(f"{folder}/loop is no folder; name another\n")
    assert sorted(each.name for each in folder.iterdir()) == ["ends", "gen", "loop", "s.toml"], "nothing is left"


@pytest.mark.promise(
    "But for what its own task is given, it has nothing that the system is made from, headers among them, and nothing "
    "that the command writes"
)
@pytest.mark.parametrize("out", ["gen", "gen/r.json/deeper"])
@pytest.mark.parametrize("option", ["--report", "--capture", "--machine=qemu --gdb"])
def test_what_a_command_writes_lies_in_no_such_folder(
    folder: Path, capfd: pytest.CaptureFixture[str], option: str, out: str
) -> None:
    network = '[[device]]\nname = "net"\nkind = "network"\n'
    (folder / "s.toml").write_text(LINUX.replace('"gen"', f'"{out}"') + network)
    assert main(["run", str(folder / "s.toml"), *option.split(), str(folder / "gen/r.json")]) == 2
    what = f"{folder}/gen/r.json: {folder}/{out} gets the files of a program; name a file elsewhere"
    assert capfd.readouterr().err == f"tyrne: error: {what}\n"


@pytest.mark.parametrize("known", [False, True])
@pytest.mark.parametrize(
    "words",
    [
        ("run", "{system}", "--report", "{header}"),
        ("run", "{system}", "--capture", "{header}"),
        ("build", "{system}", "--emit", "elf", "-o", "{header}"),
        ("trace", "{system}", "-o", "{header}"),
        ("picture", "waits", "{system}", "-o", "{header}"),
    ],
)
def test_no_command_replaces_a_header(
    folder: Path, capfd: pytest.CaptureFixture[str], words: tuple[str, ...], known: bool
) -> None:
    suffix = {"trace": ".html", "picture": ".svg"}.get(words[0], ".h")
    header = folder / f"gen/p{suffix}"
    header.write_text("#define O 7\n")
    with_c(folder, f'"gen/p{suffix}"')
    network = '[[device]]\nname = "net"\nkind = "network"\n'
    (folder / "s.toml").write_text('[system]\nname = "s"\n' + IN_C.replace("INCLUDE", "") + network)
    for each in folder.rglob("*"):
        os.utime(each, (0, 0))
    if known:
        assert main(["run", "-q", str(folder / "s.toml")]) == 0
        capfd.readouterr()
    assert main([word.format(system=folder / "s.toml", header=header) for word in words]) == 2
    said = f"{header}: is an input of this command and would be lost; name another file"
    assert capfd.readouterr().err == f"tyrne: error: {said}\n"
    assert header.read_text() == "#define O 7\n"
