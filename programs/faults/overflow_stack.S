/* Below the stack lies a page that is never mapped: a stack that grows too far stops there. */

#include "attack.h"

        attack  "a store below its stack", data_abort_write, 0x92000047
1:      str     xzr, [sp, #-16]!
        b       1b
        survived
