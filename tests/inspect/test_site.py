"""The site that is made of docs/: strict, whole, and without anything from elsewhere."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest
from browser import FOUND, MISSING, browser

from docs.site.steps import WALK, named, sections
from docs.site.walk_page import walk_page

ROOT: Final = Path(__file__).parents[2]
LOADS: Final = re.compile(
    r"""(?:<(?:script|img|link|iframe|source)\b[^>]*\b(?:src|href)="|url\(['"]?|@import ["'])(?:https?:)?//"""
)
PAGES: Final = "# Pages\n\n[the labs](labs/README.md), [nothing](no.md), [there](#no)\n"


def test_the_page_of_the_walk_has_the_source_of_each_place_once_and_marks_where_the_text_names_it() -> None:
    page = walk_page()
    steps = re.findall(r'id="step-(\d+-\d+)"', page)
    assert len(steps) == len(set(steps)) == sum(len(named(section.text)) for section in sections(WALK.read_text()))
    assert set(re.findall(r'data-step="(\d+-\d+)"', page)) == set(steps)
    shown = re.sub(r"<[^>]+>", "", page.partition('id="step-6-7"')[2].partition("</figure>")[0])
    assert "src/tyrne/kernel/rendezvous.py:" in shown and "def take(" in shown and "return receipt(" in shown


def build(docs: Path, out: Path) -> subprocess.CompletedProcess[str]:
    pytest.importorskip("furo", reason="the extra tyrne[docs] is not installed")
    how = ["-q", "-W", "--keep-going", "-b", "html", "-c", "docs/site"]
    command = [sys.executable, "-m", "sphinx", *how, "docs", str(out)]
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    return subprocess.run(command, cwd=docs.parent, env=environment, capture_output=True, text=True, timeout=600)


@pytest.mark.more
def test_the_site_is_built_without_a_warning_and_loads_nothing_from_elsewhere(tmp_path: Path) -> None:
    done = build(ROOT / "docs", tmp_path / "site")
    assert (done.returncode, done.stderr) == (0, "")
    documents = [path.relative_to(ROOT / "docs") for path in (ROOT / "docs").rglob("*.md")]
    assert [name for name in documents if not (tmp_path / "site" / name.with_suffix(".html")).is_file()] == []
    assert (tmp_path / "site" / "walk-steps.html").is_file()
    files = [path for path in (tmp_path / "site").rglob("*") if path.suffix in (".html", ".css", ".js")]
    loading = {path.name: found[0] for path in files if (found := LOADS.search(path.read_text(errors="replace")))}
    assert loading == {}


@pytest.mark.more
def test_a_link_that_leads_nowhere_ends_the_building_of_the_site(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "docs" / "site", tmp_path / "docs" / "site", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "docs" / "labs", tmp_path / "docs" / "labs")
    (tmp_path / "docs" / "index.md").write_text(
        "# Pages\n\n[the labs](labs/README.md), [nothing](no.md), [there](#no)\n"
    )
    done = build(tmp_path / "docs", tmp_path / "site")
    assert done.returncode != 0
    assert "no.md" in done.stderr and "'no'" in done.stderr


SHOWN = """[...document.querySelectorAll(".walk-source")].filter((s) => s.checkVisibility())
  .map((s) => s.querySelector("figcaption").textContent)"""


@pytest.mark.more
@pytest.mark.skipif(FOUND is None, reason=MISSING)
def test_the_walk_is_stepped_through_with_keys_and_asks_for_nothing_from_elsewhere(tmp_path: Path) -> None:
    assert build(ROOT / "docs", tmp_path / "site").returncode == 0
    with browser(tmp_path / "profile") as page:
        page.open(tmp_path / "site" / "walk-steps.html")
        (first,) = page.evaluate(SHOWN)
        assert first.startswith("programs/client.py:") and first.endswith(" main")
        page.press("ArrowRight")
        (second,) = page.evaluate(SHOWN)
        assert second.startswith("src/tyrne/user/messages.py:") and second.endswith(" call")
        marked = "[...document.querySelectorAll('code.here')].map((c) => c.textContent)"
        assert page.evaluate(marked) == ["user/messages.py: call"]
        page.press("ArrowLeft")
        assert page.evaluate(SHOWN) == [first]
        page.press("End", "ArrowRight")
        (last,) = page.evaluate(SHOWN)
        assert last.endswith(" reply_and_wait")
        page.press("Home")
        assert page.evaluate(SHOWN) == [first]
        assert page.evaluate("document.getElementById('walk-where').textContent") == "Step 1 of 61."
        colors = []
        for scheme in ("light", "dark"):
            page.prefer(scheme)
            colors.append(page.evaluate("getComputedStyle(document.body).backgroundColor"))
        assert colors[0] != colors[1]
        assert {address.partition(":")[0] for address in page.asked} <= {"file", "data"}
