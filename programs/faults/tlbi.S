/* EL0 cannot drop cached translations. */

#include "tyrne.h"

        .global _start
_start: tyrne_print "tlbi vmalle1: expected undefined_instruction 0x02000000\n"
        tlbi    vmalle1
        tyrne_exit 1
