"""The interrupt lines of the hosted machine: what its devices raise, and what the kernel lets through.

All are levels: a line that is raised stays pending until its device lowers it, whether it is masked or not.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final


class Lines:
    """Numbered as the board's interrupt ids. After boot all are masked."""

    def __init__(self, changed: Callable[[], None]) -> None:
        """`changed` is called when another line than before is the first that is pending."""
        self._changed: Final = changed
        self._raised: Final[set[int]] = set()
        self._unmasked: Final[set[int]] = set()
        self.pending: int | None = None
        """The first line that is raised and not masked."""

    def set_level(self, line: int, raised: bool) -> None:
        """A device raises its line, or lowers it."""
        (self._raised.add if raised else self._raised.discard)(line)
        self._look()

    def unmask(self, line: int) -> None:
        self._unmasked.add(line)
        self._look()

    def mask(self, line: int) -> None:
        self._unmasked.discard(line)
        self._look()

    def _look(self) -> None:
        pending = min(self._raised & self._unmasked, default=None)
        if pending != self.pending:
            self.pending = pending
            self._changed()
