"""The way of a transition through the kernel: its functions in the order of their calls, and the check that refused.

The kernel of a replay is the kernel's Python, so its calls can be watched. A refusal is a Status that a function
returns: who returned it first has found the reason, those above hand it on, or make another one of it.
"""

from __future__ import annotations

import linecache
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from types import CodeType, FrameType
from typing import Any, Final

import tyrne.hosted
import tyrne.kernel
from tyrne.abi import Status
from tyrne.hosted.recorder import CallEvent
from tyrne.system.replay import Replay
from tyrne.system.transition import Transition

_FOLDER: Final = str(Path(tyrne.kernel.__file__).parent)
_MACHINE: Final = str(Path(tyrne.hosted.__file__).parent)
MOST: Final = 300
"""Calls of a path; what comes later is left out."""


@dataclass(frozen=True)
class Spot:
    """A line of a file of the kernel's, in a function; `depth` counts the kernel's functions around it."""

    file: str
    line: int
    function: str
    depth: int


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
        """What to show first: the check, or the function that has the name of the call, or what the trap led to."""
        named = (spot for spot in self.calls if spot.function == self.call)
        return self.check or next(named, None) or next(iter(self.calls[1:2] or self.calls), None)


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
        given, above = _given(frame), frame.f_back
        if given is not None and above is not None and _is_kernel(above):
            self._find(given, above)
        self._depth += 1
        frame.f_trace_lines = False
        return self._within

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

    def _within(self, frame: FrameType, event: str, argument: Any) -> Any:
        if event == "return":
            self._depth -= 1
            if isinstance(argument, Status) and argument is not Status.OK:
                self._find(argument, frame)
        return self._within

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
