/* Constants are mapped read-only. */

#include "attack.h"

        attack  "a store to its constants", data_abort_write, 0x9200004f
        adrp    x0, constant
        add     x0, x0, :lo12:constant
        str     xzr, [x0]
        survived

        .section .rodata
constant:
        .quad   1
