/* Makes a region of memory of 512 pages, maps it and drops it: readings around each of the three. */

#define SPACE   1
#define QUOTA   2

        .text
        .global _start
_start: describe 6
        begin
1:      mov     x0, #QUOTA
        mov     x1, #TYRNE_KIND_MEMORY
        mov     x2, #512
        mov     x8, #TYRNE_CALL_CREATE
        now     x21
        svc     #0
        now     x22
        expect  TYRNE_STATUS_OK
        mov     x25, x1
        stp     x21, x22, [x19]
        mov     x0, #SPACE
        mov     x1, x25
        mov     x2, #0x40000000
        mov     x3, #TYRNE_ACCESS_READ_WRITE
        mov     x8, #TYRNE_CALL_MAP
        now     x21
        svc     #0
        now     x22
        expect  TYRNE_STATUS_OK
        stp     x21, x22, [x19, #16]
        mov     x0, x25
        mov     x8, #TYRNE_CALL_CAP_DROP
        now     x21
        svc     #0
        now     x22
        expect  TYRNE_STATUS_OK
        stp     x21, x22, [x19, #32]
        next    1b, 6
        finish
