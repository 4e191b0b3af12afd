/* Waits until a time at which others are waited for as well. */

#define CLOCK 1
#define QUIET 2

        .text
        .global _start
_start: mov     x0, #CLOCK
        ldr     x1, =TIME
        ldr     x2, =TYRNE_NULL_HANDLE
        mov     x3, #0
        mov     x8, #TYRNE_CALL_CLOCK_ARM
        svc     #0
        cbnz    x0, 1f
        mov     x0, #QUIET
        mov     x8, #TYRNE_CALL_WAIT
        svc     #0
        cmp     x0, #TYRNE_STATUS_TIMED_OUT
        cset    x0, ne
1:      mov     x8, #TYRNE_CALL_TASK_EXIT
        svc     #0
