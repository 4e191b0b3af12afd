"""C names: Python's own where they are free, made longer where two things would share one."""

from __future__ import annotations

import re
from typing import Final

_C_WORDS: Final = """
alignas alignof asm auto bool break case char const constexpr continue default do double else enum extern false float
for goto if inline int long main nullptr register restrict return short signed sizeof static static_assert struct
switch thread_local true typedef typeof union unsigned void volatile while
tag u8 u16 u32 u64 Bytes NULL offsetof unix linux errno
"""
_KP_MACROS: Final = """
at bytes check execute narrowed not_none operate read_register symbol_address unlikely write_register
"""
_FUNCTIONS: Final = """
read8 read16 read32 read64 write8 write16 write32 write64 copy_bytes zero_bytes semihosting supervisor_call
memcpy memset memmove memcmp abort exit printf puts malloc free read write index time clock signal send recv
"""

KEYWORDS: Final = frozenset(_C_WORDS.split())
"""Words that C, its headers or kp.h have taken everywhere, and the tag of a union."""
MACROS: Final = frozenset(_KP_MACROS.split())
"""Macros of kp.h that take arguments: a local may have such a name, a function may not."""
RESERVED: Final = KEYWORDS | frozenset(_FUNCTIONS.split())
"""Names that a function, a global or a local does not get either."""

_ARITHMETIC: Final = re.compile(
    r"(add|sub|mul|div|mod|shl|shr|to|(wrapping|saturating)_(add|sub|mul)|bit_not|trailing_zeros|min|max)_u(8|16|32|64)$"
)
"""The arithmetic of kp.h: add_u64, to_u8, …"""


class Names:
    """File-level names of one C file. The same key always gets the same name."""

    def __init__(self) -> None:
        self._by_key: dict[object, str] = {}
        self._taken: set[str] = set()

    def give(self, key: object, *candidates: str) -> str:
        """The first candidate that is free, or the last one with a number."""
        if key in self._by_key:
            return self._by_key[key]
        name = next((c for c in candidates if self._free(c)), "")
        number = 2
        while not name:
            name = f"{candidates[-1]}_{number}"
            if not self._free(name):
                name, number = "", number + 1
        self._taken.add(name)
        self._by_key[key] = name
        return name

    def _free(self, name: str) -> bool:
        reserved = name in RESERVED or name in MACROS
        return not (name in self._taken or reserved or name.startswith("kp_") or _ARITHMETIC.match(name))


def field_name(name: str) -> str:
    """The C name of a field: a keyword gets an underscore."""
    return f"{name}_" if name in KEYWORDS else name


def snake(name: str) -> str:
    """CapError → cap_error."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()


def member_name(type_name: str) -> str:
    """The member of a union's struct that holds an alternative."""
    return f"as_{snake(type_name)}"


def constant_name(type_name: str) -> str:
    """TrapFrame → TRAP_FRAME."""
    return snake(type_name).upper()
