"""The limits of this kernel, chosen at build. The tools that build systems read them here as well.

All storage is static: each number is room in the image's memory for so many objects, whether they are made or not.
"""

from __future__ import annotations

from typing import Final

from tyrne.lang import u8, u64

MAX_TASKS: Final = 16
MAX_ENDPOINTS: Final = 16
MAX_NOTIFICATIONS: Final = 16
MAX_SPACES: Final = MAX_TASKS + 1
"""One for each task, and the bootstrap space."""
MAX_REGIONS: Final = 32
MAX_QUOTAS: Final = MAX_TASKS + 1
"""One for each task, and the kernel's own, which the others come from."""
TABLE_SLOTS: Final = 64
"""How many capabilities a task can hold."""
MAX_DEPTH: Final = u8(16)
"""Depth of the deepest derived capability. A new root has depth 0, a child one more than its source."""
MAX_LINES: Final = 16
"""How many interrupt lines a description can name."""
PRIORITIES: Final = 16
"""0 is the most urgent."""
MAX_PIECES: Final = 512
"""The most pages of a small memory region, and the most blocks of a large one."""
MAX_FRAMES: Final = 262_144
"""1 GiB of RAM."""
MAX_RESERVED: Final = 8
"""How many ranges of RAM can be kept from allocation."""
CONSOLE_WRITE_LIMIT: Final = u64(4096)
"""The most bytes that one console_write takes."""
