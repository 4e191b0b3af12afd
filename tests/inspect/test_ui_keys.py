"""The keys of the page of `tyrne ui`: none is lost while something is done, and what they lead to is said in words."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from browser import FOUND, MISSING, Page, browser
from serving import serving, viewer_of
from test_ui_page import Looking

from tyrne.inspect.ui.viewer import Viewer
from tyrne.system.shipped import shipped

pytestmark = pytest.mark.skipif(FOUND is None, reason=MISSING)
LONG = 0.6
"""Seconds after which the page has said that it is on its way."""


@pytest.fixture
def page(tmp_path: Path) -> Iterator[Page]:
    with browser(tmp_path / "profile") as opened:
        yield opened


@pytest.fixture
def corrupts(page: Page) -> Iterator[Looking]:
    with serving(viewer_of(shipped("systems/walks/corrupts.toml"))) as served:
        yield Looking(page, served)
    assert page.said == []


def slowed(monkeypatch: pytest.MonkeyPatch, name: str, seconds: float) -> None:
    """Let the server take its time for one kind of question."""
    asked = getattr(Viewer, name)

    def late(self: Viewer, *given: Any) -> Any:
        time.sleep(seconds)
        return asked(self, *given)

    monkeypatch.setattr(Viewer, name, late)


def at_once(looking: Looking, *keys: str) -> None:
    """Press keys without waiting for what they do."""
    looking.page.press(*keys)
    looking.settle()


def is_going(looking: Looking) -> bool:
    return looking.page.evaluate("!document.getElementById('going').hidden") is True


def test_no_key_is_lost_while_steps_are_made(corrupts: Looking, monkeypatch: pytest.MonkeyPatch) -> None:
    slowed(monkeypatch, "state", 0.1)
    at_once(corrupts, *["ArrowRight"] * 6)
    assert corrupts.position == "6+0"
    at_once(corrupts, *"...,,")
    assert corrupts.position == "6+1"
    at_once(corrupts, "ArrowLeft", "c", "c", "C")
    assert corrupts.position == "7+0"


def test_a_jump_stands_for_the_moves_that_wait_before_it(corrupts: Looking, monkeypatch: pytest.MonkeyPatch) -> None:
    slowed(monkeypatch, "state", 0.1)
    shown: list[str] = []
    state = Viewer.state

    def seen(self: Viewer, at: Any, task: str | None) -> dict[str, Any]:
        shown.append(at.text)
        return state(self, at, task)

    monkeypatch.setattr(Viewer, "state", seen)
    at_once(corrupts, "ArrowRight", "c", "s", "4", "End")
    assert (corrupts.position, shown) == ("89+0", ["1+0", "89+0"])
    assert corrupts.page.evaluate("tab") == "memory"


def test_what_waits_is_bounded(corrupts: Looking) -> None:
    made = corrupts.page.evaluate(
        "(async () => { let made = 0; for (let i = 0; i < 500; i++) queue('look', async () => { made += 1; });"
        " for (let i = 0; i < 500; i++) queue('move', async (count) => { made += count; }, 'a');"
        " while (busy) await new Promise((done) => setTimeout(done, 5)); return made; })()"
    )
    assert 0 < made < 200


def test_a_key_counts_while_the_page_is_still_opening(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    slowed(monkeypatch, "state", 0.3)
    with serving(viewer_of(shipped("systems/walks/corrupts.toml"))) as served:
        page.visit(served.address)
        page.press("End")
        deadline = time.monotonic() + 60
        while page.evaluate("document.getElementById('position').value") != "89+0":
            assert time.monotonic() < deadline


def test_what_is_reached_is_not_said_to_be_on_the_way(corrupts: Looking, monkeypatch: pytest.MonkeyPatch) -> None:
    slowed(monkeypatch, "picture", LONG)
    corrupts.page.press("5", "g", "7", "Enter")
    deadline = time.monotonic() + 60
    while not is_going(corrupts):
        assert time.monotonic() < deadline
    at_once(corrupts, "End")
    assert corrupts.position == "89+0" and corrupts.text("what").startswith("89  reader: task_exit(0)")
    assert not is_going(corrupts)
    at_once(corrupts, "Home", "End")
    assert corrupts.text("what").startswith("89  reader") and not is_going(corrupts)


def test_instructions_after_a_transition_are_those_of_who_runs_them(corrupts: Looking) -> None:
    corrupts.press("g", *"73+15", "Enter")
    assert corrupts.text("what") == "after 73 (table: task_yield() = OK); logger has run 15 instructions"
    corrupts.press("g", *"0+1", "Enter")
    assert corrupts.text("what") == "the kernel has booted; table has run 1 instruction"


def test_what_is_written_as_a_position_and_is_none_is_said_and_can_be_mended(corrupts: Looking) -> None:
    corrupts.press("ArrowRight", "g", *"nonsense", "Enter")
    assert corrupts.text("told") == (
        "“nonsense” is no position: write 12, or 12+3 for three instructions after the twelfth transition"
    )
    assert corrupts.position == "nonsense"
    assert corrupts.page.evaluate("document.activeElement.id") == "position"
    corrupts.press("Escape")
    assert (corrupts.position, corrupts.text("told")) == ("1+0", "")
    assert corrupts.text("what").startswith("1  table: ")


def test_a_position_that_the_run_does_not_have_is_said(corrupts: Looking) -> None:
    for written, reached, said in (
        ("500", "89+0", "there is no 500: the run ends with 89"),
        ("73+999", "74+0", "74 comes before there are 999 instructions after 73"),
        ("89+5", "89+0", "there are not 5 instructions after 89"),
        ("73", "73+0", ""),
    ):
        corrupts.press("g", *written, "Enter")
        assert (corrupts.position, corrupts.text("told")) == (reached, said)


def test_what_is_told_of_a_write_is_no_error_and_stays_while_the_position_does(corrupts: Looking) -> None:
    corrupts.press("End", "w", *"0x10000038", "Enter")
    said = corrupts.text("told")
    assert said == (
        "logger writes 0x240 at 0x10000038, where 0x8 was (programs/walks/logger.py:17); "
        "it is the last write before reader ended, in 89"
    )
    assert corrupts.position == "73+15"
    assert corrupts.page.evaluate("document.getElementById('told').className") == "found"
    corrupts.press("1", "4", "6", "ArrowDown")
    assert corrupts.text("told") == said
    corrupts.press("ArrowRight")
    assert corrupts.text("told") == ""


def test_a_server_that_is_gone_is_said_to_be_gone(page: Page) -> None:
    with serving(viewer_of(shipped("systems/grant.toml"))) as served:
        looking = Looking(page, served)
    looking.press("ArrowRight")
    assert looking.text("told").startswith("nobody answers: tyrne ui has ended; start it again")


def test_a_chosen_task_is_seen_to_be_and_esc_or_a_hit_of_a_search_gives_it_up(corrupts: Looking) -> None:
    chosen = "[...document.querySelectorAll('#tasks [aria-pressed=true]')].map((each) => each.textContent).join()"
    corrupts.press("End", "o")
    assert corrupts.text("told").startswith("choose a task")
    corrupts.press("Home", "ArrowDown", "o", "4")
    assert corrupts.page.evaluate(chosen).startswith("tablechosen")
    assert corrupts.text("only") == "only table  o" and "reader" in corrupts.text("view")
    assert corrupts.page.evaluate("document.getElementById('only').getAttribute('aria-pressed')") == "true"
    corrupts.press("Escape")
    assert (corrupts.page.evaluate(chosen), corrupts.page.evaluate("$('only').hidden")) == ("", True)
    corrupts.press("ArrowUp", "/", *"console_write", "Enter")
    assert corrupts.page.evaluate(chosen) == "" and corrupts.text("program-title").startswith("table ")


def test_after_a_switch_the_line_that_called_can_be_seen_and_is_that_of_a_hit(corrupts: Looking) -> None:
    corrupts.press("g", *"73", "Enter")
    assert (corrupts.text("who"), corrupts.text("program-title").partition(" ")[0]) == (
        "logger runs nexttable called",
        "logger",
    )
    corrupts.press("l")
    assert corrupts.text("program-title").startswith("table ")
    assert corrupts.marked("program") == "20        task_yield()"
    corrupts.press("l", "/", *"logger: task_yield", "Enter")
    assert corrupts.text("program-title").startswith("logger ")
    assert corrupts.marked("program") == "18        task_yield()"


def test_lines_of_sources_are_not_cut(corrupts: Looking) -> None:
    corrupts.page.send("Emulation.setDeviceMetricsOverride", width=800, height=640, deviceScaleFactor=1, mobile=False)
    corrupts.press("g", *"73+15", "Enter")
    for place in ("program", "kernel"):
        assert corrupts.page.evaluate(f"{place}.scrollWidth <= {place}.clientWidth".replace(place, f"$('{place}')"))
