/* A breakpoint without a debugger. */

#include "tyrne.h"

        .global _start
_start: tyrne_print "brk: expected breakpoint 0xf2000003\n"
        brk     #3
        tyrne_exit 1
