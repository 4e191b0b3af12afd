/* The Tyrne system call interface for C and assembly. Generated: python -m tyrne.user.header > src/tyrne/user/tyrne.h

   SVC #0 with the number in x8 and arguments in x0 to x5. It returns the status in x0 and the payload in x1 to x7,
   all of them rewritten; x8 to x30 and sp come back as they were. */
#ifndef TYRNE_H
#define TYRNE_H

#define TYRNE_ABI_VERSION 6

#define TYRNE_CALL_SEND 0x1
#define TYRNE_CALL_RECV 0x2
#define TYRNE_CALL_TASK_YIELD 0x3
#define TYRNE_CALL_TASK_EXIT 0x4
#define TYRNE_CALL_CONSOLE_WRITE 0x5
#define TYRNE_CALL_CAP_COPY 0x6
#define TYRNE_CALL_CAP_DERIVE 0x7
#define TYRNE_CALL_CAP_REVOKE 0x8
#define TYRNE_CALL_CAP_DROP 0x9
#define TYRNE_CALL_CAP_MOVE 0xa
#define TYRNE_CALL_CAP_QUERY 0xb
#define TYRNE_CALL_SEND_WAIT 0xc
#define TYRNE_CALL_WAIT 0xd
#define TYRNE_CALL_CALL 0xe
#define TYRNE_CALL_REPLY 0xf
#define TYRNE_CALL_REPLY_WAIT 0x10
#define TYRNE_CALL_CANCEL 0x11
#define TYRNE_CALL_NOTIFY 0x12
#define TYRNE_CALL_POLL 0x13
#define TYRNE_CALL_BIND 0x14
#define TYRNE_CALL_CREATE 0x15
#define TYRNE_CALL_QUOTA_MOVE 0x16
#define TYRNE_CALL_MEMORY_DERIVE 0x17
#define TYRNE_CALL_MAP 0x18
#define TYRNE_CALL_UNMAP 0x19
#define TYRNE_CALL_PROTECT 0x1a
#define TYRNE_CALL_TASK_CONFIGURE 0x1b
#define TYRNE_CALL_TASK_SUPERVISE 0x1c
#define TYRNE_CALL_TASK_PRIORITY 0x1d
#define TYRNE_CALL_TASK_RESUME 0x1e
#define TYRNE_CALL_TASK_SUSPEND 0x1f
#define TYRNE_CALL_TASK_READ 0x20
#define TYRNE_CALL_TASK_WRITE 0x21
#define TYRNE_CALL_TASK_END 0x22
#define TYRNE_CALL_TASK_STATE 0x23
#define TYRNE_CALL_CLOCK_READ 0x24
#define TYRNE_CALL_CLOCK_ARM 0x25
#define TYRNE_CALL_INTERRUPT_BIND 0x26
#define TYRNE_CALL_INTERRUPT_ACK 0x27

#define TYRNE_STATUS_OK 0x0
#define TYRNE_STATUS_BAD_SYSCALL_NUMBER 0x1
#define TYRNE_STATUS_BAD_ARGUMENT 0x2
#define TYRNE_STATUS_FAULT_ADDRESS 0x3
#define TYRNE_STATUS_BAD_STATE 0x4
#define TYRNE_STATUS_CAPS_EXHAUSTED 0x101
#define TYRNE_STATUS_INVALID_HANDLE 0x102
#define TYRNE_STATUS_WIDENED_RIGHTS 0x103
#define TYRNE_STATUS_INSUFFICIENT_RIGHTS 0x104
#define TYRNE_STATUS_DERIVATION_TOO_DEEP 0x105
#define TYRNE_STATUS_HAS_CHILDREN 0x106
#define TYRNE_STATUS_WRONG_KIND 0x107
#define TYRNE_STATUS_QUOTA_EXCEEDED 0x108
#define TYRNE_STATUS_BEING_REVOKED 0x109
#define TYRNE_STATUS_STALE_HANDLE 0x201
#define TYRNE_STATUS_WRONG_OBJECT_KIND 0x202
#define TYRNE_STATUS_MISSING_RIGHT 0x203
#define TYRNE_STATUS_QUEUE_FULL 0x204
#define TYRNE_STATUS_INVALID_TRANSFER_CAP 0x205
#define TYRNE_STATUS_RECEIVER_TABLE_FULL 0x206
#define TYRNE_STATUS_PENDING_AFTER_RESUME 0x207
#define TYRNE_STATUS_ABORTED 0x208
#define TYRNE_STATUS_TIMED_OUT 0x209
#define TYRNE_STATUS_ALREADY_MAPPED 0x301
#define TYRNE_STATUS_NOT_MAPPED 0x302
#define TYRNE_STATUS_MISALIGNED_ADDRESS 0x303
#define TYRNE_STATUS_OUT_OF_FRAMES 0x304
#define TYRNE_STATUS_INVALID_FLAGS 0x305
#define TYRNE_STATUS_BLOCK_MAPPED 0x306
#define TYRNE_STATUS_OUT_OF_RANGE 0x307

