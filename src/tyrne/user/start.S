/* Where a Kernel Python program starts: SP_EL0 at the top of the stack, every other register zero.
   audit: U-43 */

        .section .text.start, "ax"
        .global _start
        .type   _start, %function
_start:
        bl      k_main
        bl      k_leave
        udf     #0              // the kernel refused to end the task: a fault does
        .size   _start, . - _start
