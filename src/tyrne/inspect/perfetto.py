"""A timeline in the format of Perfetto, whose viewer is ui.perfetto.dev.

| track | what is on it |
|---|---|
| kernel: processor | a slice for each turn: which task has the processor, or that it rests |
| kernel: interrupts | an instant for each tick, deadline and interrupt of a device |
| kernel: lines | an instant for each line of the kernel's |
| a task: state | a slice for each state, in words |
| a task: calls | a slice for each system call, an instant for each fault |
| a task: messages | an instant for what it sent and what it received, with a flow from one to the other |
| a task: output | an instant for each piece of what it wrote |

A time of the timeline is a nanosecond of Perfetto's, whatever its unit. Each event has as annotations the transition
with which it began (`tyrne replay --to`), and the instructions until then.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any, Final

from tyrne.inspect import events as e
from tyrne.inspect.events import Moment, Timeline
from tyrne.system.errors import RequestError

_BEGIN, _END, _INSTANT = 1, 2, 3
"""Of `TrackEvent.Type`."""
_EXPLICIT, _NOT_MERGED = 3, 2
"""Of `TrackDescriptor.ChildTracksOrdering` and `.SiblingMergeBehavior`: tracks of one name are different ones."""
_STARTS_HERE: Final = 3
"""Of a packet's `sequence_flags`: all that was known before is forgotten."""
_SEQUENCE: Final = 1
_ROOT: Final = 1
_PIECE: Final = 10_000
"""Events."""
_KERNEL_LANES: Final = ("processor", "interrupts", "lines")
_TASK_LANES: Final = ("state", "calls", "messages", "output")


def new_builder() -> Any:
    """What collects a file of Perfetto's; RequestError where its library is not there."""
    try:
        return import_module("perfetto.trace_builder.proto_builder").TraceProtoBuilder()
    except ImportError:
        mend = "install it with pip install 'tyrne[trace]', or write a page: -o FILE.html"
        raise RequestError(f"Perfetto's library is not there; {mend}") from None


def perfetto_file(timeline: Timeline) -> bytes:
    """The timeline as a file of Perfetto's: pieces that are files of their own, since all of it as messages would take
    ten times its size."""
    tracks: dict[tuple[int | None, str], int] = {}
    writer, pieces = _Writer(new_builder(), tracks), []
    writer.describe(timeline)
    for flow, event in enumerate(timeline.events, 1):
        if flow % _PIECE == 0:
            pieces.append(writer.serialize())
            writer = _Writer(new_builder(), tracks)
        writer.event(timeline, event, flow)
    return b"".join([*pieces, writer.serialize()])


class _Writer:
    """Adds packets. Perfetto sorts them by time, and keeps the order of those of one time."""

    def __init__(self, builder: Any, tracks: dict[tuple[int | None, str], int]) -> None:
        """`tracks` are the numbers of the tracks that are described."""
        self._builder: Final = builder
        self._tracks: Final = tracks

    def serialize(self) -> bytes:
        found: bytes = self._builder.serialize()
        return found

    def describe(self, timeline: Timeline) -> None:
        """The tracks, in the order in which they are shown."""
        unit = "1 ns is an instruction of a task" if timeline.unit == e.INSTRUCTIONS else "nanoseconds since boot"
        first = self._track(_ROOT, None, f"{timeline.run} on {timeline.machine}, {unit}", 0)
        first.first_packet_on_sequence = True
        first.sequence_flags = _STARTS_HERE
        for rank, task in enumerate((None, *sorted(timeline.tasks))):
            group = _ROOT + 1 + len(self._tracks)
            self._tracks[task, ""] = group
            self._track(group, _ROOT, timeline.name(task), rank)
            for number, lane in enumerate(_KERNEL_LANES if task is None else _TASK_LANES):
                uuid = _ROOT + 1 + len(self._tracks)
                self._tracks[task, lane] = uuid
                self._track(uuid, group, lane, number)

    def event(self, timeline: Timeline, event: e.Event, flow: int) -> None:
        """An event's packets; `flow` is a number of its own."""
        match event:
            case e.State(task, start, end, kind, words):
                self._slice((task, "state"), start, end, words, {"state": kind})
            case e.Turn(task, start, end):
                words = "rests" if task is None else timeline.name(task)
                self._slice((None, "processor"), start, end, words, {})
            case e.Call(task, start, end, _, text, outcome, _, why):
                told = {"outcome": outcome, "returned at": str(end.transition)} | ({} if why is None else {"why": why})
                self._slice((task, "calls"), start, end, text, told)
            case e.Fault(task, at, words):
                self._instant((task, "calls"), at, f"fault: {words}", {})
            case e.Message(sender, receiver, what, sent, received, words):
                lane = "interrupts" if sender is None else "messages"
                to, come = f"{what} to {timeline.name(receiver)}", f"{what} from {timeline.name(sender)}"
                self._instant((sender, lane), sent, to, {"words": words}).track_event.flow_ids.append(flow)
                packet = self._instant((receiver, "messages"), received, come, {"words": words})
                packet.track_event.terminating_flow_ids.append(flow)
            case e.Interrupt(task, at, what, words):
                told = {"about": words} if words else {}
                told |= {} if task is None else {"stopped": timeline.name(task)}
                self._instant((None, "interrupts"), at, what, told)
            case e.Output(task, at, words):
                self._instant((task, "lines" if task is None else "output"), at, words, {})

    def _track(self, uuid: int, parent: int | None, name: str, rank: int) -> Any:
        packet = self._builder.add_packet()
        packet.trusted_packet_sequence_id = _SEQUENCE
        track = packet.track_descriptor
        track.uuid, track.name, track.sibling_order_rank = uuid, name, rank
        track.child_ordering, track.sibling_merge_behavior = _EXPLICIT, _NOT_MERGED
        if parent is not None:
            track.parent_uuid = parent
        return packet

    def _slice(self, lane: tuple[int | None, str], start: Moment, end: Moment, name: str, told: dict[str, str]) -> None:
        self._packet(lane, start, _BEGIN, name, told)
        packet = self._builder.add_packet()
        packet.timestamp, packet.trusted_packet_sequence_id = end.time, _SEQUENCE
        packet.track_event.type, packet.track_event.track_uuid = _END, self._tracks[lane]

    def _instant(self, lane: tuple[int | None, str], at: Moment, name: str, told: Mapping[str, str]) -> Any:
        return self._packet(lane, at, _INSTANT, name, told)

    def _packet(self, lane: tuple[int | None, str], at: Moment, kind: int, name: str, told: Mapping[str, str]) -> Any:
        packet = self._builder.add_packet()
        packet.timestamp, packet.trusted_packet_sequence_id = at.time, _SEQUENCE
        event = packet.track_event
        event.type, event.track_uuid, event.name = kind, self._tracks[lane], name
        for key, value in _annotations(at, told):
            annotation = event.debug_annotations.add()
            annotation.name = key
            if isinstance(value, int):
                annotation.int_value = value
            else:
                annotation.string_value = value
        return packet


def _annotations(at: Moment, told: Mapping[str, str]) -> Iterator[tuple[str, int | str]]:
    yield "transition", at.transition
    yield "instructions", at.instructions
    yield from told.items()
