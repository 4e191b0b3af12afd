/* How a program begins: Linux's initial stack. */

#include "threads.h"

enum {
    AT_NULL = 0, AT_PHDR = 3, AT_PHENT = 4, AT_PHNUM = 5, AT_PAGESZ = 6, AT_BASE = 7, AT_FLAGS = 8, AT_ENTRY = 9,
    AT_UID = 11, AT_EUID = 12, AT_GID = 13, AT_EGID = 14, AT_PLATFORM = 15, AT_HWCAP = 16, AT_CLKTCK = 17,
    AT_SECURE = 23, AT_RANDOM = 25, AT_HWCAP2 = 26, AT_EXECFN = 31
};

#define FP_AND_SIMD 3
#define RANDOM_BYTES 16
#define PROGRAM_HEADER 56

/* Fill the program's stack, which ends at `top`; what sp is at the entry: argc stands there, and above it pointers to
   the arguments, to the environment, and the auxiliary vector. */
uint64_t linux_build_stack(uint64_t top)
{
    const struct linux_start *start = &linux_start;
    linux_window_top = top;
    char *random = (char *)(top - RANDOM_BYTES);
    linux_random(random, RANDOM_BYTES);
    static const char platform[] = "aarch64";
    const char *string = (const char *)start->strings;
    uint64_t count = 1 + start->arguments + 1 + start->variables + 1;
    const uint64_t vector[] = {
        AT_PHDR, start->program_headers, AT_PHENT, PROGRAM_HEADER, AT_PHNUM, start->program_header_count,
        AT_PAGESZ, PAGE, AT_BASE, 0, AT_FLAGS, 0, AT_ENTRY, start->entry,
        AT_UID, USER, AT_EUID, USER, AT_GID, USER, AT_EGID, USER,
        AT_PLATFORM, (uint64_t)platform, AT_HWCAP, FP_AND_SIMD, AT_HWCAP2, 0, AT_CLKTCK, 100,
        AT_SECURE, 0, AT_RANDOM, (uint64_t)random,
    };
    const uint64_t words = sizeof vector / sizeof *vector;
    uint64_t *sp = (uint64_t *)((top - RANDOM_BYTES - 8 * (count + words + 4)) & ~15ul);
    uint64_t *at = sp;
    *at++ = start->arguments;
    for (uint64_t i = 0; i < start->arguments + start->variables; i++) {
        if (i == start->arguments)
            *at++ = 0;
        *at++ = (uint64_t)string;
        while (*string++)
            ;
    }
    if (!start->variables)
        *at++ = 0;
    *at++ = 0;
    for (uint64_t i = 0; i < words; i++)
        *at++ = vector[i];
    *at++ = AT_EXECFN;
    *at++ = (uint64_t)string;
    *at++ = AT_NULL;
    *at++ = 0;
    return (uint64_t)sp;
}
