/* EL0 may not call the debugger by semihosting: it would end the machine, and open files of the host. */

#include "tyrne.h"

        .global _start
_start: tyrne_print "hlt, to end the machine by semihosting: expected undefined_instruction 0x02000000\n"
        mov     w0, #0x18                       // SYS_EXIT
        ldr     x1, =0x20026
        hlt     #0xf000
        tyrne_exit 1
