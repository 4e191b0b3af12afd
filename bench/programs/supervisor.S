/* Hears of the faults of faulter.S, and of its end: readings 1 and 2 of fault, notice, answer, on.

   The repair, `task_write` of the PC, stands between the two. */

#define ENDPOINT 1
#define FAULTER  2
#define PC       32

        .text
        .global _start
_start: begin
        mov     x0, #ENDPOINT
        mov     x8, #TYRNE_CALL_WAIT
        svc     #0
        now     x22
        b       2f
1:      mov     x25, x7
        add     x2, x5, #4
        mov     x0, #FAULTER
        mov     x1, #PC
        mov     x8, #TYRNE_CALL_TASK_WRITE
        svc     #0
        expect  TYRNE_STATUS_OK
        mov     x0, x25
        mov     x5, #ENDPOINT
        mov     x8, #TYRNE_CALL_REPLY_WAIT
        now     x23
        svc     #0
        now     x22
        str     x23, [x19, #-16]            // of the sample before
2:      str     x22, [x19, #8]
        expect  TYRNE_STATUS_OK
        cmp     x2, #TYRNE_NOTICE_EXITED
        b.eq    3f
        add     x19, x19, #32
        b       1b
3:
        finish
