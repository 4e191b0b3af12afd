/* Runs when a more urgent task has ended: the reading after. */

        .text
        .global _start
_start: now     x24
        begin
        str     x24, [x19, #8]
        finish
