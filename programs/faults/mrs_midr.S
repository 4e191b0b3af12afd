/* The registers that identify the processor are closed to EL0. */

#include "tyrne.h"

        .global _start
_start: tyrne_print "a read of MIDR_EL1: expected undefined_instruction 0x02000000\n"
        mrs     x0, midr_el1
        tyrne_exit 1
