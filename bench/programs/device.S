/* Lets the real-time clock, whose registers it has, interrupt at once: the reading before. driver.S hears it. */

#define SPACE     1
#define REGISTERS 2
#define DATA      0x0
#define MATCH     0x4
#define MASK      0x10

        .text
        .global _start
_start: describe 4
        begin
        mov     x0, #SPACE
        mov     x1, #REGISTERS
        ldr     x25, =ADDRESS
        mov     x2, x25
        mov     x3, #TYRNE_ACCESS_READ_WRITE
        mov     x8, #TYRNE_CALL_MAP
        svc     #0
        expect  TYRNE_STATUS_OK
        mov     w9, #1
        str     w9, [x25, #MASK]
1:      ldr     w9, [x25, #DATA]
        now     x21
        str     w9, [x25, #MATCH]           // the alarm is now
        str     x21, [x19]
        next    1b, 4
        finish
