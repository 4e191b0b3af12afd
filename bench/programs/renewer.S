/* Suspends the task of owing.S and gives it a new life: readings around both. Then it ends it. */

#define OTHER   1
#define SPACE   2

        .text
        .global _start
_start: describe 4
        begin
        mov     x0, #OTHER
        mov     x8, #TYRNE_CALL_TASK_SUSPEND
        now     x21
        svc     #0
        now     x22
        expect  TYRNE_STATUS_OK
        stp     x21, x22, [x19]
        mov     x0, #OTHER
        mov     x1, #SPACE
        ldr     x2, =SAMPLES_AT
        adr     x3, _start
        ldr     x4, =SAMPLES_AT + 4096
        mov     x8, #TYRNE_CALL_TASK_CONFIGURE
        now     x21
        svc     #0
        now     x22
        expect  TYRNE_STATUS_OK
        stp     x21, x22, [x19, #16]
        mov     x0, #OTHER
        mov     x1, #0
        mov     x8, #TYRNE_CALL_TASK_END
        svc     #0
        expect  TYRNE_STATUS_OK
        finish
