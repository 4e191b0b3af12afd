"""What stands behind -- on a command line, and --abi: for the one program that is named."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from commands import Tyrne

SVC, EXIT_GROUP, LOAD_ARGC = 0xD4000001, 0xD2800BC8, 0xF94003E0


@pytest.fixture
def counter(tmp_path: Path) -> Path:
    """A program of Linux that says nothing of itself, and exits with the number of its arguments, its name included."""
    code = struct.pack("<3I", LOAD_ARGC, EXIT_GROUP, SVC)
    begin = 64 + 56
    identity = b"\x7fELF\2\1\1".ljust(16, b"\0")
    head = struct.pack("<16sHHIQQQIHHHHHH", identity, 2, 183, 1, 0x400000 + begin, 64, 0, 0, 64, 56, 1, 0, 0, 0)
    load = struct.pack("<IIQQQQQQ", 1, 5, 0, 0x400000, 0, begin + len(code), begin + len(code), 4096)
    path = tmp_path / "counter"
    path.write_bytes(head + load + code)
    return path


@pytest.mark.parametrize(
    ("behind", "code"), [((), 1), (("--", "a", "b c"), 3), (("--", "-q", "--", "--help"), 4), (("--",), 1)]
)
def test_a_program_gets_what_stands_behind_it(
    tyrne: Tyrne, tmp_path: Path, counter: Path, behind: tuple[str, ...], code: int
) -> None:
    for _ in range(2):  # the second time it is known
        outcome = tyrne("run", "--abi", "linux", counter, *behind)
        assert outcome.status == 1
        assert f'userspace task exited ("counter", code {code})' in outcome.out


def test_a_description_says_the_same(tyrne: Tyrne, tmp_path: Path, counter: Path) -> None:
    task = f'[system]\nname = "s"\n[[task]]\nname = "t"\nprogram = "{counter.name}"\n'
    given = 'abi = "linux"\nargs = ["a", "b", "c"]\nenv = { A = "1" }\nheap_pages = 3\n'
    (tmp_path / "s.toml").write_text(task + given)
    assert '("t", code 4)' in tyrne("run", tmp_path / "s.toml").out
    checked = tyrne("check", tmp_path / "s.toml")
    assert "for Linux, 1 calls patched, 3 pages of heap, " in checked.out
    assert "64 stack pages" in checked.out
    for wrong, expected in (
        ('abi = "bsd"', 's.toml:6: no system is called "bsd"; write one of linux, tyrne'),
        ("heap_pages = 0", "s.toml:6: heap_pages is 0; write a number from 1 to 20416"),
        ("heap_pages = 20417", "s.toml:6: heap_pages is 20417; write a number from 1 to 20416"),
        ('args = ["a\\u0000"]', "s.toml:6: a zero byte, with which arguments end; write args = "),
        ("args = [1]", 's.toml:6: "args" is a number; write args = '),
        ('env = { "A=B" = "c" }', "s.toml:6: no variable is called 'A=B'; write env = "),
        ("env = { A = 1 }", 's.toml:6: "A" is a number; write A = "name"'),
        ('env = ["A"]', 's.toml:6: "env" is an array; write env = { HOME = "/" }'),
    ):
        (tmp_path / "s.toml").write_text(task + wrong + "\n")
        assert tyrne("check", tmp_path / "s.toml").error.startswith(f"tyrne: error: {tmp_path}/{expected}")


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ("run --abi linux counter counter -- a", "arguments for 2 programs; name the one that gets them before the --"),
        ("run -- a", "arguments for 0 programs; name the one that gets them before the --"),
        ("run --abi linux", "--abi, --files or --out: no program is named; name the one that it is about"),
        ("run s.toml -- a", "s.toml: --abi, --files, --out and arguments are for programs; write abi,"),
        ("check --abi linux s.toml", "s.toml: --abi, --files, --out and arguments are for programs; write"),
        ("run counter -- a", "counter: does not say for which system it was built, and calls what only Linux has; run"),
    ],
)
def test_arguments_that_nobody_gets_are_refused(
    tyrne: Tyrne, tmp_path: Path, counter: Path, monkeypatch: pytest.MonkeyPatch, arguments: str, expected: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "s.toml").write_text('[system]\nname = "s"\n[[task]]\nname = "t"\nprogram = "counter"\n')
    outcome = tyrne(*arguments.split())
    assert outcome.status == 2
    assert outcome.error.startswith(f"tyrne: error: {expected}")


def test_a_program_that_does_not_say_what_it_is_gets_a_hint(tyrne: Tyrne, counter: Path) -> None:
    outcome = tyrne("check", counter)
    assert outcome.status == 0
    assert outcome.error == (
        f"tyrne: warning: {counter}: does not say for which system it was built, and calls what only Linux has; "
        'run it with --abi linux, or write abi = "linux" in its [[task]]'
    )
