/* Makes a region of memory of PAGES pages and drops it: readings around both. */

#define QUOTA   1

        .text
        .global _start
_start: describe 4
        begin
1:      mov     x0, #QUOTA
        mov     x1, #TYRNE_KIND_MEMORY
        mov     x2, #PAGES
        mov     x8, #TYRNE_CALL_CREATE
        now     x21
        svc     #0
        now     x22
        expect  TYRNE_STATUS_OK
        mov     x0, x1
        mov     x8, #TYRNE_CALL_CAP_DROP
        now     x23
        svc     #0
        now     x24
        expect  TYRNE_STATUS_OK
        stp     x21, x22, [x19]
        stp     x23, x24, [x19, #16]
        next    1b, 4
        finish
