"""One run at one position, as the page asks for it: goes there, and tells what is there as data for JSON.

A position is `transition+instructions`. Nothing is kept between requests but where the replay stands, so that several
windows may look at different positions of it; whoever asks waits for the others.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, Final

from tyrne.hosted.recorder import text_of
from tyrne.inspect.look import look_at_replay
from tyrne.inspect.objects import Inspection
from tyrne.inspect.pictures import Kind, chart, picture
from tyrne.inspect.runs import is_report
from tyrne.inspect.selection import known_name
from tyrne.inspect.ui.at import At
from tyrne.inspect.ui.instructions import instructions
from tyrne.inspect.ui.kernel_path import KernelPath, step_watched
from tyrne.inspect.ui.page_words import page_words
from tyrne.inspect.ui.reader import KINDS, Reader
from tyrne.inspect.ui.sources import Sources
from tyrne.inspect.ui.told import caller_data, program_data, shown_task, task_data
from tyrne.inspect.ui.whose_memory import memory_of
from tyrne.inspect.ui.writes import last_write
from tyrne.inspect.words import TEXT, clean
from tyrne.system.errors import RequestError
from tyrne.system.printable import printable
from tyrne.system.replay import Replay

WAYS: Final = ("start", "end", "transition", "instruction", *KINDS)
CONSOLE: Final = 20_000
"""Bytes of what was written last."""
LOG: Final = 100
"""Lines of the kernel's."""
ROWS: Final = 400
"""Transitions that are told at once."""
LANES: Final = 64
"""Tasks in the timeline: those with the lowest numbers that exist meanwhile."""
HAPPENED: Final = 400
"""Events for a chart of messages."""
ENDED: Final = 20
"""Tasks that have ended of which that is told."""
PATIENCE: Final = 5.0
"""Seconds for what has not been read yet."""