#define TYRNE_KIND_DEBUG_CONSOLE 0x1
#define TYRNE_KIND_ENDPOINT 0x2
#define TYRNE_KIND_NOTIFICATION 0x3
#define TYRNE_KIND_TASK 0x4
#define TYRNE_KIND_ADDRESS_SPACE 0x5
#define TYRNE_KIND_MEMORY 0x6
#define TYRNE_KIND_QUOTA 0x7
#define TYRNE_KIND_REPLY 0x8
#define TYRNE_KIND_CLOCK 0x9
#define TYRNE_KIND_INTERRUPT 0xa

#define TYRNE_RIGHT_DUPLICATE 0x1
#define TYRNE_RIGHT_DERIVE 0x2
#define TYRNE_RIGHT_REVOKE 0x4
#define TYRNE_RIGHT_TRANSFER 0x8
#define TYRNE_RIGHT_SEND 0x10
#define TYRNE_RIGHT_RECV 0x20
#define TYRNE_RIGHT_NOTIFY 0x40
#define TYRNE_RIGHT_CONSOLE_WRITE 0x80
#define TYRNE_RIGHT_WAIT 0x100
#define TYRNE_RIGHT_READ 0x200
#define TYRNE_RIGHT_WRITE 0x400
#define TYRNE_RIGHT_EXECUTE 0x800
#define TYRNE_RIGHT_MAP 0x1000
#define TYRNE_RIGHT_BIND 0x2000
#define TYRNE_RIGHT_CREATE 0x4000
#define TYRNE_RIGHT_CONFIGURE 0x8000
#define TYRNE_RIGHT_CONTROL 0x10000
#define TYRNE_RIGHT_INSPECT 0x20000
#define TYRNE_RIGHT_MODIFY 0x40000
#define TYRNE_RIGHT_ARM 0x80000
#define TYRNE_RIGHT_ACK 0x100000
#define TYRNE_RIGHT_LOCATE 0x200000

#define TYRNE_ACCESS_READ 0x0
#define TYRNE_ACCESS_READ_WRITE 0x1
#define TYRNE_ACCESS_READ_EXECUTE 0x2

#define TYRNE_STATE_INACTIVE 0x0
#define TYRNE_STATE_READY 0x1
#define TYRNE_STATE_SENDING 0x2
#define TYRNE_STATE_RECEIVING 0x3
#define TYRNE_STATE_CALLING 0x4
#define TYRNE_STATE_SUSPENDED 0x5
#define TYRNE_STATE_EXITED 0x6
#define TYRNE_STATE_FAULTED 0x7
#define TYRNE_STATE_ENDING 0x8

#define TYRNE_NOTICE_EXITED 0x0
#define TYRNE_NOTICE_FAULTED 0x1

#define TYRNE_NULL_HANDLE 0xffffffffffffffff
#define TYRNE_SIGNAL_BADGE 0xffffffffffffffff

#define TYRNE_MICROSECOND 0x3e8
#define TYRNE_MILLISECOND 0xf4240
#define TYRNE_SECOND 0x3b9aca00
#define TYRNE_NEVER 0xffffffffffffffff

