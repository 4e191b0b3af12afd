/* Registers of EL1 do not exist at EL0. */

#include "tyrne.h"

        .global _start
_start: tyrne_print "a read of SCTLR_EL1: expected undefined_instruction 0x02000000\n"
        mrs     x0, sctlr_el1
        tyrne_exit 1
