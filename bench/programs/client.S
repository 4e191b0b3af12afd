/* Calls server.S with four words, and with a capability if CAP names one: readings 0 and 3 of call, arrival, answer, return.
   A call with label 0 ends the server. */

#define ENDPOINT 1
#ifndef CAP
#define CAP TYRNE_NULL_HANDLE
#endif

        .text
        .global _start
_start: describe 4
        begin
        ldr     x25, =CAP
1:      mov     x0, #ENDPOINT
        mov     x1, #1
        mov     x2, #2
        mov     x3, #3
        mov     x4, #4
        mov     x5, x25
        mov     x8, #TYRNE_CALL_CALL
        now     x21
        svc     #0
        now     x24
        str     x21, [x19]
        str     x24, [x19, #24]
        expect  TYRNE_STATUS_OK
        mov     x0, x5                      // the last word of the answer is that of the call
        expect  4
        mov     x25, x6                     // the capability, if one went, has come back
        next    1b, 4
        mov     x0, #ENDPOINT
        mov     x1, #0
        ldr     x5, =TYRNE_NULL_HANDLE
        mov     x8, #TYRNE_CALL_CALL
        svc     #0
        finish
