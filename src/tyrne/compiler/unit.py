"""What a translation is asked for, what it gives, and how it fails."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any, Final

RUNTIME: Final = Path(__file__).parent / "runtime"
"""The include directory of every unit: kp.h."""


class CompileError(Exception):
    """The program is outside the language, or its image cannot be built.

    str() is one or more lines, each `file:line: what is wrong, and what to write instead`.
    """


class Target(Enum):
    """The machine that the C is for."""

    METAL = "metal"
    """The kernel at EL1. Failed checks call the root's `@export def panic(kind: u32, file: u32, line: u32) -> None`."""
    USER = "user"
    """A program at EL0. Failed checks call the same function of the root, or of a module that it imports."""
    HOST = "host"
    """A shared library. Failed checks return from the guarded call, see `Unit.declarations`."""


@dataclass(frozen=True)
class Unit:
    """One translated program. Everything in it is text or JSON-able data.

    c             the whole program as C23 with GNU extensions; it includes "kp.h" from RUNTIME.
    offsets       header for assembly: `#define TRAP_FRAME_PC 256`, `#define SIZEOF_TRAP_FRAME 272`, for every place.
    declarations  what cffi's cdef takes: all types, and on HOST:
                    extern T NAME;                             each global place
                    R k_f(…);                                  each export
                    bool kp_call_f(R *result, …);              the same, guarded: false when a check failed, which then
                    extern KpTrap kp_trap;                     says { u32 kind, file, line; } (void: no result)
                    extern R (*kp_extern_f)(…);                each extern, to be set before the call that needs it
                    void kp_reset(void);                       puts every global place back into its initial state
    types         see `schema` in emit/schema.py: enums, values, places, unions, globals, functions by their C names.
    files         the table that the `file` of a panic indexes.
    inputs        every file that the translation has read from the import closure, as absolute paths.
    asked         the handles that the program asked for, each with the word that it would have taken otherwise.
    """

    c: str
    offsets: str
    declarations: str
    types: dict[str, Any]
    files: tuple[str, ...]
    inputs: tuple[str, ...]
    asked: dict[str, int | None] = field(default_factory=dict)


def read_unit(fields: dict[str, Any]) -> Unit:
    """A unit that was written as JSON."""
    return Unit(**{**fields, "files": tuple(fields["files"]), "inputs": tuple(fields["inputs"])})
