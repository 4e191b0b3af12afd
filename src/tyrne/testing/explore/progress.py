"""How far a search has come."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from tyrne.testing.explore.expansion import Trace


@dataclass
class Progress:
    """How far a search has come; what a checkpoint keeps, with the keys."""

    depth: int = 0
    """Levels that are finished: every state that fewer actions lead to has been expanded, or a violation found."""
    expanded: int = 0
    transitions: int = 0
    refusals: int = 0
    met: Counter[str] = field(default_factory=Counter)
    frontier: list[Trace] = field(default_factory=lambda: [()])
    """The states of the next level, in order."""
