"""Files from others at the command line: whatever they hold, the answer is lines that are fit to be shown, and one of
the exit statuses that a request or a run has."""

import copy
import json
import struct
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from commands import Tyrne
from hypothesis import given, settings
from hypothesis import strategies as st
from test_run import words, writes

from tyrne import testing
from tyrne.cli.main import run_arguments
from tyrne.compiler.build import build_user_program
from tyrne.system.shipped import shipped

HOSTILE = "\x1b[2J\rtyrne: all tasks complete\ntyrne: \x9b31m\u202e\u2028\udcff"


def answer(*arguments: object) -> int:
    """Run one command, and look at all that it says."""
    out, err = StringIO(), StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        status = run_arguments([str(argument) for argument in arguments])
    said = err.getvalue().removesuffix("\n").split("\n")
    assert status in range(6), said
    if status == 2:
        assert said and all(line.startswith("tyrne: ") for line in said) and not out.getvalue()
    for line in (*said, *out.getvalue().split("\n")):
        assert line.isprintable() and len(line) < 3000
    assert not any(line.startswith("tyrne: ") for line in out.getvalue().split("\n"))
    return status


def in_a_file(content: bytes, name: str, *command: object) -> int:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(content)
        return answer(*command, path)


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The report of a task that writes a line, and of one that faults."""
    folder = tmp_path_factory.mktemp("good")
    (folder / "writer.bin").write_bytes(writes(b"one\n"))
    (folder / "bad.bin").write_bytes(words(0))
    return testing.run_system([folder / "writer.bin", folder / "bad.bin"]).report()


@pytest.fixture(scope="module")
def elf() -> bytes:
    return build_user_program(shipped("programs/hello.S")).read_bytes()


PLACES = ["", "task", "fault", "code", "args", "name", "payload", "syscalls", "replay", "limit", "interrupts", "status"]
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([10**18, -1, 1 << 64, 10**400, 1e400, -0.0, HOSTILE, "", "0x0", "12+340 tick"])
    | st.text(st.characters(), max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*PLACES, HOSTILE]), inner, max_size=3),
    max_leaves=8,
)


def paths(data: Any, here: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in a report."""
    yield here
    for key, value in data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ():
        yield from paths(value, (*here, key))


@pytest.mark.promise("What is wrong with one is said in lines with their places and exit status 2, whatever it holds")
@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_any_change_of_a_report_is_replayed_or_refused(good: dict[str, Any], data: st.DataObject) -> None:
    report = copy.deepcopy(good)
    for _ in range(data.draw(st.integers(1, 3))):
        *way, last = data.draw(st.sampled_from([path for path in paths(report) if path]))
        target: Any = report
        for key in way:
            target = target[key]
        target[last] = data.draw(VALUES)
    content = json.dumps(report).encode()
    in_a_file(content, "r.json", "replay", "--max-instructions", 3000)
    with tempfile.TemporaryDirectory() as folder:
        for suffix in ("html", "pftrace"):
            in_a_file(content, "r.json", "trace", "--max-instructions", 3000, "-o", f"{folder}/a.{suffix}")


@pytest.mark.promise("What is wrong with one is said in lines with their places and exit status 2, whatever it holds")
@settings(max_examples=20, deadline=None)
@given(content=st.binary(max_size=200) | (VALUES.map(json.dumps) | st.text(max_size=80)).map(str.encode))
def test_any_bytes_are_no_report_no_description_and_no_elf(content: bytes) -> None:
    assert in_a_file(content, "r.json", "replay") == 2
    assert in_a_file(content, "s.toml", "check") == 2
    assert in_a_file(b"\x7fELF" + content, "a.elf", "check") == 2


