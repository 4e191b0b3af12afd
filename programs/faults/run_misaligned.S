/* Instructions are aligned to 4 bytes: there is none between two of them. */

#include "tyrne.h"

        .global _start
_start: tyrne_print "a jump between two instructions: expected pc_alignment 0x8a000000\n"
        adr     x0, _start
        add     x0, x0, #2
        br      x0
        tyrne_exit 1
