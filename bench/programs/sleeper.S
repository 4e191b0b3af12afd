/* Sleeps until a deadline while equal.S runs: readings before and after the call that sets it, then the deadline, and
   what the clock says when it is awake again, in nanoseconds, of which each is an instruction. */

#define CLOCK 1
#define QUIET 2
#define SLEEP 20000

        .text
        .global _start
_start: describe 4
        begin
1:      mov     x0, #CLOCK
        mov     x8, #TYRNE_CALL_CLOCK_READ
        svc     #0
        expect  TYRNE_STATUS_OK
        ldr     x24, =SLEEP
        add     x24, x1, x24
        mov     x0, #CLOCK
        mov     x1, x24
        ldr     x2, =TYRNE_NULL_HANDLE
        mov     x3, #0
        mov     x8, #TYRNE_CALL_CLOCK_ARM
        now     x21
        svc     #0
        now     x22
        stp     x21, x22, [x19]
        expect  TYRNE_STATUS_OK
        mov     x0, #QUIET
        mov     x8, #TYRNE_CALL_WAIT
        svc     #0
        expect  TYRNE_STATUS_TIMED_OUT
        mov     x0, #CLOCK
        mov     x8, #TYRNE_CALL_CLOCK_READ
        svc     #0
        stp     x24, x1, [x19, #16]
        expect  TYRNE_STATUS_OK
        next    1b, 4
        finish
