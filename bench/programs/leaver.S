/* Supervises those that stuck.S lets wait for repair, and exits: the reading before. heir.S takes the other. */

        .text
        .global _start
_start: describe 2
        begin
        mov     x0, #0
        mov     x8, #TYRNE_CALL_TASK_EXIT
        now     x23
        str     x23, [x19]
        svc     #0
