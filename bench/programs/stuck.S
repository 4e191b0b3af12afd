/* Fills its table and faults, for ever: nobody repairs it. */

#define SOURCE  1

        .text
        .global _start
_start: mov     x0, #SOURCE
        mov     x1, #0
        mov     x8, #TYRNE_CALL_CAP_COPY
        svc     #0
        cbz     x0, _start
        mov     x10, #0
1:      ldr     x9, [x10]
        b       1b
