"""The vocabulary of Kernel Python and what it means under CPython. docs/language.md is its manual."""

from tyrne.lang.arrays import Array, irange
from tyrne.lang.handles import handle
from tyrne.lang.integers import (
    Trap,
    bit_not,
    leading_zeros,
    saturating_add,
    saturating_mul,
    saturating_sub,
    trailing_zeros,
    u8,
    u16,
    u32,
    u64,
    usize,
    wrapping_add,
    wrapping_mul,
    wrapping_sub,
)
from tyrne.lang.marks import apart, changes, cold, export, extern, hot, inline, option

if not __debug__:
    raise ImportError("the checks of Kernel Python are asserts: run Python without -O and without PYTHONOPTIMIZE")

__all__ = [
    "Array",
    "Trap",
    "apart",
    "bit_not",
    "changes",
    "cold",
    "export",
    "extern",
    "handle",
    "hot",
    "inline",
    "irange",
    "leading_zeros",
    "option",
    "saturating_add",
    "saturating_mul",
    "saturating_sub",
    "trailing_zeros",
    "u8",
    "u16",
    "u32",
    "u64",
    "usize",
    "wrapping_add",
    "wrapping_mul",
    "wrapping_sub",
]
