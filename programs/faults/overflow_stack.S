/* Below the stack lies a page that is never mapped: a stack that grows too far stops there. */

#include "tyrne.h"

        .global _start
_start: tyrne_print "a store below its stack: expected data_abort_write 0x92000047\n"
1:      str     xzr, [sp, #-16]!
        b       1b
        tyrne_exit 1
