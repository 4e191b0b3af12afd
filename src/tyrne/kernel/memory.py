"""Memory regions: contiguous frames, or a device's registers, that capabilities name in whole or in part."""

from __future__ import annotations

from tyrne.kernel.life import Life
from tyrne.lang import u64


class Region:
    """A range of physical pages. What of it is mapped belongs to the capabilities that it is mapped by."""

    def __init__(self) -> None:
        self.life: Life = Life()
        self.start: u64 = u64(0)
        """Its first physical address."""
        self.pages: u64 = u64(0)
        self.device: bool = False
        """Not RAM: mapped as device memory, and never executed."""
        self.cleared: u64 = u64(0)
        """How many of its first pages hold nothing of an earlier owner. No task sees any before all do."""
