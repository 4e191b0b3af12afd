"""What `tyrne replay` shows: the transitions of a run, the kernel between two of them, whether it was the same run."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from itertools import chain
from typing import Final, TextIO

from tyrne.cli.output import say
from tyrne.hosted.happened import CallEvent, FaultEvent
from tyrne.hosted.recorder import lines_of
from tyrne.inspect.held import capabilities_of
from tyrne.inspect.positions import move, target_of
from tyrne.system import kernel_source
from tyrne.system.explanation import at
from tyrne.system.replay import Replay
from tyrne.system.task_states import describe_task, tasks_of
from tyrne.system.transition import Transition

SHOWN: Final = 8
"""Transitions before a position that are shown with it."""
_REGISTERS_A_LINE: Final = 4


def warnings_about(replay: Replay) -> Iterator[str]:
    """Why the run may come out otherwise although nothing is wrong with the record."""
    digest = kernel_source.digest()
    if replay.record.kernel != digest:
        yield (
            f"{replay.run.path}: recorded with the kernel {replay.record.kernel[:12]}, replayed with {digest[:12]}: "
            "what differs may be the kernel's difference"
        )


def told(replay: Replay, made: Transition) -> list[str]:
    """A transition with its number; below it what its fault or refusals mean."""
    why = []
    if isinstance(made.cause, FaultEvent):
        why.append((made.cause.task, replay.explainer.fault(made.cause)))
    calls = [event for event in made.events if isinstance(event, CallEvent)]
    why += [(call.task, words) for call in calls if (words := replay.explainer.refusal(call))]
    below = [f"        {replay.task_name(task)}: {words}" for task, words in why]
    return [f"{made.number:6}  {made.text(replay.task_name)}", *below]


def go_to(replay: Replay, to: str | None, out: TextIO | None) -> list[str]:
    """Go to the position that `--to` says, or to the end. Shows every transition on the way in `out`; or returns the
    lines of the last."""
    last: deque[list[str]] = deque(maxlen=SHOWN)

    def passed(made: Transition) -> None:
        if out is not None:
            say(*told(replay, made), out=out)
        else:
            last.append(told(replay, made))

    move(replay, None if to is None else target_of(to, "--to"), "--to", passed)
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
