"""Pictures of a system: drawn as SVG, or as text for Mermaid.

    from pathlib import Path
    from tyrne.inspect import inspect
    from tyrne.inspect.pictures import Kind, picture

    Path("waits.svg").write_text(picture(Kind.WAITS, inspect(Path("crash.json"))).svg)

The same state gives the same picture, byte for byte. Layouts are our own: columns of boxes, and no search for better
ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from tyrne.inspect.events import Timeline
from tyrne.inspect.objects import Inspection
from tyrne.inspect.pictures import capability_graph, memory_map, message_chart, wait_graph
from tyrne.inspect.pictures.svg import Drawing, as_element, as_file

__all__ = ["Kind", "Picture", "chart", "picture"]


class Kind(Enum):
    """What a picture is about. `MESSAGES` is drawn of a timeline, the others of an inspection."""

    CAPABILITIES = "capabilities"
    WAITS = "waits"
    MEMORY = "memory"
    MESSAGES = "messages"


@dataclass(frozen=True)
class Picture:
    """A picture in both forms."""

    drawing: Drawing
    mermaid: str

    @property
    def svg(self) -> str:
        """As a file of its own, for light and dark."""
        return as_file(self.drawing)

    @property
    def element(self) -> str:
        """As an element of a page that has the style."""
        return as_element(self.drawing)


_OF_STATE = {Kind.CAPABILITIES: capability_graph, Kind.WAITS: wait_graph, Kind.MEMORY: memory_map}


def picture(kind: Kind, seen: Inspection, tasks: Sequence[str] = ()) -> Picture:
    """A picture of a state; only what is about the named tasks, if there are any."""
    maker = _OF_STATE[kind]
    return Picture(maker.draw(seen, tasks), maker.text(seen, tasks))


def chart(timeline: Timeline, tasks: Sequence[str] = (), most: int = message_chart.ROWS) -> Picture:
    """The last messages of a timeline, or of those that are about the named tasks."""
    return Picture(message_chart.draw(timeline, tasks, most), message_chart.text(timeline, tasks, most))