@pytest.mark.promise("What is wrong with one is said in lines with their places and exit status 2, whatever it holds")
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_any_change_of_an_elf_is_loaded_or_refused(elf: bytes, data: st.DataObject) -> None:
    changed = bytearray(elf)
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, 64 + 8 * 56)) if data.draw(st.booleans()) else data.draw(st.integers(0, len(elf)))
        word = data.draw(st.sampled_from([0, 1, 2, 3, 0xFFFF, 0xFFFF_FFFF, (1 << 64) - 1, 1 << 62, 0x1000]))
        size = data.draw(st.sampled_from([1, 2, 4, 8]))
        changed[at : at + size] = word.to_bytes(8, "little")[:size]
    cut = data.draw(st.integers(0, len(elf)) | st.just(len(elf)))
    assert in_a_file(bytes(changed[:cut]), "a.elf", "check") in (0, 2)


HOSTILE_PLACES: list[tuple[Any, ...]] = [
    ("machine",),
    ("console",),
    ("log", 0),
    ("tasks", 0, "name"),
    ("tasks", 0, "state"),
    ("syscalls", 0, "task"),
    ("syscalls", 0, "name"),
    ("syscalls", 0, "args", 0),
    ("replay", "kernel"),
    ("replay", "format"),
]


@pytest.mark.promise(
    "In the lines of tyrne and in reports every character that is not printable is an escape, so neither a "
    "description, a path nor a report steers the terminal or adds a line to it"
)
@pytest.mark.parametrize("place", HOSTILE_PLACES)
def test_a_report_writes_no_line_of_tyrnes(good: dict[str, Any], tmp_path: Path, place: Sequence[Any]) -> None:
    report = copy.deepcopy(good)
    target: Any = report
    for key in place[:-1]:
        target = target[key]
    target[place[-1]] = HOSTILE
    (tmp_path / "r.json").write_text(json.dumps(report))
    assert answer("replay", tmp_path / "r.json") in (0, 1, 2)


@pytest.mark.promise(
    "In the lines of tyrne and in reports every character that is not printable is an escape, so neither a "
    "description, a path nor a report steers the terminal or adds a line to it"
)
@pytest.mark.parametrize("text", ['[system]\nname = "{}"', '[system]\n"{}" = 1', '["{}"]', '[[task]]\nprogram = "{}"'])
def test_a_description_writes_no_line_of_tyrnes(text: str, tmp_path: Path) -> None:
    hostile = json.dumps(HOSTILE.replace("\udcff", ""))[1:-1]
    (tmp_path / "s.toml").write_text(text.format(hostile))
    assert answer("check", tmp_path / "s.toml") == 2


