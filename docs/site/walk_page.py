"""The page of the site that steps through docs/walk.md, the source of each place beside its text.

Everything is in the page, readable without a script; walk.js shows one step at a time.
"""

from __future__ import annotations

import re
from html import escape
from typing import Final

from markdown_it import MarkdownIt
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import GasLexer, PythonLexer

from docs.site.steps import ROOT, WALK, Section, named, places_in, sections, source

_CODE: Final = re.compile(r"<code>([\w/]+\.(?:py|S)):\s([\w.]+)</code>")
_LINK: Final = re.compile(r'<a href="([\w/.-]+)\.md(#[\w-]+)?">')


def walk_page() -> str:
    """The body of the page, in HTML."""
    return (
        '<h1>One call, step by step</h1>\n<p class="walk-keys">Keys: <kbd>→</kbd> <kbd>←</kbd> a step, <kbd>Home</kbd> '
        '<kbd>End</kbd> the first and the last. <span id="walk-where" aria-live="polite"></span> '
        '<button id="walk-back" type="button" hidden>← back</button> '
        '<button id="walk-on" type="button" hidden>on →</button></p>\n<div id="walk">\n'
        + "\n".join(_section(number, section) for number, section in enumerate(sections(WALK.read_text()), 1))
        + "\n</div>\n"
    )


def _section(number: int, section: Section) -> str:
    places = named(section.text)
    numbers = {place: f"{number}-{step}" for step, place in enumerate(places, 1)}

    def marked(found: re.Match[str]) -> str:
        return f'<code data-step="{numbers[found[1], found[2]]}">{found[1]}: {found[2]}</code>'

    text = _CODE.sub(marked, MarkdownIt("commonmark").enable("table").render(section.text))
    text = _LINK.sub(r'<a href="\1.html\2">', text)
    sources = "\n".join(_source(numbers[place], *place) for place in places)
    return (
        f'<section class="walk-section"><div class="walk-text"><h2>{escape(section.title)}</h2>\n{text}</div>\n'
        f'<div class="walk-sources">{sources}</div></section>'
    )


def _source(step: str, file: str, name: str) -> str:
    path = source(file)
    first, last = places_in(path)[name]
    lines = "\n".join(path.read_text().splitlines()[first - 1 : last])
    lexer = GasLexer() if path.suffix == ".S" else PythonLexer(stripnl=False)
    code = highlight(lines, lexer, HtmlFormatter(linenos="inline", linenostart=first))
    where = path.relative_to(ROOT).as_posix()
    return (
        f'<figure class="walk-source" id="step-{step}"><figcaption>{escape(where)}:{first} <b>{escape(name)}</b>'
        f"</figcaption>{code}</figure>"
    )
