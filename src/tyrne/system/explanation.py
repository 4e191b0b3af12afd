"""What a run's faults mean and where they happened, for the terminal, for reports and for replays.

Nothing here decides anything: it reads the manifest, the names of a description, and debug information, none of which
the kernel knows.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, Final

from tyrne.abi import TaskState
from tyrne.hal.board import Standing
from tyrne.hosted.happened import CallEvent, FaultEvent
from tyrne.hosted.recorder import Recorder
from tyrne.system.fault_words import fault_words
from tyrne.system.line_table import BadTableError, from_json, to_json
from tyrne.system.manifest import System, encode
from tyrne.system.names import Names
from tyrne.system.program import Program
from tyrne.system.record import Record
from tyrne.system.refusal_words import refusal_words
from tyrne.system.source_lines import Place, SourceMap, shown_beside, source_map
from tyrne.system.standing_words import waits
from tyrne.system.task_view import UNKNOWN, TaskView, read_tasks

Report = dict[str, Any]
CALL_BYTES: Final = 4
"""Of an instruction: a return address is so far behind its call."""
_NAMED: Final = ("endpoints", "notifications", "memory")


class Explainer:
    """Explains what the tasks of one manifest do. `map_of` gives the map of a task's program, by the task's number."""

    def __init__(self, manifest: bytes, names: Names, map_of: Callable[[int], SourceMap]) -> None:
        self.names: Final = names
        self._tasks: Final = read_tasks(manifest, names)
        self._map_of: Final = map_of

    def view(self, task: int) -> TaskView:
        """What is known of a task by its number."""
        return self._tasks[task] if task < len(self._tasks) else UNKNOWN

    def lines(self, task: int) -> SourceMap:
        """Where in sources the instructions of a task's program come from, as far as that is known."""
        return self._map_of(task) if task < len(self._tasks) else SourceMap()

    def place(self, task: int, pc: int) -> Place | None:
        """Where in its source a task is; None where nobody knows."""
        return self._map_of(task).at(pc) if task < len(self._tasks) else None

    def fault(self, event: FaultEvent) -> str:
        """`null pointer: reads from address 0x8, at list.c:12 in find`."""
        place = self.place(event.task, event.pc)
        where = at(place) if place is not None else at(self._caller(event), "called from")
        return fault_words(event, self.view(event.task), place) + where

    def _caller(self, event: FaultEvent) -> Place | None:
        """Where a task comes from that has jumped to where no code is: the call before its return address."""
        return self.place(event.task, event.link - CALL_BYTES)

    def standing(self, task: int, standing: Standing) -> str:
        """`pong waits for a message at endpoint "table", at pong.py:12 in main`."""
        what = waits(standing, self.names)
        place = self.stands(task, int(standing.state), int(standing.pc))
        if what is not None:
            return f"{self.names.task(task)} {what}{at(place)}"
        where = f"at pc {int(standing.pc):#x}" if place is None else at(place).removeprefix(", ")
        return f"{self.names.task(task)} stood {where}"

    def stands(self, task: int, state: int, pc: int) -> Place | None:
        """The line at which a task could go on; or whose call it waits in, which is the instruction before."""
        if state == TaskState.INACTIVE.value:
            return None
        place = self.place(task, pc - (0 if state == TaskState.READY.value else CALL_BYTES))
        return None if place is None else place.own

    def refusal(self, event: CallEvent) -> str | None:
        """`0x1 is endpoint "table" with RECV, and lacks SEND`; None where the status says it all."""
        return refusal_words(event, self.view(event.task), self.names)

    def refused_at(self, event: CallEvent) -> str:
        """`, at client.py:12 in main`: where a call was made, in the program's own source; empty where nobody knows."""
        place = None if event.pc is None else self.stands(event.task, TaskState.RECEIVING.value, event.pc)
        return at(place)

    def explain(self, report: Report, recorder: Recorder) -> None:
        """Add to a report what each fault and refusal means, where a fault was, and where each task stands that has not
        ended."""
        for call, told in zip(recorder.calls, report["syscalls"], strict=True):
            why = self.refusal(call)
            if why is not None:
                told["why"] = why
        for number, entry in zip(recorder.numbers(len(self.names.tasks)), report["tasks"], strict=True):
            event, standing = recorder.faults.get(number), recorder.standings.get(number)
            entry["stands"] = None if standing is None else {
                "waits": waits(standing, self.names),
                "pc": hex(standing.pc),
                **place_keys(self.stands(number, int(standing.state), int(standing.pc))),
            }
            if event is not None:
                place = self.place(number, event.pc)
                words = fault_words(event, self.view(number), place)
                entry["fault"] |= {"why": words, **place_keys(place or self._caller(event))}

    def keys(self) -> Report:
        """What a report has for the explanations of a replay."""
        names = {kind: list(getattr(self.names, kind)) for kind in _NAMED}
        return {"names": names, "lines": to_json([self._map_of(task) for task in range(len(self._tasks))])}


def explainer_of(system: System) -> Explainer:
    """Of a system whose programs are at hand: their debug information is read when it is asked for."""

    @cache
    def of_program(program: int) -> SourceMap:
        return _map(system.tasks[program].program)

    first = {task.program.elf: number for number, task in reversed(list(enumerate(system.tasks)))}
    return Explainer(encode(system), system.names, lambda task: of_program(first[system.tasks[task].program.elf]))


def _map(program: Program) -> SourceMap:
    """Its file knows it where it was linked to lie."""
    if not program.elf:
        return SourceMap()
    shift = program.shift
    code = [(each.address - shift, each.end - shift) for each in program.segments if each.executable]
    found = source_map(program.elf, code, shown_beside(program.source))
    if not shift and not program.added:
        return found
    added = [(start, Place(None, 0, name)) for start, name in program.added]
    parts = [(start + shift, place) for start, place in found.parts]
    return SourceMap(sorted([*parts, *added], key=lambda part: part[0]))


def explainer_of_report(record: Record, report: Report) -> Explainer:
    """Of a report, which need not have the names and lines; BadTableError says what is wrong with them."""
    tasks = tuple(record.task_names)
    names = report.get("names", {})
    kinds = [names.get(kind, []) if isinstance(names, dict) else None for kind in _NAMED]
    if not all(isinstance(kind, list) and all(isinstance(name, str) for name in kind) for kind in kinds):
        raise BadTableError("names is not lists of names")
    maps = from_json(report.get("lines"), len(tasks))
    known = Names(tasks, *(tuple(kind) for kind in kinds if kind is not None))
    return Explainer(record.manifest, known, maps.__getitem__)


def at(place: Place | None, how: str = "at") -> str:
    """The end of a sentence that says where."""
    if place is None:
        return ""
    return f", {how} {place.text}" if place.file else f", {place.text}"


def place_keys(place: Place | None) -> Report:
    """A place in a report."""
    if place is None:
        return {"file": None, "line": None, "function": None}
    return {"file": place.file, "line": place.line or None, "function": place.function}
