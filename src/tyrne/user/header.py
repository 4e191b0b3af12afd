"""Generates tyrne.h, the interface for C and assembly, from the kernel's table: python -m tyrne.user.header.

What in it is written by hand stands in c/start.h, c/messages.h, c/time.h and c/library.h.
"""

from __future__ import annotations

import re
import sys
import textwrap
from collections.abc import Iterable, Iterator
from enum import Enum
from pathlib import Path
from typing import Final

from tyrne.abi import (
    CALLS,
    KNOWN_KINDS,
    KNOWN_RIGHTS,
    NULL_HANDLE,
    SIGNAL_BADGE,
    VERSION,
    CallLayout,
    CallNumber,
    CapKind,
    Notice,
    Rights,
    Status,
    TaskState,
)
from tyrne.abi.version import NOTE_INTERFACE, NOTE_OWN_START, NOTE_OWNER
from tyrne.user.clock import MICROSECOND, MILLISECOND, NEVER, SECOND
from tyrne.user.memory import Access

HEADER: Final = Path(__file__).with_name("tyrne.h")
PARTS: Final = Path(__file__).with_name("c")

TEMPLATE: Final = """\
/* The Tyrne system call interface for C and assembly. Generated: python -m tyrne.user.header > src/tyrne/user/tyrne.h

   SVC #0 with the number in x8 and arguments in x0 to x5. It returns the status in x0 and the payload in x1 to x7,
   all of them rewritten; x8 to x30 and sp come back as they were. */
#ifndef TYRNE_H
#define TYRNE_H

{constants}

#ifndef __ASSEMBLER__

#include <stddef.h>
#include <stdint.h>

/* What is built with this header says so in a note: the version of the interface, its kinds and rights. */
__asm__({note});

/* What a call gives back: x[0] is the status, the others are zero if it is not Ok. Handles are words: generation in
   bits 16 to 47, index in bits 0 to 15. */
struct tyrne_reply {{
    uint64_t x[8];
}};

/* Any system call. */
static inline struct tyrne_reply tyrne_system_call(uint64_t number, uint64_t a0, uint64_t a1, uint64_t a2,
                                                   uint64_t a3, uint64_t a4, uint64_t a5)
{{
    register uint64_t x0 __asm__("x0") = a0;
    register uint64_t x1 __asm__("x1") = a1;
    register uint64_t x2 __asm__("x2") = a2;
    register uint64_t x3 __asm__("x3") = a3;
    register uint64_t x4 __asm__("x4") = a4;
    register uint64_t x5 __asm__("x5") = a5;
    register uint64_t x6 __asm__("x6");
    register uint64_t x7 __asm__("x7");
    register uint64_t x8 __asm__("x8") = number;
    __asm__ volatile("svc #0"
                     : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3), "+r"(x4), "+r"(x5), "=r"(x6), "=r"(x7)
                     : "r"(x8)
                     : "memory");
    return (struct tyrne_reply){{{{x0, x1, x2, x3, x4, x5, x6, x7}}}};
}}

{calls}

{start}
{messages}
{time}
{library}
#else

/* As in C: the version of the interface, its kinds and rights. */
{lines}

/* Writes a text to the console at handle word 0; uses x0 to x8. */
        .macro  tyrne_print text
        mov     x0, #0
        adr     x1, .Ltyrne_text\\@
        mov     x2, #.Ltyrne_end\\@ - .Ltyrne_text\\@
        mov     x8, #TYRNE_CALL_CONSOLE_WRITE
        svc     #0
        b       .Ltyrne_after\\@
.Ltyrne_text\\@:
        .ascii  "\\text"
.Ltyrne_end\\@:
        .balign 4
.Ltyrne_after\\@:
        .endm

/* Ends the task. */
        .macro  tyrne_exit code
        mov     x0, #\\code
        mov     x8, #TYRNE_CALL_TASK_EXIT
        svc     #0
        .endm

/* As TYRNE_OWN_START in C. */
        .macro  tyrne_own_start
{own_start}
        .endm

/* As TYRNE_START_PAGE in C. */
        .macro  tyrne_start_page
{start_page}
        .endm

#endif
#endif
"""


STUB: Final = """\
/* {purpose}.{results}~*/
static inline struct tyrne_reply tyrne_{name}({parameters})
{{
    return tyrne_system_call({arguments});
}}"""

EXIT: Final = """\
/* {purpose}. A kernel that refuses gets a fault.~*/
_Noreturn static inline void tyrne_{name}({parameters})
{{
    tyrne_system_call({arguments});
    __builtin_trap();
}}"""

TIMES: Final = {"MICROSECOND": MICROSECOND, "MILLISECOND": MILLISECOND, "SECOND": SECOND, "NEVER": NEVER}

