/* EL0 cannot choose the stack pointer of EL1. */

#include "tyrne.h"

        .global _start
_start: tyrne_print "a write of SPSel: expected undefined_instruction 0x02000000\n"
        msr     spsel, #1
        tyrne_exit 1
