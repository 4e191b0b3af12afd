/* Code is mapped read-only: a program cannot rewrite itself. */

#include "tyrne.h"

        .global _start
_start: tyrne_print "a store to its own code: expected data_abort_write 0x9200004f\n"
        adr     x0, _start
        str     xzr, [x0]
        tyrne_exit 1
