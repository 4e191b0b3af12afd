"""The way of a transition through the kernel: its functions in the order of their calls, and the check that refused.

The kernel of a replay is the kernel's Python, so its calls can be watched. A refusal is a Status that a function
returns: who returned it first has found the reason, those above hand it on, or make another one of it.
"""

from __future__ import annotations

import linecache
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from itertools import takewhile
from pathlib import Path
from types import CodeType, FrameType
from typing import Any, Final

import tyrne.hosted
import tyrne.kernel
from tyrne.abi import Status
from tyrne.hosted.happened import CallEvent
from tyrne.system.replay import Replay
from tyrne.system.transition import Transition

_FOLDER: Final = str(Path(tyrne.kernel.__file__).parent)
_MACHINE: Final = str(Path(tyrne.hosted.__file__).parent)
MOST: Final = 300
"""Calls of a path; what comes later is left out."""


@dataclass(frozen=True)
class Spot:
    """A line of a file of the kernel's, in a function; `depth` counts the kernel's functions around it. Of a function
    of a path it is the line with its `def`, and `left` is where it has returned."""

    file: str
    line: int
    function: str
    depth: int
    left: int | None = None


_DONE_BY: Final = (
    ("dispatch", ()),
    ("fast_call_2", ("call_with_gift",)),
    ("fast_call", ("call_waiting", "reply_and_wait", "go_on")),
)
"""Functions that lead to what does a call, in which order one asks them, and what they lead to; nothing: to what they
call last."""


@dataclass(frozen=True)
class KernelPath:
    """`check` is where the call was refused, None if it was not. `whole` says whether no call is left out."""

    calls: tuple[Spot, ...] = ()
    check: Spot | None = None
    whole: bool = True
    call: str | None = None
    """The system call that was made."""

    @property
    def here(self) -> Spot | None:
        """What to show first: the check, or the function that has the name of the call or does it, or what the trap led
        to."""
        named = (spot for spot in self.calls if spot.function.rpartition(".")[2] == self.call)
        led = next(iter(self.calls[1:2] or self.calls), None)
        return self.check or next(named, None) or (self._does() if self.call else None) or led

    def _does(self) -> Spot | None:
        """The handler to which the call was dispatched, or what the fast path did."""
        for around, done in _DONE_BY:
            place = next((i for i, spot in enumerate(self.calls) if spot.function == around), None)
            if place is None:
                continue
            led = self._led(place)
            found = [spot for spot in led if spot.function in done] if done else led
            if found:
                return found[-1]
            if around == "fast_call_2":
                return self.calls[place]
        return None

    def _led(self, place: int) -> list[Spot]:
        """What a function has called itself."""
        depth, after = self.calls[place].depth, self.calls[place + 1 :]
        return [spot for spot in takewhile(lambda spot: spot.depth > depth, after) if spot.depth == depth + 1]


@dataclass(frozen=True)
class _Found:
    """A refusal that a function has returned or handed to another one, and where; `given` is the refusal that it had
    been given itself."""

    status: Status
    spot: Spot
    given: Status | None


class _Watch:
    """Follows calls of the kernel's functions, and the refusals that they find."""

    def __init__(self) -> None:
        self.calls: Final[list[Spot]] = []
        self.found: Final[list[_Found]] = []
        self.whole = True
        self._depth = 0

    def enter(self, frame: FrameType, event: str, argument: Any) -> Any:
        if event != "call" or not _is_kernel(frame) or not (self._depth or _is_machine(frame.f_back)):
            return None
        if len(self.calls) < MOST:
            self.calls.append(replace(self._spot(frame), line=_line_of(frame.f_code)))
        else:
            self.whole = False
        place = len(self.calls) - 1 if self.whole else None
        given, above = _given(frame), frame.f_back
        if given is not None and above is not None and _is_kernel(above):
            self._find(given, above)
        self._depth += 1
        frame.f_trace_lines = False
        return partial(self._within, place)

    def check(self, status: int) -> Spot | None:
        """Where a refusal comes from: who had it first; if that one has made it of another, where that comes from."""
        end = len(self.found)
        while True:
            place = next((i for i, each in enumerate(self.found[:end]) if each.status.value == status), None)
            if place is None:
                return None
            first = self.found[place]
            if first.given is None or first.given is first.status:
                return first.spot
            end, status = place, first.given.value

    def _within(self, place: int | None, frame: FrameType, event: str, argument: Any) -> Any:
        if event == "return":
            self._depth -= 1
            if place is not None:
                self.calls[place] = replace(self.calls[place], left=frame.f_lineno)
            if isinstance(argument, Status) and argument is not Status.OK:
                self._find(argument, frame)
        return partial(self._within, place)

    def _find(self, status: Status, frame: FrameType) -> None:
        if len(self.found) < MOST:
            self.found.append(_Found(status, self._spot(frame), _given(frame)))

    def _spot(self, frame: FrameType) -> Spot:
        code = frame.f_code
        return Spot(Path(code.co_filename).name, frame.f_lineno, code.co_qualname, self._depth)


@lru_cache(maxsize=1024)
def _line_of(code: CodeType) -> int:
    """The line with a function's `def`, which stands below its decorators."""
    line = code.co_firstlineno
    while linecache.getline(code.co_filename, line).lstrip().startswith("@"):
        line += 1
    return line


def _is_kernel(frame: FrameType) -> bool:
    return frame.f_code.co_filename.startswith(_FOLDER)


def _is_machine(frame: FrameType | None) -> bool:
    """Whether it calls the kernel for the run; a replay also asks it what there is."""
    return frame is not None and frame.f_code.co_filename.startswith(_MACHINE)


def _given(frame: FrameType) -> Status | None:
    """The refusal among a function's arguments."""
    values = (frame.f_locals.get(name) for name in frame.f_code.co_varnames[: frame.f_code.co_argcount])
    return next((value for value in values if isinstance(value, Status) and value is not Status.OK), None)


def step_watched(replay: Replay) -> tuple[Transition | None, KernelPath]:
    """Make one transition, and say which way it took."""
    watch, before = _Watch(), sys.gettrace()
    sys.settrace(watch.enter)
    try:
        made = replay.step()
    finally:
        sys.settrace(before)
    if made is None:
        return None, KernelPath()
    call = made.cause.name if isinstance(made.cause, CallEvent) else None
    return made, KernelPath(tuple(watch.calls), _check(made.events, watch), watch.whole, call)


def _check(events: Sequence[object], watch: _Watch) -> Spot | None:
    for event in events:
        if isinstance(event, CallEvent) and event.was_refused and event.results is not None:
            return watch.check(event.results[0])
    return None
