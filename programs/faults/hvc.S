/* EL0 may not call a hypervisor: PSCI would switch the machine off. */

#include "attack.h"

        attack  "hvc, to power off", undefined_instruction, 0x02000000
        ldr     w0, =0x84000008                 // PSCI SYSTEM_OFF
        hvc     #0
        survived
