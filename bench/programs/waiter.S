/* Waits for the signals of notifier.S: the reading after. */

#define NOTIFICATION 1

        .text
        .global _start
_start: begin
1:      mov     x0, #NOTIFICATION
        mov     x8, #TYRNE_CALL_WAIT
        svc     #0
        now     x22
        str     x22, [x19, #8]
        expect  TYRNE_STATUS_OK
        next    1b, 2
        finish
