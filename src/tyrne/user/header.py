"""Generates tyrne.h, the interface for C and assembly, from the kernel's table: python -m tyrne.user.header."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Final

from tyrne.kernel.abi import NULL_HANDLE, CallNumber, Rights, Status

HEADER: Final = Path(__file__).with_name("tyrne.h")

TEMPLATE: Final = """\
/* The Tyrne system call interface for C and assembly. Generated: python -m tyrne.user.header > src/tyrne/user/tyrne.h

   SVC #0 with the number in x8 and arguments in x0 to x5. It returns the status in x0 and the payload in x1 to x7,
   all of them rewritten; x8 to x30 and sp come back as they were. */
#ifndef TYRNE_H
#define TYRNE_H

{constants}

#ifndef __ASSEMBLER__

#include <stdint.h>

/* A handle word: generation in bits 16 to 47, index in bits 0 to 15. */
typedef uint64_t tyrne_handle;

struct tyrne_reply {{
    uint64_t x[8];
}};

/* Any system call. */
static inline struct tyrne_reply tyrne_call(uint64_t number, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3,
                                            uint64_t a4, uint64_t a5)
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

/* x[1] of an Ok reply: 0 delivered, 1 enqueued. */
static inline struct tyrne_reply tyrne_send(tyrne_handle endpoint, uint64_t label, uint64_t word0, uint64_t word1,
                                            uint64_t word2, tyrne_handle transfer)
{{
    return tyrne_call(TYRNE_CALL_SEND, endpoint, label, word0, word1, word2, transfer);
}}

/* x[1] of an Ok reply: 0 received, then x[2] is the label, x[3] to x[5] the words, x[6] a handle or null; 1 pending. */
static inline struct tyrne_reply tyrne_recv(tyrne_handle endpoint)
{{
    return tyrne_call(TYRNE_CALL_RECV, endpoint, 0, 0, 0, 0, 0);
}}

static inline uint64_t tyrne_task_yield(void)
{{
    return tyrne_call(TYRNE_CALL_TASK_YIELD, 0, 0, 0, 0, 0, 0).x[0];
}}

/* Ends the task; a kernel that refuses gets a fault. */
_Noreturn static inline void tyrne_task_exit(uint64_t code)
{{
    tyrne_call(TYRNE_CALL_TASK_EXIT, code, 0, 0, 0, 0, 0);
    __builtin_trap();
}}

/* x[1] of an Ok reply: the number of bytes written. */
static inline struct tyrne_reply tyrne_console_write(tyrne_handle console, const void *buffer, uint64_t length)
{{
    return tyrne_call(TYRNE_CALL_CONSOLE_WRITE, console, (uint64_t)buffer, length, 0, 0, 0);
}}

#else

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

#endif
#endif
"""


def _defines(prefix: str, names: type[Enum]) -> Iterator[str]:
    for member in names:
        yield f"#define TYRNE_{prefix}_{member.name} {member.value:#x}"


def header() -> str:
    """The text of tyrne.h."""
    blocks = [
        _defines("CALL", CallNumber),
        _defines("STATUS", Status),
        (f"#define TYRNE_RIGHT_{name} {right.value:#x}" for name, right in Rights.__members__.items() if right),
        [f"#define TYRNE_NULL_HANDLE {int(NULL_HANDLE):#x}"],
    ]
    return TEMPLATE.format(constants="\n\n".join("\n".join(block) for block in blocks))


if __name__ == "__main__":
    sys.stdout.write(header())