#ifndef __ASSEMBLER__

#include <stddef.h>
#include <stdint.h>

/* What is built with this header says so in a note: the version of the interface, its kinds and rights. */
__asm__(".pushsection .note.tyrne, \"a\", %note\n"
        ".balign 4\n"
        ".word 6, 16, 2\n"
        ".asciz \"Tyrne\"\n"
        ".balign 4\n"
        ".word 0x6, 0x7fe, 0x3fffff, 0x0\n"
        ".popsection\n");

/* What a call gives back: x[0] is the status, the others are zero if it is not Ok. Handles are words: generation in
   bits 16 to 47, index in bits 0 to 15. */
struct tyrne_reply {
    uint64_t x[8];
};

/* Any system call. */
static inline struct tyrne_reply tyrne_system_call(uint64_t number, uint64_t a0, uint64_t a1, uint64_t a2,
                                                   uint64_t a3, uint64_t a4, uint64_t a5)
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

/* Offer a message, and a capability with it, to an endpoint; never waits. When Ok: x[1] 0 delivered to a receiver, 1
   enqueued. */
static inline struct tyrne_reply tyrne_send(uint64_t endpoint, uint64_t label, uint64_t word_0, uint64_t word_1,
                                            uint64_t word_2, uint64_t capability)
{
    return tyrne_system_call(TYRNE_CALL_SEND, endpoint, label, word_0, word_1, word_2, capability);
}

/* Take a message that wants no answer, or register as its receiver; never waits. When Ok: x[1] 0 received, 1 pending:
   then the others are 0; x[2] label; x[3] word 0; x[4] word 1; x[5] word 2; x[6] capability, or null. */
static inline struct tyrne_reply tyrne_recv(uint64_t endpoint)
{
    return tyrne_system_call(TYRNE_CALL_RECV, endpoint, 0, 0, 0, 0, 0);
}

/* Let the other ready tasks of the same priority run. */
static inline struct tyrne_reply tyrne_task_yield(void)
{
    return tyrne_system_call(TYRNE_CALL_TASK_YIELD, 0, 0, 0, 0, 0, 0);
}

/* End the task; does not return. A kernel that refuses gets a fault. */
_Noreturn static inline void tyrne_task_exit(uint64_t exit_code)
{
    tyrne_system_call(TYRNE_CALL_TASK_EXIT, exit_code, 0, 0, 0, 0, 0);
    __builtin_trap();
}

/* Write bytes to the debug console: all of them, or none and an error; at most 4096. When Ok: x[1] number of bytes. */
static inline struct tyrne_reply tyrne_console_write(uint64_t console, const void *address, uint64_t number)
{
    return tyrne_system_call(TYRNE_CALL_CONSOLE_WRITE, console, (uint64_t)address, number, 0, 0, 0);
}

/* Make a peer of a capability: same object, same parent, at most the same rights. When Ok: x[1] handle. */
static inline struct tyrne_reply tyrne_cap_copy(uint64_t source, uint64_t rights)
{
    return tyrne_system_call(TYRNE_CALL_CAP_COPY, source, rights, 0, 0, 0, 0);
}

/* Make a child of a capability: same object, at most the same rights; gone when it is revoked. When Ok: x[1] handle. */
static inline struct tyrne_reply tyrne_cap_derive(uint64_t source, uint64_t rights, uint64_t badge)
{
    return tyrne_system_call(TYRNE_CALL_CAP_DERIVE, source, rights, badge, 0, 0, 0);
}

/* Drop everything that was derived from a capability, wherever it is. */
static inline struct tyrne_reply tyrne_cap_revoke(uint64_t source)
{
    return tyrne_system_call(TYRNE_CALL_CAP_REVOKE, source, 0, 0, 0, 0, 0);
}

/* Give a capability up; nothing may be derived from it. */
static inline struct tyrne_reply tyrne_cap_drop(uint64_t handle)
{
    return tyrne_system_call(TYRNE_CALL_CAP_DROP, handle, 0, 0, 0, 0, 0);
}

