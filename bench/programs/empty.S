/* Two readings with nothing between them: what the others have to take off. */

        .text
        .global _start
_start: describe 2
        begin
1:      now     x21
        now     x22
        stp     x21, x22, [x19]
        next    1b, 2
        finish
