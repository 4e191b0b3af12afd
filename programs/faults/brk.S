/* A breakpoint without a debugger. */

#include "attack.h"

        attack  "brk", breakpoint, 0xf2000003
        brk     #3
        survived
