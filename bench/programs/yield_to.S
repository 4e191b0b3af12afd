/* Runs whenever yield_from.S has yielded: readings after. */

        .text
        .global _start
_start: begin
        mov     x8, #TYRNE_CALL_TASK_YIELD
1:      svc     #0
        now     x22
        str     x22, [x19, #8]
        mov     x8, #TYRNE_CALL_TASK_YIELD
        next    1b, 2
        finish
