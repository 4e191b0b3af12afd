/* Derives one capability from the other as deep as it goes, copies the deepest until its table is full, and revokes the
   first. Readings around the revocation. */

#define SOURCE  1
#define RIGHTS  (TYRNE_RIGHT_DERIVE | TYRNE_RIGHT_DUPLICATE)

        .text
        .global _start
_start: describe 2
        begin
1:      mov     x25, #SOURCE
2:      mov     x0, x25
        mov     x1, #RIGHTS
        mov     x2, #0
        mov     x8, #TYRNE_CALL_CAP_DERIVE
        svc     #0
        cbnz    x0, 3f
        mov     x25, x1
        b       2b
3:      expect  TYRNE_STATUS_DERIVATION_TOO_DEEP
4:      mov     x0, x25
        mov     x1, #RIGHTS
        mov     x8, #TYRNE_CALL_CAP_COPY
        svc     #0
        cbz     x0, 4b
        expect  TYRNE_STATUS_CAPS_EXHAUSTED
        mov     x0, #SOURCE
        mov     x8, #TYRNE_CALL_CAP_REVOKE
        now     x23
        svc     #0
        now     x24
        expect  TYRNE_STATUS_OK
        stp     x23, x24, [x19]
        next    1b, 2
        finish
