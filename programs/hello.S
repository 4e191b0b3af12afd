/* The first program in assembly. It runs wherever it is put, so it works as an ELF file and as a raw image. */

#include "tyrne.h"

        .text
        .global _start
_start:
        mov     x0, #0                          // handle word 0 is the debug console
        adr     x1, greeting
        mov     x2, #greeting_end - greeting
        mov     x8, #TYRNE_CALL_CONSOLE_WRITE
        svc     #0
        mov     x0, #0
        mov     x8, #TYRNE_CALL_TASK_EXIT
        svc     #0

greeting:
        .ascii  "hello from userspace\n"
greeting_end:
