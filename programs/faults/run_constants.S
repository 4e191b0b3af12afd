/* Constants are never executable, whatever they hold. */

#include "attack.h"

        attack  "a jump to its constants", instruction_abort, 0x8200000f
        adrp    x0, constant
        add     x0, x0, :lo12:constant
        br      x0
        survived

        .section .rodata
        .balign 4
constant:
        ret
