"""The state of a hosted machine: saved, and put back in place, within one process.

What is saved: the kernel's places and the board's, devices, the CPU, the pages of RAM that are in use, and how much the
recorder has of the run. What is equal to the state before is shared with it, so a state takes little more memory than
what has changed. Pages that are free are not saved: the kernel clears a page before anybody sees it again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from tyrne.hal.pages import PAGE_SIZE
from tyrne.hosted.cpu import SavedCpu
from tyrne.hosted.machine import HostedMachine
from tyrne.hosted.marks import Growth, Mark, mark
from tyrne.hosted.parts import Content, Parts, size_of
from tyrne.hosted.taken import taken_frames

_PAGE: Final = int(PAGE_SIZE)
_ZEROS: Final = bytes(_PAGE)
_REFERENCE: Final = 8
"""Bytes."""


@dataclass(frozen=True, slots=True)
class SavedMachine:
    """One state. `changing` are the parts that there were besides those that stay the same, and what they held; of each
    page `pages` has the content, in the order in which pages have come into use."""

    parts: Sequence[Content]
    changing: tuple[Parts, Sequence[Content]]
    recorded: Sequence[Mark]
    pages: Sequence[bytes]
    cpu: SavedCpu

    def size(self, *near: SavedMachine) -> int:
        """About how many bytes of the host's memory this takes that it does not share with the states `near` it."""
        total = size_of(self.cpu.state) + _REFERENCE * (len(self.parts) + len(self.pages))
        total += sum(map(size_of, self.changing[1]))
        total += sum(map(size_of, self.recorded))
        for content in _own(self.parts, [other.parts for other in near]):
            total += size_of(content)
        return total + sum(_PAGE for page in _own(self.pages, [other.pages for other in near]) if page is not _ZEROS)


class Saver:
    """Saves states of one machine, and puts them back."""

    def __init__(self, machine: HostedMachine, changing: Sequence[object] = (), growing: Sequence[object] = ()) -> None:
        """The machine has booted, and nothing comes to it from outside. Two kinds of objects belong to the state too:
        `changing`, whose parts may be others each time, and `growing`, which keep what has happened as the recorder
        does."""
        machine.adopt_all()
        board = machine.board
        self._machine: Final = machine
        self._changing: Final = changing
        self._growing: Final = (machine.recorder, *growing)
        self._outside: Final = (board.cpu, board.recorder)
        self._parts: Final = Parts((machine, machine.kernel, board), self._outside)
        self._grown: Final = Growth()
        self._frames: Final[dict[int, None]] = {}

    def save(self, before: SavedMachine | None = None) -> SavedMachine:
        """The state now. It shares with the state `before`, one of this machine that is likely to be like it."""
        machine = self._machine
        moving = self._moving()
        return SavedMachine(
            self._parts.copy(() if before is None else before.parts),
            (moving, moving.copy()),
            [mark(vars(grows)) for grows in self._growing],
            self._pages(() if before is None else before.pages),
            machine.cpu.save(),
        )

    def restore(self, saved: SavedMachine) -> None:
        """Be in a state that was saved. All objects of the machine are the same as before."""
        machine = self._machine
        self._parts.put_back(saved.parts)
        parts, contents = saved.changing
        parts.put_back(contents)
        for number, (grows, marks) in enumerate(zip(self._growing, saved.recorded, strict=True)):
            self._grown.put_back(vars(grows), marks, (number,))
        memory = machine.board.bytes
        for frame, content in zip(self._frames, saved.pages, strict=False):
            memory[frame * _PAGE : (frame + 1) * _PAGE] = content
        machine.cpu.restore(saved.cpu)

    def _moving(self) -> Parts:
        """The parts of the devices, and of what else changes."""
        board = self._machine.board
        bus = [] if board.cpu.bus is None else [board.cpu.bus]
        return Parts((*bus, *self._changing), (*self._outside, board, board.lines, self._machine.kernel))

    def _pages(self, before: Sequence[bytes]) -> list[bytes]:
        """What stands in each page that is in use, or was when a state was saved."""
        self._frames.update(dict.fromkeys(_in_use(self._machine)))
        memory, known = self._machine.board.bytes, len(before)
        pages: list[bytes] = []
        for number, frame in enumerate(self._frames):
            content = bytes(memory[frame * _PAGE : (frame + 1) * _PAGE])
            if number < known and content == before[number]:
                content = before[number]
            elif content == _ZEROS:
                content = _ZEROS
            pages.append(content)
        return pages


def _own(contents: Sequence[Any], others: Sequence[Sequence[Any]]) -> Iterator[Any]:
    """What none of the others has at the same place."""
    for number, content in enumerate(contents):
        if not any(number < len(other) and other[number] is content for other in others):
            yield content


def _in_use(machine: HostedMachine) -> Iterator[int]:
    """The frames that are allocated or reserved, by their index in RAM."""
    frames = machine.kernel.frames
    first = (int(frames.extent.start) - machine.board.start) // _PAGE
    return (first + frame for frame in taken_frames(frames))