@pytest.mark.promise(
    "In the lines of tyrne and in reports every character that is not printable is an escape, so neither a "
    "description, a path nor a report steers the terminal or adds a line to it"
)
@pytest.mark.parametrize("command", ["run", "check", "replay", "new"])
def test_a_path_writes_no_line_of_tyrnes(command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for suffix in (".c", ".py", ".toml", ".bin", ".json", ""):
        assert answer(command, HOSTILE + suffix) == 2


@pytest.mark.promise(
    "In the lines of tyrne and in reports every character that is not printable is an escape, so neither a "
    "description, a path nor a report steers the terminal or adds a line to it"
)
def test_a_report_is_printable_whatever_tasks_write(tyrne: Tyrne, tmp_path: Path) -> None:
    content = "\x1b[31m\x07\x9b1mä\u202e\x7f".encode() + b"\xff\n"
    (tmp_path / "a.bin").write_bytes(writes(content))
    assert tyrne.raw("run", "a.bin", "--report", "r.json").count(content) == 1
    text = (tmp_path / "r.json").read_text()
    assert all(c.isprintable() or c == "\n" for c in text)
    assert json.loads(text)["console"] == "\x1b[31m\x07\x9b1mä\u202e\x7f\\xff\n"


def nested(text: str, depth: int) -> bytes:
    return (text * depth).encode()


def dynamic_elf(count: int) -> bytes:
    """As many dynamic segments as sections: who looks each time through all of these needs the square."""
    ident = b"\x7fELF\2\1\1" + bytes(9)
    sections = 64 + 56 * count
    head = ident + struct.pack("<HHIQQQIHHHHHH", 2, 183, 1, 0x10000, 64, sections, 0, 64, 56, count, 64, count + 2, 1)
    segment = struct.pack("<IIQQQQQQ", 2, 5, 0, 0x10000, 0x10000, 0, 64, 4096)
    names = struct.pack("<IIQQQQIIQQ", 0, 3, 0, 0, sections + 64 * (count + 2), 1, 0, 0, 0, 0)
    return head + segment * count + bytes(64) + names + bytes(64 * count) + bytes(16)


def claiming_elf(size: int, count: int, more: int) -> bytes:
    """A header that claims more program headers than the file has bytes."""
    ident = b"\x7fELF\2\1\1" + bytes(9)
    head = ident + struct.pack("<HHIQQQIHHHHHH", 2, 183, 1, 0x10000, 64, 120, 0, 64, size, count, 64, 1, 0)
    segment = struct.pack("<IIQQQQQQ", 4, 5, 0, 0x10000, 0x10000, 64, 0, 4096)
    return head + segment + struct.pack("<IIQQQQIIQQ", 0, 0, 0, 0, 0, 0, 0, more, 0, 0)


SLOW = {
    "dynamic segments and sections": ("a.elf", dynamic_elf(8000)),
    "segments beyond their number's bits": ("a.elf", claiming_elf(0, 0xFFFF, 0xFFFF_FFFF)),
    "segments at one place": ("a.elf", claiming_elf(0, 0xFFFE, 0)),
    "segments that are not there": ("a.elf", claiming_elf(56, 0xFFFE, 0)),
    "lists in lists": ("r.json", nested("[", 1_000_000)),
    "objects in objects": ("r.json", nested('{"replay":', 300_000)),
    "a number of a million digits": ("r.json", nested("9", 1_000_000)),
    "a text that does not end": ("r.json", b'{"replay": "' + nested("\\\\", 500_000)),
    "one key again and again": ("r.json", b"{" + nested('"syscalls": [],', 100_000) + b'"replay": 1}'),
}


@pytest.mark.promise("The time to read or refuse a description, an ELF or a report grows with its size")
@pytest.mark.parametrize("content", SLOW)
def test_a_file_is_refused_in_time(content: str) -> None:
    name, data = SLOW[content]
    begun = time.process_time()
    assert in_a_file(data, name, "replay" if name == "r.json" else "check") == 2
    assert time.process_time() - begun < 5  # seconds; each takes less than one


SLOW_IN_THE_KERNEL = """
#include "tyrne.h"
void _start(void) {
    struct tyrne_reply r = tyrne_create(1, TYRNE_KIND_MEMORY, 512);
    for (;;) { tyrne_map(2, r.x[1], 0x10000000, 1); tyrne_unmap(2, r.x[1]); }
}
"""
SYSTEM = """
[system]
name = "slow"
[[task]]
name = "t"
program = "slow.c"
quota = { memory = 1, frames = 600 }
caps = [{ console = true }, { quota = true }, { space = "t", rights = ["MAP"] }]
"""


@pytest.mark.promise(
    "--max-instructions bounds the work of the kernel as well, on each machine, and a replay as well as a run"
)
@pytest.mark.parametrize("machine", ["hosted", "native", pytest.param("qemu", marks=pytest.mark.qemu)])
def test_the_limit_holds_for_calls_that_are_much_work(tyrne: Tyrne, tmp_path: Path, machine: str) -> None:
    (tmp_path / "slow.c").write_text(SLOW_IN_THE_KERNEL)
    (tmp_path / "s.toml").write_text(SYSTEM)
    assert tyrne("check", "s.toml").status == 0
    begun = time.process_time()
    limit = 1_000_000
    assert tyrne("run", "s.toml", "--machine", machine, "--max-instructions", limit, "--report", "r.json").status == 4
    assert time.process_time() - begun < 20  # seconds; without the bound it takes an hour
    assert 2 < len(json.loads((tmp_path / "r.json").read_text())["syscalls"]) < 300  # both calls: 7,700 instructions
    assert tyrne("replay", "r.json").status == 0
    assert tyrne("replay", "r.json", "--max-instructions", 20).status == 4
