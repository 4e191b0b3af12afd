/* What stands before every program here: readings of the cycle counter, and where they go.

   All tasks of a scenario share the region of samples, mapped at SAMPLES_AT: a header (the magic word, words of a sample,
   number of samples, whether the run is over), then the samples. A sample is a row of counter readings; each task writes its own. SAMPLES, and
   what else a scenario varies, is defined in front of this file. Between two readings that make a figure stands nothing
   but what is measured.

   x19 points at the sample that is being taken, x20 is how many are left. x21 to x28 hold readings: the kernel keeps
   them. A program that gets an answer which it does not expect exits with it, or with 1. */

#include "tyrne.h"

#define SAMPLES_AT  0x10000000
#define HEADER      64
#define OVER        24                      /* where in the header: not zero from when a task has taken its samples on */
#define MAGIC       0x48434e4542595254      /* "TRYBENCH" in memory */
#define SAMPLES_CAP 0                       /* the handle word of the region: first in every task */

/* Goes first in the one task of a scenario that says how long a sample is. */
        .macro  describe words
        ldr     x0, =SAMPLES_AT
        ldr     x1, =MAGIC
        mov     x2, #\words
        ldr     x3, =SAMPLES
        stp     x1, x2, [x0]
        str     x3, [x0, #16]
        .endm

        .macro  begin
        ldr     x19, =SAMPLES_AT + HEADER
        ldr     x20, =SAMPLES
#ifdef FLOATING
        fmov    d8, #1.0                    // from here on the thread has FP/SIMD registers
#endif
        .endm

        .macro  now reading
        mrs     \reading, pmccntr_el0
        .endm

        .macro  expect value
        cmp     x0, #\value
        b.ne    failed
        .endm

        .macro  next label, words
        add     x19, x19, #\words * 8
        subs    x20, x20, #1
        b.ne    \label
        .endm

        .macro  finish
        mov     x0, #0
        b       9f
failed: cmp     x0, #0
        csinc   x0, x0, xzr, ne
9:      ldr     x9, =SAMPLES_AT
        str     x9, [x9, #OVER]
        mov     x8, #TYRNE_CALL_TASK_EXIT
        svc     #0
        .endm
