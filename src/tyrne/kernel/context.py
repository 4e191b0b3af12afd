"""The context of a task's system calls: what they act with. A task has all of it or none."""

from __future__ import annotations

from dataclasses import dataclass

from tyrne.kernel.cap_table import CapTable
from tyrne.kernel.capability import AddressSpaceHandle
from tyrne.kernel.user_memory import UserWindow


@dataclass(frozen=True)
class Context:
    """A task's capability table, its window, and the name of the address space that it lives in."""

    table: CapTable
    window: UserWindow
    space: AddressSpaceHandle


def whole_context(table: CapTable | None, window: UserWindow | None, at: AddressSpaceHandle | None) -> Context | None:
    """The context that the three make; none unless all three are there."""
    return None if table is None or window is None or at is None else Context(table, window, at)
