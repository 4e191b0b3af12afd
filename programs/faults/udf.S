/* An instruction that will never be defined. */

#include "attack.h"

        attack  "udf", undefined_instruction, 0x02000000
        udf     #0
        survived
