/* Signals a bit that waiter.S, which is more urgent, waits for: the reading before. */

#define NOTIFICATION 1

        .text
        .global _start
_start: describe 2
        begin
1:      mov     x0, #NOTIFICATION
        mov     x1, #1
        mov     x8, #TYRNE_CALL_NOTIFY
        now     x21
        svc     #0
        str     x21, [x19]
        expect  TYRNE_STATUS_OK
        next    1b, 2
        finish
