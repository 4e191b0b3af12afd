/* The place of a thread until its keeper gets it into the space of its program: nothing of it ever runs.
   audit: U-55 */

#include "tyrne.h"

        .section .text._start, "ax"
        .global _start
        .type   _start, %function
_start:
        udf     #0
        .size   _start, . - _start
