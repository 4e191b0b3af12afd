"""The message sequence chart: which message, answer, signal or notice went from whom to whom, one below the other."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Final

from tyrne.inspect.events import Call, Event, Fault, Message, State, Timeline
from tyrne.inspect.pictures import mermaid
from tyrne.inspect.pictures.svg import LINE, Drawing, Svg, shortened, width_of
from tyrne.inspect.words import counted

ROWS: Final = 40
"""At most in a chart: the last ones."""
TALL: Final = 15
"""Rows after which the names stand below too."""
LETTERS: Final = 90
FEW: Final = 40
"""Of the words of a row, at most; and so many always."""
_TOP, _MARGIN, _ROW, _PAD, _NARROW, _WIDE, _MANY, _PANE = 16, 60, 26, 8, 130, 190, 8, 700
_LEAST, _SCREEN = 90, 1400


@dataclass(frozen=True)
class Row:
    """What happens at a transition: something from one to another, or where both are the same, to one. `kind` is
    message, answer, signal, fault, end, refused, or waiting: a message that nobody has taken. None is the kernel."""

    transition: int
    start: int | None
    end: int | None
    kind: str
    words: str


@dataclass(frozen=True)
class Chart:
    """Who takes part, from left to right, and the rows from top to bottom."""

    names: dict[int | None, str]
    rows: list[Row]
    notes: list[str]


def chart_of(timeline: Timeline, tasks: Collection[str] = (), most: int = ROWS) -> Chart:
    """The last rows of a timeline, or of those that are from or to one of the named tasks."""
    chosen = {number for number, name in timeline.tasks.items() if name in tasks}
    taken = {(event.sender, event.sent.transition) for event in timeline.events if isinstance(event, Message)}
    rows = [row for event in timeline.events if not _is_taken(event, taken) for row in _rows(event)]
    rows = sorted(rows, key=lambda row: row.transition)
    about = [row for row in rows if not tasks or {row.start, row.end} & chosen]
    shown = about[-most:]
    part = {number for row in shown for number in (row.start, row.end)}
    names = {number: timeline.name(number) for number in (None, *sorted(timeline.tasks)) if number in part}
    notes = [f"{counted(len(about) - most, 'earlier row')} left out"] if len(about) > most else []
    silent = len(timeline.tasks) - len(names.keys() - {None})
    notes += [f"{counted(silent, 'task')} without a part in it"] if silent else []
    return Chart(names, shown, notes)


def _is_taken(event: Event, taken: Collection[tuple[int | None, int]]) -> bool:
    """Whether it is a call whose message has arrived."""
    return isinstance(event, Call) and (event.task, event.start.transition) in taken and not event.refused


def _used(words: str) -> str:
    """Without words at the end that were not used, or are zero."""
    while words.endswith((", 0x0", ", none")):
        words = words.rpartition(", ")[0]
    return words


def _rows(event: object) -> Iterator[Row]:
    match event:
        case Message(sender, receiver, what, sent, received, words, gift):
            before = f" (since {sent.transition})" if sent.transition != received.transition else ""
            gave = f" + {gift}" if gift else ""
            yield Row(received.transition, sender, receiver, what, f"{what} {_used(words)}{gave}{before}")
        case Fault(task, at, words):
            yield Row(at.transition, task, task, "fault", f"fault: {words}")
        case State(task, start, _, "ended", words):
            yield Row(start.transition, task, task, "end", words)
        case Call(task, _, end, name, _, outcome, True, _):
            yield Row(end.transition, task, task, "fault", f"{name}: {outcome}")
        case Call(task, start, _, "call" | "send_wait", text, "waits", _, _):
            words = f"{_used(text.removesuffix(')'))}) waits for a receiver"
            yield Row(start.transition, task, task, "waiting", words)


def draw(timeline: Timeline, tasks: Collection[str] = (), most: int = ROWS) -> Drawing:
    """As a drawing: a line down for each who takes part; the number of each row is its transition."""
    chart, svg = chart_of(timeline, tasks, most), Svg()
    many = len(chart.names)
    step = _WIDE if many <= _MANY else max(_LEAST, min(_NARROW, _SCREEN // many))
    places = {number: _MARGIN + step // 2 + step * place for place, number in enumerate(chart.names)}
    right = _MARGIN + step * len(places)
    first = _TOP + LINE + _PAD + _ROW
    ends = {
        row.start: first + _ROW * place
        for place, row in enumerate(chart.rows)
        if row.kind == "end" and row.start == row.end
    }
    bottom = first + _ROW * len(chart.rows)
    for number, x in places.items():
        svg.path(f"M{x},{_TOP + LINE + _PAD} V{ends.get(number, bottom)}", "life")
    svg.reach(right if places else _MARGIN, bottom)
    for y in (_TOP, bottom) if len(chart.rows) > TALL else (_TOP,):
        for number, x in places.items():
            name = shortened(chart.names[number], (step - 2 * _PAD - 4) // 8)
            wide = width_of(name) + 2 * _PAD
            with svg.group(chart.names[number], [] if number is None else [chart.names[number]]):
                svg.rect(x - wide // 2, y, wide, LINE + _PAD, "box" if number is None else "task", 5)
                svg.text(x, y + (LINE + _PAD) // 2, name, "name", middle=True)
    before = None
    for place, row in enumerate(chart.rows):
        y = first + _ROW * place
        with svg.group(f"transition {row.transition}: {row.words}", at=row.transition):
            if row.transition != before:
                svg.text(_PAD, y, str(row.transition), "small")
            _draw_row(svg, row, places, y, right)
        before = row.transition
    if not chart.rows:
        svg.text(_PAD, first, "nothing was sent")
    svg.note(chart.notes)
    return svg.drawing(f"Messages of {timeline.run}, until transition {timeline.end.transition}")


def _draw_row(svg: Svg, row: Row, places: dict[int | None, int], y: int, right: int) -> None:
    """In its row nothing else is drawn, so its words may take all that there is between the numbers and `right`."""
    x, to = places[row.start], places[row.end]
    if x == to and row.start == row.end:
        svg.dot(x, y, row.kind, 5)
        half = width_of(shortened(row.words, LETTERS)) // 2 + 3
        left = x + 9 + 2 * half > right and x - 9 - 2 * half >= _MARGIN
        words = shortened(row.words, LETTERS if left else max(FEW, (max(right, _PANE) - x) // 8))
        half = width_of(words) // 2 + 3
        svg.label(x - 9 - half if left else x + 9 + half, y, words, "red" if row.kind == "fault" else "small")
        return
    svg.path(f"M{x},{y} H{to}", row.kind)
    svg.arrow(to, y, "right" if to > x else "left", row.kind)
    words = shortened(row.words, LETTERS)
    half = width_of(words) // 2 + 3
    middle = max(_MARGIN + half, min((x + to) // 2, right - half))
    svg.label(middle, y - LINE // 2 + 1, words, "small")


def text(timeline: Timeline, tasks: Collection[str] = (), most: int = ROWS) -> str:
    """As text for Mermaid."""
    return mermaid.document("sequenceDiagram", _text(chart_of(timeline, tasks, most)))


def _text(chart: Chart) -> Iterator[str]:
    places = {number: f"p{place}" for place, number in enumerate(chart.names)}
    for number, place in places.items():
        yield f"participant {place} as {mermaid.coded(chart.names[number])}"
    for row in chart.rows:
        start, end = places[row.start], places[row.end]
        words = mermaid.coded(f"{row.transition}: {row.words}")
        if row.start == row.end:
            yield f"Note over {start}: {words}"
        else:
            yield f"{start}{_ARROWS.get(row.kind, '->>')}{end}: {words}"
    if not chart.rows:
        yield f"participant p0 as {mermaid.coded('nothing was sent')}"
    yield from (f"%% {mermaid.coded(note)}" for note in chart.notes)


_ARROWS: Final = {"answer": "-->>", "signal": "-)"}
