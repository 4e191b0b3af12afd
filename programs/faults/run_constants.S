/* Constants are never executable, whatever they hold. */

#include "tyrne.h"

        .global _start
_start: tyrne_print "a jump to its constants: expected instruction_abort 0x8200000f\n"
        adrp    x0, constant
        add     x0, x0, :lo12:constant
        br      x0
        tyrne_exit 1

        .section .rodata
        .balign 4
constant:
        ret
