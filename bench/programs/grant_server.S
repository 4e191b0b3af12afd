/* Gives the capability that came with a call back with the answer: readings 1 and 2 of call, arrival, answer, return.

   `reply_wait` has no register for a capability, so this is `reply`, which returns here, then `wait`. */

#define ENDPOINT 1

        .text
        .global _start
_start: begin
1:      mov     x0, #ENDPOINT
        mov     x8, #TYRNE_CALL_WAIT
        svc     #0
        now     x22
        str     x22, [x19, #8]
        expect  TYRNE_STATUS_OK
        mov     x9, x2
        mov     x0, x7
        mov     x1, x2
        mov     x2, x3
        mov     x3, x4
        mov     x4, x5
        mov     x5, x6
        mov     x8, #TYRNE_CALL_REPLY
        now     x23
        svc     #0
        expect  TYRNE_STATUS_OK
        cbz     x9, 2f
        str     x23, [x19, #16]
        add     x19, x19, #32
        b       1b
2:
        finish
