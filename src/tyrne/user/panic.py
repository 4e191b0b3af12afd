"""The end of a program that failed a check of the language.

It says `panic: overflow at hello.py:12` on its console and exits with code 101.
"""

from __future__ import annotations

from typing import Final

from tyrne.lang import export, u32, u64
from tyrne.lang.machine import source_name
from tyrne.lang.panics import Panic
from tyrne.user.printing import NEWLINE, print_byte, print_bytes, print_decimal
from tyrne.user.tasks import task_exit

PANIC_CODE: Final = u64(101)
"""Exit code of a program that panicked."""


def print_file(file: u32) -> None:
    """The name of a source file."""
    position = u64(0)
    byte = source_name(file, position)  # audit: U-44
    while byte != 0:
        print_byte(byte)
        position += 1
        byte = source_name(file, position)  # audit: U-44


def print_kind(kind: u32) -> None:
    """The kind of a failed check in words."""
    if kind == u32(Panic.OVERFLOW.value):
        print_bytes(b"overflow")
    elif kind == u32(Panic.INDEX.value):
        print_bytes(b"index")
    elif kind == u32(Panic.DIVISION.value):
        print_bytes(b"division")
    elif kind == u32(Panic.ASSERTION.value):
        print_bytes(b"assertion")
    elif kind == u32(Panic.NARROWING.value):
        print_bytes(b"narrowing")
    elif kind == u32(Panic.UNREACHABLE.value):
        print_bytes(b"unreachable")
    else:
        print_bytes(b"machine")


@export
def panic(kind: u32, file: u32, line: u32) -> None:
    """Every failed check calls this: its kind, the number of its source file, and its line."""
    print_bytes(b"panic: ")
    print_kind(kind)
    print_bytes(b" at ")
    print_file(file)
    print_bytes(b":")
    print_decimal(u64(line))
    print_byte(NEWLINE)
    task_exit(PANIC_CODE)
