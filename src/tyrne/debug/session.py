"""A session over a run: it goes forwards and backwards, and says why it stops.

A task is named by its number. Nothing of the run can be changed: it stays what it was.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from tyrne.debug.debugged import Breakpoint, Stop, Watch, Why
from tyrne.debug.hits import Hit, Hits
from tyrne.debug.memory import PAGE, read, translate
from tyrne.debug.registers import registers
from tyrne.hosted.happened import FaultEvent
from tyrne.inspect import look_at_replay
from tyrne.inspect.objects import Inspection
from tyrne.inspect.positions import backward
from tyrne.kernel.authority import live_space
from tyrne.kernel.task import Task
from tyrne.system import source_lines
from tyrne.system.checkpoints import SPACING, Checkpoint, Place
from tyrne.system.replay import Replay
from tyrne.system.task_states import describe_task, tasks_of
from tyrne.system.transition import Transition

_FIRST_PART: Final = 10_000
"""Instructions that run before the next look whether there was a hit; more each time, up to SPACING."""


class Session:
    """A replay, at some place of it."""

    def __init__(self, replay: Replay, wishes: Callable[[], bool] = lambda: False) -> None:
        """Checkpoints of the replay are kept from here on. `wishes` says whether somebody wants a stop."""
        replay.keep_checkpoints()
        self.replay: Final = replay
        self.hits: Final = Hits(replay)
        self.wishes = wishes
        self._shown = 0
        self._ranges: Final[dict[Watch, list[tuple[int, int]]]] = {}
        """Where each watchpoint is: clients take them away at each stop and set them again."""

    def tasks(self) -> list[Task]:
        """Those that exist, at least one."""
        return tasks_of(self.replay.kernel) or [self.replay.kernel.tasks.items[0]]

    def task(self, number: int) -> Task | None:
        return next((task for task in self.tasks() if int(task.number) == number), None)

    def current(self) -> int:
        """The task that goes on from here; while nobody is ready, some task."""
        task = self.replay.next_task
        return int((self.tasks()[0] if task is None else task).number)

    @property
    def way_back(self) -> str:
        """There is one."""
        return ""

    @property
    def panicked(self) -> bool:
        return self.replay.panicked

    def numbers(self) -> list[int]:
        return [int(task.number) for task in self.tasks()]

    def name(self, number: int) -> str:
        return self.replay.task_name(number)

    def does(self, number: int) -> str:
        """What a task does, and where in its program."""
        replay = self.replay
        what = describe_task(replay.kernel, self._of(number), replay.task_name, replay.explainer.names)
        place = self.place(number)
        return what if place is None or place.own.file is None else f"{what}, at {place.own.line_text}"

    def registers(self, number: int) -> list[bytes]:
        return registers(self.replay.kernel, self._of(number))

    def pc(self, number: int) -> int:
        return int(self._of(number).frame.pc)

    def sp(self, number: int) -> int:
        return int(self._of(number).frame.sp)

    def place(self, number: int) -> source_lines.Place | None:
        return self.replay.explainer.place(number, self.pc(number))

    def sources(self) -> Iterator[tuple[int, source_lines.SourceMap]]:
        return ((number, self.replay.explainer.lines(number)) for number in self.numbers())

    def look(self) -> Inspection:
        return look_at_replay(self.replay)

    def _of(self, number: int) -> Task:
        task = self.task(number)
        if task is None:
            raise ValueError
        return task

    def read(self, number: int, address: int, length: int) -> bytes:
        """What a task sees in memory, up to the first byte that is not there."""
        return read(self.replay.machine.board, live_space(self._of(number)), address, length)

    def break_at(self, place: Breakpoint) -> bool:
        if not 0 <= place.address < 1 << 48:
            return False
        self.hits.break_at(place)
        return True

    def stops(self, address: int, number: int) -> bool:
        return self.hits.stops(address, number)

    def forget(self, what: Breakpoint | Watch) -> None:
        self.hits.forget(what)

    def watch(self, number: int, watch: Watch) -> bool:
        """Watch a range of memory as a task has it mapped when this is asked for the first time; or the task whose
        breakpoints alone count. Whether all of it was there."""
        if watch in self._ranges:
            self.hits.watch(watch, self._ranges[watch])
            return True
        task = self._of(number)
        if self.hits.only is not None:
            task = self.task(self.hits.only) or task
        ranges = []
        at, end = watch.address, watch.address + watch.length
        while at < end:
            physical = translate(self.replay.machine.board, live_space(task), at)
            if physical is None:
                return False
            length = min(end - at, PAGE - at % PAGE)
            ranges.append((physical, physical + length))
            at += length
        self._ranges[watch] = ranges
        self.hits.watch(watch, ranges)
        return True

    def count_only(self, task: int | None) -> None:
        """Let breakpoints and watchpoints be those of one task, or of all. All that was set is forgotten."""
        self.hits.forget_all()
        self._ranges.clear()
        self.hits.only = task

    def output(self) -> bytes:
        """What tasks, devices and the kernel have written since this was asked the last time, as far as the run has
        ever come."""
        recorder = self.replay.recorder
        written = bytes(recorder.console_bytes + recorder.panic_bytes)
        new = written[self._shown :]
        self._shown = max(self._shown, len(written))
        return new

    def run(self, until: Callable[[], bool] = lambda: False) -> Stop:
        """Forwards, at least an instruction, to the first reason to stop: `until` says so after a transition."""
        replay, part = self.replay, 1
        while True:
            here = replay.place
            with self.hits.noted():
                made = replay.run_on(part)
            if self.hits.first is not None and here != replay.place and part > 1:
                return self._go_to_first(self.hits.first)
            if replay.place == here:
                return Stop(Why.END)
            fault = _deadly(made)
            if fault is not None and part > 1:
                backward(replay)
                return Stop(Why.FAULT, kind=fault)
            if until():
                return Stop(Why.STEP)
            if self.wishes():
                return Stop(Why.WISH)
            if part == 1:
                replay.keep_this()  # what is searched for may be near
            part = min(SPACING, max(_FIRST_PART, 2 * part))

    def step(self, number: int) -> Stop:
        """Forwards by an instruction of a task; where it does not go on, until it does."""

        def its_turn() -> bool:
            task = self.replay.next_task
            return task is not None and int(task.number) == number

        if not its_turn():
            stop = self.run(its_turn)
            if stop.why is not Why.STEP:
                return stop
        return self.run(its_turn)

    def run_back(self) -> Stop:
        """Backwards to the last reason to stop before here."""
        replay, end = self.replay, self.replay.place
        while True:
            start = self._checkpoint_before(end)
            if start is None:
                return Stop(Why.START)
            if self.wishes():
                replay.go(*end)
                return Stop(Why.WISH)
            replay.approach(start.place, anew=True)
            with self.hits.noted():
                self._walk(end)
            if self.hits.last is not None:
                return self._go_to_last(self.hits.last, end)
            end = start.place
            replay.go(*end)

    def step_back(self, number: int) -> Stop:
        """Backwards by an instruction of a task."""
        replay = self.replay
        task, end = replay.next_task, replay.position
        if task is not None and int(task.number) == number and replay.inside:
            backward(replay)
            return Stop(Why.STEP)
        while (start := self._checkpoint_before(Place(end, 0))) is not None:
            replay.approach(start.place, anew=True)
            found = None
            while replay.position < end:
                task = replay.next_task
                if task is not None and int(task.number) == number:
                    found = replay.position
                replay.step()
            if found is not None:
                replay.to(found + 1)
                backward(replay)
                return Stop(Why.STEP)
            end = start.place.transition
        replay.to(0)
        return Stop(Why.START)

    def _walk(self, end: Place) -> None:
        """Forwards to a place, all of the way."""
        while self.replay.position < end.transition:
            self.replay.step()
        self.replay.advance(end.inside - self.replay.inside)

    def _checkpoint_before(self, place: Place) -> Checkpoint | None:
        """The last one that is before a place; None at the start."""
        kept = self.replay.checkpoints
        if kept is None or place <= (0, 0):
            return None
        return kept.before(Place(place.transition, place.inside - 1))

    def _go_to_first(self, hit: Hit) -> Stop:
        """Before the instruction that made the first hit."""
        self.replay.to_instruction(hit.count)
        if hit.watch is None:
            return Stop(Why.BREAKPOINT)
        while True:
            here = self.replay.place
            with self.hits.noted():
                self.replay.run_on(1)
            found = self.hits.first
            if found is not None or self.replay.place == here:
                self.replay.go(*here)
                return Stop(Why.WATCHPOINT, hit.watch if found is None else found.watch or hit.watch)

    def _go_to_last(self, hit: Hit, end: Place) -> Stop:
        """Before an instruction with a breakpoint; behind the last one before `end` that accesses watched memory."""
        self.replay.to_instruction(hit.count)
        if hit.watch is None:
            return Stop(Why.BREAKPOINT)
        behind, here = end, None
        while self.replay.place < end and self.replay.place != here:
            here = self.replay.place
            with self.hits.noted():
                self.replay.run_on(1)
            if self.hits.last is not None and self.hits.last.watch is not None:
                behind = self.replay.place
        self.replay.go(*behind)
        return Stop(Why.WATCHPOINT, hit.watch)


def _deadly(made: Transition | None) -> str | None:
    """The kind of the fault by which a transition has ended a task."""
    faults = () if made is None else made.events
    return next((event.kind for event in faults if isinstance(event, FaultEvent)), None)
