/* The interrupt mask is closed to EL0: a task cannot keep the processor.

   QEMU's syndrome has op1 and op2 in each other's place; a processor's would be 0x620cd3e4. */

#include "tyrne.h"

        .global _start
_start: tyrne_print "masking interrupts: expected trapped_instruction 0x620793e4\n"
        msr     daifset, #2
        tyrne_exit 1
