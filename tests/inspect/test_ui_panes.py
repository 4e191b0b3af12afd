"""The panes of the page of `tyrne ui` in a browser: that what matters is seen in them, in windows of several sizes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from browser import FOUND, MISSING, Page, browser
from serving import serving, viewer_of
from test_ui_page import Looking

from tyrne.system.shipped import shipped

pytestmark = pytest.mark.skipif(FOUND is None, reason=MISSING)
SEEN = """(each) => { const box = each.getBoundingClientRect(), view = $('view').getBoundingClientRect();
    return box.left >= view.left && box.right <= view.right && box.top >= view.top && box.bottom <= view.bottom; }"""
"""Whether an element lies within the middle pane."""
TABS = """[...$('tabs').children].every((each) => each.scrollWidth <= each.clientWidth
    && each.getBoundingClientRect().right <= $('above').getBoundingClientRect().right)"""
SCALE = "document.querySelector('#view svg').clientWidth / document.querySelector('#view svg').viewBox.baseVal.width"
MEANINGS = [("1", "runsready"), ("2", "derived from"), ("3", "waits for"), ("5", "messageanswer"), ("6", "")]
"""Of some tabs what their legends have in them."""


@pytest.fixture
def page(tmp_path: Path) -> Iterator[Page]:
    with browser(tmp_path / "profile") as opened:
        yield opened


def size(page: Page, width: int, height: int) -> None:
    page.send("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
    page.picture()  # until it is laid out anew


def click(looking: Looking, found: str) -> None:
    """Click on an element, an expression."""
    looking.page.evaluate(f"{found}.dispatchEvent(new MouseEvent('click', {{ bubbles: true }}))")
    looking.settle()


def test_in_a_small_window_pictures_fit_and_the_current_instruction_and_all_tabs_are_seen(page: Page) -> None:
    with serving(viewer_of(shipped("systems/walks/corrupts.toml"))) as served:
        looking = Looking(page, served)
        looking.press("g", *"73+15", "Enter")
        for width, height in ((1000, 700), (1440, 900)):
            size(page, width, height)
            assert page.evaluate(TABS)
            for tab in "24":
                looking.press(tab)
                page.picture()
                assert page.evaluate(f"[...document.querySelectorAll('#view text')].every({SEEN})"), (width, tab)
            looking.press("6")
            assert page.evaluate(f"({SEEN})(document.querySelector('#view tr.here'))")
            assert page.evaluate(f"({SEEN})(document.querySelector('.registers'))")
    assert page.said == []


def test_a_picture_that_could_not_be_read_is_scrolled_and_one_that_is_small_is_not_enlarged(page: Page) -> None:
    with serving(viewer_of(shipped("systems/walks/leaks.toml"))) as served:
        looking = Looking(page, served)
        looking.press("g", "6", "Enter", "2")
        size(page, 700, 500)
        assert 0.6 < page.evaluate(SCALE) < 0.65 and page.evaluate("$('view').scrollWidth > $('view').clientWidth")
        size(page, 2400, 1200)
        assert page.evaluate(SCALE) == 1


def test_a_message_shows_all_its_words_and_a_click_on_it_or_its_number_goes_there(page: Page) -> None:
    with serving(viewer_of(shipped("systems/walks/hangs.toml"))) as served:
        looking = Looking(page, served)
        looking.press("End", "5")
        assert "call(endpoint orders, 0x2, 0x28) waits for a receiver" in looking.text("view")
        click(looking, "[...document.querySelectorAll('#view text')].find((each) => each.textContent === '11')")
        assert looking.position == "11+0"
        click(looking, "document.querySelector('#view [data-at=\"2\"] path')")
        assert looking.position == "2+0"
    assert page.said == []


def words(looking: Looking) -> list[str]:
    """Of the page that is shown below the memory map."""
    return list(looking.page.evaluate("[...document.querySelectorAll('#view .page tr')].map((each) => each.innerText)"))


def test_a_click_on_memory_shows_its_words_and_on_a_word_who_wrote_it(page: Page) -> None:
    with serving(viewer_of(shipped("systems/walks/corrupts.toml"))) as served:
        looking = Looking(page, served)
        looking.press("g", *"73", "Enter", "4")
        click(looking, "document.querySelector('#view [data-address=\"0x10000000\"] text')")
        assert page.evaluate("chosen") is None
        assert words(looking)[1].split() == ["0x10000020", "0x5", "0x6", "0x7", "0x8"]
        looking.press("ArrowRight")
        assert words(looking)[1].split()[-1] == "0x240"
        changed = "[...document.querySelectorAll('#view .page .changed')].map((each) => each.innerText).join()"
        assert page.evaluate(changed) == "0x240"
        click(looking, "document.querySelector('#view [title^=\"0x10000038\"]')")
        assert looking.position == "73+15" and looking.text("told").startswith("logger writes 0x240 at 0x10000038, ")
        click(looking, "document.querySelector('#view .page [title=\"the page after\"]')")
        assert "nothing is mapped at 0x10001000" in looking.text("view")
        click(looking, "document.querySelector('#view .page [title=\"no page\"]')")
        assert words(looking) == []
    assert [line for line in page.said if "400" not in line] == []  # of what is not mapped


def test_the_functions_around_a_line_lead_to_their_lines(page: Page) -> None:
    with serving(viewer_of(shipped("systems/walks/corrupts.toml"))) as served:
        looking = Looking(page, served)
        looking.press("g", *"74", "Enter")
        calls = looking.text("calls")
        assert calls.startswith("system_call calls.py:") and calls.endswith(" ← main reader.py:20")
        assert looking.marked("program") == "20        task_yield()"
        click(looking, "[...$('calls').children].find((each) => /^task_yield/.test(each.innerText))")
        assert "request(CallNumber.TASK_YIELD" in looking.marked("program")
        looking.press("ArrowRight")
        assert looking.text("program-title").startswith("table ")
    assert page.said == []


def test_at_the_end_the_pictures_say_who_has_ended_and_lead_to_what_it_had(page: Page) -> None:
    with serving(viewer_of(shipped("systems/walks/leaks.toml"))) as served:
        looking = Looking(page, served)
        for tab in "24":
            looking.press("End", tab)
            assert "visitor has ended, and what it held went with it: go to 11" in looking.text("view")
            click(looking, "[...document.querySelectorAll('#view .note')].at(-1).querySelector('button')")
            assert looking.position == "11+0" and "has ended" not in looking.text("view")
        looking.press("2")
        assert looking.text("view").count("TRANSFER|SEND|RECV") == 2
    assert page.said == []


def test_each_tab_says_what_its_colours_and_lines_mean(page: Page) -> None:
    with serving(viewer_of(shipped("systems/grant.toml"))) as served:
        looking = Looking(page, served)
        for tab, words in MEANINGS:
            looking.press(tab)
            assert words in looking.text("legend")
        looking.press("1")
        states = page.evaluate("[...document.querySelectorAll('#view td.state i')].map((each) => each.className)")
        told = page.evaluate("[...document.querySelectorAll('#legend i')].map((each) => each.className)")
        assert set(states) - {""} <= set(told)
        looking.press("2")
        dashes = "getComputedStyle(document.querySelector('#legend .derived')).borderTopStyle"
        assert page.evaluate(dashes) == "dashed"


def test_the_function_that_did_the_call_is_in_sight_in_its_list_and_where_it_returned_is_marked(page: Page) -> None:
    with serving(viewer_of(shipped("systems/walks/leaks.toml"))) as served:
        looking = Looking(page, served)
        looking.press("g", "6", "Enter")
        assert looking.text("kernel-title").endswith("in CapTable.cap_derive")
        assert "return self._put(" in looking.marked("kernel")
        inside = "(() => { const a = document.querySelector('#path [aria-pressed=true]').getBoundingClientRect(),"
        inside += " b = $('path').getBoundingClientRect(); return a.top >= b.top && a.bottom <= b.bottom; })()"
        assert page.evaluate(inside)
        assert page.evaluate("document.querySelector('#kernel .start').textContent").startswith("115    def cap_derive")
