/* Cache maintenance is closed to EL0. */

#include "tyrne.h"

        .global _start
_start: tyrne_print "ic ivau: expected trapped_instruction 0x6212dc0a\n"
        adr     x0, _start
        ic      ivau, x0
        tyrne_exit 1
