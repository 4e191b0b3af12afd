"""How a run ends, as the exit status that every machine leaves with. 2 is kept for a request that never ran."""

from __future__ import annotations

from typing import Final

from tyrne.lang import u64

ALL_EXITED: Final = u64(0)
"""Every task exited with code 0."""
TASK_FAILED: Final = u64(1)
"""Some task exited with another code, or a fault ended it."""
PANIC: Final = u64(3)
"""A check of the kernel failed."""
LIMIT: Final = u64(4)
"""The limit of instructions was reached."""
DEADLOCK: Final = u64(5)
"""Tasks wait, and nothing can wake them."""
