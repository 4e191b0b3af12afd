/* The interrupt mask is closed to EL0: a task cannot keep the processor. */

#include "tyrne.h"

        .global _start
_start: tyrne_print "masking interrupts: expected trapped_instruction 0x620cd3e4\n"
        msr     daifset, #2
        tyrne_exit 1
