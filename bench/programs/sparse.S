/* A space of its own in which SPARSE pages are mapped so that each needs three tables, by the last entry of each but the
   root, and there by every EVERY-th. Readings around the drop of its capability, which ends it. */

#define PAGE    1
#define QUOTA   2

        .text
        .global _start
_start: describe 2
        begin
        mov     x21, #SPARSE                    // copies of the capability: handle words in the stack, one below the other
1:      mov     x0, #PAGE
        mov     x1, #TYRNE_RIGHT_READ
        mov     x8, #TYRNE_CALL_CAP_COPY
        svc     #0
        expect  TYRNE_STATUS_OK
        str     x1, [sp, #-16]!
        subs    x21, x21, #1
        b.ne    1b
        mov     x26, sp
2:      mov     x0, #QUOTA
        mov     x1, #TYRNE_KIND_ADDRESS_SPACE
        mov     x8, #TYRNE_CALL_CREATE
        svc     #0
        expect  TYRNE_STATUS_OK
        mov     x25, x1
        mov     x21, #SPARSE
        mov     x22, x26
3:      mov     x0, x25
        ldr     x1, [x22], #16
        mov     x2, #EVERY
        mul     x2, x2, x21
        lsl     x2, x2, #39
        sub     x2, x2, #4096
        mov     x3, #0
        mov     x8, #TYRNE_CALL_MAP
        svc     #0
        expect  TYRNE_STATUS_OK
        subs    x21, x21, #1
        b.ne    3b
        mov     x0, x25
        mov     x8, #TYRNE_CALL_CAP_DROP
        now     x23
        svc     #0
        now     x24
        expect  TYRNE_STATUS_OK
        stp     x23, x24, [x19]
        next    2b, 2
        finish