class Viewer:
    """A run that is looked at."""

    def __init__(self, replay: Replay, reader: Reader, sources: Sources) -> None:
        """`replay` and `reader` have two replays of the same run. The first keeps checkpoints, to go back soon;
        the reader is started."""
        self.reader: Final = reader
        self.sources: Final = sources
        self._replay: Final = replay
        self._path = KernelPath()
        self._path_of = 0
        """The transition whose path that is."""
        self._seen: tuple[At, Inspection | None] | None = None
        self._lock: Final = threading.Lock()

    def about(self) -> dict[str, Any]:
        """What stays the same of the run, and how much of it is read."""
        run, reader = self._replay.run, self.reader
        return {
            "run": clean(str(run.path), TEXT),
            "machine": clean(run.machine),
            "report": is_report(run.path),
            "read": len(reader.rows),
            "done": reader.done,
            "whole": reader.whole,
            "failed": reader.failed,
            "kinds": {kind: len(found) for kind, found in reader.at.items()},
        }

    def state(self, at: At, task: str | None) -> dict[str, Any]:
        """All that the page shows beside the middle. Where there is no such position, that of the end."""
        at = self._there(at)
        with self._lock:
            seen = self._look(at)
            replay, here = self._replay, self._here()
            tasks = () if seen is None else seen.tasks
            shown = shown_task(tasks, task)
            recorder = replay.recorder
            console = recorder.console_bytes[-CONSOLE:]
            return {
                "at": here.text,
                "transition": here.transition,
                "inside": here.inside,
                "instructions": replay.instructions,
                "over": replay.over,
                "status": recorder.status,
                "panicked": replay.panicked,
                "tasks": [] if seen is None else [task_data(each, seen, recorder.status) for each in tasks],
                "console": "\n".join(printable(line) for line in text_of(console).split("\n")),
                "log": [clean(line, TEXT) for line in recorder.log_lines()[-LOG:]],
                "program": program_data(shown, replay.explainer),
                "caller": self._caller(here),
                "kernel": self._kernel(),
            }

    def rows(self, first: int, last: int) -> dict[str, Any]:
        """What happened in transitions from one up to another, and what each task did after each."""
        first = max(1, first)
        last = min(last, first + ROWS - 1)
        self.reader.wait(last, PATIENCE)
        rows = self.reader.rows[first - 1 : last]
        states = [self.reader.states(number) for number, _ in enumerate(rows, first)]
        there = sorted({number for each in states for number in each})[:LANES]
        names = dict(self.reader.tasks)
        return {
            "tasks": [clean(names[number]) for number in there],
            "rows": [
                {
                    "transition": number,
                    "text": row.text,
                    "kinds": row.kinds,
                    "why": row.why,
                    "states": [after.get(each, "") for each in there],
                }
                for (number, row), after in zip(enumerate(rows, first), states, strict=True)
            ],
        }

    def picture(self, kind: Kind, at: At, tasks: Sequence[str]) -> str:
        """A picture, as an element; RequestError for a task that is not there."""
        if kind is Kind.MESSAGES:
            self.reader.wait(at.transition, PATIENCE)
            timeline = self.reader.timeline(at.transition, HAPPENED)
            names = tuple(timeline.tasks.values())
            return chart(timeline, [known_name(names, name) for name in tasks]).element
        at = self._there(at)
        with self._lock:
            seen = self._look(at)
        if seen is None:
            raise RequestError("the kernel has failed a check in this transition: its state may be anything")
        names = tuple(task.name for task in seen.tasks)
        return picture(kind, seen, [known_name(names, name) for name in tasks]).element

    def ended(self, at: At) -> list[dict[str, str]]:
        """The tasks that have ended until a position, and the last one at which each still had what it held."""
        at = self._there(at)
        names = self.reader.tasks
        ended = sorted(self.reader.ended(at.transition).items())
        return [{"task": clean(names[number]), "at": str(end - 1)} for number, end in ended if end][:ENDED]

    def instructions(self, at: At, task: str | None) -> dict[str, Any]:
        """The registers and the code of the task that the page shows."""
        at = self._there(at)
        with self._lock:
            seen = self._look(at)
            shown = None if seen is None else shown_task(seen.tasks, task)
            if shown is None:
                return {"at": self._here().text, "task": None}
            return {"at": self._here().text, "task": shown.name, **instructions(self._replay, shown.number)}

    def memory(self, at: At, task: str, address: int) -> dict[str, Any]:
        """The words of a page of a task's memory."""
        at = self._there(at)
        with self._lock:
            seen = self._look(at)
            found = next((each for each in (() if seen is None else seen.tasks) if each.name == task), None)
            if found is None:
                raise RequestError("no such task")
            return {"at": self._here().text, "task": found.name, **page_words(self._replay, found.number, address)}

    def moves(self, at: At, way: str, back: bool, count: int) -> tuple[At | None, int]:
        """Where so many steps lead, or as many as there are; and how many that are."""
        found: At | None = None
        for made in range(count):
            to = self.move(at if found is None else found, way, back)
            if to is None:
                return found, made
            found = to
        return found, count

    def move(self, at: At, way: str, back: bool) -> At | None:
        """Where a step from a position leads; None where there is nothing of the kind."""
        if way == "start":
            return At(0)
        if way == "end":
            self.reader.wait(1 << 62, PATIENCE)
            return At(len(self.reader.rows))
        if way == "instruction":
            return self._instruction(at, back)
        if way == "transition":
            if back:
                return At(at.transition) if at.inside else At(at.transition - 1) if at.transition else None
            self.reader.wait(at.transition + 1, PATIENCE)
            return At(at.transition + 1) if at.transition < len(self.reader.rows) else None
        return self._kind(way, at, back)

    def written(self, at: At, task: str, address: int) -> dict[str, Any]:
        """Which write, before a position, made a word of a task's memory what it is. Without a task it is of who has
        that memory, or had it last; of a task that has ended, it is the last write before its end."""
        at = self._there(at)
        with self._lock:
            seen, replay = self._look(at), self._replay
            tasks = [each for each in ([] if seen is None else seen.tasks) if task in ("", each.name)]
            if not tasks:
                raise RequestError("no such task")
            memory = memory_of(replay, self.reader, self._here(), tasks, address)
            write = last_write(replay, memory.place, memory.until.transition, memory.until.inside)
            if write is None:
                return {"at": None, "text": f"nothing has written at {address:#x}{memory.before or ' before'}"}
            there = At(write.transition, write.inside)
            seen = self._look(there)
            tasks = [] if seen is None or write.task is None else [t for t in seen.tasks if t.number == write.task]
            who = f"{tasks[0].name} writes" if tasks else "the kernel or a device has written"
            line = f" ({tasks[0].line.text.partition(' in ')[0]})" if tasks and tasks[0].line is not None else ""
            text = f"{who} {write.after:#x} at {address:#x}, where {write.before:#x} was{line}"
            text += f"; it is the last write{memory.before}" if memory.before else ""
            return {"at": there.text, "text": text}

    def search(self, text: str, at: At, back: bool) -> dict[str, Any]:
        """The next call or other transition that has a text in its line."""
        found, number, count = self.reader.search(text, at.transition, back)
        return {"at": None if found is None else At(found).text, "number": number, "count": count}

    def _caller(self, here: At) -> dict[str, Any] | None:
        """Of the task that made the transition before a position."""
        row = self.reader.rows[here.transition - 1] if here.transition and not here.inside else None
        name = "" if row is None or row.task is None else clean(self.reader.tasks[row.task])
        return None if row is None else caller_data(row, name, self._replay.explainer)

    def _kind(self, kind: str, at: At, back: bool) -> At | None:
        position = at.transition + (1 if back and at.inside else 0)
        while (found := self.reader.next(kind, position, back)) is None and not back and not self.reader.done:
            if not self.reader.wait(len(self.reader.rows) + 1, PATIENCE):
                break
        return None if found is None else At(found)

    def _instruction(self, at: At, back: bool) -> At | None:
        """One instruction of the task that runs, and over its trap."""
        if back and at.inside:
            return At(at.transition, at.inside - 1)
        if back:
            return self.reader.trap(at.transition) if at.transition else None
        with self._lock:
            self._go(At(at.transition, at.inside + 1))
            here = self._here()
        return None if here == at else here

    def _there(self, at: At) -> At:
        """A position that has been read, or the end. A run may go on for ever: RequestError for others."""
        reader = self.reader
        reader.wait(at.transition, PATIENCE)
        read = len(reader.rows)
        if at.transition <= read:
            return at
        if reader.done and reader.whole:
            return At(read)
        raise RequestError(f"{read:,} transitions have been read, and no position behind them is known")

    def _here(self) -> At:
        return At(self._replay.position, self._replay.inside)

    def _look(self, at: At) -> Inspection | None:
        """What is there; None after a panic."""
        if self._seen is None or self._seen[0] != at or self._here() != at:
            self._go(at)
            seen = None if self._replay.panicked else look_at_replay(self._replay)
            self._seen = (self._here(), seen)
        return self._seen[1]

    def _go(self, at: At) -> None:
        """To a position, by way of the transition before it, which is watched; else to the end."""
        replay = self._replay
        there = replay.position == at.transition and replay.inside <= at.inside and self._path_of == at.transition
        if not there and at.transition == 0:
            replay.to(0)
            self._path, self._path_of = KernelPath(), 0
        elif not there:
            try:
                if replay.position != at.transition - 1:
                    replay.to(at.transition - 1)
            except IndexError:
                at = At(replay.position)  # the run is shorter, and this is its end
                replay.to(max(0, at.transition - 1))
            made, path = step_watched(replay)
            if made is not None:
                self._path, self._path_of = path, made.number
        if at.inside > replay.inside:
            try:
                replay.advance(at.inside - replay.inside)
            except IndexError:  # the trap comes first
                made, path = step_watched(replay)
                if made is not None:
                    self._path, self._path_of = path, made.number

    def _kernel(self) -> dict[str, Any]:
        path = self._path
        return {
            "transition": self._path_of,
            "calls": [asdict(spot) for spot in path.calls],
            "check": None if path.check is None else asdict(path.check),
            "here": None if path.here is None else asdict(path.here),
            "whole": path.whole,
        }
