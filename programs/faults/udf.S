/* An instruction that will never be defined. */

#include "tyrne.h"

        .global _start
_start: tyrne_print "udf: expected undefined_instruction 0x02000000\n"
        udf     #0
        tyrne_exit 1
