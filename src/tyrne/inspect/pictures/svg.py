"""Shapes and text as SVG.

Lengths are in pixels. A text takes `width_of` it, since all of it is of one fixed width. `kind` is a class of
`picture_files/picture.css`, which has the colours for light and dark. Whatever a run says becomes text or an attribute
with an escape for each character that means something to XML.
"""

from __future__ import annotations

import html
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

LINE: Final = 18
"""From one line of text to the next."""
_LETTER: Final = 7.3
"""Of a letter, in the widest of the fonts that the style names."""
_MARGIN: Final = 14
_ARROW: Final = {"right": "-8,-4 -8,4", "left": "8,-4 8,4", "down": "-4,-8 4,-8", "up": "-4,8 4,8"}
_REPLACED: Final = str.maketrans({chr(code): "\N{REPLACEMENT CHARACTER}" for code in (*range(32), 0xFFFE, 0xFFFF)})
"""Characters that no XML may hold, even escaped; names have none, for they are cleaned before."""


@dataclass(frozen=True)
class Drawing:
    """A finished picture: what is in it, without the tag around it, and its size."""

    title: str
    content: str
    width: int
    height: int


def width_of(text: str) -> int:
    """Of a text, in pixels; letters of East Asian scripts are twice as wide."""
    return round(sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text) * _LETTER)


def shortened(text: str, letters: int) -> str:
    """A text of so many letters at most."""
    return text if len(text) <= letters else f"{text[: letters - 1]}…"


def escaped(text: str) -> str:
    """A text as part of an SVG file."""
    return html.escape(text.translate(_REPLACED))


class Svg:
    """What was drawn so far, and how far it reaches."""

    def __init__(self) -> None:
        self._parts: Final[list[str]] = []
        self._right, self._bottom = 0, 0

    def rect(self, x: int, y: int, width: int, height: int, kind: str, round_: int = 0) -> None:
        self._reach(x + width, y + height)
        corner = f' rx="{round_}"' if round_ else ""
        self._parts.append(f'<rect class="{kind}" x="{x}" y="{y}" width="{width}" height="{height}"{corner}/>')

    def text(self, x: int, y: int, text: str, kind: str = "", middle: bool = False) -> None:
        """A line of text whose middle is at height `y`; it begins at `x`, or has its middle there."""
        width = width_of(text)
        self._reach(x + (width // 2 if middle else width), y + LINE // 2)
        anchor = ' text-anchor="middle"' if middle else ""
        class_ = f' class="{kind}"' if kind else ""
        self._parts.append(f'<text{class_} x="{x}" y="{y + 4}"{anchor}>{escaped(text)}</text>')

    def label(self, x: int, y: int, text: str, kind: str = "small") -> None:
        """A text over a line, with room around it, its middle at a point."""
        width = width_of(text)
        self.rect(x - width // 2 - 3, y - LINE // 2, width + 6, LINE - 2, "paper", 3)
        self.text(x, y, text, kind, middle=True)

    def path(self, points: str, kind: str) -> None:
        """A line; `points` is a path of SVG within what else is drawn."""
        self._parts.append(f'<path class="{kind}" d="{points}"/>')

    def curve(self, start: tuple[int, int], end: tuple[int, int], kind: str, bend: int = 60) -> None:
        """From a right side to a left side, bent as far as `bend` to both sides."""
        (x, y), (to_x, to_y) = start, end
        self.path(f"M{x},{y} C{x + bend},{y} {to_x - bend},{to_y} {to_x},{to_y}", kind)

    def arrow(self, x: int, y: int, way: str, kind: str) -> None:
        """The tip of an arrow at a point, which goes right, left, up or down."""
        self._parts.append(f'<polygon class="tip {kind}" transform="translate({x},{y})" points="0,0 {_ARROW[way]}"/>')

    def dot(self, x: int, y: int, kind: str, radius: int = 4) -> None:
        self._reach(x + radius, y + radius)
        self._parts.append(f'<circle class="{kind}" cx="{x}" cy="{y}" r="{radius}"/>')

    @contextmanager
    def group(
        self, hint: str, tasks: Sequence[str] = (), at: int | None = None, address: int | None = None
    ) -> Iterator[None]:
        """What is drawn within belongs together: `hint` is shown when one points there; `tasks` is whom it is about,
        `at` the transition in which it happened, `address` where it lies in their memory."""
        about = f' data-tasks="{escaped(chr(10).join(tasks))}"' if tasks else ""
        about += "" if at is None else f' data-at="{at}"'
        about += "" if address is None else f' data-address="{address:#x}"'
        self._parts.append(f"<g{about}><title>{escaped(hint)}</title>")
        yield
        self._parts.append("</g>")

    def note(self, lines: Sequence[str]) -> None:
        """Lines below all that was drawn."""
        first = self._bottom + LINE
        for place, line in enumerate(lines):
            self.text(_MARGIN, first + LINE * place, line, "small")

    def reach(self, x: int, y: int) -> None:
        """What a line needs, for lines do not count by themselves."""
        self._reach(x, y)

    @property
    def bottom(self) -> int:
        return self._bottom

    def drawing(self, title: str) -> Drawing:
        return Drawing(title, "\n".join(self._parts), self._right + _MARGIN, self._bottom + _MARGIN)

    def _reach(self, x: int, y: int) -> None:
        self._right, self._bottom = max(self._right, x), max(self._bottom, y)


def as_element(drawing: Drawing) -> str:
    """The picture as an element of a page, which has the style."""
    width, height = drawing.width, drawing.height
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="picture" role="img" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}">\n<title>{escaped(drawing.title)}</title>\n{drawing.content}\n</svg>\n'
    )


def as_file(drawing: Drawing) -> str:
    """The picture as a file of its own."""
    start, title, rest = as_element(drawing).partition("\n<title>")
    return f'{start}\n<style>\n{style()}</style>\n<rect class="paper" width="100%" height="100%"/>{title}{rest}'


@cache
def style() -> str:
    """The style of all pictures."""
    return (files("tyrne.inspect") / "picture_files" / "picture.css").read_text(encoding="utf-8")
