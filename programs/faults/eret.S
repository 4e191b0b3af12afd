/* EL0 cannot return from an exception. */

#include "tyrne.h"

        .global _start
_start: tyrne_print "eret: expected undefined_instruction 0x02000000\n"
        eret
        tyrne_exit 1
