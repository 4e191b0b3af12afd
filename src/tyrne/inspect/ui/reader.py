"""Reads a run from its start to its end in a thread of its own, while the page is open already.

What is read is only added to, so others may look meanwhile. It stands for all positions that have been read.
"""

from __future__ import annotations

import gc
import threading
import time
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Final

from tyrne.hosted.happened import CallEvent, FaultEvent
from tyrne.inspect.events import NANOSECONDS, Call, Event, Fault, Message, Moment, State, Timeline
from tyrne.inspect.timeline import EVENTS, Follower
from tyrne.inspect.ui.at import At
from tyrne.inspect.words import TEXT, clean
from tyrne.system.explanation import CALL_BYTES
from tyrne.system.replay import Replay
from tyrne.system.transition import Cause, Transition

KINDS: Final = ("call", "refusal", "fault", "switch")
"""What one can go to."""
SENDS: Final = ("call", "send_wait")
"""Calls that wait until somebody takes their message."""
_POLL: Final = 0.01
"""Seconds between two looks at whether something has been read."""
_LOOK: Final = 0.002
"""Seconds between two looks at whether nobody asks any more."""
_PAUSE: Final = 0.05
"""Seconds that reading rests after an answer: a step of the page asks for several things, one after the other."""
_STAYS: Final = 500
"""Transitions, after which all that is there is left out of collections of garbage: what was read stays, and to look
through it again makes an answer wait."""


@dataclass(frozen=True, slots=True)
class Row:
    """A transition. `task` is who ran, None where nobody did; `instructions` of tasks have begun until its end. `pc` is
    the instruction that called or did wrong, None where there was an interrupt."""

    task: int | None
    text: str
    kinds: tuple[str, ...]
    instructions: int
    why: str | None
    pc: int | None


