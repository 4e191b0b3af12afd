"""Breakpoints and watchpoints: the CPU tells of them while it runs, and never stops for them.

A hit is a count of instructions, at which the session goes to it afterwards: exactly, forwards and backwards alike. A
watchpoint stands at physical addresses, so it sees the accesses of every task that shares the memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from tyrne.debug.debugged import Breakpoint, Watch
from tyrne.hosted.cpu import Hook
from tyrne.system.replay import Replay


@dataclass(frozen=True)
class Hit:
    """So many instructions had begun before the one at which a breakpoint stands; of a watchpoint, not more than before
    the one that makes the access."""

    count: int
    watch: Watch | None


class Hits:
    """Those of one run whose checkpoints are kept, so that its machine stays the same."""

    def __init__(self, replay: Replay) -> None:
        self._replay: Final = replay
        self._breakpoints: Final[dict[Breakpoint, Hook]] = {}
        self._watches: Final[dict[Watch, list[Hook]]] = {}
        self._noting = False
        self.only: int | None = None
        """The number of the task whose breakpoints count; None for all."""
        self.first: Hit | None = None
        self.last: Hit | None = None

    @contextmanager
    def noted(self) -> Iterator[None]:
        """Note the first hit and the last one of what runs meanwhile."""
        self.first = self.last = None
        self._noting = True
        try:
            yield
        finally:
            self._noting = False

    def break_at(self, place: Breakpoint) -> None:
        """Tell when a task begins an instruction."""
        if place not in self._breakpoints:
            cpu = self._replay.machine.cpu

            def begun(address: int) -> None:
                task = self._replay.next_task
                number = None if task is None else int(task.number)
                if place.task in (None, number) and self.only in (None, number):
                    self._note(lambda: cpu.driver.begun(address), None)

            self._breakpoints[place] = cpu.watch(place.address, place.address + 4, begun)

    def stops(self, address: int, task: int) -> bool:
        """Whether there is a breakpoint at an instruction of a task."""
        return Breakpoint(address, task) in self._breakpoints or Breakpoint(address) in self._breakpoints

    def watch(self, watch: Watch, ranges: list[tuple[int, int]]) -> None:
        """Tell when a task accesses memory, which lies in these ranges of physical addresses."""
        if watch not in self._watches:
            cpu = self._replay.machine.cpu

            def told() -> None:
                self._note(lambda: cpu.driver.begun(None), watch)

            hooks = [cpu.watch_memory(start, end, watch.reads, watch.writes, told) for start, end in ranges]
            self._watches[watch] = hooks

    def forget(self, what: Breakpoint | Watch) -> None:
        """A breakpoint, or a watchpoint; nothing if there is none."""
        if isinstance(what, Watch):
            hooks = self._watches.pop(what, [])
        else:
            hooks = [self._breakpoints.pop(what)] if what in self._breakpoints else []
        for hook in hooks:
            self._replay.machine.cpu.forget(hook)

    def forget_all(self) -> None:
        everything: list[Breakpoint | Watch] = [*self._breakpoints, *self._watches]
        for what in everything:
            self.forget(what)

    def _note(self, count: Callable[[], int], watch: Watch | None) -> None:
        if not self._noting:
            return
        hit = Hit(count(), watch)
        if self.first is None or hit.count < self.first.count:
            self.first = hit
        if self.last is None or hit.count >= self.last.count:
            self.last = hit
