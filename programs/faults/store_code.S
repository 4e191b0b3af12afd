/* Code is mapped read-only: a program cannot rewrite itself. */

#include "attack.h"

        attack  "a store to its own code", data_abort_write, 0x9200004f
        adr     x0, _start
        str     xzr, [x0]
        survived