/* Move a capability to another slot, or into another task's table. When Ok: x[1] handle in the table that holds it
   now. */
static inline struct tyrne_reply tyrne_cap_move(uint64_t handle, uint64_t task)
{
    return tyrne_system_call(TYRNE_CALL_CAP_MOVE, handle, task, 0, 0, 0, 0);
}

/* What a handle of one's own names. When Ok: x[1] kind; x[2] rights; x[3] badge; x[4] depth; x[5] pages of memory; x[6]
   where it is mapped, or 0; x[7] with LOCATE where it lies, or 0. */
static inline struct tyrne_reply tyrne_cap_query(uint64_t handle)
{
    return tyrne_system_call(TYRNE_CALL_CAP_QUERY, handle, 0, 0, 0, 0, 0);
}

/* Send a message, and wait until it is received. */
static inline struct tyrne_reply tyrne_send_wait(uint64_t endpoint, uint64_t label, uint64_t word_0, uint64_t word_1,
                                                 uint64_t word_2, uint64_t capability)
{
    return tyrne_system_call(TYRNE_CALL_SEND_WAIT, endpoint, label, word_0, word_1, word_2, capability);
}

/* Wait for a message or for signals. When Ok: x[1] badge, or all ones for signals; x[2] label; x[3] word 0; x[4] word
   1; x[5] word 2; x[6] capability, or null; x[7] reply capability, or null. */
static inline struct tyrne_reply tyrne_wait(uint64_t endpoint_or_notification)
{
    return tyrne_system_call(TYRNE_CALL_WAIT, endpoint_or_notification, 0, 0, 0, 0, 0);
}

/* Send a message, and wait for its answer. When Ok: x[1] 0; x[2] label; x[3] word 0; x[4] word 1; x[5] word 2; x[6]
   capability, or null. */
static inline struct tyrne_reply tyrne_call(uint64_t endpoint, uint64_t label, uint64_t word_0, uint64_t word_1,
                                            uint64_t word_2, uint64_t capability)
{
    return tyrne_system_call(TYRNE_CALL_CALL, endpoint, label, word_0, word_1, word_2, capability);
}

/* Answer a call, once. */
static inline struct tyrne_reply tyrne_reply(uint64_t reply_capability, uint64_t label, uint64_t word_0,
                                             uint64_t word_1, uint64_t word_2, uint64_t capability)
{
    return tyrne_system_call(TYRNE_CALL_REPLY, reply_capability, label, word_0, word_1, word_2, capability);
}

/* Answer a call, and wait for the next message. When Ok: x[1] badge, or all ones for signals; x[2] label; x[3] word 0;
   x[4] word 1; x[5] word 2; x[6] capability, or null; x[7] reply capability, or null. */
static inline struct tyrne_reply tyrne_reply_wait(uint64_t reply_capability, uint64_t label, uint64_t word_0,
                                                  uint64_t word_1, uint64_t word_2, uint64_t endpoint)
{
    return tyrne_system_call(TYRNE_CALL_REPLY_WAIT, reply_capability, label, word_0, word_1, word_2, endpoint);
}

/* Withdraw the receiver that `recv` registered. */
static inline struct tyrne_reply tyrne_cancel(uint64_t endpoint)
{
    return tyrne_system_call(TYRNE_CALL_CANCEL, endpoint, 0, 0, 0, 0, 0);
}

/* Signal bits. */
static inline struct tyrne_reply tyrne_notify(uint64_t notification, uint64_t bits)
{
    return tyrne_system_call(TYRNE_CALL_NOTIFY, notification, bits, 0, 0, 0, 0);
}

/* Take the bits that are signalled; never waits. When Ok: x[1] bits. */
static inline struct tyrne_reply tyrne_poll(uint64_t notification)
{
    return tyrne_system_call(TYRNE_CALL_POLL, notification, 0, 0, 0, 0, 0);
}

/* Let those who wait at an endpoint take a notification's signals too. */
static inline struct tyrne_reply tyrne_bind(uint64_t endpoint, uint64_t notification)
{
    return tyrne_system_call(TYRNE_CALL_BIND, endpoint, notification, 0, 0, 0, 0);
}

