/* EL0 may not call the firmware: PSCI would switch the machine off. */

#include "attack.h"

        attack  "smc, to power off", undefined_instruction, 0x02000000
        ldr     w0, =0x84000008                 // PSCI SYSTEM_OFF
        smc     #0
        survived
