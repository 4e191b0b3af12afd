/* Derives MANY capabilities from one, which go into the tables of tasks that it makes for that, and revokes them. Readings
   around the revocation. */

#define SOURCE  1
#define QUOTA   2
#define TABLE   64                              /* so many for each of the tasks */

        .text
        .global _start
_start: describe 2
        begin
        mov     x21, #(MANY + TABLE - 1) / TABLE
        mov     x26, sp                         // below it the handle words of the tasks
        mov     x27, x26
1:      mov     x0, #QUOTA
        mov     x1, #TYRNE_KIND_TASK
        mov     x8, #TYRNE_CALL_CREATE
        svc     #0
        expect  TYRNE_STATUS_OK
        str     x1, [x27, #-8]!
        subs    x21, x21, #1
        b.ne    1b
2:      mov     x21, #0
        mov     x27, x26
3:      tst     x21, #TABLE - 1
        b.ne    4f
        ldr     x25, [x27, #-8]!
4:      mov     x0, #SOURCE
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
        add     x21, x21, #1
        cmp     x21, #MANY
        b.ne    3b
        mov     x0, #SOURCE
        mov     x8, #TYRNE_CALL_CAP_REVOKE
        now     x23
        svc     #0
        now     x24
        expect  TYRNE_STATUS_OK
        stp     x23, x24, [x19]
        next    2b, 2
        finish
