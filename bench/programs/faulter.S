/* Faults by a load from address 0, which supervisor.S lets it step over: readings 0 and 3 of fault, notice, answer, on. */

        .text
        .global _start
_start: describe 4
        begin
        mov     x10, #0
1:      now     x21
        ldr     x9, [x10]
        now     x24
        str     x21, [x19]
        str     x24, [x19, #24]
        next    1b, 4
        finish
