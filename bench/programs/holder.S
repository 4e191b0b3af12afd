/* Holds 62 capabilities, TASKS of them over tasks that it has made, from which 64 * TASKS others are derived, which fill
   the tables of these tasks; and exits: the reading before. heir.S takes the other. */

#define SOURCE  1
#define QUOTA   2

        .text
        .global _start
_start: describe 2
        begin
        mov     x26, sp                         // below it the handle words of what the others are derived from
        mov     x27, x26
        mov     x21, #TASKS
1:      mov     x0, #QUOTA
        mov     x1, #TYRNE_KIND_TASK
        mov     x8, #TYRNE_CALL_CREATE
        svc     #0
        expect  TYRNE_STATUS_OK
        str     x1, [x27, #-8]!
        subs    x21, x21, #1
        b.ne    1b
2:      mov     x0, #SOURCE
        mov     x1, #(TYRNE_RIGHT_DERIVE | TYRNE_RIGHT_TRANSFER)
        mov     x8, #TYRNE_CALL_CAP_COPY
        svc     #0
        cbnz    x0, 3f
        str     x1, [x27, #-8]!
        b       2b
3:      expect  TYRNE_STATUS_CAPS_EXHAUSTED
        ldr     x0, [x27], #8                   // the slot for what goes on to another table
        mov     x8, #TYRNE_CALL_CAP_DROP
        svc     #0
        expect  TYRNE_STATUS_OK
        mov     x21, #TASKS
        mov     x22, x26
        mov     x24, x26
4:      ldr     x25, [x22, #-8]!
        mov     x23, #64
5:      ldr     x0, [x24, #-8]!
        mov     x1, #TYRNE_RIGHT_TRANSFER
        mov     x2, #0
        mov     x8, #TYRNE_CALL_CAP_DERIVE
        svc     #0
        expect  TYRNE_STATUS_OK
        mov     x0, x1
        mov     x1, x25
        mov     x8, #TYRNE_CALL_CAP_MOVE
        svc     #0
        expect  TYRNE_STATUS_OK
        cmp     x24, x27
        csel    x24, x26, x24, eq
        subs    x23, x23, #1
        b.ne    5b
        subs    x21, x21, #1
        b.ne    4b
        mov     x0, #0
        mov     x8, #TYRNE_CALL_TASK_EXIT
        now     x23
        str     x23, [x19]
        svc     #0
failed: brk     #0
