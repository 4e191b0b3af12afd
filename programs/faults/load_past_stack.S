/* Nothing is mapped above the stack. */

#include "tyrne.h"

        .global _start
_start: tyrne_print "a load from above its stack: expected data_abort_read 0x92000007\n"
        mov     x0, sp
        ldr     x0, [x0]
        tyrne_exit 1
