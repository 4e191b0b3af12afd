"""The end of a program that failed a check of the language.

It says `panic: overflow at hello.py:12` on its console and exits with code 101.
"""

from __future__ import annotations

from typing import Final

from tyrne.lang import export, u32, u64
from tyrne.user.calls import task_exit
from tyrne.user.printing import NEWLINE, print_byte, print_bytes, print_decimal

PANIC_CODE: Final = u64(101)
"""Exit code of a program that panicked."""


@export
def panic(kind: u32, file: u32, line: u32) -> None:
    """Every failed check calls this: its kind, the number of its source file, and its line."""
    print_bytes(b"panic: ")
    print_decimal(u64(kind))
    print_bytes(b" at ")
    print_decimal(u64(file))
    print_bytes(b":")
    print_decimal(u64(line))
    print_byte(NEWLINE)
    task_exit(PANIC_CODE)
