/* Zeroing by cache block is closed to EL0. */

#include "tyrne.h"

        .global _start
_start: tyrne_print "dc zva: expected trapped_instruction 0x6212dc08\n"
        sub     x0, sp, #64
        dc      zva, x0
        tyrne_exit 1
