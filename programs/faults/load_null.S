/* Nothing is mapped at address 0. */

#include "tyrne.h"

        .global _start
_start: tyrne_print "a load from address 0: expected data_abort_read 0x92000006\n"
        mov     x0, #0
        ldr     x0, [x0]
        tyrne_exit 1
