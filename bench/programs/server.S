/* Answers client.S with the four words that it has sent: readings 1 and 2 of call, arrival, answer, return. */

#define ENDPOINT 1

        .text
        .global _start
_start: begin
        mov     x0, #ENDPOINT
        mov     x8, #TYRNE_CALL_WAIT
        svc     #0
        now     x22
        b       2f
1:      mov     x0, x7
        mov     x1, x2
        mov     x2, x3
        mov     x3, x4
        mov     x4, x5
        mov     x5, #ENDPOINT
        mov     x8, #TYRNE_CALL_REPLY_WAIT
        now     x23
        svc     #0
        now     x22
        str     x23, [x19, #-16]            // of the sample before
2:      str     x22, [x19, #8]
        expect  TYRNE_STATUS_OK
        cbz     x2, 3f
        add     x19, x19, #32
        b       1b
3:      mov     x0, x7
        ldr     x5, =TYRNE_NULL_HANDLE
        mov     x8, #TYRNE_CALL_REPLY
        svc     #0
        finish
