// The ABI tag of GNU: a note that says that the executable that it is linked into was built for Linux.
// Its words: the lengths of owner and content, type 1; then the owner; then the system, 0 for Linux, and its version.
// https://refspecs.linuxfoundation.org/LSB_1.2.0/gLSB/noteabitag.html
// audit: U-47

    .section .note.ABI-tag, "a", %note
    .balign 4
    .word 4, 16, 1
    .asciz "GNU"
    .word 0, 3, 7, 0            // Linux 3.7 is the first for AArch64

    .section .note.GNU-stack, "", %progbits