/* Make a kernel object at a quota's expense. When Ok: x[1] handle. */
static inline struct tyrne_reply tyrne_create(uint64_t quota, uint64_t kind, uint64_t pages)
{
    return tyrne_system_call(TYRNE_CALL_CREATE, quota, kind, pages, 0, 0, 0);
}

/* Move a claim from one quota to another. */
static inline struct tyrne_reply tyrne_quota_move(uint64_t source, uint64_t target, uint64_t kind, uint64_t amount)
{
    return tyrne_system_call(TYRNE_CALL_QUOTA_MOVE, source, target, kind, amount, 0, 0);
}

/* Make a child of a memory capability, over some of its pages. When Ok: x[1] handle. */
static inline struct tyrne_reply tyrne_memory_derive(uint64_t source, uint64_t rights, uint64_t first_page,
                                                     uint64_t pages)
{
    return tyrne_system_call(TYRNE_CALL_MEMORY_DERIVE, source, rights, first_page, pages, 0, 0);
}

/* Map all pages of a memory capability. */
static inline struct tyrne_reply tyrne_map(uint64_t address_space, uint64_t memory, uint64_t address, uint64_t flags)
{
    return tyrne_system_call(TYRNE_CALL_MAP, address_space, memory, address, flags, 0, 0);
}

/* Take back the mapping of a memory capability. */
static inline struct tyrne_reply tyrne_unmap(uint64_t address_space, uint64_t memory)
{
    return tyrne_system_call(TYRNE_CALL_UNMAP, address_space, memory, 0, 0, 0, 0);
}

/* Change the flags of a memory capability's mapping. */
static inline struct tyrne_reply tyrne_protect(uint64_t address_space, uint64_t memory, uint64_t flags)
{
    return tyrne_system_call(TYRNE_CALL_PROTECT, address_space, memory, flags, 0, 0, 0);
}

/* Begin a new life of a task that does not run: all registers zero, no answers owed. */
static inline struct tyrne_reply tyrne_task_configure(uint64_t task, uint64_t address_space, uint64_t lowest_address,
                                                      uint64_t entry, uint64_t stack_top)
{
    return tyrne_system_call(TYRNE_CALL_TASK_CONFIGURE, task, address_space, lowest_address, entry, stack_top, 0);
}

/* Say who is told of a task's faults and end. */
static inline struct tyrne_reply tyrne_task_supervise(uint64_t task, uint64_t endpoint)
{
    return tyrne_system_call(TYRNE_CALL_TASK_SUPERVISE, task, endpoint, 0, 0, 0, 0);
}

/* Set a priority: 0 is the most urgent, 15 the least; none above the caller's own. */
static inline struct tyrne_reply tyrne_task_priority(uint64_t task, uint64_t priority)
{
    return tyrne_system_call(TYRNE_CALL_TASK_PRIORITY, task, priority, 0, 0, 0, 0);
}

/* Let a suspended task run: at its entry, or where it was suspended. */
static inline struct tyrne_reply tyrne_task_resume(uint64_t task)
{
    return tyrne_system_call(TYRNE_CALL_TASK_RESUME, task, 0, 0, 0, 0, 0);
}

/* Stop a task; what it waits for is called off. */
static inline struct tyrne_reply tyrne_task_suspend(uint64_t task)
{
    return tyrne_system_call(TYRNE_CALL_TASK_SUSPEND, task, 0, 0, 0, 0, 0);
}

/* Read registers of a task that does not run: 0 to 30 are x0 to x30, then SP, PC, PSTATE. When Ok: x[1] the first; x[2]
   the one 1 after it, 0 past the last; x[3] the one 2 after it, 0 past the last; x[4] the one 3 after it, 0 past the
   last; x[5] the one 4 after it, 0 past the last; x[6] the one 5 after it, 0 past the last; x[7] the one 6 after it, 0
   past the last. */
