/* Where a program's start and its calls come in, and how they go back with all registers and flags as they were, but x0;
   for handlers of signals, what C cannot do: to go on elsewhere, and to keep the FP/SIMD registers.
   audit: U-54

   A call comes from a trampoline of its own, which has put x29 and x30 onto the program's stack. From there on a stack
   of the library is used: a program may call Linux with little of its own left. Where there may be several threads, each
   has such a stack; which one makes a call is known by the badge of its capability over the keeper's endpoint. */

#include "tyrne.h"

#define SAVED 144       /* below sp: what a trampoline saves, and before it what the program may have there */
#define FRAME 272       /* struct linux_frame */
#define SP 248
#define FLAGS 256
#define BACK 264
#define STACK_SHIFT 14  /* THREAD_STACK in threads.h */
#define KEEPER 152      /* in struct linux_start */
#define STACKS 168

        .text
        .global linux_begin
        .type   linux_begin, %function
linux_begin:
        mov     x0, sp
        adrp    x1, linux_stack_end
        add     x1, x1, :lo12:linux_stack_end
        mov     sp, x1
        bl      linux_build_stack       // what Linux puts there: arguments, environment, the auxiliary vector
        mov     sp, x0
        adrp    x16, linux_start
        ldr     x16, [x16, :lo12:linux_start]
        mov     x0, #0                  // nothing to be called at the end
        mov     x1, #0
        mov     x2, #0
        mov     x3, #0
        mov     x4, #0
        mov     x5, #0
        mov     x6, #0
        mov     x7, #0
        mov     x8, #0
        mov     x9, #0
        mov     x10, #0
        mov     x11, #0
        mov     x12, #0
        mov     x13, #0
        mov     x14, #0
        mov     x15, #0
        mov     x17, #0
        mov     x18, #0
        mov     x29, #0
        mov     x30, #0
        br      x16
        .size   linux_begin, . - linux_begin

        .global linux_entry
        .type   linux_entry, %function
linux_entry:
        adrp    x29, linux_stack_end
        add     x29, x29, :lo12:linux_stack_end
