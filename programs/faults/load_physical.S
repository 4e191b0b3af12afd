/* RAM is not mapped at its physical address: the kernel's image lies there. */

#include "tyrne.h"

        .global _start
_start: tyrne_print "a load from the kernel by its physical address: expected data_abort_read 0x92000005\n"
        mov     x0, #0x40080000
        ldr     x0, [x0]
        tyrne_exit 1
