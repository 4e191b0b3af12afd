/* Waits at an endpoint with a table that is full, until it is told so: the reading after, of the first that is. */

#define SOURCE   1
#define ENDPOINT 2

        .text
        .global _start
_start: begin
1:      mov     x0, #SOURCE
        mov     x1, #0
        mov     x8, #TYRNE_CALL_CAP_COPY
        svc     #0
        cbz     x0, 1b
        expect  TYRNE_STATUS_CAPS_EXHAUSTED
        mov     x0, #ENDPOINT
        mov     x8, #TYRNE_CALL_WAIT
        svc     #0
        now     x24
        expect  TYRNE_STATUS_RECEIVER_TABLE_FULL
        ldr     x9, [x19, #8]
        cbnz    x9, 2f
        str     x24, [x19, #8]
2:      mov     x0, #0
failed: mov     x8, #TYRNE_CALL_TASK_EXIT
        svc     #0
