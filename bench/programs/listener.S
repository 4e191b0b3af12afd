/* Runs while the time comes at which chorus.S waits to wake: the readings before and after. */

#define CLOCK 1
#define EARLY 20000
#define TURNS 20000

        .text
        .global _start
_start: describe 2
        begin
        ldr     x23, =TIME - EARLY
1:      mov     x0, #CLOCK
        mov     x8, #TYRNE_CALL_CLOCK_READ
        svc     #0
        cbnz    x0, failed
        cmp     x1, x23
        b.lo    1b
        ldr     x24, =TURNS
        now     x21
2:      subs    x24, x24, #1
        b.ne    2b
        mov     x8, #TYRNE_CALL_TASK_YIELD
        svc     #0
        now     x22
        stp     x21, x22, [x19]
        finish
