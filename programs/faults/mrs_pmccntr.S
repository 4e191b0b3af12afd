/* The performance counters are closed to EL0. */

#include "tyrne.h"

        .global _start
_start: tyrne_print "a read of PMCCNTR_EL0: expected trapped_instruction 0x6230e41b\n"
        mrs     x0, pmccntr_el0
        tyrne_exit 1
