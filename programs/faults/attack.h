/* The frame of an attack: one line that says what is tried and what must stop it, then the attempt.

   The expectation is the kind of fault and the syndrome (ESR_EL1) that the machine's report must show. A program that
   survives its attack exits with code 1. */

#include "tyrne.h"

        .macro  attack what, kind, syndrome
        .text
        .global _start
_start:
        mov     x0, #0                          // handle word 0 is the debug console
        adr     x1, .Lline
        mov     x2, #.Lattempt - .Lline
        mov     x8, #TYRNE_CALL_CONSOLE_WRITE
        svc     #0
        b       .Lattempt_aligned
.Lline: .ascii  "\what: expected \kind \syndrome\n"
.Lattempt:
        .balign 4
.Lattempt_aligned:
        .endm

        .macro  survived
        mov     x0, #1
        mov     x8, #TYRNE_CALL_TASK_EXIT
        svc     #0
        .endm
