/* More urgent than the task beside it, and asleep: it lets deadlines wake it and says how late it was, until the run is over.
   Its region, which is its own: a magic word, how many deadlines there were, the earliest, the latest and the sum of
   what the clock said behind each deadline when it was awake, in nanoseconds, of which each is an instruction. */

#define VIGIL_AT  0x11000000
#define VIGIL     0x4c49474956595254        /* "TRYVIGIL" in memory */
#define CLOCK     1
#define QUIET     2
#define LEAST     3000

        .text
        .global _start
_start: ldr     x19, =VIGIL_AT
        ldr     x0, =VIGIL
        mov     x20, #0                     // deadlines
        mvn     x21, xzr                    // the earliest
        mov     x22, #0                     // the latest
        mov     x23, #0                     // the sum
        mov     x26, #SEED
        stp     x0, x20, [x19]
1:      eor     x26, x26, x26, lsl #13      // how long until the next one: LEAST to LEAST + 32,767
        eor     x26, x26, x26, lsr #7
        eor     x26, x26, x26, lsl #17
        and     x25, x26, #0x7fff
        add     x25, x25, #LEAST
        mov     x0, #CLOCK
        mov     x8, #TYRNE_CALL_CLOCK_READ
        svc     #0
        expect  TYRNE_STATUS_OK
        add     x24, x1, x25
        mov     x0, #CLOCK
        mov     x1, x24
        ldr     x2, =TYRNE_NULL_HANDLE
        mov     x3, #0
        mov     x8, #TYRNE_CALL_CLOCK_ARM
        svc     #0
        expect  TYRNE_STATUS_OK
        mov     x0, #QUIET
        mov     x8, #TYRNE_CALL_WAIT
        svc     #0
        expect  TYRNE_STATUS_TIMED_OUT
        mov     x0, #CLOCK
        mov     x8, #TYRNE_CALL_CLOCK_READ
        svc     #0
        expect  TYRNE_STATUS_OK
        subs    x1, x1, x24
        b.lo    failed                      // early
        cmp     x1, x21
        csel    x21, x1, x21, lo
        cmp     x1, x22
        csel    x22, x1, x22, hi
        add     x23, x23, x1
        add     x20, x20, #1
        stp     x20, x21, [x19, #8]
        stp     x22, x23, [x19, #24]
        b       1b
        finish
