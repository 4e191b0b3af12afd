/* Constants are mapped read-only. */

#include "tyrne.h"

        .global _start
_start: tyrne_print "a store to its constants: expected data_abort_write 0x9200004f\n"
        adrp    x0, constant
        add     x0, x0, :lo12:constant
        str     xzr, [x0]
        tyrne_exit 1

        .section .rodata
constant:
        .quad   1
