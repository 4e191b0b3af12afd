/* Takes CALLS calls that it never answers, fills its table with what it may poll by, and waits for ever. */

#define ENDPOINT 1

        .text
        .global _start
_start: mov     x21, #CALLS
1:      mov     x0, #ENDPOINT
        mov     x8, #TYRNE_CALL_WAIT
        svc     #0
        subs    x21, x21, #1
        b.ne    1b
2:      mov     x0, #ENDPOINT
        mov     x1, #TYRNE_RIGHT_RECV
        mov     x8, #TYRNE_CALL_CAP_COPY
        svc     #0
        cbz     x0, 2b
        mov     x0, #ENDPOINT
        mov     x8, #TYRNE_CALL_WAIT
        svc     #0
