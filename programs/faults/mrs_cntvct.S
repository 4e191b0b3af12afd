/* The counter is closed to EL0: a task has no clock of its own. */

#include "tyrne.h"

        .global _start
_start: tyrne_print "a read of CNTVCT_EL0: expected trapped_instruction 0x6234f801\n"
        mrs     x0, cntvct_el0
        tyrne_exit 1
