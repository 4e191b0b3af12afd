"""C names: Python's own where they are free, made longer where two things would share one."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

_C_WORDS: Final = """
alignas alignof asm auto bool break case char const constexpr continue default do double else enum extern false float
for goto if inline int long main nullptr register restrict return short signed sizeof static static_assert struct
switch thread_local true typedef typeof union unsigned void volatile while
tag u8 u16 u32 u64 Bytes NULL offsetof unix linux errno
"""
_KP_MACROS: Final = """
at bytes check execute narrowed narrowed_some not_none operate read_register symbol_address unlikely unreachable
write_register
"""
_FUNCTIONS: Final = """
read8 read16 read32 read64 write8 write16 write32 write64 copy_bytes zero_bytes semihosting supervisor_call
memcpy memset memmove memcmp abort exit printf puts malloc free read write index time clock signal send recv
setjmp sigsetjmp longjmp Tag
"""

KEYWORDS: Final = frozenset(_C_WORDS.split())
"""Words that C, its headers or kp.h have taken everywhere, and the tag of a union."""
MACROS: Final = frozenset(_KP_MACROS.split())
"""Macros of kp.h that take arguments: a local may have such a name, a function may not."""
RESERVED: Final = KEYWORDS | frozenset(_FUNCTIONS.split())
"""Names that a function, a global or a local does not get either."""

_ARITHMETIC: Final = re.compile(
    r"(add|sub|mul|div|mod|shl|shr|to|(wrapping|saturating)_(add|sub|mul)|bit_not|(lead|trail)ing_zeros|min|max)_u(8|16|32|64)$"
)
"""The arithmetic of kp.h: add_u64, to_u8, …"""
_PREFIXES: Final = re.compile(r"kp_|KP_|Kp[A-Z]|IS_|__|_[A-Z]")
"""How names of kp.h, tags of unions and names that belong to C begin."""
_STANDARD_MACROS: Final = re.compile(
    r"(U?INT(_LEAST|_FAST)?(8|16|32|64|MAX|PTR)|SIZE|PTRDIFF|SIG_ATOMIC|WCHAR|WINT)_(MIN|MAX|WIDTH|C)$|KP_"
)
_STANDARD_TYPES: Final = re.compile(r"[a-z0-9_]+_t$|(sig)?jmp_buf$")
"""What the C headers that kp.h includes define."""


def is_reserved(name: str) -> bool:
    """Whether a name means something in every unit, so that nothing else gets it."""
    return name in RESERVED or any(e.match(name) for e in (_PREFIXES, _STANDARD_MACROS, _STANDARD_TYPES))


class Names:
    """File-level names of one C file. The same key always gets the same name."""

    def __init__(self) -> None:
        self._by_key: dict[object, str] = {}
        self._taken = {member_name(name) for name in ("u8", "u16", "u32", "u64", "bool", "Bytes")}

    def give(self, key: object, *candidates: str, derived: Callable[[str], list[str]] = lambda name: []) -> str:
        """The first candidate that is free, or the last one with a number.

        `derived` says which further names come with a name: they must be free too, and are taken as well.
        """
        if key in self._by_key:
            return self._by_key[key]

        def is_free(name: str) -> bool:
            return self._free(name) and self._taken.isdisjoint(derived(name))

        name = next((c for c in candidates if is_free(c)), "")
        number = 2
        while not name:
            name = f"{candidates[-1]}_{number}"
            if not is_free(name):
                name, number = "", number + 1
        self._taken.update([name, *derived(name)])
        self._by_key[key] = name
        return name

    def _free(self, name: str) -> bool:
        reserved = is_reserved(name) or name in MACROS
        return not (name in self._taken or reserved or _ARITHMETIC.match(name))


def field_name(name: str) -> str:
    """The C name of a field: a keyword gets an underscore, and so does what would be the same then (`int_`)."""
    base = name.rstrip("_")
    return f"{name}_" if base in KEYWORDS or _STANDARD_MACROS.match(base) else name


def snake(name: str) -> str:
    """CapError → cap_error."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()


def member_name(type_name: str) -> str:
    """The member of a union's struct that holds an alternative."""
    return f"as_{snake(type_name)}"


def constant_name(type_name: str) -> str:
    """TrapFrame → TRAP_FRAME."""
    return snake(type_name).upper()
