"""Lines of sources, and the instructions that they became."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from tyrne.debug.debugged import Breakpoint, Debugged, Stop, Why
from tyrne.debug.registers import NAMES
from tyrne.system.source_lines import Place

_BASES: Final = (Path.cwd, lambda: Path(__file__).parents[2])
"""Where the files lie whose names are relative."""
MOST_FRAMES: Final = 64
_CALL_MASK, _CALL = 0xFC00_0000, 0x9400_0000
_INDIRECT_MASK, _INDIRECT = 0xFFFF_FC1F, 0xD63F_0000
_RETURN: Final = (0xD65F_03C0).to_bytes(4, "little")
_LINK: Final = NAMES.index("x30")
_MOST_CODE: Final = 1 << 16
"""Bytes of a function."""
GENERAL: Final = NAMES[: NAMES.index("v0")]
_MOST_BACK: Final = 2000
"""Instructions that a step back by a line takes at most."""


def path_of(file: str | None) -> Path | None:
    """Where a source is that a place names; None where it is not below a folder in which sources are."""
    for make in _BASES:
        base = make()
        path = (base / (file or "")).resolve()
        if path.is_relative_to(base.resolve()) and path.is_file():
            return path
    return None


def frames(session: Debugged, number: int) -> list[Place]:
    """Where a thread is: the innermost line first, then those that call it, as far as they are one function to the
    compiler."""
    place = session.place(number)
    found: list[Place] = []
    while place is not None and len(found) < MOST_FRAMES:
        found.append(place)
        place = place.caller
    return found


def instructions_of(session: Debugged, path: Path, line: int) -> tuple[int, list[Breakpoint]]:
    """The line that a breakpoint at a line of a source stands at, which is that or the next with code, and where."""
    found: dict[int, list[Breakpoint]] = {}
    known: dict[str | None, Path | None] = {}
    for number, lines in session.sources():
        before = None
        for address, place in lines.parts:
            own = None if place is None else place.own
            if own is not None and own.file not in known:
                known[own.file] = path_of(own.file)
            if own is not None and own != before and own.line >= line and known[own.file] == path:
                found.setdefault(own.line, []).append(Breakpoint(address, number))
            before = own
    return min(found.items(), default=(line, []))


def step_line(session: Debugged, number: int, over: bool) -> Stop:
    """Forwards to another line of a task; `over` calls, the library's included."""
    start = _line(session, number, over)
    while True:
        stop = _step_over_call(session, number) if over else session.step(number)
        if stop.why is not Why.STEP or number not in session.numbers():
            return stop
        if session.stops(session.pc(number), number):
            return Stop(Why.BREAKPOINT)
        if _line(session, number, over) not in (None, start):
            return stop
        if session.wishes():
            return Stop(Why.WISH)


def step_line_back(session: Debugged, number: int) -> Stop:
    """Backwards to another line of a task, or by many instructions of this one."""
    start = _line(session, number, True)
    for _ in range(_MOST_BACK):
        stop = session.step_back(number)
        if stop.why is not Why.STEP or _line(session, number, True) not in (None, start):
            return stop
        if session.wishes():
            return Stop(Why.WISH)
    return Stop(Why.STEP)


def _step_over_call(session: Debugged, number: int) -> Stop:
    """An instruction; of one that calls a function, up to the return."""
    if number not in session.numbers() or not _calls(session, number):
        return session.step(number)
    behind, depth = Breakpoint(session.pc(number) + 4, number), session.sp(number)
    known = session.stops(behind.address, number)
    session.break_at(behind)
    try:
        while True:
            stop = session.run()
            if stop.why is not Why.BREAKPOINT or session.current() != number or session.pc(number) != behind.address:
                return stop
            if session.sp(number) >= depth:
                return Stop(Why.STEP)
    finally:
        if not known:
            session.forget(behind)


def _calls(session: Debugged, number: int) -> bool:
    word = int.from_bytes(session.read(number, session.pc(number), 4), "little")
    return word & _CALL_MASK == _CALL or word & _INDIRECT_MASK == _INDIRECT


def _line(session: Debugged, number: int, own: bool) -> tuple[str | None, int] | None:
    """Where a task is: the line, or the one of its own that has called the library."""
    place = session.place(number) if number in session.numbers() else None
    if place is None:
        return None
    place = place.own if own else place
    return place.file, place.line


def step_out(session: Debugged, number: int) -> Stop:
    """Forwards until a thread has returned from the function that it is in, or to another reason to stop. One that
    never returns runs on."""
    depth, own = session.sp(number), _function(session, number)
    known = {place: session.stops(place.address, number) for place in own.returns}
    for place in known:
        session.break_at(place)
    try:
        while True:
            at_return = session.pc(number) in {place.address for place in known}
            if at_return and session.current() == number and own.is_left(session, number, depth):
                return session.step(number)
            stop = session.run()
            there = session.pc(number) if number in session.numbers() else None
            if stop.why is not Why.BREAKPOINT or session.current() != number:
                return stop
            if not any(place.address == there and not before for place, before in known.items()):
                return stop
    finally:
        for place, before in known.items():
            if not before:
                session.forget(place)


class _Function(NamedTuple):
    """The instructions from `start` up to `end`, which the compiler has made of one function and what is inlined."""

    start: int
    end: int
    returns: tuple[Breakpoint, ...]

    def is_left(self, session: Debugged, number: int, depth: int) -> bool:
        """Whether a return leaves the call that stood at this depth of the stack, and not one that it has made: that
        one returns into the function itself, as far as it is a call of the same."""
        stack = session.sp(number)
        link = int.from_bytes(session.registers(number)[_LINK], "little")
        return stack > depth or (stack == depth and not self.start <= link < self.end)


def _function(session: Debugged, number: int) -> _Function:
    """The function in which a thread is; where nobody knows it, no instruction."""
    pc, place = session.pc(number), session.place(number)
    parts = next((lines.parts for known, lines in session.sources() if known == number), ())
    at = next((i for i in range(len(parts) - 1, -1, -1) if parts[i][0] <= pc), None)
    if place is None or at is None:
        return _Function(pc, pc, ())
    name, first, last = _outermost(place), at, at + 1
    while first > 0 and _outermost(parts[first - 1][1]) == name:
        first -= 1
    while last < len(parts) and _outermost(parts[last][1]) == name:
        last += 1
    start = parts[first][0]
    end = parts[last][0] if last < len(parts) else start + _MOST_CODE
    code = session.read(number, start, min(end - start, _MOST_CODE))
    words = range(0, len(code) - 3, 4)
    found = (Breakpoint(start + i, number) for i in words if code[i : i + 4] == _RETURN)
    return _Function(start, start + len(code), tuple(found))


def _outermost(place: Place | None) -> str | None:
    """The function that the compiler has put others into."""
    while place is not None and place.caller is not None:
        place = place.caller
    return None if place is None else place.function


def registers_of(session: Debugged, number: int) -> Iterator[tuple[str, int]]:
    """The general registers, by name."""
    for name, content in zip(GENERAL, session.registers(number), strict=False):
        yield name, int.from_bytes(content, "little")
