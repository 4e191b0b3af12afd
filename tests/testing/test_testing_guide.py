"""docs/testing.md: its files run as they stand, in a folder of their own, and its tables name every invariant."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

from tyrne.compiler.build.cache import cache_directory
from tyrne.testing import INVARIANTS, LiveSystem, Run
from tyrne.testing.invariants import transitions

pytest_plugins = ["pytester"]

GUIDE = (Path(__file__).parents[2] / "docs/testing.md").read_text()
FILE = re.compile(r"^```(?:python|toml)\n# (\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


CACHE = cache_directory()
"""Before a test has a home of its own."""


def test_its_files_pass_as_they_stand(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TYRNE_CACHE", str(CACHE))
    files = dict(FILE.findall(GUIDE))
    assert len(files) == GUIDE.count("```") // 2
    for name, content in files.items():
        (pytester.path / name).write_text(content)
    result = pytester.runpytest_subprocess("-W", "error", "--strict-markers", "--no-qemu")
    result.assert_outcomes(passed=11, skipped=1)


def test_its_tables_name_every_invariant() -> None:
    chapter = GUIDE.partition("## 5.")[2].partition("## 6.")[0]
    rows = [line.split("|")[1] for line in chapter.splitlines() if line.startswith("| `")]
    of_transitions = {
        name
        for name, value in vars(transitions).items()
        if inspect.isgeneratorfunction(value) and value.__module__ == transitions.__name__
    }
    expected = {invariant.__name__ for invariant in INVARIANTS} | of_transitions
    assert {name for row in rows for name in re.findall(r"`(\w+)`", row)} == expected


@pytest.mark.parametrize("described", [Run, LiveSystem])
def test_its_tables_name_what_there_is(described: type) -> None:
    public = {name for name in vars(described) if not name.startswith("_")}
    assert [name for name in public if f"`{name}" not in GUIDE and f"{name}`" not in GUIDE] == []
