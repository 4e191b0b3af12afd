/* EL0 cannot empty the instruction cache. */

#include "tyrne.h"

        .global _start
_start: tyrne_print "ic iallu: expected undefined_instruction 0x02000000\n"
        ic      iallu
        tyrne_exit 1
