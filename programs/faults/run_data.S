/* Data is writable, so it is not executable. */

#include "tyrne.h"

        .global _start
_start: tyrne_print "a jump to its data: expected instruction_abort 0x8200000f\n"
        adrp    x0, code
        add     x0, x0, :lo12:code
        br      x0
        tyrne_exit 1

        .data
        .balign 4
code:
        ret