static inline struct tyrne_reply tyrne_task_read(uint64_t task, uint64_t first_register)
{
    return tyrne_system_call(TYRNE_CALL_TASK_READ, task, first_register, 0, 0, 0, 0);
}

/* Write a register of a task that does not run; of PSTATE only the condition flags. */
static inline struct tyrne_reply tyrne_task_write(uint64_t task, uint64_t register_number, uint64_t value)
{
    return tyrne_system_call(TYRNE_CALL_TASK_WRITE, task, register_number, value, 0, 0, 0);
}

/* End a task; it gives back all that it holds. */
static inline struct tyrne_reply tyrne_task_end(uint64_t task, uint64_t exit_code)
{
    return tyrne_system_call(TYRNE_CALL_TASK_END, task, exit_code, 0, 0, 0, 0);
}

/* Where a task is in its life, and why it ended. When Ok: x[1] state; x[2] exit code; x[3] syndrome; x[4] fault
   address; x[5] PC of the fault. */
static inline struct tyrne_reply tyrne_task_state(uint64_t task)
{
    return tyrne_system_call(TYRNE_CALL_TASK_STATE, task, 0, 0, 0, 0, 0);
}

/* What time it is, in nanoseconds since boot. When Ok: x[1] nanoseconds. */
static inline struct tyrne_reply tyrne_clock_read(uint64_t clock)
{
    return tyrne_system_call(TYRNE_CALL_CLOCK_READ, clock, 0, 0, 0, 0, 0);
}

/* Set the task's deadline, or unset it: at it bits are signalled, or the task's wait ends. */
static inline struct tyrne_reply tyrne_clock_arm(uint64_t clock, uint64_t nanoseconds_since_boot, uint64_t notification,
                                                 uint64_t bits)
{
    return tyrne_system_call(TYRNE_CALL_CLOCK_ARM, clock, nanoseconds_since_boot, notification, bits, 0, 0);
}

/* Let a device's interrupts signal bits, each but the first after an interrupt_ack. */
static inline struct tyrne_reply tyrne_interrupt_bind(uint64_t interrupt, uint64_t notification, uint64_t bits)
{
    return tyrne_system_call(TYRNE_CALL_INTERRUPT_BIND, interrupt, notification, bits, 0, 0, 0);
}

/* Let the next interrupt of a device come. */
static inline struct tyrne_reply tyrne_interrupt_ack(uint64_t interrupt)
{
    return tyrne_system_call(TYRNE_CALL_INTERRUPT_ACK, interrupt, 0, 0, 0, 0, 0);
}

/* What x0 leads to when a program starts that asks for it (TYRNE_START_PAGE), or that its task gives arguments, variables or
   a heap: `void _start(const struct tyrne_start *page)`, `int main(int, char **, char **, const struct tyrne_start *page)`.
   Without any of that, and in a later life, x0 is 0. */
struct tyrne_start {
    uint64_t version; /* 1 */
    uint64_t stack, stack_bytes;
    uint64_t heap, heap_bytes; /* whole pages of zeros, as many as heap_pages of the task says; 0 without it */
    uint64_t arguments;
    char **argument_list; /* the first is the name of the program; it ends with 0 */
    uint64_t variables;
    char **variable_list;
    uint64_t seed[4]; /* the same for the same program, arguments and variables */
    uint64_t held;
    const struct tyrne_held *table; /* in the order of the handle words */
};

/* A capability that the task starts with. */
struct tyrne_held {
    const char *name; /* as handles.h has it, in lower case; empty if it has none */
    uint64_t kind, handle;
    uint64_t address, bytes; /* of memory: where it is mapped, or 0, and its size; 0 for others */
};

/* What is sent: the label and the words mean what the programs agree on. */
struct tyrne_message {
    uint64_t label;
    uint64_t word[3];
};

/* What a call about a message gives back. `capability` came with the message, and `reply` is the right to answer whoever
   sent it; each is TYRNE_NULL_HANDLE if there is none. `badge` is that of the sender's capability. Signals come as badge
   TYRNE_SIGNAL_BADGE with their bits in word 0. `pending`: nothing was there, as only tyrne_recv_message can say. */
