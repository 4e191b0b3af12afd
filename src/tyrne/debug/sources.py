"""Lines of sources, and the instructions that they became."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tyrne.debug.hits import Breakpoint
from tyrne.debug.session import Session, Stop, Why
from tyrne.kernel.task import Task
from tyrne.system.source_lines import Place

_BASES: Final = (Path.cwd, lambda: Path(__file__).parents[2])
"""Where the files lie whose names are relative."""
MOST_FRAMES: Final = 64
_CALL_MASK, _CALL = 0xFC00_0000, 0x9400_0000
_INDIRECT_MASK, _INDIRECT = 0xFFFF_FC1F, 0xD63F_0000
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


def frames(session: Session, task: Task) -> list[Place]:
    """Where a task is: the innermost line first, then those that call it, as far as they are one function to the
    compiler."""
    place = session.replay.explainer.place(int(task.number), int(task.frame.pc))
    found: list[Place] = []
    while place is not None and len(found) < MOST_FRAMES:
        found.append(place)
        place = place.caller
    return found


def instructions_of(session: Session, path: Path, line: int) -> tuple[int, list[Breakpoint]]:
    """The line that a breakpoint at a line of a source stands at, which is that or the next with code, and where."""
    found: dict[int, list[Breakpoint]] = {}
    known: dict[str | None, Path | None] = {}
    for task in session.tasks():
        number, before = int(task.number), None
        for address, place in session.replay.explainer.lines(number).parts:
            own = None if place is None else place.own
            if own is not None and own.file not in known:
                known[own.file] = path_of(own.file)
            if own is not None and own != before and own.line >= line and known[own.file] == path:
                found.setdefault(own.line, []).append(Breakpoint(address, number))
            before = own
    return min(found.items(), default=(line, []))


def step_line(session: Session, number: int, over: bool) -> Stop:
    """Forwards to another line of a task; `over` calls, the library's included."""
    start = _line(session, number, over)
    while True:
        stop = _step_over_call(session, number) if over else session.step(number)
        task = session.task(number)
        if stop.why is not Why.STEP or task is None:
            return stop
        if session.hits.stops(int(task.frame.pc), number):
            return Stop(Why.BREAKPOINT)
        if _line(session, number, over) not in (None, start):
            return stop
        if session.wishes():
            return Stop(Why.WISH)


def step_line_back(session: Session, number: int) -> Stop:
    """Backwards to another line of a task, or by many instructions of this one."""
    start = _line(session, number, True)
    for _ in range(_MOST_BACK):
        stop = session.step_back(number)
        if stop.why is not Why.STEP or _line(session, number, True) not in (None, start):
            return stop
        if session.wishes():
            return Stop(Why.WISH)
    return Stop(Why.STEP)


def _step_over_call(session: Session, number: int) -> Stop:
    """An instruction; of one that calls a function, up to the return."""
    task = session.task(number)
    if task is None or not _calls(session, task):
        return session.step(number)
    behind, depth = Breakpoint(int(task.frame.pc) + 4, number), int(task.frame.sp)
    known = session.hits.stops(behind.address, number)
    session.hits.break_at(behind)
    try:
        while True:
            stop = session.run()
            there = session.task(number)
            if stop.why is not Why.BREAKPOINT or there is None or session.current() != number:
                return stop
            if there.frame.pc != behind.address:
                return stop
            if there.frame.sp >= depth:
                return Stop(Why.STEP)
    finally:
        if not known:
            session.hits.forget(behind)


def _calls(session: Session, task: Task) -> bool:
    word = int.from_bytes(session.read(task, int(task.frame.pc), 4), "little")
    return word & _CALL_MASK == _CALL or word & _INDIRECT_MASK == _INDIRECT


def _line(session: Session, number: int, own: bool) -> tuple[str | None, int] | None:
    """Where a task is: the line, or the one of its own that has called the library."""
    task = session.task(number)
    place = None if task is None else session.replay.explainer.place(number, int(task.frame.pc))
    if place is None:
        return None
    place = place.own if own else place
    return place.file, place.line


def registers_of(task: Task) -> Iterator[tuple[str, int]]:
    """The general registers, by name."""
    yield from ((f"x{i}", int(word)) for i, word in enumerate(task.frame.x))
    yield from (("sp", int(task.frame.sp)), ("pc", int(task.frame.pc)), ("pstate", int(task.frame.pstate)))
