/* Zeroing by cache block is closed to EL0. */

#include "attack.h"

        attack  "dc zva", trapped_instruction, 0x6212dc08
        sub     x0, sp, #64
        dc      zva, x0
        survived
