"""What a model of a device has, and what it gets when it is made.

A model gets what it needs of `set_line`, `Memory` and `now`, and nothing else: what it does follows from the accesses
to its registers, what stands in memory, and the time, so that a run with devices repeats. It never fails because of
what a task does: what a device of metal would not define, the model answers in some way, and says in which. An
exception that leaves a model is a defect of the model, and ends the run as one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

SetLine = Callable[[bool], None]
"""Raise the device's interrupt line, or lower it. It is a level: it stays as it was set."""

Now = Callable[[], int]
"""The time of the machine, in nanoseconds since its start. It never goes back."""


class DmaError(Exception):
    """An access of a device to memory that it may not reach, as a whole or in part. Nothing was read or written."""


class Memory(Protocol):
    """Memory as a device reaches it, by physical addresses."""

    def read(self, address: int, length: int) -> bytes:
        """`length` bytes, at least 0; DmaError where one of them is out of reach."""
        ...

    def write(self, address: int, data: bytes) -> None:
        """DmaError where a byte is out of reach; then nothing is written."""
        ...


class Device(Protocol):
    """A model behind its registers."""

    @property
    def size(self) -> int:
        """Of its registers, in bytes: a multiple of 4096."""
        ...

    def read(self, offset: int, width: int) -> int:
        """What a load of `width` bytes, 1, 2 or 4, finds; only that many bytes of it count. `offset` is a multiple of
        `width` below `size`. Wider loads come as several of 4 bytes, the lower address first."""
        ...

    def write(self, offset: int, width: int, value: int) -> None:
        """A store, as for `read`; 0 <= value < 1 << 8 * width."""
        ...

    def next_event(self) -> int | None:
        """The time at which the device does something by itself, if nothing else happens before; None for never. It may
        be past: then it is due. It changes by an access or by `advance` only."""
        ...

    def advance(self, now: int) -> None:
        """Do what is due at `now`, in nanoseconds of the machine's time. Called when `next_event` has come; what is
        late is done as one that is in time, and `next_event` is later than `now` afterwards, or None."""
        ...
