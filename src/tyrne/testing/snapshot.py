"""Saving and restoring a kernel within one process, quickly: for tools that try many traps from one state.

    snapshot = Snapshot(kernel)
    before = snapshot.save()
    kernel.trap(…)
    changed = snapshot.save() != before
    snapshot.restore(before)

No place of the kernel is made or removed at run time, so its whole state is what a fixed list of containers holds: the
fields of each place and the elements of each array, the board's time and what it is to interrupt at, and its RAM. A
saved state is a list of tuples, one a container, and belongs to its kernel: its references are the places themselves.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import is_dataclass
from enum import Enum
from typing import Any

from tyrne.kernel.kernel import Kernel
from tyrne.lang import Array
from tyrne.testing.board import MemoryBoard

Saved = list[tuple[Any, ...]]


def is_value(thing: object) -> bool:
    """Whether a field holds a value, and not a reference to a place or an array."""
    return thing is None or isinstance(thing, (int, bytes, str, Enum)) or is_dataclass(thing) or callable(thing)


class Snapshot:
    """The containers of one kernel. What `without` names, and what only that leads to, is neither saved nor restored.

    `ram` says whether the board's RAM counts; it must not where nothing writes to it, because it is most of the work.
    """

    def __init__(self, kernel: Kernel[MemoryBoard], *, without: Collection[object] = (), ram: bool = True) -> None:
        self.kernel = kernel
        self.ram: bytearray | None = kernel.board.ram if ram else None
        left_out = {id(thing) for thing in (*without, kernel.board)}
        self.places: list[Any] = [kernel]
        """Every place and array, in the order in which they are met; the containers have the same order."""
        met = {id(kernel)}
        for place in self.places:  # which grows on the way
            for part in list(place) if isinstance(place, Array) else list(vars(place).values()):
                if not is_value(part) and id(part) not in met and id(part) not in left_out:
                    met.add(id(part))
                    self.places.append(part)
        self._fields: list[Any] = [p._items if isinstance(p, Array) else vars(p) for p in self.places]
        self._views = [field if isinstance(field, list) else field.values() for field in self._fields]
        self.index = {id(place): i for i, place in enumerate(self.places)}
        """Where in a saved state the container of a place stands, by the place's id."""

    def save(self) -> Saved:
        """The state as it is now."""
        board = self.kernel.board
        saved = list(map(tuple, self._views))
        saved.append((board.time, board.alarm_at, board.turn_end, frozenset(board.unmasked)))
        if self.ram is not None:
            saved.append((bytes(self.ram),))
        return saved

    def restore(self, saved: Saved, now: Saved | None = None) -> None:
        """Go back to a state that this snapshot saved. `now`, when it is known, is the present one."""
        fields = self._fields
        present = self.save() if now is None else now
        for i, (old, new) in enumerate(zip(saved, present, strict=True)):
            if old != new:
                if i == len(fields):
                    board = self.kernel.board
                    board.time, board.alarm_at, board.turn_end, unmasked = old
                    board.unmasked = set(unmasked)
                    continue
                if i > len(fields):
                    assert self.ram is not None
                    self.ram[:] = old[0]
                    continue
                container = fields[i]
                if isinstance(container, list):
                    container[:] = old
                else:
                    container.update(zip(container, old, strict=True))
