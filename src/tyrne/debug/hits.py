"""Breakpoints and watchpoints: the CPU tells of them while it runs, and never stops for them.

A hit is a count of instructions, at which the session goes to it afterwards: exactly, forwards and backwards alike. A
watchpoint stands at physical addresses, so it sees the accesses of every task that shares the memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from tyrne.hosted.cpu import Hook
from tyrne.system.replay import Replay


@dataclass(frozen=True)
class Watch:
    """A range of a task's memory, and whether reads or writes of it count."""

    address: int
    length: int
    reads: bool
    writes: bool


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
        self._breakpoints: Final[dict[int, Hook]] = {}
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

    def break_at(self, address: int) -> None:
        """Tell when a task begins the instruction at an address."""
        if address not in self._breakpoints:
            cpu = self._replay.machine.cpu
            self._breakpoints[address] = cpu.watch(
                address, address + 4, lambda at: self._note(lambda: cpu.driver.begun(at), None)
            )

    def is_breakpoint(self, address: int) -> bool:
        return address in self._breakpoints

    def watch(self, watch: Watch, ranges: list[tuple[int, int]]) -> None:
        """Tell when a task accesses memory, which lies in these ranges of physical addresses."""
        if watch not in self._watches:
            cpu = self._replay.machine.cpu

            def told() -> None:
                self._note(lambda: cpu.driver.begun(None), watch)

            hooks = [cpu.watch_memory(start, end, watch.reads, watch.writes, told) for start, end in ranges]
            self._watches[watch] = hooks

    def forget(self, what: int | Watch) -> None:
        """A breakpoint, or a watchpoint; nothing if there is none."""
        cpu = self._replay.machine.cpu
        known = self._breakpoints.pop(what, None) if isinstance(what, int) else None
        hooks = [known] if known is not None else self._watches.pop(what, []) if isinstance(what, Watch) else []
        for hook in hooks:
            cpu.forget(hook)

    def forget_all(self) -> None:
        everything: list[int | Watch] = [*self._breakpoints, *self._watches]
        for what in everything:
            self.forget(what)

    def _note(self, count: Callable[[], int], watch: Watch | None) -> None:
        task = self._replay.next_task
        if not self._noting or (watch is None and self.only is not None and (task is None or task.number != self.only)):
            return
        hit = Hit(count(), watch)
        if self.first is None or hit.count < self.first.count:
            self.first = hit
        if self.last is None or hit.count >= self.last.count:
            self.last = hit
