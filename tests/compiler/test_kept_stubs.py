"""The stubs of the standard library come from the cache, and mypy says the same of a program as without."""

from __future__ import annotations

from pathlib import Path

import pytest

from tyrne.compiler.front.check import check
from tyrne.compiler.front.modules import Module, closure, find_root

WRONG = """\
from __future__ import annotations
import sys
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction
from tyrne.lang import u64


class Colour(Enum):
    RED = 1


@dataclass(frozen=True)
class Pair:
    a: u64


def number() -> u64:
    return Pair("text").b


print(sys.nothing, Colour.BLUE, Fraction(1).nothing, number() + "x")
"""


@pytest.fixture
def modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Module]:
    """A program with mistakes, most of them about what the stubs say; the cache is empty."""
    monkeypatch.setenv("TYRNE_CACHE", str(tmp_path / "cache"))
    program = tmp_path / "wrong.py"
    program.write_text(WRONG)
    return closure(find_root(program))


def stubs(cache: Path) -> dict[str, tuple[int, int]]:
    """The modules that are kept, each with its size and the time when it was written."""
    files = [path for path in (cache / "stubs").rglob("*") if path.is_file() and path.suffix in (".ff", ".json")]
    files = [path for path in files if path.name[0] != "@"]  # which mypy writes each time, always alike
    return {str(path.relative_to(cache)): (path.stat().st_size, path.stat().st_mtime_ns) for path in files}


def test_a_program_is_refused_alike_with_stubs_that_are_kept_and_without(
    modules: list[Module], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    filling = check(modules).problems
    kept = check(modules).problems
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setenv("TYRNE_CACHE", str(tmp_path / "file" / "cache"))
    assert filling == kept == check(modules).problems
    assert [line for line, _ in kept[str(tmp_path / "wrong.py")]] == [19, 19, 19, 22, 22, 22, 22]


def test_stubs_that_another_program_has_not_needed_are_read_anew(modules: list[Module], tmp_path: Path) -> None:
    small = tmp_path / "small.py"
    small.write_text("x = 1\n")
    assert not check(closure(find_root(small))).problems
    before = stubs(tmp_path / "cache")
    assert not any("fractions" in name for name in before)
    assert len(check(modules).problems[str(tmp_path / "wrong.py")]) == 7
    assert stubs(tmp_path / "cache") == before


def test_nothing_of_a_program_is_kept(modules: list[Module], tmp_path: Path) -> None:
    check(modules)
    before = stubs(tmp_path / "cache")
    check(modules)
    assert stubs(tmp_path / "cache") == before
    names = [Path(name).name.partition(".")[0] for name in before]
    assert "builtins" in names
    assert not {"lang", "integers", "program_wrong"} & set(names)


def test_a_check_that_stops_at_once_keeps_no_stubs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TYRNE_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    program = tmp_path / "os.py"
    program.write_text("x = 1\n")
    problems = check(closure(find_root(program))).problems
    assert "rename the file" in problems[str(program)][0][1]
    assert not stubs(tmp_path / "cache")


def test_where_nothing_may_be_written_to_the_cache_mypy_does_without(
    modules: list[Module], monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = check(modules).problems
    monkeypatch.setattr("os.access", lambda *_: False)
    assert check(modules).problems == expected
