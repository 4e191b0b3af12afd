"""Handles with types: one class for each kind of object, so that none can be passed for another.

A handle names a slot of the task's own capability table; `word` is the form in which it stands in a register. The type
is the program's own claim: the kernel checks the kind and the rights at each call, whatever the program believes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Protocol, Self

from tyrne.lang import handle, u64


class Handle(Protocol):
    """A handle of any kind."""

    @property
    def word(self) -> u64:
        """The handle in a register."""
        ...

    def named(self, word: u64) -> Self:
        """Another handle of the same kind."""
        ...


@dataclass(frozen=True)
class ConsoleCap:
    """Names the debug console."""

    word: u64

    def named(self, word: u64) -> ConsoleCap:
        """Another handle of the same kind."""
        return ConsoleCap(word)


@dataclass(frozen=True)
class ClockCap:
    """Names the clock: what time it is, and deadlines."""

    word: u64

    def named(self, word: u64) -> ClockCap:
        """Another handle of the same kind."""
        return ClockCap(word)


@dataclass(frozen=True)
class InterruptCap:
    """Names an interrupt line: when a device wants to be heard."""

    word: u64

    def named(self, word: u64) -> InterruptCap:
        """Another handle of the same kind."""
        return InterruptCap(word)


@dataclass(frozen=True)
class EndpointCap:
    """Names an endpoint: where messages meet."""

    word: u64

    def named(self, word: u64) -> EndpointCap:
        """Another handle of the same kind."""
        return EndpointCap(word)


@dataclass(frozen=True)
class NotificationCap:
    """Names a notification: a word of bits that can be signalled and waited for."""

    word: u64

    def named(self, word: u64) -> NotificationCap:
        """Another handle of the same kind."""
        return NotificationCap(word)


@dataclass(frozen=True)
class TaskCap:
    """Names a task."""

    word: u64

    def named(self, word: u64) -> TaskCap:
        """Another handle of the same kind."""
        return TaskCap(word)


@dataclass(frozen=True)
class SpaceCap:
    """Names an address space."""

    word: u64

    def named(self, word: u64) -> SpaceCap:
        """Another handle of the same kind."""
        return SpaceCap(word)


@dataclass(frozen=True)
class MemoryCap:
    """Names a region of memory: pages of RAM, or the registers of a device."""

    word: u64

    def named(self, word: u64) -> MemoryCap:
        """Another handle of the same kind."""
        return MemoryCap(word)


@dataclass(frozen=True)
class QuotaCap:
    """Names a quota: what may be created."""

    word: u64

    def named(self, word: u64) -> QuotaCap:
        """Another handle of the same kind."""
        return QuotaCap(word)


@dataclass(frozen=True)
class ReplyCap:
    """Names a caller that waits for its answer; good for one answer."""

    word: u64

    def named(self, word: u64) -> ReplyCap:
        """Another handle of the same kind."""
        return ReplyCap(word)


@dataclass(frozen=True)
class Cap:
    """Names an object of a kind that the type does not tell: this is how capabilities travel in messages."""

    word: u64

    def named(self, word: u64) -> Cap:
        """Another handle of the same kind."""
        return Cap(word)


CONSOLE: Final = ConsoleCap(handle("console", 0))
"""The debug console of this task; handle word 0 if the description gives it none, or there is none."""
