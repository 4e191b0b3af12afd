"""`tyrne picture`: what it writes, the pictures of the documents, and its errors."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from commands import Tyrne
from test_inspecting import deadlock, report

from tyrne.system.shipped import shipped

ROOT = Path(__file__).parents[2]
PICTURES = ROOT / "docs" / "pictures"
"""UPDATE_GOLDEN=1 draws them anew (look at them)."""
SERVER = shipped("systems/server.toml")
DRAWN = {
    "capabilities-grant": ("capabilities", "systems/grant.toml", "--at", "5"),
    "capabilities-ring": ("capabilities", "systems/ring.toml", "--at", "20"),
    "waits-three": ("waits", "three.toml"),
    "memory-dice": ("memory", "systems/dice.toml", "--at", "10"),
    "messages-server": ("messages", "systems/server.toml", "--at", "20"),
}
"""The pictures in docs/, each with the arguments that draw it."""


@pytest.mark.parametrize("name", DRAWN)
def test_a_picture_of_the_documents_is_what_its_command_draws(
    tyrne: Tyrne, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(ROOT if DRAWN[name][1].startswith("systems/") else deadlock(tmp_path).parent)
    drawn = tmp_path / "drawn.svg"
    outcome = tyrne("picture", *DRAWN[name], "-o", drawn)
    assert (outcome.status, outcome.out, outcome.err) == (0, "", "")
    if os.environ.get("UPDATE_GOLDEN"):
        (PICTURES / f"{name}.svg").write_text(drawn.read_text())
    assert drawn.read_text() == (PICTURES / f"{name}.svg").read_text()


def test_the_guide_shows_each_of_them_and_says_how_it_is_made() -> None:
    guide = (ROOT / "docs" / "guide.md").read_text()
    for name, arguments in DRAWN.items():
        assert f"(pictures/{name}.svg)" in guide
        assert f"tyrne picture {' '.join(arguments)} -o " in guide


def test_without_a_file_it_is_text_for_mermaid_on_standard_output(tyrne: Tyrne, tmp_path: Path) -> None:
    path = tmp_path / "a.mmd"
    shown = tyrne("picture", "waits", SERVER, "--at", 12).out
    assert shown.startswith("flowchart LR\n")
    assert tyrne("picture", "waits", SERVER, "--at", 12, "-o", path).out == ""
    assert path.read_text() == shown
    assert tyrne("picture", "messages", SERVER, "--at", 12).out.startswith("sequenceDiagram\n")


@pytest.mark.parametrize("kind", ["capabilities", "waits", "memory", "messages"])
def test_a_report_gives_what_its_system_gives(tyrne: Tyrne, tmp_path: Path, kind: str) -> None:
    path = report("server", tmp_path, "hosted")
    assert tyrne("picture", kind, path, "--at", "-3").out == tyrne("picture", kind, SERVER, "--at", "-3").out


def test_messages_are_those_until_the_position(tyrne: Tyrne) -> None:
    whole = tyrne("picture", "messages", SERVER, "--at", "20").out
    shorter = tyrne("picture", "messages", SERVER, "--at", "6").out
    assert "p1->>p0: 5: message 0x1, 0x2" in shorter and "8: message" not in shorter
    assert "18: message" in whole
    assert tyrne("picture", "messages", SERVER, "--at", "100i").out.count("message") == 1


def test_it_may_be_about_some_tasks_alone(tyrne: Tyrne) -> None:
    shown = tyrne("picture", "messages", SERVER, "--task", "client-1", "--task", "client-2").out
    assert "participant p2 as client-2" in shown and "client-3" not in shown


def test_a_limit_ends_the_run_and_the_status_says_so(tyrne: Tyrne, tmp_path: Path) -> None:
    outcome = tyrne("picture", "waits", SERVER, "-o", tmp_path / "a.svg", "--max-instructions", 1000)
    assert (outcome.status, outcome.error) == (4, "tyrne: stopped: the limit of 1000 instructions was reached")
    assert (tmp_path / "a.svg").read_text().startswith("<svg ")


FORMATS = "name a file that ends with .svg, or with .mmd for Mermaid"


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ("waits RUN -o a.png", f"-o a.png: not a kind of picture; {FORMATS}"),
        ("waits RUN -o no/a.svg", "no/a.svg: there is no directory no; make it first"),
        ("waits RUN --task cleint-1", 'no task "cleint-1" there; did you mean "client-1"?'),
        ("messages RUN --task nobody", 'no task "nobody" there; the tasks are server, client-1, client-2, client-3'),
        ("waits RUN --at x", "--at x: not a position; write 4 or -1, 4+120 or 2000i"),
        (
            "waits none.json",
            "none.json: cannot be read: no such file or directory; give a file that tyrne run --report has written",
        ),
        (
            "maps RUN",
            "Invalid value for 'KIND': 'maps' is not one of 'capabilities', 'waits', 'memory', 'messages'; "
            "see tyrne picture --help",
        ),
    ],
)
def test_what_is_wrong_with_the_request_is_one_line(
    tyrne: Tyrne, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: str, expected: str
) -> None:
    monkeypatch.chdir(tmp_path)
    outcome = tyrne("picture", *arguments.replace("RUN", str(SERVER)).split())
    assert (outcome.status, outcome.out, outcome.error) == (2, "", f"tyrne: error: {expected}")
    assert not list(tmp_path.iterdir())
