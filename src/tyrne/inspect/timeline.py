"""The timeline of a run: what each task did and when, from the run's start to its end.

    from pathlib import Path
    from tyrne.inspect import open_run
    from tyrne.inspect.timeline import timeline_of

    for event in timeline_of(open_run(Path("crash.json"))).events:
        print(event)

A replay is followed transition by transition. Of each task its state is read anew only where it has changed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from tyrne.abi import TaskState
from tyrne.hal.interrupt import Interrupt as Cause
from tyrne.hosted.happened import CallEvent, FaultEvent
from tyrne.hosted.recorder import text_of
from tyrne.inspect.call_words import CallWords
from tyrne.inspect.deliveries import Deliveries, Step, Stood, signals_of
from tyrne.inspect.events import (
    INSTRUCTIONS,
    NANOSECONDS,
    Call,
    Event,
    Fault,
    Interrupt,
    Moment,
    Output,
    State,
    Timeline,
    Turn,
)
from tyrne.inspect.words import TEXT, clean, clean_names, deadline_words
from tyrne.kernel.kernel import Kernel
from tyrne.kernel.task import Task
from tyrne.system.replay import Replay
from tyrne.system.task_states import describe_task
from tyrne.system.transition import Transition

_SECOND: Final = 1_000_000_000
"""In nanoseconds."""
EVENTS: Final = 500_000
"""At most in a timeline; then the rest of the run is left out."""
_KINDS: Final = {
    TaskState.READY: "ready",
    TaskState.SENDING: "waits",
    TaskState.RECEIVING: "waits",
    TaskState.CALLING: "waits",
    TaskState.SUSPENDED: "suspended",
    TaskState.INACTIVE: "suspended",
    TaskState.FAULTED: "faulted",
    TaskState.EXITED: "ended",
    TaskState.ENDING: "ended",
}
_INTERRUPTS: Final = {
    Cause.TICK: "tick",
    Cause.LIMIT: "limit",
    Cause.ALARM: "deadline",
    Cause.DEVICE: "device",
    Cause.SPURIOUS: "nothing due",
}


def timeline_of(replay: Replay, most: int = EVENTS, until: int | None = None) -> Timeline:
    """All of a run, which stands at its start, or all until a transition, or its first events where it has more than
    `most`. It is at its end, or where the timeline ends, afterwards."""
    follower = Follower(replay)
    whole = True
    while replay.position != until and (made := replay.step()) is not None:
        follower.follow(made)
        if len(follower.events) >= most and not replay.over:
            whole = False
            break
    return follower.timeline(whole)


@dataclass
class _Doing:
    """What a task does since a moment; `key` changes whenever the words for it may."""

    key: tuple[Any, ...]
    stood: Stood
    kind: str
    words: str
    deadline: str | None


@dataclass
class _Opened:
    """A call that has not returned."""

    event: CallEvent
    text: str
    at: Moment


class Follower:
    """Makes events of transitions. An event stands in the list when it is over."""

    def __init__(self, replay: Replay) -> None:
        self.replay: Final = replay
        self.events: Final[list[Event]] = []
        self.names: Final = clean_names(replay.explainer.names)
        self.tasks: Final[dict[int, str]] = {}
        self._doing: Final[dict[int, _Doing]] = {}
        self._opened: Final[dict[int, _Opened]] = {}
        self._words: Final = CallWords(self.names)
        self._deliveries: Final = Deliveries(self._words)
        self._log, self._console = 0, 0
        self._at = self._now()
        living = self._living()
        self._words.learn_tables(replay.kernel, living)
        self._runs: tuple[int | None, Moment] = (self._current(), self._at)
        if not replay.panicked:
            self._look(living)
        self._outputs(None)
        self._panic()

    def follow(self, made: Transition) -> None:
        """A transition was made."""
        replay = self.replay
        self._at = at = self._now()
        kernel, living = replay.kernel, self._living()
        step = Step(made, at, kernel, living, {number: doing.stood for number, doing in self._doing.items()})
        self._outputs(made.task)
        self._cause(made, kernel, living)
        for event in made.events:
            if isinstance(event, CallEvent):
                self._words.learn(kernel, event, living)
        for event in made.events:
            if isinstance(event, CallEvent):
                self._returned(event, kernel, living.get(event.task))
        if made.panicked:  # nothing is known of the kernel any more
            self._panic()
            return
        self.events.extend(self._deliveries.follow(step))
        self._look(living)
        runs = self._current()
        if runs != self._runs[0]:
            self._turn(runs)

    def open_states(self) -> Iterator[State]:
        """What each task does now, and since when; it may go on."""
        for number, doing in list(self._doing.items()):
            yield State(number, doing.stood.since, self._at, doing.kind, doing.words)

    def open_calls(self) -> Iterator[Call]:
        """The calls that have not returned."""
        for number, opened in list(self._opened.items()):
            yield self._open(number, opened, "waits")

    def waits_in(self, task: int) -> str | None:
        """The call that a task has made and that has not returned."""
        opened = self._opened.get(task)
        return None if opened is None else opened.text

    def _panic(self) -> None:
        """The kernel's last line, if it has failed a check."""
        if self.replay.panicked:
            first = text_of(self.replay.recorder.panic_bytes).partition("\n")[0]
            self.events.append(Output(None, self._at, clean(first, TEXT)))

    def timeline(self, whole: bool) -> Timeline:
        replay = self.replay
        for number in list(self._opened):
            self._close(number, "waits")
        for number in list(self._doing):
            self._end(number)
        self._turn(None)
        return Timeline(
            run=clean(str(replay.run.path), TEXT),
            machine=clean(replay.run.machine),
            unit=NANOSECONDS if replay.record.interrupts is None else INSTRUCTIONS,
            tasks=self.tasks,
            events=tuple(self.events),
            end=self._at,
            whole=whole and not replay.limited,
            status=replay.recorder.status,
        )

    def _now(self) -> Moment:
        replay = self.replay
        return Moment(replay.kernel.board.time, replay.position, replay.instructions)

    def _living(self) -> dict[int, Task]:
        arena = self.replay.kernel.tasks
        return {int(t.number): t for t, lives in zip(arena.items, arena.occupied, strict=True) if lives}

    def _current(self) -> int | None:
        current = self.replay.kernel.scheduler.core.current
        return None if current is None or self.replay.over else int(current.number)

    def _look(self, living: dict[int, Task]) -> None:
        """Whether what tasks do has changed."""
        kernel, current = self.replay.kernel, self._current()
        for number, task in living.items():
            reply = task.reply
            place = None if reply is None else (id(reply), id(reply.table))
            runs = number == current
            key = (task.state, runs, id(task.queue), task.offer, place, id(task.deadline), int(task.exit_code))
            doing = self._doing.get(number)
            if doing is None or doing.key != key:
                self._change(kernel, number, task, key, runs)
        for number in self._doing.keys() - living.keys():
            self._end(number)

    def _change(self, kernel: Kernel[Any], number: int, task: Task, key: tuple[Any, ...], runs: bool) -> None:
        if task.state is TaskState.READY:
            words = "runs" if runs else "ready"
        else:
            words = clean(describe_task(kernel, task, self.names.task, self.names), TEXT)
        self.tasks.setdefault(number, self.names.task(number))
        doing = self._doing.get(number)
        same = doing is not None and doing.words == words
        since = doing.stood.since if doing is not None and same else self._at
        if not same:
            self._end(number)
            if task.has_ended():
                self._close(number, "does not return")
            elif task.state is TaskState.INACTIVE:
                self._close(number, "called off")
        deadline = None if task.deadline is None else self._deadline(task)
        stood = Stood(task.state, since, task.queue, task.offer, signals_of(task))
        kind = "runs" if runs and task.state is TaskState.READY else _KINDS[task.state]
        self._doing[number] = _Doing(key, stood, kind, words, deadline)

    def _deadline(self, task: Task) -> str:
        """What a task's deadline does."""
        deadline, board = task.deadline, self.replay.kernel.board
        assert deadline is not None
        at = int(deadline.at) * _SECOND // int(board.frequency())
        signals = deadline.signals
        named = None if signals is None else self._words.named(self.replay.kernel, task, signals)
        return deadline_words(at, named, int(deadline.bits))

    def _end(self, number: int) -> None:
        """What a task did is over."""
        doing = self._doing.pop(number, None)
        if doing is not None:
            self.events.append(State(number, doing.stood.since, self._at, doing.kind, doing.words))

    def _turn(self, runs: int | None) -> None:
        task, since = self._runs
        if since != self._at:
            self.events.append(Turn(task, since, self._at))
        self._runs = (runs, self._at)

    def _cause(self, made: Transition, kernel: Kernel[Any], living: dict[int, Task]) -> None:
        """What made the task trap."""
        cause, at = made.cause, self._at
        if made.task is not None and not isinstance(cause, Cause):
            self._close(made.task, "called off")  # it has waited, and goes on without what it waited for
        if isinstance(cause, CallEvent):
            text = self._words.text(kernel, cause, living.get(cause.task))
            self._opened[cause.task] = _Opened(cause, text, at)
        elif isinstance(cause, FaultEvent):
            words = clean(self.replay.explainer.fault(cause), TEXT)
            self.events.append(Fault(cause.task, at, words))
        else:
            words = "; ".join(self._what_comes(cause, kernel, living))
            self.events.append(Interrupt(made.task, at, _INTERRUPTS[cause], clean(words, TEXT)))

    def _what_comes(self, cause: Cause, kernel: Kernel[Any], living: dict[int, Task]) -> Iterator[str]:
        """What an interrupt is about."""
        if cause is Cause.DEVICE:
            yield f"interrupt {int(kernel.board.raised_line())}"
        elif cause is Cause.ALARM:
            for number, doing in self._doing.items():
                task = living.get(number)
                if doing.deadline is not None and (task is None or task.deadline is None):
                    yield f"{self.names.task(number)}: {doing.deadline}"

    def _returned(self, event: CallEvent, kernel: Kernel[Any], task: Task | None) -> None:
        opened = self._opened.pop(event.task, None)
        at, text = (opened.at, opened.text) if opened is not None else (self._at, self._words.text(kernel, event, task))
        outcome = self._words.outcome(kernel, event, task)
        why = self.replay.explainer.refusal(event)
        self.events.append(
            Call(
                event.task,
                at,
                self._at,
                event.name or f"call {event.number:#x}",
                text,
                outcome,
                event.was_refused,
                None if why is None else clean(why, TEXT),
            )
        )

    def _close(self, number: int, outcome: str) -> None:
        """A call that does not return."""
        opened = self._opened.pop(number, None)
        if opened is not None:
            self.events.append(self._open(number, opened, outcome))

    def _open(self, number: int, opened: _Opened, outcome: str) -> Call:
        name = opened.event.name or f"call {opened.event.number:#x}"
        return Call(number, opened.at, self._at, name, opened.text, outcome, False, None)

    def _outputs(self, task: int | None) -> None:
        """What was written in a transition."""
        recorder = self.replay.recorder
        if len(recorder.console_bytes) > self._console:
            text = text_of(recorder.console_bytes[self._console : self._console + TEXT * 4])
            self._console = len(recorder.console_bytes)
            self.events.append(Output(task, self._at, clean(text.rstrip("\n"), TEXT)))
        while (end := recorder.log_bytes.find(b"\n", self._log)) >= 0:
            line = text_of(recorder.log_bytes[self._log : end])
            self._log = end + 1
            self.events.append(Output(None, self._at, clean(line, TEXT)))