struct tyrne_arrival {
    uint64_t status;
    uint64_t pending;
    uint64_t badge;
    struct tyrne_message message;
    uint64_t capability;
    uint64_t reply;
};

static inline struct tyrne_arrival tyrne_arrival_of(struct tyrne_reply got)
{
    if (got.x[0] != TYRNE_STATUS_OK)
        return (struct tyrne_arrival){got.x[0], 0, 0, {0, {0, 0, 0}}, TYRNE_NULL_HANDLE, TYRNE_NULL_HANDLE};
    return (struct tyrne_arrival){got.x[0], 0, got.x[1], {got.x[2], {got.x[3], got.x[4], got.x[5]}}, got.x[6], got.x[7]};
}

/* Send without waiting; the status is QUEUE_FULL while the message before is still there. The capability, if it is not
   TYRNE_NULL_HANDLE, moves with the message. */
static inline uint64_t tyrne_send_message_with(uint64_t endpoint, struct tyrne_message m, uint64_t capability)
{
    return tyrne_send(endpoint, m.label, m.word[0], m.word[1], m.word[2], capability).x[0];
}

static inline uint64_t tyrne_send_message(uint64_t endpoint, struct tyrne_message m)
{
    return tyrne_send_message_with(endpoint, m, TYRNE_NULL_HANDLE);
}

/* Send, and wait until it is received. */
static inline uint64_t tyrne_send_wait_message_with(uint64_t endpoint, struct tyrne_message m, uint64_t capability)
{
    return tyrne_send_wait(endpoint, m.label, m.word[0], m.word[1], m.word[2], capability).x[0];
}

static inline uint64_t tyrne_send_wait_message(uint64_t endpoint, struct tyrne_message m)
{
    return tyrne_send_wait_message_with(endpoint, m, TYRNE_NULL_HANDLE);
}

/* Take a message without waiting for it. */
static inline struct tyrne_arrival tyrne_recv_message(uint64_t endpoint)
{
    struct tyrne_reply got = tyrne_recv(endpoint);
    struct tyrne_arrival arrival = tyrne_arrival_of(got);
    arrival.pending = got.x[1];
    arrival.badge = 0;
    arrival.reply = TYRNE_NULL_HANDLE;
    if (arrival.pending)
        arrival.capability = TYRNE_NULL_HANDLE;
    return arrival;
}

/* Wait for a message, or for signals. */
static inline struct tyrne_arrival tyrne_wait_message(uint64_t endpoint)
{
    return tyrne_arrival_of(tyrne_wait(endpoint));
}

/* Send, and wait for the answer of whoever receives it. */
static inline struct tyrne_arrival tyrne_call_message_with(uint64_t endpoint, struct tyrne_message m, uint64_t capability)
{
    struct tyrne_arrival answer =
        tyrne_arrival_of(tyrne_call(endpoint, m.label, m.word[0], m.word[1], m.word[2], capability));
    answer.reply = TYRNE_NULL_HANDLE;
    return answer;
}

static inline struct tyrne_arrival tyrne_call_message(uint64_t endpoint, struct tyrne_message m)
{
    return tyrne_call_message_with(endpoint, m, TYRNE_NULL_HANDLE);
}

/* Answer a call, once: `reply` is gone afterwards. */
static inline uint64_t tyrne_reply_message_with(uint64_t reply, struct tyrne_message m, uint64_t capability)
{
    return tyrne_reply(reply, m.label, m.word[0], m.word[1], m.word[2], capability).x[0];
}

static inline uint64_t tyrne_reply_message(uint64_t reply, struct tyrne_message m)
{
    return tyrne_reply_message_with(reply, m, TYRNE_NULL_HANDLE);
}

/* Answer a call, and wait for the next message: the life of a server in one call. */
static inline struct tyrne_arrival tyrne_reply_wait_message(uint64_t reply, struct tyrne_message m, uint64_t endpoint)
{
    return tyrne_arrival_of(tyrne_reply_wait(reply, m.label, m.word[0], m.word[1], m.word[2], endpoint));
}

