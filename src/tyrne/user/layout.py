"""Where the program lies in its own address space."""

from __future__ import annotations

from tyrne.lang import u64
from tyrne.lang.machine import symbol_address


def image_start() -> u64:
    """The virtual address of the first instruction."""
    return symbol_address(b"user_image_start")  # audit: U-42


def data_start() -> u64:
    """The virtual address of the first page that can be written; code and constants lie below it."""
    return symbol_address(b"user_data_start")  # audit: U-42


def image_end() -> u64:
    """One past the last page of the program's segments. A guard follows where nothing is mapped, then the stack."""
    return symbol_address(b"user_image_end")  # audit: U-42


def stack_start() -> u64:
    """The lowest address of the stack of a program that a description starts."""
    return symbol_address(b"user_stack_start")  # audit: U-42
