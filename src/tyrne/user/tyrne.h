/* The Tyrne system call interface for C and assembly. Generated: python -m tyrne.user.header > src/tyrne/user/tyrne.h

   SVC #0 with the number in x8 and arguments in x0 to x5. It returns the status in x0 and the payload in x1 to x7,
   all of them rewritten; x8 to x30 and sp come back as they were. */
#ifndef TYRNE_H
#define TYRNE_H

#define TYRNE_CALL_SEND 0x1
#define TYRNE_CALL_RECV 0x2
#define TYRNE_CALL_TASK_YIELD 0x3
#define TYRNE_CALL_TASK_EXIT 0x4
#define TYRNE_CALL_CONSOLE_WRITE 0x5

#define TYRNE_STATUS_OK 0x0
#define TYRNE_STATUS_BAD_SYSCALL_NUMBER 0x1
#define TYRNE_STATUS_BAD_ARGUMENT 0x2
#define TYRNE_STATUS_FAULT_ADDRESS 0x3
#define TYRNE_STATUS_CAPS_EXHAUSTED 0x101
#define TYRNE_STATUS_INVALID_HANDLE 0x102
#define TYRNE_STATUS_WIDENED_RIGHTS 0x103
#define TYRNE_STATUS_INSUFFICIENT_RIGHTS 0x104
#define TYRNE_STATUS_DERIVATION_TOO_DEEP 0x105
#define TYRNE_STATUS_HAS_CHILDREN 0x106
#define TYRNE_STATUS_WRONG_KIND 0x107
#define TYRNE_STATUS_STALE_HANDLE 0x201
#define TYRNE_STATUS_WRONG_OBJECT_KIND 0x202
#define TYRNE_STATUS_MISSING_RIGHT 0x203
#define TYRNE_STATUS_QUEUE_FULL 0x204
#define TYRNE_STATUS_INVALID_TRANSFER_CAP 0x205
#define TYRNE_STATUS_RECEIVER_TABLE_FULL 0x206
#define TYRNE_STATUS_PENDING_AFTER_RESUME 0x207

#define TYRNE_RIGHT_DUPLICATE 0x1
#define TYRNE_RIGHT_DERIVE 0x2
#define TYRNE_RIGHT_REVOKE 0x4
#define TYRNE_RIGHT_TRANSFER 0x8
#define TYRNE_RIGHT_SEND 0x10
#define TYRNE_RIGHT_RECV 0x20
#define TYRNE_RIGHT_NOTIFY 0x40
#define TYRNE_RIGHT_CONSOLE_WRITE 0x80

#define TYRNE_NULL_HANDLE 0xffffffffffffffff

#ifndef __ASSEMBLER__

#include <stdint.h>

/* A handle word: generation in bits 16 to 47, index in bits 0 to 15. */
typedef uint64_t tyrne_handle;

struct tyrne_reply {
    uint64_t x[8];
};

/* Any system call. */
static inline struct tyrne_reply tyrne_call(uint64_t number, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3,
                                            uint64_t a4, uint64_t a5)
{
    register uint64_t x0 __asm__("x0") = a0;
    register uint64_t x1 __asm__("x1") = a1;
    register uint64_t x2 __asm__("x2") = a2;
    register uint64_t x3 __asm__("x3") = a3;
    register uint64_t x4 __asm__("x4") = a4;
    register uint64_t x5 __asm__("x5") = a5;
    register uint64_t x6 __asm__("x6");
    register uint64_t x7 __asm__("x7");
    register uint64_t x8 __asm__("x8") = number;
    __asm__ volatile("svc #0"
                     : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3), "+r"(x4), "+r"(x5), "=r"(x6), "=r"(x7)
                     : "r"(x8)
                     : "memory");
    return (struct tyrne_reply){{x0, x1, x2, x3, x4, x5, x6, x7}};
}

/* x[1] of an Ok reply: 0 delivered, 1 enqueued. */
static inline struct tyrne_reply tyrne_send(tyrne_handle endpoint, uint64_t label, uint64_t word0, uint64_t word1,
                                            uint64_t word2, tyrne_handle transfer)
{
    return tyrne_call(TYRNE_CALL_SEND, endpoint, label, word0, word1, word2, transfer);
}

/* x[1] of an Ok reply: 0 received, then x[2] is the label, x[3] to x[5] the words, x[6] a handle or null; 1 pending. */
static inline struct tyrne_reply tyrne_recv(tyrne_handle endpoint)
{
    return tyrne_call(TYRNE_CALL_RECV, endpoint, 0, 0, 0, 0, 0);
}

static inline uint64_t tyrne_task_yield(void)
{
    return tyrne_call(TYRNE_CALL_TASK_YIELD, 0, 0, 0, 0, 0, 0).x[0];
}

/* Ends the task; a kernel that refuses gets a fault. */
_Noreturn static inline void tyrne_task_exit(uint64_t code)
{
    tyrne_call(TYRNE_CALL_TASK_EXIT, code, 0, 0, 0, 0, 0);
    __builtin_trap();
}

/* x[1] of an Ok reply: the number of bytes written. */
static inline struct tyrne_reply tyrne_console_write(tyrne_handle console, const void *buffer, uint64_t length)
{
    return tyrne_call(TYRNE_CALL_CONSOLE_WRITE, console, (uint64_t)buffer, length, 0, 0, 0);
}

#else

/* Writes a text to the console at handle word 0; uses x0 to x8. */
        .macro  tyrne_print text
        mov     x0, #0
        adr     x1, .Ltyrne_text\@
        mov     x2, #.Ltyrne_end\@ - .Ltyrne_text\@
        mov     x8, #TYRNE_CALL_CONSOLE_WRITE
        svc     #0
        b       .Ltyrne_after\@
.Ltyrne_text\@:
        .ascii  "\text"
.Ltyrne_end\@:
        .balign 4
.Ltyrne_after\@:
        .endm

/* Ends the task. */
        .macro  tyrne_exit code
        mov     x0, #\code
        mov     x8, #TYRNE_CALL_TASK_EXIT
        svc     #0
        .endm

#endif
#endif
