/* EL0 cannot ask for translations of the kernel. */

#include "attack.h"

        attack  "at s1e1r", undefined_instruction, 0x02000000
        ldr     x0, =0xffffffff40080000
        at      s1e1r, x0
        survived
