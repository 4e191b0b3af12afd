/* EL0 cannot halt the processor. */

#include "tyrne.h"

        .global _start
_start: tyrne_print "wfi: expected trapped_instruction 0x07e00000\n"
        wfi
        tyrne_exit 1
