/* Nothing is mapped at address 0. */

#include "tyrne.h"

        .global _start
_start: tyrne_print "a jump to address 0: expected instruction_abort 0x82000006\n"
        mov     x0, #0
        br      x0
        tyrne_exit 1
