"""What a system takes of the frames that its machine has for all of it, and whether that is there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tyrne.system import limits
from tyrne.system.described import SystemDescription
from tyrne.system.devices import pages_of
from tyrne.system.manifest import System, Task
from tyrne.system.parts import Region
from tyrne.system.ram import shared_frames, size_for, size_text


@dataclass(frozen=True)
class Room:
    """Frames, which are 4 KiB each: what there is, and what each kind of thing takes of it from the start."""

    there_is: int
    programs: int
    """What each takes above limits.SMALL_PROGRAM_PAGES: the pages of its memory, and those that it is copied from."""
    stacks: int
    """What each has above limits.SMALL_STACK_PAGES."""
    regions: int
    """The pages of memory regions, and of the files that they are filled from."""
    quotas: int
    """What tasks may take while they run."""

    @property
    def taken(self) -> int:
        return self.programs + self.stacks + self.regions + self.quotas

    @property
    def left(self) -> int:
        """Below 0 where the system does not fit."""
        return self.there_is - self.taken


def room_of(tasks: Sequence[Task], memory: Sequence[Region], ram: int) -> Room:
    """That of tasks with their programs, and of memory regions, on a machine with so many bytes of RAM."""
    return Room(
        shared_frames(ram),
        sum(_above(task) for task in tasks),
        sum(max(0, task.stack_pages - limits.SMALL_STACK_PAGES) for task in tasks),
        pages_of(memory),
        sum(task.quota.frames for task in tasks),
    )


def room_line(system: System) -> str:
    """How much memory its machine has, and how much of what is for all of it the system takes."""
    room = room_of(system.tasks, system.memory, system.ram)
    parts = [
        f"{number} for {what}"
        for what, number in (
            (f"programs (above {limits.SMALL_PROGRAM_PAGES} each)", room.programs),
            (f"stacks (above {limits.SMALL_STACK_PAGES} each)", room.stacks),
            ("memory regions", room.regions),
            ("quotas", room.quotas),
        )
        if number
    ]
    taken = f"of {room.there_is} frames for all, {', '.join(parts)}; {room.left} are left"
    return f"{size_text(system.ram)} of memory: {taken if parts else f'{room.there_is} frames for all are left'}"


def larger(frames: int, described: bool) -> str:
    """Words that name a machine with so many frames for all, as one more thing to do; "" where there is none."""
    size = size_for(frames)
    if size is None:
        return ""
    text = size_text(size)
    return (
        f', or write memory = "{text}" in [system]'
        if described
        else f", or give --memory {text} to run, build or check"
    )


def room_errors(description: SystemDescription, tasks: Sequence[Task]) -> Iterator[str]:
    """A program that does not fit in beside those before it, and what the description has of memory, stacks and
    quotas."""
    room = room_of(tasks, description.memory, description.ram)
    total = other = room.taken - room.programs
    described = {task.name: task for task in description.tasks}
    for task in tasks:
        total += _above(task)
        if total > room.there_is:
            of = described[task.name]
            what = f"programs take {total - other} pages above {limits.SMALL_PROGRAM_PAGES} each, up to this one"
            what_else = "stacks, heaps and quotas" if any(_has_heap(task) for task in tasks) else "stacks and quotas"
            beside = f", and memory, {what_else} {other}" if other else ""
            mend = f"a system has at most {room.there_is}, make it smaller{larger(room.taken, bool(of.place))}"
            yield f"{of.place}{': ' if of.place else ''}{of.program}: {what}{beside}; {mend}"
            return


def _has_heap(task: Task) -> bool:
    """Whether its quota is for a heap, too."""
    return task.program.heap_pages > 0


def _above(task: Task) -> int:
    return max(0, task.program.room - limits.SMALL_PROGRAM_PAGES)
