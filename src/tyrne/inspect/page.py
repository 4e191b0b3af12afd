"""A timeline as a page: one HTML file that shows itself in a browser, without a network and without a library.

What a run says is data of the page, never part of its text: JSON in a block that no browser runs, with an escape for
each character that could end it. The page's policy (CSP) lets nothing run but its own script, by its hash, and lets
nothing be asked for from anywhere.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
from collections.abc import Iterable
from importlib.resources import files
from typing import Any, Final

from tyrne.inspect import events as e
from tyrne.inspect.events import Moment, Timeline

_FOLDER: Final = files("tyrne.inspect") / "page_files"
_ESCAPES: Final = {ord("<"): "\\u003c", ord(">"): "\\u003e", ord("&"): "\\u0026"}
_KERNEL_LANES: Final = ("processor", "interrupts", "lines")
_TASK_LANES: Final = ("state", "calls", "output")
_MAY_BE_EMPTY: Final = ("processor", "state", "calls")
"""Lanes that stand although nothing is on them."""


def timeline_page(timeline: Timeline) -> bytes:
    """The timeline as an HTML file."""
    style = _text("timeline.css")
    script = _text("timeline.js") + _text("controls.js")
    parts = {
        "@SCRIPT_HASH@": _hash(script),
        "@STYLE_HASH@": _hash(style),
        "@TITLE@": html.escape(f"{timeline.run} · tyrne trace"),
        "@STYLE@": style,
        "@DATA@": json.dumps(_Data(timeline).page(), separators=(",", ":")).translate(_ESCAPES),
        "@SCRIPT@": script,
    }
    page = _text("timeline.html")
    pieces = []
    for mark, text in parts.items():  # in the order of the page, so that no mark is looked for in what was put in
        before, _, page = page.partition(mark)
        pieces += [before, text]
    return "".join([*pieces, page]).encode()


class _Data:
    """The numbers that the page draws; timeline.js says what they are."""

    def __init__(self, timeline: Timeline) -> None:
        self._timeline: Final = timeline
        self._strings: Final[dict[str, int]] = {}
        self._kinds: Final[dict[str, int]] = {}
        self._items: Final[dict[tuple[int | None, str], list[tuple[int, ...]]]] = {}
        self._messages: Final[list[e.Message]] = []
        for event in timeline.events:
            self._add(event)

    def page(self) -> dict[str, Any]:
        timeline = self._timeline
        lanes: list[dict[str, Any]] = []
        places: dict[tuple[int | None, str], int] = {}
        for number, task in enumerate((None, *sorted(timeline.tasks))):
            names = _KERNEL_LANES if task is None else _TASK_LANES
            first = len(lanes)
            for lane in names:
                items = self._items.get((task, lane), [])
                if not items and lane not in _MAY_BE_EMPTY:
                    continue
                places[task, lane] = len(lanes)
                flat = [number for item in sorted(items, key=lambda item: (item[1], item[4])) for number in item]
                about = {"group": timeline.name(task), "name": lane, "items": flat}
                lanes.append({**about, "first": len(lanes) == first, "band": number % 2})
        return {
            "run": timeline.run,
            "unit": timeline.unit,
            "end": [timeline.end.time, timeline.end.transition],
            "about": list(self._about()),
            "lanes": lanes,
            "messages": [number for message in self._messages for number in self._message(message, places)],
            "kinds": list(self._kinds),
            "strings": list(self._strings),
        }

    def _about(self) -> Iterable[tuple[str, str]]:
        timeline = self._timeline
        yield "machine", timeline.machine
        yield "transitions", f"{timeline.end.transition:,}" + ("" if timeline.whole else ", and then more")
        yield "instructions of tasks", f"{timeline.end.instructions:,}"
        unit = "nanoseconds since boot: an instruction lasts one" if timeline.unit == e.NANOSECONDS else timeline.unit
        yield "time", unit
        yield "exit status", "none" if timeline.status is None else str(timeline.status)

    def _add(self, event: e.Event) -> None:
        match event:
            case e.State(task, start, end, kind, words):
                self._item(task, "state", start, end, kind, words)
            case e.Turn(task, start, end):
                words = "rests" if task is None else self._timeline.name(task)
                self._item(None, "processor", start, end, "rests" if task is None else "runs", words)
            case e.Call(task, start, end, _, text, outcome, refused, why):
                told = [("outcome", outcome), *([] if why is None else [("why", why)])]
                self._item(task, "calls", start, end, "refused" if refused else "call", text, told)
            case e.Fault(task, at, words):
                self._item(task, "calls", at, at, "fault", f"fault: {words}")
            case e.Message():
                self._messages.append(event)
            case e.Interrupt(task, at, what, words):
                kind = what if what in ("deadline", "device") else "tick"
                stopped = [] if task is None else [("stopped", self._timeline.name(task))]
                told = [*([("about", words)] if words else []), *stopped]
                self._item(None, "interrupts", at, at, kind, what, told)
            case e.Output(task, at, words):
                self._item(task, "lines" if task is None else "output", at, at, "output", words)

    def _item(
        self,
        task: int | None,
        lane: str,
        start: Moment,
        end: Moment,
        kind: str,
        label: str,
        told: Iterable[tuple[str, str]] = (),
    ) -> None:
        details = "\n".join(f"{what}\t{words}" for what, words in told)
        texts = (self._kinds.setdefault(kind, len(self._kinds)), self._string(label), self._string(details))
        self._items.setdefault((task, lane), []).append((*start, end.time, end.transition, *texts))

    def _message(self, message: e.Message, places: dict[tuple[int | None, str], int]) -> tuple[int, ...]:
        sender, receiver = message.sender, message.receiver
        lane = places[sender, "calls"] if sender is not None else places.get((None, "interrupts"), 0)
        label = self._string(f"{message.what}: {message.words}" + (f" + {message.gift}" if message.gift else ""))
        sent, received = message.sent, message.received
        where = places[receiver, "calls"]
        return lane, sent.time, sent.transition, where, received.time, received.transition, label

    def _string(self, text: str) -> int:
        return self._strings.setdefault(text, len(self._strings))


def _text(name: str) -> str:
    return (_FOLDER / name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    """As a policy names what may run."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
