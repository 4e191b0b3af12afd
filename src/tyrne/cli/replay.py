"""What `tyrne replay` shows: the transitions of a run, the kernel between two of them, whether it was the same run."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Final, TextIO

from tyrne.cli.output import say
from tyrne.hosted.recorder import lines_of
from tyrne.system import kernel_source
from tyrne.system.errors import RequestError
from tyrne.system.names import Names
from tyrne.system.replay import Replay
from tyrne.system.task_states import describe_task, tasks_of
from tyrne.testing.authority import capabilities_of

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


def go(replay: Replay, position: int | None, out: TextIO | None) -> list[str]:
    """Go to a position, or to the end. Shows every transition on the way in `out`; or returns the lines of the last."""
    target = position
    if position is not None and position < 0:
        target = max(-1, replay.length + position)
    last: deque[str] = deque(maxlen=SHOWN)
    while replay.position != target and (made := replay.step()) is not None:
        line = f"{made.number:6}  {made.text(replay.task_name)}"
        if out is not None:
            say(line, out=out)
        else:
            last.append(line)
    if target is not None and replay.position != target and not replay.limited:
        length = replay.length
        raise RequestError(
            f"--to {position}: the run has {length} transitions; give a number from {-length} to {length}"
        )
    return [*last, *lines_of(replay.recorder.panic_bytes)]


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
    yield f"after transition {replay.position}:" if replay.position else "before the first transition:"
    for task in tasks:
        yield f"  {names[int(task.number)]:{width}}  {describe_task(kernel, task, replay.task_name)}"
    current = kernel.scheduler.current
    if current is None:
        return
    name = names[int(current.number)]
    frame = current.frame
    values = [(f"x{i}", int(frame.x[i])) for i in range(31)]
    values += [("sp", int(frame.sp)), ("pc", int(frame.pc)), ("pstate", int(frame.pstate))]
    yield f"registers of {name}:"
    for at in range(0, len(values), _REGISTERS_A_LINE):
        line = "".join(f"  {register:>6} {value:<18x}" for register, value in values[at : at + _REGISTERS_A_LINE])
        yield line.rstrip()
    numbers = tuple(map(str, range(len(kernel.endpoints.items))))
    yield f"capabilities of {name}:"
    for held in capabilities_of(kernel, current, Names(tuple(replay.names), numbers, numbers, numbers)):
        yield f"  {held.word:#x}  {held.text}"


def following(replay: Replay) -> Iterator[str]:
    """The next transition, which is made."""
    made = replay.step()
    yield "next:"
    if made is not None:
        yield f"{made.number:6}  {made.text(replay.task_name)}"
    else:
        yield f"        nothing: {limit_reached(replay) if replay.limited else 'the run is over'}"
