/* The life of a task in the space of its maker: create, configure, resume, end, drop. It never runs: it is the least
   urgent. Readings around each of the five calls. */

#define SPACE   1
#define QUOTA   2

        .macro  measured reading, number
        mov     x8, #\number
        now     x21
        svc     #0
        now     x22
        stp     x21, x22, [x19, #\reading * 8]
        expect  TYRNE_STATUS_OK
        .endm

        .text
        .global _start
_start: describe 10
        begin
1:      mov     x0, #QUOTA
        mov     x1, #TYRNE_KIND_TASK
        measured 0, TYRNE_CALL_CREATE
        mov     x25, x1
        mov     x0, x25
        mov     x1, #SPACE
        ldr     x2, =SAMPLES_AT
        adr     x3, _start
        ldr     x4, =SAMPLES_AT + 4096
        measured 2, TYRNE_CALL_TASK_CONFIGURE
        mov     x0, x25
        measured 4, TYRNE_CALL_TASK_RESUME
        mov     x0, x25
        mov     x1, #0
        measured 6, TYRNE_CALL_TASK_END
        mov     x0, x25
        measured 8, TYRNE_CALL_CAP_DROP
        next    1b, 10
        finish
