/* Calls an endpoint at which full_receiver.S waits, many times over: the reading before. The call is over when all of them
   have ended. */

#define ENDPOINT 1

        .text
        .global _start
_start: describe 2
        begin
        mov     x0, #ENDPOINT
        ldr     x5, =TYRNE_NULL_HANDLE
        mov     x8, #TYRNE_CALL_CALL
        now     x23
        str     x23, [x19]
        svc     #0
        expect  TYRNE_STATUS_ABORTED
        finish
