"""What `tyrne replay` shows: the transitions of a run, the kernel between two of them, whether it was the same run."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Final, TextIO

from tyrne.cli.output import say
from tyrne.hosted.recorder import CallEvent, FaultEvent, lines_of
from tyrne.inspect.held import capabilities_of
from tyrne.system import kernel_source
from tyrne.system.errors import RequestError
from tyrne.system.explanation import at
from tyrne.system.replay import Replay
from tyrne.system.task_states import describe_task, tasks_of
from tyrne.system.transition import Transition

SHOWN: Final = 8
"""Transitions before a position that are shown with it."""
_REGISTERS_A_LINE: Final = 4
_POSITION: Final = re.compile(r"(?P<transition>-?\d{1,18})(\+(?P<more>\d{1,18}))?|(?P<begun>\d{1,18})i", re.ASCII)


@dataclass(frozen=True)
class Position:
    """So many instructions after a transition; after None: since the start of the run."""

    transition: int | None
    instructions: int

    @property
    def text(self) -> str:
        return f"{self.instructions}i" if self.transition is None else f"{self.transition}+{self.instructions}"


def warnings_about(replay: Replay) -> Iterator[str]:
    """Why the run may come out otherwise although nothing is wrong with the record."""
    digest = kernel_source.digest()
    if replay.record.kernel != digest:
        yield (
            f"{replay.run.path}: recorded with the kernel {replay.record.kernel[:12]}, replayed with {digest[:12]}: "
            "what differs may be the kernel's difference"
        )


def position_of(text: str) -> Position:
    """What `--to` says: `4`, `-1`, `4+120` or `2000i`."""
    found = _POSITION.fullmatch(text)
    if found is None:
        raise RequestError(f"--to {text}: not a position; write 4 or -1, 4+120 or 2000i")
    if found["begun"] is not None:
        return Position(None, int(found["begun"]))
    return Position(int(found["transition"]), int(found["more"] or 0))


def go_to(replay: Replay, to: str | None, out: TextIO | None) -> list[str]:
    """Go to the position that `--to` says, or to the end, as `go` does; then on into a computation."""
    position = None if to is None else position_of(to)
    if position is None:
        return go(replay, None, out)
    lines = [] if position.transition is None else go(replay, position.transition, out)
    try:
        if position.transition is None:
            replay.to_instruction(position.instructions)
        elif position.instructions:
            replay.advance(position.instructions)
    except IndexError as error:
        raise RequestError(f"--to {position.text}: {error}; give a smaller number") from None
    return lines


def told(replay: Replay, made: Transition) -> list[str]:
    """A transition with its number; below it what its fault or refusals mean."""
    why = []
    if isinstance(made.cause, FaultEvent):
        why.append((made.cause.task, replay.explainer.fault(made.cause)))
    calls = [event for event in made.events if isinstance(event, CallEvent)]
    why += [(call.task, words) for call in calls if (words := replay.explainer.refusal(call))]
    below = [f"        {replay.task_name(task)}: {words}" for task, words in why]
    return [f"{made.number:6}  {made.text(replay.task_name)}", *below]


def go(replay: Replay, position: int | None, out: TextIO | None) -> list[str]:
    """Go to a position, or to the end. Shows every transition on the way in `out`; or returns the lines of the last."""
    target = position
    if position is not None and position < 0:
        target = max(-1, replay.length + position)
    last: deque[list[str]] = deque(maxlen=SHOWN)
    while replay.position != target and (made := replay.step()) is not None:
        lines = told(replay, made)
        if out is not None:
            say(*lines, out=out)
        else:
            last.append(lines)
    if target is not None and replay.position != target and not replay.limited:
        length = replay.length
        raise RequestError(
            f"--to {position}: the run has {length} transitions; give a number from {-length} to {length}"
        )
    return [*chain.from_iterable(last), *lines_of(replay.recorder.panic_bytes)]


def verdict(replay: Replay) -> tuple[bool, str]:
    """Whether the run at whose end we are was the same; the line that says so."""
    if replay.limited:
        return True, f"{limit_reached(replay)}; nothing was compared"
    found = replay.difference()
    if found is not None:
        return False, f"different: {found.text}"
    recorder = replay.recorder
    ending = "the record breaks off here" if recorder.status is None else f"status {recorder.status}"
    left_out = replay.run.left_out("syscalls")
    counted = f" ({left_out:,} of which the report only counts)" if left_out else ""
    calls = f"{recorder.call_count:,} system calls{counted}"
    return True, f"identical: {replay.position:,} transitions, {calls}, {replay.instructions:,} instructions; {ending}"


def limit_reached(replay: Replay) -> str:
    """Why a replay has ended that has reached its limit."""
    return f"stopped: the limit of {replay.max_instructions} instructions was reached"


def standing(replay: Replay) -> Iterator[str]:
    """Each task, and what the one that runs next has in its registers and in its table."""
    kernel = replay.kernel
    tasks = tasks_of(kernel)
    names = {int(task.number): replay.task_name(int(task.number)) for task in tasks}
    width = max(map(len, names.values()), default=0)
    where = f"after transition {replay.position}" if replay.position else "before the first transition"
    yield f"{where} and {replay.inside} instructions:" if replay.inside else f"{where}:"
    for task in tasks:
        does = describe_task(kernel, task, replay.task_name, replay.explainer.names)
        yield f"  {names[int(task.number)]:{width}}  {does}"
    current = kernel.scheduler.core.current
    if current is None:
        return
    name = names[int(current.number)]
    frame = current.frame
    values = [(f"x{i}", int(frame.x[i])) for i in range(31)]
    values += [("sp", int(frame.sp)), ("pc", int(frame.pc)), ("pstate", int(frame.pstate))]
    place = replay.explainer.place(int(current.number), int(frame.pc))
    yield f"registers of {name}{at(place)}:"
    for first in range(0, len(values), _REGISTERS_A_LINE):
        row = values[first : first + _REGISTERS_A_LINE]
        line = "".join(f"  {register:>6} {value:<18x}" for register, value in row)
        yield line.rstrip()
    yield f"capabilities of {name}:"
    for held in capabilities_of(kernel, current, replay.explainer.names):
        yield f"  {held.word:#x}  {held.text}"


def following(replay: Replay) -> Iterator[str]:
    """The next transition, which is made."""
    made = replay.step()
    yield "next:"
    if made is not None:
        yield from told(replay, made)
    else:
        yield f"        nothing: {limit_reached(replay) if replay.limited else 'the run is over'}"
