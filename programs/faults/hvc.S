/* EL0 may not call a hypervisor: PSCI would switch the machine off. */

#include "tyrne.h"

        .global _start
_start: tyrne_print "hvc, to power off: expected undefined_instruction 0x02000000\n"
        ldr     w0, =0x84000008                 // PSCI SYSTEM_OFF
        hvc     #0
        tyrne_exit 1
