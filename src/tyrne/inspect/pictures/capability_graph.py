"""The capability graph: who holds what, with what rights, and what is derived from what."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Final

from tyrne.inspect.objects import Inspection
from tyrne.inspect.pictures import mermaid
from tyrne.inspect.pictures.holdings import Box, Holdings, Row, Thing, holdings
from tyrne.inspect.pictures.svg import LINE, Drawing, Svg, shortened, width_of
from tyrne.inspect.words import of_kind

_TOP, _GAP, _PAD, _LANE, _BETWEEN, _LETTERS = 16, 16, 8, 10, 150, 64


def draw(seen: Inspection, tasks: Collection[str] = ()) -> Drawing:
    """As a drawing: tasks at the left, shared objects at the right, derivation as dashed lines at the far left. The
    arrow of a line says which way messages, signals or data go."""
    return _Layout(holdings(seen, tasks)).drawing(seen)


class _Layout:
    """Places of boxes and objects: boxes below each other, each object at the middle of its rows as far as there is
    room."""

    def __init__(self, found: Holdings) -> None:
        self._found: Final = found
        self._svg: Final = Svg()
        self._rows: Final[dict[int, int]] = {}
        """The height of each capability's row, by its number."""
        self._lanes: Final = _lanes(found)
        self._left: Final = 14 + _LANE * (1 + max(self._lanes.values(), default=-1)) + (12 if self._lanes else 0)
        texts = [f"{box.title}  {box.state}" for box in found.boxes]
        texts += [shortened(row.text, _LETTERS) for box in found.boxes for row in box.rows]
        self._width: Final = max(map(width_of, texts), default=0) + 2 * _PAD
        self._lines: Final[dict[Thing, list[tuple[int, bool, bool]]]] = {thing: [] for thing in found.things}

    def drawing(self, seen: Inspection) -> Drawing:
        y = _TOP
        for box in self._found.boxes:
            y = self._box(box, y) + _GAP
        self._derivations()
        self._objects()
        self._svg.note(["", *self._found.notes] if self._found.notes else [])
        return self._svg.drawing(f"Who holds what in {seen.at.run}, {seen.at.text}")

    def _box(self, box: Box, y: int) -> int:
        """Draw a box from a height on; where it ends."""
        svg, left = self._svg, self._left
        tall = LINE * (1 + len(box.rows)) + _PAD
        with svg.group(", ".join(box.tasks), box.tasks):
            svg.rect(left, y, self._width, tall, "box", 5)
            svg.rect(left, y, self._width, LINE + 2, "task", 5)
            svg.text(left + _PAD, y + LINE // 2 + 1, box.title, "name")
            svg.text(left + self._width - _PAD - width_of(box.state), y + LINE // 2 + 1, box.state, "small")
            for place, row in enumerate(box.rows):
                at = y + LINE * (place + 1) + LINE // 2 + 4
                svg.text(left + _PAD, at, shortened(row.text, _LETTERS), "" if row.capability else "small")
                if row.capability is not None:
                    self._rows[row.capability.number] = at
                if row.thing is not None:
                    self._lines[row.thing].append((at, row.gives, row.takes))
        return y + tall

    def _derivations(self) -> None:
        svg, x = self._svg, self._left
        for (parent, child), lane in self._lanes.items():
            start, end, out = self._rows[parent], self._rows[child], x - 14 - lane * _LANE
            svg.path(f"M{x},{start} H{out + 5} Q{out},{start} {out},{start + (5 if end > start else -5)} "
                     f"V{end - (5 if end > start else -5)} Q{out},{end} {out + 5},{end} H{x}", "derived")  # fmt: skip
            svg.arrow(x, end, "right", "derived")

    def _objects(self) -> None:
        svg, x, y = self._svg, self._left + self._width + _BETWEEN, _TOP
        middle = {thing: sum(at for at, _, _ in lines) // len(lines) for thing, lines in self._lines.items()}
        for thing in sorted(middle, key=lambda thing: (middle[thing], thing)):
            about = [shortened(line, _LETTERS) for line in self._found.things[thing]]
            tall = LINE * len(about) + _PAD
            y = max(y, middle[thing] - tall // 2)
            for place, (at, gives, takes) in enumerate(sorted(self._lines[thing])):
                end = y + tall * (place + 1) // (len(self._lines[thing]) + 1)
                svg.curve((x - _BETWEEN, at), (x, end), "edge", _BETWEEN // 2)
                if gives or not takes:
                    svg.arrow(x, end, "right", "edge")
                if takes:
                    svg.arrow(x - _BETWEEN, at, "left", "edge")
            with svg.group(of_kind(*thing)):
                svg.rect(x, y, max(map(width_of, about)) + 2 * _PAD, tall, "object", 12)
                for place, line in enumerate(about):
                    svg.text(x + _PAD, y + _PAD // 2 + LINE * place + LINE // 2, line, "small" if place else "")
            y += tall + _GAP


def _lanes(found: Holdings) -> dict[tuple[int, int], int]:
    """How far out each derivation's line goes, so that no two lie over each other: short ones within."""
    places = {
        row.capability.number: place
        for place, row in enumerate(row for box in found.boxes for row in box.rows)
        if row.capability is not None
    }
    spans = {pair: tuple(sorted((places[pair[0]], places[pair[1]]))) for pair in found.derived}
    lanes: dict[tuple[int, int], int] = {}
    for pair in sorted(spans, key=lambda pair: (spans[pair][1] - spans[pair][0], pair)):
        low, high = spans[pair]
        taken = {lanes[other] for other in lanes if spans[other][0] <= high and low <= spans[other][1]}
        lanes[pair] = next(lane for lane in range(len(taken) + 1) if lane not in taken)
    return lanes


def text(seen: Inspection, tasks: Collection[str] = ()) -> str:
    """As text for Mermaid."""
    return mermaid.document("flowchart LR", _text(holdings(seen, tasks)))


def _text(found: Holdings) -> Iterator[str]:
    things = {thing: f"o{number}" for number, thing in enumerate(found.things)}
    box_of = {}
    for number, box in enumerate(found.boxes):
        alone = [row.text for row in box.rows if row.thing is None]
        yield f"t{number}[{mermaid.label([box.title, *alone])}]:::task"
        box_of.update({row.capability.number: number for row in box.rows if row.capability is not None})
    for thing, name in things.items():
        yield f"{name}([{mermaid.label(found.things[thing])}]):::object"
    for number, box in enumerate(found.boxes):
        for row in box.rows:
            if row.thing is not None:
                line = "<-->" if row.gives and row.takes else "-->"
                ends = (f"t{number}", things[row.thing])
                start, end = ends if row.gives or not row.takes else ends[::-1]
                yield f"{start} {line}|{mermaid.label([_words(row)])}| {end}"
    for parent, child in found.derived:
        yield f"t{box_of[parent]} -.->|{mermaid.label(['derived'])}| t{box_of[child]}"
    yield from (f"%% {mermaid.coded(note)}" for note in found.notes)
    yield from mermaid.CLASSES


def _words(row: Row) -> str:
    """What a line says: rights, badge, pages."""
    return row.text if row.capability is None else row.capability.text.partition(", ")[2]