NOTE_START_PAGE: Final = 3
"""The type of the note by which a program asks for its start page; tyrne.system.elf_version reads it."""
POINTER: Final = "address of the bytes"
"""The one argument that is a pointer of the caller's own."""


def _defines(prefix: str, names: type[Enum]) -> Iterator[str]:
    for member in names:
        yield f"#define TYRNE_{prefix}_{member.name} {member.value:#x}"


def sentence(text: str) -> str:
    """A phrase of the table as the start of a sentence."""
    return text[0].upper() + text[1:]


def _parameter(argument: str) -> str:
    """The C name of an argument: its first words, up to where the table explains it."""
    return re.split(r",| of | to | for ", argument)[0].replace(" ", "_")


def _stub(layout: CallLayout) -> str:
    """The C function of one call."""
    number = layout.number
    pairs = [(_parameter(text), text == POINTER) for text in layout.arguments]
    words = [f"(uint64_t){name}" if pointer else name for name, pointer in pairs]
    words = [f"TYRNE_CALL_{number.name}", *words, *["0"] * (6 - len(words))]
    results = [f"x[{i}] {text}" for i, text in enumerate(layout.results, 1)]
    template = EXIT if number is CallNumber.TASK_EXIT else STUB
    text = template.format(
        purpose=sentence(layout.purpose),
        results=" When Ok: " + "; ".join(results) + "." if results else "",
        name=number.name.lower(),
        parameters=", ".join(f"const~void~*{n}" if pointer else f"uint64_t~{n}" for n, pointer in pairs) or "void",
        arguments=", ".join(words),
    )
    return "\n".join(_wrapped(line) for line in text.splitlines())


def _wrapped(line: str) -> str:
    """A line of at most 120 columns: a comment goes on under its text, a list of parameters under its first one.

    It is not broken at a tilde, which becomes a space.
    """
    margin = 3 if line.startswith("/*") else line.find("(") + 1
    return textwrap.fill(line, 120, subsequent_indent=" " * margin, break_long_words=False).replace("~", " ")


def note(kind: int, *words: int) -> list[str]:
    """The lines of assembly that put an ELF note of a type into a file, with words as its content."""
    return [
        '.pushsection .note.tyrne, "a", %note',
        ".balign 4",
        f".word   {len(NOTE_OWNER) + 1}, {4 * len(words)}, {kind}",
        f'.asciz  "{NOTE_OWNER.decode()}"',
        ".balign 4",
        *([".word   " + ", ".join(f"{word:#x}" for word in words)] if words else []),
        ".popsection",
    ]


def _in_c(lines: Iterable[str]) -> str:
    """Lines of assembly as the strings of an asm statement."""
    escaped = (re.sub(r" {2,}", " ", line).replace('"', '\\"') for line in lines)
    return f"\n{' ' * len('__asm__(')}".join(f'"{line}\\n"' for line in escaped)


def _indented(lines: Iterable[str]) -> str:
    return "\n".join(f"        {line}" for line in lines)


def header() -> str:
    """The text of tyrne.h."""
    blocks: list[Iterable[str]] = [
        [f"#define TYRNE_ABI_VERSION {VERSION}"],
        _defines("CALL", CallNumber),
        _defines("STATUS", Status),
        _defines("KIND", CapKind),
        (f"#define TYRNE_RIGHT_{name} {right.value:#x}" for name, right in Rights.__members__.items() if right),
        _defines("ACCESS", Access),
        _defines("STATE", TaskState),
        _defines("NOTICE", Notice),
        [f"#define TYRNE_NULL_HANDLE {int(NULL_HANDLE):#x}", f"#define TYRNE_SIGNAL_BADGE {int(SIGNAL_BADGE):#x}"],
        [f"#define TYRNE_{name} {int(value):#x}" for name, value in TIMES.items()],
    ]
    constants = "\n\n".join("\n".join(block) for block in blocks)
    parts = {name: (PARTS / f"{name}.h").read_text() for name in ("start", "messages", "time", "library")}
    interface = note(NOTE_INTERFACE, VERSION, KNOWN_KINDS, KNOWN_RIGHTS & 0xFFFF_FFFF, KNOWN_RIGHTS >> 32)
    notes = {"note": _in_c(interface), "lines": _indented(interface), "own_start": _indented(note(NOTE_OWN_START))}
    notes["start_page"] = _indented(note(NOTE_START_PAGE))
    return TEMPLATE.format(constants=constants, calls="\n\n".join(map(_stub, CALLS)), **notes, **parts)


if __name__ == "__main__":
    sys.stdout.write(header())
