/* The cache type register is closed to EL0. */

#include "tyrne.h"

        .global _start
_start: tyrne_print "a read of CTR_EL0: expected trapped_instruction 0x6232c001\n"
        mrs     x0, ctr_el0
        tyrne_exit 1
