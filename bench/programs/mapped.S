/* Derives MANY capabilities over all pages of one, maps each in a table of its own, and revokes them: readings around
   that. */

#define SPACE   1
#define PAGES   2

        .text
        .global _start
_start: describe 2
        begin
1:      mov     x21, #MANY
        mov     x22, #0x40000000
2:      mov     x0, #PAGES
        mov     x1, #TYRNE_RIGHT_READ
        mov     x2, #0
        mov     x3, #512
        mov     x8, #TYRNE_CALL_MEMORY_DERIVE
        svc     #0
        expect  TYRNE_STATUS_OK
        mov     x0, #SPACE
        mov     x2, x22
        mov     x3, #TYRNE_ACCESS_READ
        mov     x8, #TYRNE_CALL_MAP
        svc     #0
        expect  TYRNE_STATUS_OK
        add     x22, x22, #0x200000
        subs    x21, x21, #1
        b.ne    2b
        mov     x0, #PAGES
        mov     x8, #TYRNE_CALL_CAP_REVOKE
        now     x23
        svc     #0
        now     x24
        expect  TYRNE_STATUS_OK
        stp     x23, x24, [x19]
        next    1b, 2
        finish
