"""How large a system may be. A system within these limits always fits into the RAM of every machine."""

from __future__ import annotations

from typing import Final

from tyrne.hal import descriptors
from tyrne.kernel import image, kernel, manifest, task

PAGE: Final = int(descriptors.PAGE_SIZE)
TASKS: Final = kernel.MAX_TASKS
ENDPOINTS: Final = kernel.MAX_ENDPOINTS
CAPS: Final = manifest.MAX_CAPS
"""Capabilities that one task starts with."""
SEGMENTS: Final = image.MAX_SEGMENTS
NAME_BYTES: Final = int(task.NAME_LENGTH)
USER_VA_LIMIT: Final = int(descriptors.USER_LIMIT)
"""One past the highest address of a user program."""

STACK_PAGES: Final = 64
"""256 KiB."""
PROGRAM_BYTES: Final = 1 << 20
"""The memory of one program, from its lowest to its highest page without the gaps."""
FILE_BYTES: Final = 16 << 20
"""The file of a program, debug information included."""
SOURCE_BYTES: Final = 1 << 20
"""A source file."""
DESCRIPTION_BYTES: Final = 256 << 10
"""A system description, with much room for comments."""
