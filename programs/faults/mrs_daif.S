/* The interrupt mask is closed to EL0. */

#include "tyrne.h"

        .global _start
_start: tyrne_print "a read of DAIF: expected trapped_instruction 0x6232d005\n"
        mrs     x0, daif
        tyrne_exit 1
