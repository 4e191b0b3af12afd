/* EL0 cannot ask for translations of the kernel. */

#include "tyrne.h"

        .global _start
_start: tyrne_print "at s1e1r: expected undefined_instruction 0x02000000\n"
        ldr     x0, =0xffffffff40080000
        at      s1e1r, x0
        tyrne_exit 1
