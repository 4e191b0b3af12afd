"""A hostile task, another, and a server, in a world; and what tests ask of them."""

from __future__ import annotations

from typing import Final

from tyrne.abi import Status
from tyrne.testing.world import World

HOSTILE: Final = 0
VICTIM: Final = 1
SERVER: Final = 2
ABORTED: Final = (Status.ABORTED.value, 0, 0, 0, 0, 0, 0, 0)
"""x0 to x7 of who waited for what is gone."""


def room(w: World, task: int) -> int:
    """How many free slots a task's table has."""
    table = w.task(task).capabilities
    return sum(table.has_room(1 + n) for n in range(len(table.slots)))  # type: ignore[arg-type]
