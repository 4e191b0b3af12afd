/* Cache maintenance is closed to EL0. */

#include "tyrne.h"

        .global _start
_start: tyrne_print "dc civac: expected trapped_instruction 0x6212dc1c\n"
        mov     x0, sp
        dc      civac, x0
        tyrne_exit 1
