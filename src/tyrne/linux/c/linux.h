/* What the files of the library share: Linux's numbers for errors, what a program starts with, and one frame for a call.

   A handler gets x0 to x5 and gives back what Linux would: a result, or minus the number of an error. Pointers are the
   program's own: one that leads nowhere is a fault of the task, where Linux answers EFAULT. */
#ifndef TYRNE_LINUX_H
#define TYRNE_LINUX_H

#include "tyrne.h"

enum {
    EPERM = 1, ENOENT = 2, ESRCH = 3, EINTR = 4, EIO = 5, EBADF = 9, ECHILD = 10, EAGAIN = 11, ENOMEM = 12, EACCES = 13,
    EFAULT = 14, EBUSY = 16, EEXIST = 17, ENODEV = 19, ENOTDIR = 20, EISDIR = 21, EINVAL = 22, ENFILE = 23,
    EMFILE = 24, ENOTTY = 25, EFBIG = 27, ENOSPC = 28, ESPIPE = 29, EROFS = 30, EPIPE = 32, ERANGE = 34,
    ENAMETOOLONG = 36, ENOSYS = 38, ENOTEMPTY = 39, ELOOP = 40, ENOTSOCK = 88, EAFNOSUPPORT = 97, ETIMEDOUT = 110
};

#define PAGE 4096ul
#define MOST_ERROR 4095 /* a result from minus this on is an error */
#define NANOSECONDS 1000000000ul
#define PROCESS 2 /* the number of the only process, and of its first thread; its parent's is 1 */
#define USER 1000 /* of its user and group */

/* What the tool writes into the data of a program (tyrne.linux.start has the same words). */
struct linux_start {
    uint64_t entry;
    uint64_t heap, heap_end; /* addresses, at blocks */
    uint64_t program_headers, program_header_count;
    uint64_t stack_bytes;
    uint64_t console, clock, quiet; /* handles, or TYRNE_NULL_HANDLE; nobody signals `quiet` */
    uint64_t arguments, variables; /* how many */
    uint64_t strings; /* where they are: each ends with a zero, the path of the program is the last */
    uint64_t archive, archive_bytes; /* what tree.c begins with */
    uint64_t input, input_bytes; /* what is read from standard input */
    uint64_t out, out_bytes; /* where out.c puts what was changed; 0 if nobody wants it */
    uint64_t threads; /* that there may be at once; with more than one also: */
    uint64_t keeper, first; /* handles of the keeper's endpoint, and of the notification of the first thread */
    uint64_t stacks; /* of the library, one for each */
    uint64_t heap_pages, pieces; /* of memory for the heap: how many at most, and in how many regions */
    uint64_t quota, space; /* handles: the memory is made by the one and mapped in the other */
    uint64_t seed[4];
};
extern const struct linux_start linux_start;
_Static_assert(sizeof linux_start == 240, "as entry.S and tyrne.linux.start have it");

/* What entry.S keeps of the program while a call is answered, and gives back. */
struct linux_frame {
    uint64_t x[31];
    uint64_t sp, flags, back;
};

static inline struct linux_frame *frame_of(const uint64_t *x)
{
    return (struct linux_frame *)x; /* its registers come first */
}

void linux_deliver(struct linux_frame *frame);

typedef int64_t linux_call(const uint64_t *x);

void linux_say(const char *text);
void linux_tell(uint64_t number, uint64_t error, const char *path);
_Noreturn void linux_end(uint64_t code);
void linux_put_out(void);
void linux_random(void *target, uint64_t length);
int64_t linux_sleep(uint64_t nanoseconds);
uint64_t linux_now(void);
uint64_t linux_nanoseconds_of(const uint64_t *pair);

static inline void clear_words(uint64_t *target, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++)
        target[i] = 0;
}

static inline int same(const char *one, const char *other)
{
    while (*one && *one == *other)
        one++, other++;
    return *one == *other;
}

void *memcpy(void *restrict target, const void *restrict source, size_t length);
void *memset(void *target, int byte, size_t length);

#endif
