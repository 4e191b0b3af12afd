"""An object that no description names is called by its kind and its number, and the kind is said once."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tyrne.cli.main import run_arguments
from tyrne.inspect import inspect, open_run
from tyrne.inspect.data import to_data
from tyrne.inspect.difference import compare_runs
from tyrne.inspect.pictures import Kind, picture
from tyrne.inspect.words import of_kind
from tyrne.system.shipped import shipped
from tyrne.testing import run_system

TWICE = re.compile(r"\b(endpoint|notification|task|space|memory|quota|interrupt) \1\b")
COMMANDS = ("ps", "caps", "tree", "waits", "maps", "top")
AT = {"exchange": 2, "grant": 5, "server": 12, "supervisor": 5, "ring": 6, "disk": 40}
"""Systems whose tasks wait, share memory, are supervised and send capabilities; and where each is looked at."""


@pytest.fixture(scope="module")
def nameless(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The report of a system as an older tyrne wrote it: without names."""

    def report(system: str) -> Path:
        path = tmp_path_factory.mktemp("reports") / f"{system}.json"
        found = run_system(shipped(f"systems/{system}.toml"), max_instructions=0).report()
        del found["names"]
        path.write_text(json.dumps(found))
        return path

    return report


def texts(path: Path, at: int, capfd: pytest.CaptureFixture[str]) -> Iterator[str]:
    seen = inspect(path, at)
    yield json.dumps(to_data(seen))
    yield from (picture(kind, seen, ()).svg for kind in Kind if kind is not Kind.MESSAGES)
    for command in COMMANDS:
        capfd.readouterr()
        assert run_arguments([command, str(path), "--at", str(at)]) == 0
        yield capfd.readouterr().out


@pytest.mark.parametrize("system", AT)
def test_the_kind_of_an_object_without_a_name_is_said_once(
    system: str, nameless: Callable[[str], Path], capfd: pytest.CaptureFixture[str]
) -> None:
    path = nameless(system)
    shown = list(texts(path, AT[system], capfd))
    assert [found.group() for text in shown for found in TWICE.finditer(text)] == []
    assert any("endpoint 0" in text or "notification 0" in text for text in shown)


def test_a_wait_names_what_it_is_for(nameless: Callable[[str], Path]) -> None:
    assert {wait.on for wait in inspect(nameless("server"), AT["server"]).waits} == {"endpoint 0"}


def test_a_comparison_names_what_differs_once(nameless: Callable[[str], Path]) -> None:
    changes = compare_runs(open_run(nameless("server")), open_run(nameless("grant"))).changes
    assert any(change.what.startswith("endpoint 0") for change in changes)
    assert [change.what for change in changes if TWICE.search(change.what)] == []


@pytest.mark.parametrize(
    ("name", "expected"),
    [("door", "endpoint door"), ("endpoint 3", "endpoint 3"), ("endpoints", "endpoint endpoints")],
)
def test_a_name_that_only_begins_like_a_kind_is_a_name(name: str, expected: str) -> None:
    assert of_kind("endpoint", name) == expected