class Reader(threading.Thread):
    """`rows[n]` is the transition after position n. `done` when all is read that is kept."""

    def __init__(self, replay: Replay) -> None:
        """`replay` stands at its start; it is the reader's alone."""
        super().__init__(daemon=True)
        self.rows: Final[list[Row]] = []
        self.at: Final[dict[str, list[int]]] = {kind: [] for kind in KINDS}
        """Of each kind the transitions, in order."""
        self.done = False
        self.failed: str | None = None
        self.whole = True
        """Whether nothing of the run was left out."""
        self._replay: Final = replay
        self._follower: Final = Follower(replay)
        self._states: Final[dict[int, list[State]]] = {}
        self._ends: Final[dict[int, list[int]]] = {}
        self._lasting: Final[dict[int, list[Call]]] = {}
        """Of each task the calls that send, and did not return at once."""
        self._arrived: Final[dict[tuple[int | None, int], int]] = {}
        """In which transition a message arrived, by its sender, and when it was sent."""
        self._happened: Final[list[Event]] = []
        self._when: Final[list[int]] = []
        self._closing = False
        self._asking: Final = threading.Lock()
        self._questions = 0
        """That are being answered."""
        self._waiting = 0
        """How many of them wait for what is to be read."""
        self._asked_at = -_PAUSE
        self._taken = 0
        self._take(0)

    @property
    def tasks(self) -> dict[int, str]:
        """The names of all tasks that there were so far, by number."""
        return self._follower.tasks

    def run(self) -> None:
        try:
            while self._goes_on() and (made := self._replay.step()) is not None:
                self._follow(made)
                if made.number % _STAYS == 0:
                    gc.freeze()
                if len(self._follower.events) >= EVENTS:
                    self.whole = False
                    break
        except Exception as error:
            self.failed = f"{type(error).__name__}: {error}"
        self.done = True

    @contextmanager
    def rests(self) -> Iterator[None]:
        """Nothing is read while a question is answered, and for a moment afterwards, in which the next may come: of
        threads that work, Python runs one at a time. Only an answer that waits for what is read does not stop that."""
        with self._asking:
            self._questions += 1
        try:
            yield
        finally:
            with self._asking:
                self._questions -= 1
                self._asked_at = time.monotonic()

    def _goes_on(self) -> bool:
        """Whether more is to be read, once nobody asks."""
        while not self._closing and not self._waiting and self._is_asked():
            time.sleep(_LOOK)
        return not self._closing

    def _is_asked(self) -> bool:
        return self._questions > 0 or time.monotonic() < self._asked_at + _PAUSE

    def close(self) -> None:
        """Read no more."""
        self._closing = True
        if self.ident is not None:
            self.join()

    def wait(self, position: int, seconds: float) -> bool:
        """Until a position is read, or the end; False if it takes longer."""
        until = time.monotonic() + seconds
        with self._asking:
            self._waiting += 1
        try:
            while len(self.rows) < position and not self.done:
                if time.monotonic() > until:
                    return False
                time.sleep(_POLL)
            return True
        finally:
            with self._asking:
                self._waiting -= 1

    def next(self, kind: str, position: int, back: bool) -> int | None:
        """The position after the next transition of a kind, or after the one before; None where there is none."""
        found = self.at[kind]
        place = bisect_left(found, position) - 1 if back else bisect_right(found, position)
        return found[place] if 0 <= place < len(found) else None

    def search(self, text: str, position: int, back: bool) -> tuple[int | None, int, int]:
        """The next transition whose line has a text in it, from one end on to the other; which of how many it is."""
        wanted = text.casefold()
        hits = [number for number, row in enumerate(list(self.rows), 1) if wanted in row.text.casefold()]
        if not hits:
            return None, 0, 0
        place = bisect_left(hits, position) - 1 if back else bisect_right(hits, position)
        place %= len(hits)
        return hits[place], place + 1, len(hits)

    def states(self, position: int) -> dict[int, str]:
        """What each task did after a position: its kind of state, by number."""
        found = {}
        for number, states in list(self._states.items()):
            place = bisect_right(self._ends[number], position)
            if place < len(states) and states[place].start.transition <= position:
                found[number] = states[place].kind
        for state in list(self._follower.open_states()):
            if state.start.transition <= position:
                found.setdefault(state.task, state.kind)
        return found

    def ended(self, position: int) -> dict[int, int]:
        """Of the tasks that have ended until a position the transition in which they did, by their numbers."""
        found = {}
        for number, states in list(self._states.items()):
            place = bisect_right(self._ends[number], position)
            last = states[place - 1] if place == len(states) else states[place]
            if last.start.transition <= position and (place == len(states) or last.kind == "ended"):
                found[number] = (last.start if last.kind == "ended" else last.end).transition
        for state in list(self._follower.open_states()):
            found.pop(state.task, None)
            if state.kind == "ended" and state.start.transition <= position:
                found[state.task] = state.start.transition
        return found

    def trap(self, position: int) -> At:
        """The position before the instruction that made a transition, or before the interrupt."""
        before = self.rows[position - 2].instructions if position > 1 else 0
        return At(position - 1, max(0, self.rows[position - 1].instructions - before - 1))

    def timeline(self, position: int, most: int) -> Timeline:
        """The last things that happened until a position, as far as they are in a message chart; and the calls that
        wait there for somebody to take their message."""
        end = bisect_right(self._when, position)
        run = self._replay.run
        return Timeline(
            clean(str(run.path), TEXT),
            clean(run.machine),
            NANOSECONDS,
            dict(self.tasks),
            (*self._happened[max(0, end - most) : end], *self._untaken(position)),
            Moment(0, position, 0),
            True,
            None,
        )

    def _untaken(self, position: int) -> Iterator[Call]:
        """The calls whose message waits at a position."""
        waiting = [call for call in self._follower.open_calls() if call.name in SENDS]
        for calls in list(self._lasting.values()):
            place = bisect_right(calls, position, key=lambda call: call.end.transition)
            waiting += calls[place : place + 1]
        for call in waiting:
            start = call.start.transition
            if start <= position < self._arrived.get((call.task, start), position + 1):
                yield replace(call, outcome="waits")

    def _follow(self, made: Transition) -> None:
        current = self._replay.kernel.scheduler.core.current
        runs = None if current is None else int(current.number)
        self._follower.follow(made)
        kinds = []
        calls = [event for event in made.events if isinstance(event, CallEvent)]
        refused = next((event for event in calls if event.was_refused), None)
        kinds += ["call"] if isinstance(made.cause, CallEvent) else []
        kinds += ["refusal"] if refused is not None else []
        kinds += ["fault"] if isinstance(made.cause, FaultEvent) else []
        kinds += ["switch"] if runs != made.task else []
        why = None if refused is None else self._replay.explainer.refusal(refused)
        returned = self._take(made.number)
        for kind in kinds:
            self.at[kind].append(made.number)
        told = None if why is None else clean(why, TEXT)
        text = clean(self._text(made, returned), TEXT)
        self.rows.append(Row(made.task, text, tuple(kinds), self._replay.instructions, told, _pc(made.cause)))

    def _text(self, made: Transition, returned: list[Call]) -> str:
        """A transition in words: what who ran did, and which calls of others returned; where neither is a call, as
        `tyrne replay` tells it."""
        task, name = made.task, self._replay.task_name
        if not isinstance(made.cause, CallEvent) or task is None or made.panicked:
            return made.text(name)
        own = next((_words(call.text, call) for call in returned if call.task == task), None)
        others = [f"{name(call.task)}: {_words(call.name, call)}" for call in returned if call.task != task]
        waits = self._follower.waits_in(task)
        first = own or (made.text(name).partition(": ")[2].partition("; ")[0] if waits is None else f"{waits} waits")
        return f"{name(task)}: {'; '.join([first, *others])}"

    def _take(self, position: int) -> list[Call]:
        """Put new events where they are found again; the calls among them."""
        returned = []
        for event in self._new():
            returned += [event] if isinstance(event, Call) else []
            if isinstance(event, Call) and event.name in SENDS and event.start.transition != event.end.transition:
                self._lasting.setdefault(event.task, []).append(event)
            if isinstance(event, Message):
                self._arrived[event.sender, event.sent.transition] = event.received.transition
            if isinstance(event, State):
                self._states.setdefault(event.task, []).append(event)
                self._ends.setdefault(event.task, []).append(event.end.transition)
        for state in self._follower.open_states():
            if state.kind == "ended" and state.start.transition == position:
                self._happened.append(state)
                self._when.append(position)
        return returned

    def _new(self) -> Iterator[Event]:
        events = self._follower.events
        while self._taken < len(events):
            event = events[self._taken]
            self._taken += 1
            moment = (
                event.received if isinstance(event, Message)
                else event.at if isinstance(event, Fault)
                else event.end if isinstance(event, Call) and event.refused
                else None
            )  # fmt: skip
            if moment is not None:
                self._happened.append(event)
                self._when.append(moment.transition)
            yield event


def _pc(cause: Cause) -> int | None:
    """The instruction that made a task trap; a call goes on behind its own."""
    if isinstance(cause, CallEvent):
        return None if cause.pc is None else cause.pc - CALL_BYTES
    return cause.pc if isinstance(cause, FaultEvent) else None


def _words(call: str, returned: Call) -> str:
    """A call with what came of it."""
    status = returned.outcome.partition(" ")[0]
    return (
        f"{call} = {returned.outcome}" if status.isupper() or status.startswith("0x") else f"{call} {returned.outcome}"
    )