/* Times are nanoseconds since boot. A task has one deadline: setting one takes the place of the one before. At a time that
   is past what is to happen happens at once. Each of these gives back the status. */

/* At a time signal bits. */
static inline uint64_t tyrne_signal_at(uint64_t clock, uint64_t at, uint64_t notification, uint64_t bits)
{
    return tyrne_clock_arm(clock, at, notification, bits).x[0];
}

/* Let the next wait end at a time with TIMED_OUT, unless it has ended before. */
static inline uint64_t tyrne_end_wait_at(uint64_t clock, uint64_t at)
{
    return tyrne_clock_arm(clock, at, TYRNE_NULL_HANDLE, 0).x[0];
}

/* Have no deadline any more. */
static inline uint64_t tyrne_forget_deadline(uint64_t clock)
{
    return tyrne_clock_arm(clock, TYRNE_NEVER, TYRNE_NULL_HANDLE, 0).x[0];
}

/* Wait until a time: the status is TIMED_OUT then. Nobody signals the notification; OK means that somebody did, and its
   bits are taken. */
static inline uint64_t tyrne_sleep_until(uint64_t clock, uint64_t at, uint64_t quiet)
{
    uint64_t armed = tyrne_end_wait_at(clock, at);
    return armed == TYRNE_STATUS_OK ? tyrne_wait(quiet).x[0] : armed;
}

/* What follows is in the library with which tyrne links programs in C and assembly.

   Text goes to the task's console in one call for each line: when it ends, when 256 bytes are there, on tyrne_flush and
   tyrne_exit, and when main returns. Without a console it is lost, and nothing else happens. */
void tyrne_print(const char *text);
void tyrne_print_bytes(const void *bytes, size_t length);
void tyrne_print_decimal(uint64_t value);
void tyrne_print_signed(int64_t value);
void tyrne_print_hex(uint64_t value); /* with 0x, without leading zeros */
void tyrne_flush(void);

/* Ends the task from anywhere, after what is printed. */
_Noreturn void tyrne_exit(uint64_t code);

void *memcpy(void *restrict target, const void *restrict source, size_t length);
void *memmove(void *target, const void *source, size_t length);
void *memset(void *target, int byte, size_t length);
int memcmp(const void *one, const void *other, size_t length);
size_t strlen(const char *text);

/* TYRNE_KEPT int lives; A task that is started anew finds its data as at first, but this as its last life left it. */
#define TYRNE_KEPT __attribute__ ((section (".kept")))

/* TYRNE_OWN_START; In a program whose own start calls its constructors and sets up its thread-locals. tyrne does not warn
   then that nobody does. */
#define TYRNE_OWN_START \
    __asm__(".pushsection .note.tyrne, \"a\", %note\n.balign 4\n.word 6, 0, 1\n" \
            ".asciz \"Tyrne\"\n.balign 4\n.popsection")

/* TYRNE_START_PAGE; In a program that reads its start page (struct tyrne_start), so that it has one whatever it is given. */
#define TYRNE_START_PAGE \
    __asm__(".pushsection .note.tyrne, \"a\", %note\n.balign 4\n.word 6, 0, 3\n" \
            ".asciz \"Tyrne\"\n.balign 4\n.popsection")

#else

/* As in C: the version of the interface, its kinds and rights. */
        .pushsection .note.tyrne, "a", %note
        .balign 4
        .word   6, 16, 2
        .asciz  "Tyrne"
        .balign 4
        .word   0x6, 0x7fe, 0x3fffff, 0x0
        .popsection

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

/* As TYRNE_OWN_START in C. */
        .macro  tyrne_own_start
        .pushsection .note.tyrne, "a", %note
        .balign 4
        .word   6, 0, 1
        .asciz  "Tyrne"
        .balign 4
        .popsection
        .endm

/* As TYRNE_START_PAGE in C. */
        .macro  tyrne_start_page
        .pushsection .note.tyrne, "a", %note
        .balign 4
        .word   6, 0, 3
        .asciz  "Tyrne"
        .balign 4
        .popsection
        .endm

#endif
#endif
