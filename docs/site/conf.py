"""The site from docs/: `make site`. Sphinx reads the pages as they are; what only the site needs is made here."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).parents[2]
DOCS: Final = ROOT / "docs"
sys.path.insert(0, str(ROOT))

project = "Tyrne"
extensions = ["myst_parser"]
source_suffix = {".md": "markdown"}
root_doc = "index"
exclude_patterns = ["site"]
myst_heading_anchors = 4
suppress_warnings = ["misc.highlighting_failure"]  # what a shell or an error prints stands in blocks, too
highlight_language = "none"
html_theme = "furo"
html_title = "Tyrne"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_show_sphinx = False
html_show_copyright = False
html_copy_source = False
html_show_sourcelink = False
templates_path = ["templates"]

NAVIGATION: Final = {
    "Begin": ["guide", "labs/README", "walks", "linux", "linux-systems"],
    "The kernel": ["walk", "task-states", "language", "changing", "abi", "manifest"],
    "Test": ["testing", "assurance", "scorecard", "bugs", "promises"],
    "Look up": ["security", "hosted", "building", "unsafe-log", "decisions/README"],
}
"""What stands in the site's list of pages; labs and decisions below their own."""
BELOW: Final = {"labs/README": "*-*", "decisions/README": "0*"}
_LINK: Final = re.compile(
    r"(?P<fence>^```.*?^```$)|\[(?P<text>[^\]]*)\]\((?P<to>(?!\w+:|#)[^)#\s]+)(?P<at>#[^)\s]*)?\)",
    re.MULTILINE | re.DOTALL,
)
STEPS: Final = "walk-steps"
"""The page that steps through the walk."""


def toctree(caption: str, entries: list[str], *options: str) -> str:
    lines = [f":caption: {caption}"] if caption else []
    return "\n```{toctree}\n" + "\n".join([*lines, ":hidden:", *options, "", *entries]) + "\n```\n"


def prepare(app: Any, page: str, source: list[str]) -> None:
    """Make a page fit for the site: links that lead out of docs/ become names of files, and lists of pages come in."""
    text = _LINK.sub(lambda link: link["fence"] or inside(page, link), source[0])
    if page == root_doc:
        text += "".join(toctree(caption, entries) for caption, entries in NAVIGATION.items())
    if page in BELOW:
        folder = Path(page).parent
        text += toctree("", sorted(path.stem for path in (DOCS / folder).glob(f"{BELOW[page]}.md")))
    if page == "walk":
        title, _, rest = text.partition("\n")
        text = f'{title}\n\n<p><a href="{STEPS}.html">Step through it</a>, with the sources beside it.</p>\n{rest}'
    source[0] = text


def inside(page: str, link: re.Match[str]) -> str:
    """A link as it is, if it leads to a page; else what it leads to. Where nothing is Sphinx warns."""
    target = Path(os.path.normpath(DOCS / Path(page).parent / link["to"]))
    if target.is_dir() and (target / "README.md").is_file() and target.is_relative_to(DOCS):
        return f"[{link['text']}]({link['to'].rstrip('/')}/README.md{link['at'] or ''})"
    if target.is_relative_to(DOCS) or not target.exists():
        return link[0]
    name = target.relative_to(ROOT).as_posix()
    plain = link["text"].strip("`")
    return f"`{name}`" if plain in name else f"{link['text']} (`{name}`)"


def pages(app: Any) -> Iterator[tuple[str, dict[str, Any], str]]:
    from docs.site.walk_page import walk_page

    yield STEPS, {"title": "One call, step by step", "body": walk_page()}, "walk-steps.html"


def setup(app: Any) -> None:
    app.connect("source-read", prepare)
    app.connect("html-collect-pages", pages)
