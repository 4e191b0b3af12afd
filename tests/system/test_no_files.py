"""What is no file where a file is to be read: a FIFO, at which a reader would wait for ever, a device, a socket. It is
refused at once in each place where a command line, a description or a lab names a file."""

from __future__ import annotations

import errno
import os
import shlex
import signal
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Final

import pytest
from elf_files import CODE, elf

from tyrne.cli.main import run_arguments
from tyrne.host_file import NoFileError, read_file
from tyrne.system.shipped import shipped

SECONDS: Final = 30
"""For a command: it takes less than one, or waits for ever."""
REASONS: Final = (
    *("is no file", "no such file", "lies outside the folder"),
    *("too many levels of symbolic links", "is built alone"),
)
"""A link out of its folder, or one at all in a lab, is refused as such; a source of several by its name, where it leads
to."""
GOOD: Final = """\
.globl _start
_start: mov x0, #0
        mov x8, #0
        svc #0
"""


class HangsError(BaseException):
    """A command has waited. No `except Exception` or `except OSError` may take it for what went wrong."""


@pytest.fixture(autouse=True)
def in_time() -> Iterator[None]:
    def wait_no_more(number: int, frame: FrameType | None) -> None:
        raise HangsError

    before = signal.signal(signal.SIGALRM, wait_no_more)
    signal.setitimer(signal.ITIMER_REAL, SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def fifo(path: Path) -> None:
    os.mkfifo(path)


def link_to_fifo(path: Path) -> None:
    os.mkfifo(path.with_name("a-fifo"))
    path.symlink_to("a-fifo")


def device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def listener(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(path.name)


KINDS: Final = pytest.mark.parametrize("make", [fifo, link_to_fifo, device, listener])
ENDINGS: Final = (".bin", ".elf", "", ".py", ".c", ".S", ".toml")
OF_RUNS: Final = (
    *("ps", "caps", "tree", "waits", "maps", "top", "reach"),
    *("ui", "debug", "trace -o t.html", "picture waits"),
)


def task(keys: str) -> str:
    return f'[system]\nname = "s"\n[[task]]\nname = "t"\n{keys}\n'


def ways() -> Iterator[tuple[str, str, str]]:
    """Each way to name a file: a command, the file that is none, and the description s.toml that it is named in."""
    for ending in ENDINGS:
        for command in ("run", "ps"):
            yield f"{command} x{ending}", f"x{ending}", ""
    for ending in ENDINGS[:-1]:
        yield "check s.toml", f"x{ending}", task(f'program = "x{ending}"')
    for ending in (".c", ".S", ".py"):
        yield f"build --emit program -o p.elf x{ending}", f"x{ending}", ""
    yield "check x.bin", "x.bin", ""
    yield "build --emit elf -o k.elf x.bin", "x.bin", ""
    yield "build --emit c -o k.c x.py", "x.py", ""
    yield "check s.toml", "x.c", task('program = { sources = ["good.S", "x.c"] }')
    yield "check s.toml", "x.S", task('program = { sources = ["good.S", "x.S"] }')
    for command in ("replay", *OF_RUNS):
        yield f"{command} x.json", "x.json", ""
    for command in OF_RUNS:
        yield f"{command} x", "x", ""
    yield "diff x.json good.S", "x.json", ""
    yield "diff good.S x.json", "x.json", ""
    yield "ui good.S --system x.toml", "x.toml", ""
    yield "reach good.S --policy x", "x", ""
    yield "reach good.S --policy x.toml", "x.toml", ""
    yield "ps good.S --live socket --image x.elf", "x.elf", ""
    yield "run linux.elf --abi linux --files x", "x", ""
    yield "run linux.elf --abi linux --input x", "x", ""
    yield "check s.toml", "x", task('program = "linux.elf"\nabi = "linux"\nfiles = "x"')
    yield "check s.toml", "x", task('program = "linux.elf"\nabi = "linux"\nstdin = "x"')
    yield "check s.toml", "x", task('program = "good.S"') + '[[memory]]\nname = "m"\nfile = "x"\n'
    yield "check s.toml", "x", task('program = "good.S"') + '[[device]]\nname = "d"\nkind = "block"\nfile = "x"\n'
    yield "check s.toml", "x", task('program = "good.S"') + '[[device]]\nname = "d"\nkind = "network"\nfile = "x"\n'
    yield f"run {shlex.quote(str(shipped('systems/greeter.toml')))} --input x", "x", ""
    yield "lab check 1 .", "system.toml", ""


def last_line(text: str) -> str:
    return text.splitlines()[-1] if text else ""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "good.S").write_text(GOOD)
    (tmp_path / "linux.elf").write_bytes(elf(CODE))
    return tmp_path


def refused(command: str, capsys: pytest.CaptureFixture[str]) -> str:
    """What a command says that is refused."""
    capsys.readouterr()
    status = run_arguments(shlex.split(command))
    out, said = capsys.readouterr()
    assert (status, out) == (2, ""), said
    return said


@KINDS
@pytest.mark.parametrize(("command", "name", "description"), list(dict.fromkeys(ways())), ids=last_line)
def test_what_is_no_file_is_refused_at_once(
    make: Callable[[Path], None],
    command: str,
    name: str,
    description: str,
    folder: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    make(folder / name)
    if description:
        (folder / "s.toml").write_text(description)
    said = refused(command, capsys)
    assert any(each in said for each in (name, "a-fifo", "/dev/zero")), said  # where a description's links lead
    assert any(reason in said for reason in REASONS), said


INCLUDING: Final = {
    '#include "x.h"': "p.c:1: DIR/x.h: is no file; include a file",
    "# include <x.h>": "p.c:1: DIR/x.h: is no file; include a file",
    '#include "tyrne.h"\n#include "y.h"': "y.h:2: DIR/x.h: is no file; include a file",
    '__asm__(".incbin \\"x.h\\"");': "p.c:1: DIR/x.h: is no file; include a file",
}


@KINDS
@pytest.mark.parametrize("text", INCLUDING)
def test_what_a_source_includes_is_a_file(
    make: Callable[[Path], None], text: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make(folder / "x.h")
    (folder / "y.h").write_text('\n  #include "x.h"\n')
    (folder / "p.c").write_text(f"{text}\nint main(void) {{ return 0; }}\n")
    assert INCLUDING[text].replace("DIR", str(folder)) in refused("check p.c", capsys)


def test_a_header_that_links_name_in_any_number_of_ways_is_looked_at_once(folder: Path) -> None:
    for link in ("a", "b"):
        (folder / link).symlink_to(".")
    (folder / "x.h").write_text('#pragma once\n#include "a/x.h"\n#include "b/x.h"\n')
    (folder / "p.c").write_text('#include "x.h"\nint main(void) { return 0; }\n')
    assert run_arguments(["check", "p.c"]) == 0


def test_what_lies_above_a_linked_folder_is_where_the_compiler_looks(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "real/sub").mkdir(parents=True)
    (folder / "inc").symlink_to("real/sub")
    (folder / "real/sub/y.h").write_text('#include "../x.h"\n')
    (folder / "p.c").write_text('#include "inc/y.h"\nint main(void) { return X; }\n')
    (folder / "real/x.h").write_text("#define X 0\n")
    fifo(folder / "x.h")
    assert run_arguments(["check", "p.c"]) == 0
    (folder / "real/x.h").unlink()
    fifo(folder / "real/x.h")
    assert "x.h: is no file; include a file" in refused("check p.c", capsys)


def test_a_folder_is_passed_by_where_a_header_is_looked_for(folder: Path) -> None:
    for name in ("x.h", "include"):
        (folder / name).mkdir()
    (folder / "include" / "x.h").write_text("#define CODE 0\n")
    (folder / "p.c").write_text('#include "x.h"\nint main(void) { return CODE; }\n')
    (folder / "s.toml").write_text(task('program = { sources = ["p.c"], include = ["include"] }'))
    assert run_arguments(["check", "s.toml"]) == 0


@KINDS
def test_what_is_no_module_is_refused_at_once(
    make: Callable[[Path], None], folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make(folder / "x.py")
    (folder / "p.py").write_text("import x\n")
    assert "p.py:1: " in refused("check p.py", capsys)


BUILT_ONCE: Final = {
    "good.S": GOOD,
    "p.c": '#include "x.h"\nint main(void) { __asm__(".incbin \\"data\\""); return 0; }\n',
    "x.h": "\n",
    "data": "\0\0\0\0",
    "a.py": "from b import code\nfrom tyrne.lang import export, u64\nimport tyrne.user\n\n"
    "@export\ndef main() -> u64:\n    return code()\n",
    "b.py": "from tyrne.lang import u64\n\ndef code() -> u64:\n    return u64(0)\n",
    "s.toml": task('program = "good.S"'),
}


@KINDS
@pytest.mark.parametrize(
    ("command", "name"),
    [
        ("check good.S", "good.S"),
        ("check s.toml", "s.toml"),
        ("check s.toml", "good.S"),
        ("check p.c", "x.h"),
        ("check p.c", "data"),
        ("check a.py", "a.py"),
        ("check a.py", "b.py"),
    ],
)
def test_what_was_a_file_when_it_was_built_is_refused_too(
    make: Callable[[Path], None], command: str, name: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for file, content in BUILT_ONCE.items():
        (folder / file).write_text(content)
    assert run_arguments(command.split()) == 0, capsys.readouterr().err
    (folder / name).unlink()
    make(folder / name)
    said = refused(command, capsys)
    assert name == "b.py" or any(reason in said for reason in REASONS), said


def test_no_more_is_read_than_was_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.touch()
    os.truncate(path, 1 << 40)
    assert read_file(path, 10) == bytes(11)
    os.truncate(path, 10)
    assert read_file(path, 10) == read_file(str(path), 11) == bytes(10)


def test_the_reader_says_why_it_has_nothing(folder: Path) -> None:
    Path("link").symlink_to("good.S")
    fifo(Path("fifo"))
    assert read_file("link", 1000) == GOOD.encode()
    for name, follow, error, why in (
        ("fifo", True, NoFileError, "Is no file"),
        ("fifo", False, NoFileError, "Is no file"),
        (".", True, NoFileError, os.strerror(errno.EISDIR)),
        ("none", True, FileNotFoundError, os.strerror(errno.ENOENT)),
        ("link", False, OSError, os.strerror(errno.ELOOP)),
    ):
        with pytest.raises(error) as caught:
            read_file(name, 1000, follow)
        assert (caught.value.strerror, caught.value.filename) == (why, name)


def test_a_file_in_which_there_is_nothing_yet_is_said(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As one of /proc: it is a file, and who does not wait for it is told that it has nothing."""
    reader, writer = os.pipe()
    os.set_blocking(reader, False)
    a_file = os.stat("good.S")
    monkeypatch.setattr(os, "stat", lambda *_, **__: a_file)
    monkeypatch.setattr(os, "fstat", lambda *_, **__: a_file)
    monkeypatch.setattr(os, "open", lambda *_, **__: reader)
    with pytest.raises(BlockingIOError) as caught:
        read_file("good.S", 1000)
    os.close(writer)
    assert caught.value.strerror == os.strerror(errno.EAGAIN)


def test_what_becomes_a_fifo_while_it_is_opened_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first look sees a file, so that only the second one, at what was opened, can refuse it."""
    fifo(Path("fifo"))
    a_file = os.stat("good.S")
    monkeypatch.setattr(os, "stat", lambda *_, **__: a_file)
    with pytest.raises(NoFileError):
        read_file("fifo", 1000)
