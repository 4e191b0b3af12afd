/* Calls, and is answered by nobody. */

#define ENDPOINT 1

        .text
        .global _start
_start: mov     x0, #ENDPOINT
        ldr     x5, =TYRNE_NULL_HANDLE
        mov     x8, #TYRNE_CALL_CALL
        svc     #0
        expect  TYRNE_STATUS_ABORTED
        mov     x0, #0
failed: mov     x8, #TYRNE_CALL_TASK_EXIT
        svc     #0
