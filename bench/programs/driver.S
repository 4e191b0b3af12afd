/* Hears the device that device.S lets interrupt: the reading after, then the readings around the acknowledgement. */

#define SPACE     1
#define REGISTERS 2
#define INTERRUPT 3
#define SIGNALS   4
#define CLEAR     0x1c

        .text
        .global _start
_start: begin
        mov     x0, #SPACE
        mov     x1, #REGISTERS
        ldr     x25, =ADDRESS
        mov     x2, x25
        mov     x3, #TYRNE_ACCESS_READ_WRITE
        mov     x8, #TYRNE_CALL_MAP
        svc     #0
        expect  TYRNE_STATUS_OK
        mov     x0, #INTERRUPT
        mov     x1, #SIGNALS
        mov     x2, #1
        mov     x8, #TYRNE_CALL_INTERRUPT_BIND
        svc     #0
        expect  TYRNE_STATUS_OK
1:      mov     x0, #SIGNALS
        mov     x8, #TYRNE_CALL_WAIT
        svc     #0
        now     x22
        str     x22, [x19, #8]
        expect  TYRNE_STATUS_OK
        mov     w9, #1
        str     w9, [x25, #CLEAR]
        mov     x0, #INTERRUPT
        mov     x8, #TYRNE_CALL_INTERRUPT_ACK
        now     x23
        svc     #0
        now     x24
        expect  TYRNE_STATUS_OK
        stp     x23, x24, [x19, #16]
        next    1b, 4
        finish
