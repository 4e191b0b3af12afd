/* Yields to yield_to.S, which is the only other task: readings before. The first yield lets that one start. */

        .text
        .global _start
_start: describe 2
        begin
        mov     x8, #TYRNE_CALL_TASK_YIELD
        svc     #0
1:      mov     x8, #TYRNE_CALL_TASK_YIELD
        now     x21
        svc     #0
        str     x21, [x19]
        expect  TYRNE_STATUS_OK
        next    1b, 2
        finish