linux_entry_on_stack:
        stp     x0, x1, [x29, #-FRAME]!
        stp     x2, x3, [x29, #16]
        stp     x4, x5, [x29, #32]
        stp     x6, x7, [x29, #48]
        stp     x8, x9, [x29, #64]
        stp     x10, x11, [x29, #80]
        stp     x12, x13, [x29, #96]
        stp     x14, x15, [x29, #112]
        stp     x16, x17, [x29, #128]
        stp     x18, x19, [x29, #144]
        stp     x20, x21, [x29, #160]
        stp     x22, x23, [x29, #176]
        stp     x24, x25, [x29, #192]
        stp     x26, x27, [x29, #208]
        ldp     x0, x1, [sp]            // x29 and x30 of the program
        stp     x28, x0, [x29, #224]
        add     x2, sp, #SAVED
        stp     x1, x2, [x29, #240]     // x30 and sp
        mrs     x3, nzcv
        stp     x3, x30, [x29, #FLAGS]
        mov     x0, x29
        mov     x1, sp
        mov     sp, x29
        mov     x29, x1                 // the chain of frames goes on with the program's
        bl      linux_answer
linux_return:
        mov     x29, sp
        ldp     x3, x30, [x29, #FLAGS]
        msr     nzcv, x3
        ldr     x2, [x29, #SP]
        sub     x2, x2, #SAVED
        mov     sp, x2
        ldp     x0, x1, [x29]
        ldp     x2, x3, [x29, #16]
        ldp     x4, x5, [x29, #32]
        ldp     x6, x7, [x29, #48]
        ldp     x8, x9, [x29, #64]
        ldp     x10, x11, [x29, #80]
        ldp     x12, x13, [x29, #96]
        ldp     x14, x15, [x29, #112]
        ldp     x16, x17, [x29, #128]
        ldp     x18, x19, [x29, #144]
        ldp     x20, x21, [x29, #160]
        ldp     x22, x23, [x29, #176]
        ldp     x24, x25, [x29, #192]
        ldp     x26, x27, [x29, #208]
        ldr     x28, [x29, #224]
        ret                             // to the trampoline, which takes x29 and x30 back
        .size   linux_entry, . - linux_entry

/* x29: one past the stack of the thread that asks. x0 to x8 are lost. */
        .macro  own_stack
        adrp    x29, linux_start + KEEPER
        ldr     x0, [x29, :lo12:linux_start + KEEPER]
        mov     x8, #TYRNE_CALL_CAP_QUERY
        svc     #0                      // x3: the badge, from 1 on
        adrp    x29, linux_start + STACKS
        ldr     x29, [x29, :lo12:linux_start + STACKS]
        add     x29, x29, x3, lsl #STACK_SHIFT
        .endm

        .global linux_entry_of_threads
        .type   linux_entry_of_threads, %function
linux_entry_of_threads:
        stp     x0, x1, [sp, #-80]!
        stp     x2, x3, [sp, #16]
        stp     x4, x5, [sp, #32]
        stp     x6, x7, [sp, #48]
        str     x8, [sp, #64]
        own_stack
        ldr     x8, [sp, #64]
        ldp     x6, x7, [sp, #48]
        ldp     x4, x5, [sp, #32]
        ldp     x2, x3, [sp, #16]
        ldp     x0, x1, [sp], #80
        b       linux_entry_on_stack
        .size   linux_entry_of_threads, . - linux_entry_of_threads

/* Where a task begins that has become a thread. */
        .global linux_thread_begin
        .type   linux_thread_begin, %function
linux_thread_begin:
        own_stack
        sub     x0, x29, #FRAME
        mov     sp, x0
        mov     x29, #0
        bl      linux_begin_thread      // goes on by linux_restore
        .size   linux_thread_begin, . - linux_thread_begin

/* Where a thread goes on whose fault the keeper has heard of: sp is its stack of the library, all else is as it was. */
        .global linux_fault
        .type   linux_fault, %function
linux_fault:
        stp     x0, x1, [sp, #-FRAME]!
        stp     x2, x3, [sp, #16]
        stp     x4, x5, [sp, #32]
        stp     x6, x7, [sp, #48]
        stp     x8, x9, [sp, #64]
        stp     x10, x11, [sp, #80]
        stp     x12, x13, [sp, #96]
        stp     x14, x15, [sp, #112]
        stp     x16, x17, [sp, #128]
        stp     x18, x19, [sp, #144]
        stp     x20, x21, [sp, #160]
        stp     x22, x23, [sp, #176]
        stp     x24, x25, [sp, #192]
        stp     x26, x27, [sp, #208]
        stp     x28, x29, [sp, #224]
        str     x30, [sp, #240]
        mrs     x3, nzcv
        str     x3, [sp, #FLAGS]
        mov     x0, sp
        mov     x29, #0
        bl      linux_faulted
        b       linux_return
        .size   linux_fault, . - linux_fault

/* Have the registers of a frame again, x0, and let the keeper put sp and pc where it has been told to. */
        .global linux_restore
        .type   linux_restore, %function
linux_restore:
        ldr     x3, [x0, #FLAGS]
        msr     nzcv, x3
        ldr     x30, [x0, #240]
        ldp     x28, x29, [x0, #224]
        ldp     x26, x27, [x0, #208]
        ldp     x24, x25, [x0, #192]
        ldp     x22, x23, [x0, #176]
        ldp     x20, x21, [x0, #160]
        ldp     x18, x19, [x0, #144]
        ldp     x16, x17, [x0, #128]
        ldp     x14, x15, [x0, #112]
        ldp     x12, x13, [x0, #96]
        ldp     x10, x11, [x0, #80]
        ldp     x8, x9, [x0, #64]
        ldp     x6, x7, [x0, #48]
        ldp     x4, x5, [x0, #32]
        ldp     x2, x3, [x0, #16]
        ldp     x0, x1, [x0]
        brk     #0
        .size   linux_restore, . - linux_restore

/* Where the first thread goes on when another has ended the program: x0 is the code. */
        .global linux_leave
        .type   linux_leave, %function
linux_leave:
        mov     x8, #TYRNE_CALL_TASK_EXIT
        svc     #0
        udf     #0
        .size   linux_leave, . - linux_leave

/* Where a call goes back to instead of its trampoline, to go on at x16. */
        .global linux_jump
        .type   linux_jump, %function
linux_jump:
        ldp     x29, x30, [sp], #SAVED
        br      x16
        .size   linux_jump, . - linux_jump

/* Where a handler returns to that has no SA_RESTORER: rt_sigreturn, by a trampoline such as those of a program. */
        .global linux_restorer
        .type   linux_restorer, %function
linux_restorer:
        mov     x8, #139
        stp     x29, x30, [sp, #-SAVED]!
        adrp    x16, linux_start + STACKS
        ldr     x16, [x16, :lo12:linux_start + STACKS]
        cbz     x16, 1f
        bl      linux_entry_of_threads
        ldp     x29, x30, [sp], #SAVED
        b       linux_restorer
1:      bl      linux_entry
        ldp     x29, x30, [sp], #SAVED
        b       linux_restorer
        .size   linux_restorer, . - linux_restorer

        .arch_extension fp
        .arch_extension simd
/* x0: the record of the FP/SIMD registers in a frame of a signal, at a multiple of 16. */
        .global linux_keep_vectors
        .type   linux_keep_vectors, %function
linux_keep_vectors:
        mrs     x1, fpsr
        mrs     x2, fpcr
        stp     w1, w2, [x0, #8]
        stp     q0, q1, [x0, #16]
        stp     q2, q3, [x0, #48]
        stp     q4, q5, [x0, #80]
        stp     q6, q7, [x0, #112]
        stp     q8, q9, [x0, #144]
        stp     q10, q11, [x0, #176]
        stp     q12, q13, [x0, #208]
        stp     q14, q15, [x0, #240]
        stp     q16, q17, [x0, #272]
        stp     q18, q19, [x0, #304]
        stp     q20, q21, [x0, #336]
        stp     q22, q23, [x0, #368]
        stp     q24, q25, [x0, #400]
        stp     q26, q27, [x0, #432]
        stp     q28, q29, [x0, #464]
        stp     q30, q31, [x0, #496]
        ret
        .size   linux_keep_vectors, . - linux_keep_vectors

        .global linux_take_vectors
        .type   linux_take_vectors, %function
linux_take_vectors:
        ldp     w1, w2, [x0, #8]
        msr     fpsr, x1
        msr     fpcr, x2
        ldp     q0, q1, [x0, #16]
        ldp     q2, q3, [x0, #48]
        ldp     q4, q5, [x0, #80]
        ldp     q6, q7, [x0, #112]
        ldp     q8, q9, [x0, #144]
        ldp     q10, q11, [x0, #176]
        ldp     q12, q13, [x0, #208]
        ldp     q14, q15, [x0, #240]
        ldp     q16, q17, [x0, #272]
        ldp     q18, q19, [x0, #304]
        ldp     q20, q21, [x0, #336]
        ldp     q22, q23, [x0, #368]
        ldp     q24, q25, [x0, #400]
        ldp     q26, q27, [x0, #432]
        ldp     q28, q29, [x0, #464]
        ldp     q30, q31, [x0, #496]
        ret
        .size   linux_take_vectors, . - linux_take_vectors

        .section .stack, "aw"
        .balign 16
        .space  16384
        .global linux_stack_end
linux_stack_end:

        .data
        .balign 8
        .global linux_start
linux_start:
        .space  240                     // struct linux_start: the tool writes it
