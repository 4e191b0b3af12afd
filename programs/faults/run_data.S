/* Data is writable, so it is not executable. */

#include "attack.h"

        attack  "a jump to its data", instruction_abort, 0x8200000f
        adrp    x0, code
        add     x0, x0, :lo12:code
        br      x0
        survived

        .data
        .balign 4
code:
        ret
