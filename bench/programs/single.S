/* One call, NUMBER with ARGUMENT, that returns to its caller with status ANSWER. */

        .text
        .global _start
_start: describe 2
        begin
        ldr     x23, =ARGUMENT
        ldr     x24, =NUMBER
        ldr     x25, =ANSWER
1:      mov     x0, x23
        mov     x8, x24
        now     x21
        svc     #0
        now     x22
        stp     x21, x22, [x19]
        cmp     x0, x25
        b.ne    failed
        next    1b, 2
        finish
