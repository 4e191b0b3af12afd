"""`tyrne trace`: what it writes and says, and its errors."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from commands import Tyrne

from tyrne.system.shipped import shipped
from tyrne.testing import run_system

SERVER = shipped("systems/server.toml")
FORMATS = "name a file that ends with .pftrace, for ui.perfetto.dev, or with .html, a page of its own"


def report(name: str, folder: Path) -> Path:
    path = folder / "report.json"
    path.write_text(json.dumps(run_system(shipped(f"systems/{name}.toml")).report()))
    return path


@pytest.mark.parametrize("suffix", ["html", "pftrace"])
def test_it_says_what_it_has_written_and_a_report_gives_what_its_system_gives(
    tyrne: Tyrne, tmp_path: Path, suffix: str
) -> None:
    one, other = tmp_path / f"one.{suffix}", tmp_path / f"other.{suffix}"
    outcome = tyrne("trace", SERVER, "-o", one)
    assert (outcome.status, outcome.err) == (0, "")
    assert outcome.out == f"{one}: 213 events of 50 transitions, 8,719 ns\n"
    path = report("server", tmp_path)
    assert tyrne("trace", path, "-o", other).out == f"{other}: 213 events of 50 transitions, 8,719 ns\n"
    if suffix == "html":
        assert one.read_text().replace(str(SERVER), "RUN") == other.read_text().replace(str(path), "RUN")


@pytest.mark.qemu
def test_of_qemu_it_counts_instructions(tyrne: Tyrne, tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    path.write_text(json.dumps(run_system(SERVER, "qemu").report()))
    outcome = tyrne("trace", path, "-o", tmp_path / "a.html")
    assert outcome.out.endswith("events of 50 transitions, 8,719 instructions\n")


def test_a_limit_ends_the_timeline_and_the_status_says_so(tyrne: Tyrne, tmp_path: Path) -> None:
    outcome = tyrne("trace", SERVER, "-o", tmp_path / "a.html", "--max-instructions", 1000)
    assert (outcome.status, outcome.error) == (4, "tyrne: stopped: the limit of 1000 instructions was reached")
    assert (tmp_path / "a.html").stat().st_size > 1000


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ("server.toml", f"no output named; add -o FILE: {FORMATS}"),
        ("server.toml -o a.json", f"-o a.json: not a kind of timeline; {FORMATS}"),
        ("server.toml -o trace", f"-o trace: not a kind of timeline; {FORMATS}"),
        ("bad.json -o no/a.html", "no/a.html: there is no directory no; make it first"),
        ("bad.json -o a.html", "bad.json:1: not JSON, or cut off; give a file that tyrne run --report has written"),
        (
            "none.json -o a.html",
            "none.json: cannot be read: no such file or directory; give a file that tyrne run --report has written",
        ),
    ],
)
def test_what_is_wrong_with_the_request_is_one_line(
    tyrne: Tyrne, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: str, expected: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("bad.json").write_text("{")
    outcome = tyrne("trace", *arguments.split())
    assert (outcome.status, outcome.out, outcome.error) == (2, "", f"tyrne: error: {expected}")


def test_a_report_is_not_written_over(tyrne: Tyrne, tmp_path: Path) -> None:
    path = report("grant", tmp_path).rename(tmp_path / "report.html")
    outcome = tyrne("trace", path, "-o", path)
    assert outcome.status == 2
    assert outcome.error.endswith("is an input of this command and would be lost; name another file")
    assert path.read_text().startswith("{")


def test_without_perfettos_library_it_says_how_to_get_it_and_a_page_needs_none(
    tyrne: Tyrne, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "perfetto", None)
    monkeypatch.setitem(sys.modules, "perfetto.trace_builder.proto_builder", None)
    outcome = tyrne("trace", SERVER, "-o", tmp_path / "a.pftrace")
    assert (outcome.status, outcome.out) == (2, "")
    assert outcome.error == (
        "tyrne: error: Perfetto's library is not there; install it with pip install 'tyrne[trace]', "
        "or write a page: -o FILE.html"
    )
    assert tyrne("trace", SERVER, "-o", tmp_path / "a.html").status == 0
