/* Makes a quota, MANY objects of each other kind at its expense, and revokes it: readings around that. */

#define QUOTA   1

        .text
        .global _start
_start: describe 2
        begin
1:      mov     x0, #QUOTA
        mov     x1, #TYRNE_KIND_QUOTA
        mov     x8, #TYRNE_CALL_CREATE
        svc     #0
        expect  TYRNE_STATUS_OK
        mov     x25, x1
        mov     x0, #QUOTA
        mov     x2, #0                          // frames
        mov     x3, #(2 * MANY)                 // for spaces and for memory
        mov     x8, #TYRNE_CALL_QUOTA_MOVE
        svc     #0
        expect  TYRNE_STATUS_OK
        mov     x21, #TYRNE_KIND_ENDPOINT
2:      mov     x0, #QUOTA
        mov     x1, x25
        mov     x2, x21
        mov     x3, #MANY
        mov     x8, #TYRNE_CALL_QUOTA_MOVE
        svc     #0
        expect  TYRNE_STATUS_OK
        mov     x22, #MANY
3:      mov     x0, x25
        mov     x1, x21
        mov     x2, #1                          // page
        mov     x8, #TYRNE_CALL_CREATE
        svc     #0
        expect  TYRNE_STATUS_OK
        subs    x22, x22, #1
        b.ne    3b
        add     x21, x21, #1
        cmp     x21, #TYRNE_KIND_MEMORY
        b.ls    2b
        mov     x0, x25
        mov     x8, #TYRNE_CALL_CAP_REVOKE
        now     x23
        svc     #0
        now     x24
        expect  TYRNE_STATUS_OK
        stp     x23, x24, [x19]
        mov     x0, x25
        mov     x8, #TYRNE_CALL_CAP_DROP
        svc     #0
        expect  TYRNE_STATUS_OK
        next    1b, 2
        finish
