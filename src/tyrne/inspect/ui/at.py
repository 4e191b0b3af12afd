"""Positions of a run, as the page names them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class At:
    """A position: so many instructions after a transition."""

    transition: int
    inside: int = 0

    @property
    def text(self) -> str:
        return f"{self.transition}+{self.inside}"
