"""The page of `tyrne ui` in a browser: what it shows, its keys, and what a run cannot make it do."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from browser import FOUND, MISSING, Page, browser
from serving import TOKEN, Served, serving, viewer_of
from small_programs import program, ring_of_three, system
from test_pictures import HOSTILE, hostile

from tyrne.abi import CallNumber
from tyrne.system.shipped import shipped

PICTURES = Path(__file__).parents[2] / "docs" / "pictures"
"""UPDATE_GOLDEN=1 takes those of the page anew (look at them)."""
PICTURE_BYTES = 150_000
SHOWN = [
    ("ui-instructions", "supervisor", "4+2", "6."),
    ("ui-messages", "server", "12+0", "5"),
    ("ui-capabilities", "builder", "16+0", "2"),
    ("ui-waits", "walks/hangs", "19+0", "3"),
    ("ui-memory", "walks/corrupts", "73+15", "4"),
]
"""Pictures of the documents: of which system, where, and the keys from there."""
PUTS_IN = """(() => {
    const script = document.createElement("script");
    script.textContent = "document.title = 1";
    document.body.append(script);
})()"""
pytestmark = pytest.mark.skipif(FOUND is None, reason=MISSING)


@pytest.fixture
def page(tmp_path: Path) -> Iterator[Page]:
    with browser(tmp_path / "profile") as opened:
        yield opened


class Looking:
    """A page that is open on a run."""

    def __init__(self, page: Page, served: Served) -> None:
        self.page = page
        page.prefer("light")
        page.visit(served.address)
        self.settle()

    def settle(self) -> None:
        """Until all is shown that was asked for."""
        deadline = time.monotonic() + 60
        while self.page.evaluate("busy || waiting.length > 0 || !state"):
            assert time.monotonic() < deadline, self.page.said
            time.sleep(0.005)  # what one waits for needs the processor

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.press(key)
            self.settle()

    def text(self, place: str) -> str:
        found: Any = self.page.evaluate(f"document.getElementById('{place}').textContent")
        return str(found)

    @property
    def position(self) -> str:
        return str(self.page.evaluate("document.getElementById('position').value"))

    def marked(self, place: str) -> str:
        """The line of a source that is marked."""
        return str(self.page.evaluate(f"document.querySelector('#{place} .here, #{place} .check').textContent"))


@pytest.fixture
def grant(page: Page) -> Iterator[Looking]:
    with serving(viewer_of(shipped("systems/grant.toml"))) as served:
        yield Looking(page, served)
    assert page.said == []
    assert all(address.startswith(f"http://127.0.0.1:{served.port}/") for address in page.asked)


def test_one_steps_forwards_and_backwards_and_all_of_it_follows(grant: Looking) -> None:
    assert (grant.position, grant.text("what")) == ("0+0", "the kernel has booted")
    grant.press("ArrowRight", "ArrowRight", "ArrowRight")
    assert grant.position == "3+0"
    assert grant.text("what").startswith("3 grantor: send_wait(endpoint channel, ".replace("3 ", "3  ", 1))
    assert "waits for a receiver" in grant.text("tasks")
    grant.press("ArrowLeft")
    assert (grant.position, "waits for a receiver" in grant.text("tasks")) == ("2+0", False)
    assert grant.text("console") == "grantor: grants a key to the door\n"
    grant.press(".", ".", ".", ",")
    assert grant.position == "2+2"
    grant.press("End")
    assert grant.position == "15+0" and "the run is over with status 0" in grant.text("what")
    grant.press("ArrowRight")
    assert grant.text("told") == "there is nothing after this" and "the run is over" in grant.text("what")
    grant.press("Home")
    assert grant.position == "0+0"


def test_a_refusal_shows_its_reason_the_line_of_the_program_and_the_check_of_the_kernel(grant: Looking) -> None:
    grant.press("r")
    assert "12" in grant.text("what") and "STALE_HANDLE no capability stands at 0x2" in grant.text("what")
    assert grant.marked("program") == "24    outcome = send_wait(door, Message(KNOCK))"
    assert grant.marked("kernel").endswith("return Status.INVALID_HANDLE")
    assert "refused in authorise_here, authority.py" in grant.text("path")
    grant.page.evaluate("document.querySelectorAll('#path button')[1].click()")
    grant.settle()
    assert "kernel.py" in grant.text("kernel-title") and "Kernel.trap" in grant.text("kernel-title")


def test_the_tabs_show_pictures_of_the_position_and_a_click_chooses_a_task(grant: Looking) -> None:
    grant.press("2", "r", "ArrowLeft", "ArrowLeft", "ArrowLeft", "ArrowLeft")
    before = grant.text("view")
    grant.press("ArrowRight")
    assert "door" in before and "door" not in grant.text("view").partition("grantee")[2]
    grant.page.evaluate("document.querySelector('[data-tasks=grantee]').dispatchEvent(new MouseEvent('click'))")
    grant.settle()
    assert grant.text("program-title").startswith("grantee")
    grant.press("3")
    assert "neither waits nor is waited for" in grant.text("view") or "waits" in grant.text("view")
    grant.press("4")
    assert "0x800000" in grant.text("view")
    grant.press("5", "o")
    assert "message 0x1" in grant.text("view")
    grant.press("1")
    assert "grantor: cap_revoke(endpoint door) = OK" in grant.text("view")
    assert (
        grant.page.evaluate("getComputedStyle(document.querySelector('tr.here')).backgroundColor")
        == "rgb(255, 242, 191)"
    )


def test_a_search_finds_calls_and_a_click_on_a_row_goes_there(grant: Looking) -> None:
    grant.press("/", *"REVOKE", "Enter")
    assert (grant.position, grant.text("found")) == ("9+0", "1 of 1")
    grant.page.evaluate(
        "[...document.querySelectorAll('#view tbody tr')].find((r) => /^4/.test(r.textContent)).click()"
    )
    grant.settle()
    assert grant.position == "4+0"
    grant.press("n")
    assert grant.position == "9+0"


def test_in_a_long_run_the_marked_row_is_that_of_the_position_and_has_others_around_it(
    page: Page, tmp_path: Path
) -> None:
    turns = program(*[(CallNumber.TASK_YIELD, [])] * 150, (CallNumber.TASK_EXIT, [0]))
    with serving(viewer_of(system(tmp_path, "", one=(turns, ""), two=(turns, "")))) as served:
        looking = Looking(page, served)
        for position in (100, 101, 139, 141, 60, 0, 1, 302):
            looking.press("g", *f"{position}+0", "Enter")
            marked = page.evaluate("[...document.querySelectorAll('#view tr.here')].map((row) => row.textContent)")
            assert len(marked) == 1 and marked[0].startswith(str(position))
            around = {row["transition"] for row in page.evaluate("rows.rows")}
            assert around >= set(range(max(1, position - 20), min(302, position + 20) + 1))
    assert page.said == []


def test_a_window_without_the_token_shows_nothing_of_the_run(page: Page) -> None:
    with serving(viewer_of(shipped("systems/grant.toml"))) as served:
        page.visit(served.address.partition("#")[0])
        deadline = time.monotonic() + 60
        while (said := page.evaluate("document.getElementById('told').textContent")) == "":
            assert time.monotonic() < deadline
        assert said == "open the address that tyrne ui has printed"
        assert "grant" not in page.evaluate("document.body.textContent")
        page.visit("about:blank")  # else it is the same page in another place
        page.visit(served.address)
        deadline = time.monotonic() + 60
        while not page.evaluate("typeof state !== 'undefined' && state !== null && !busy"):
            assert time.monotonic() < deadline
        assert TOKEN not in page.evaluate("location.href")


@pytest.mark.promise("What a run says is text in its page, and nothing of it runs or asks for anything")
def test_a_hostile_run_is_text_in_every_pane_and_nothing_of_it_runs(page: Page, tmp_path: Path) -> None:
    with serving(viewer_of(hostile(tmp_path))) as served:
        looking = Looking(page, served)
        looking.press("End", "ArrowLeft", "ArrowLeft", "ArrowLeft", "ArrowLeft")
        for tab in "123456":
            looking.press(tab)
            assert (
                page.evaluate(
                    "document.scripts.length + '/' + document.querySelectorAll('img, image, iframe, a').length"
                )
                == "4/0"
            )
        looking.press("1")
        assert HOSTILE[:30] in looking.text("view")
        page.evaluate("fetch('http://127.0.0.1:9/').catch(() => 0)")
        page.evaluate(PUTS_IN)
        assert "tyrne ui" in page.evaluate("document.title")
        assert len([line for line in page.said if "Content Security Policy" in line]) >= 2
        assert all(address.startswith(f"http://127.0.0.1:{served.port}/") for address in page.asked)


def test_an_address_leads_to_the_write_that_made_the_word_what_it_is(page: Page) -> None:
    with serving(viewer_of(shipped("systems/walks/corrupts.toml"))) as served:
        looking = Looking(page, served)
        looking.press("/", *"console_write", "Enter")
        looking.press("w", *"0x10000038", "Enter")
        assert looking.position == "73+15"
        assert looking.text("told") == (
            "logger writes 0x240 at 0x10000038, where 0x8 was (programs/walks/logger.py:17)"
        )
        assert looking.marked("program") == "17        write64(LOG_END - (number + 1) * 8, number * number)"
        looking.press("w", *"no", "Enter")
        assert looking.text("told") == "that is no address; write it as 0x10000000"


def test_a_cycle_of_waits_is_marked(page: Page, tmp_path: Path) -> None:
    with serving(viewer_of(ring_of_three(tmp_path))) as served:
        looking = Looking(page, served)
        looking.press("End", "3")
        assert looking.text("tasks").count(" cycle") == 3
        assert page.evaluate("document.querySelectorAll('path.stuck').length") == 6


def drawn(page: Page, name: str) -> None:
    """Take a picture of the documents anew, where that is asked for."""
    if os.environ.get("UPDATE_GOLDEN"):
        (PICTURES / f"{name}.png").write_bytes(page.picture())
    assert (PICTURES / f"{name}.png").stat().st_size < PICTURE_BYTES


def large(page: Page) -> None:
    page.send("Emulation.setDeviceMetricsOverride", width=1440, height=640, deviceScaleFactor=0.7, mobile=False)


def test_it_is_drawn_in_dark_and_light_as_in_the_documents(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(PICTURES.parents[1])
    with serving(viewer_of(Path("systems/grant.toml"))) as served:
        looking = Looking(page, served)
        large(page)
        looking.press("r")
        drawn(page, "ui-light")
        light = page.picture()
        looking.press("2", "ArrowLeft", "ArrowLeft", "ArrowLeft", "ArrowLeft")
        page.prefer("dark")
        drawn(page, "ui-dark")
        dark = page.picture()
        assert page.evaluate("document.documentElement.dataset.theme") == "dark"
        looking.press("t")
        assert page.evaluate("document.documentElement.dataset.theme") == "light"
        assert page.picture() != dark != light


def test_the_tabs_are_drawn_as_in_the_documents(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(PICTURES.parents[1])
    large(page)
    for name, run, position, keys in SHOWN:
        with serving(viewer_of(Path(f"systems/{run}.toml"))) as served:
            looking = Looking(page, served)
            looking.press("g", *position, "Enter", *keys)
            assert looking.position.partition("+")[0] == position.partition("+")[0]
            selected = page.evaluate("document.querySelector('[aria-selected=true]').textContent")
            assert selected.lower() == name.removeprefix("ui-")
            drawn(page, name)
    assert page.said == []
