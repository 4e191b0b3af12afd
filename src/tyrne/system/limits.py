"""How large a system may be. A system within these limits always fits into the RAM of every machine."""

from __future__ import annotations

from typing import Final

PAGE: Final = 4096
TASKS: Final = 16
ENDPOINTS: Final = 16
CAPS: Final = 16
"""Capabilities that one task starts with."""
SEGMENTS: Final = 4
NAME_BYTES: Final = 32
STACK_PAGES: Final = 64
"""256 KiB."""
PROGRAM_BYTES: Final = 1 << 20
"""The memory of one program, from its lowest to its highest page without the gaps."""
USER_VA_LIMIT: Final = 1 << 48
"""One past the highest address of a user program."""
FILE_BYTES: Final = 16 << 20
"""The file of a program, debug information included."""
SOURCE_BYTES: Final = 1 << 20
"""A source file of Kernel Python."""
