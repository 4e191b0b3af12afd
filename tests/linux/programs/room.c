/* Addresses that are only reserved, what becomes memory of them, and what is left when there is no more; the exit code is
   the line that went wrong, modulo 256. `room` alone reserves and commits as Linux lets it; with an argument it uses up all
   that there is, which is less than on Linux. */

#define _GNU_SOURCE
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MUST(condition)           \
    do {                          \
        if (!(condition))         \
            _exit(__LINE__ % 256); \
    } while (0)

enum { BOTH = PROT_READ | PROT_WRITE };
static const size_t page = 4096, giga = 1ul << 30;

static char *map(void *at, size_t length, int protection, int flags)
{
    return mmap(at, length, protection, MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);
}

static char *set_break(char *end)
{
    return (char *)syscall(SYS_brk, end);
}

static int is_all(const char *bytes, size_t length, char byte)
{
    for (size_t i = 0; i < length; i++)
        if (bytes[i] != byte)
            return 0;
    return 1;
}

/* A few pages, here and there, of far more addresses than there is memory. */
static void reserve(void)
{
    char *all = map(0, giga, PROT_NONE, MAP_NORESERVE), *other = map(0, 64 * giga, PROT_NONE, 0);
    MUST(all != MAP_FAILED && other != MAP_FAILED && (other + 64 * giga <= all || all + giga <= other));
    MUST(mprotect(all, 3 * page, BOTH) == 0 && is_all(all, 3 * page, 0));
    memset(all, 1, 3 * page);
    char *middle = all + giga / 2 + page;
    MUST(map(middle, 2 * page, BOTH, MAP_FIXED) == middle && is_all(middle, 2 * page, 0));
    memset(middle, 2, 2 * page);
    MUST(mprotect(all + 2 * page, 2 * page, BOTH) == 0 && is_all(all + 3 * page, page, 0) && is_all(all, 3 * page, 1));
    char *last = other + 64 * giga - page;
    MUST(mprotect(last, page, BOTH) == 0 && is_all(last, page, 0));
    memset(last, 3, page);
    MUST(map(all, page, PROT_NONE, MAP_FIXED) == all && mprotect(all, page, PROT_READ) == 0 && is_all(all, page, 0));
    MUST(is_all(all + page, 2 * page, 1) && is_all(middle, 2 * page, 2) && is_all(last, page, 3));
    char *hint = (char *)0x2000000000;
    MUST(map(hint, 64ul << 20, PROT_NONE, 0) == hint && map(hint, page, PROT_NONE, 0) != hint);
    MUST(map(hint, 4 * page, BOTH, MAP_FIXED) == hint && is_all(hint, 4 * page, 0));
    MUST(munmap(all, giga) == 0 && mprotect(all, page, BOTH) == -1 && errno == ENOMEM);
    MUST(map(middle, page, BOTH, MAP_FIXED) == middle && is_all(middle, page, 0));
    MUST(munmap(other, 64 * giga) == 0 && munmap(hint, 64ul << 20) == 0);
    char *small = map(0, 6 * page, BOTH, 0);
    memset(small, 4, 6 * page);
    for (int i = 0; i < 6; i += 2)
        MUST(munmap(small + i * page, page) == 0);
    for (int i = 1; i < 6; i += 2)
        MUST(is_all(small + i * page, page, 4));
    puts("reserved");
}

/* As much as there is, in pieces of a size; then nothing that is refused has changed anything. */
static size_t use_up(char *kept, size_t length)
{
    static char *parts[100000];
    size_t count = 0;
    for (;;) {
        char *part = map(0, length, BOTH, 0);
        if (part == MAP_FAILED)
            break;
        MUST(is_all(part, length, 0));
        memset(part, 5, length);
        parts[count++] = part;
    }
    MUST(errno == ENOMEM && count);
    char *end = set_break(0), *reserved = map(0, giga, PROT_NONE, 0);
    MUST(reserved != MAP_FAILED);
    MUST(mprotect(reserved, 64 * length, BOTH) == -1 && errno == ENOMEM);
    MUST(map(reserved, 64 * length, BOTH, MAP_FIXED) == MAP_FAILED && errno == ENOMEM);
    MUST(map(parts[0], 64 * length, BOTH, MAP_FIXED) == MAP_FAILED && errno == ENOMEM);
    MUST(mremap(parts[0], length, 64 * length, MREMAP_MAYMOVE) == MAP_FAILED && errno == ENOMEM);
    MUST(set_break(end + 64 * length) == end && set_break(0) == end && end[-1] == 8);
    MUST(munmap(reserved, giga) == 0 && is_all(kept, 3 * page, 7));
    for (size_t i = 0; i < count; i++)
        MUST(is_all(parts[i], length, 5));
    for (size_t i = 0; i < count; i++)
        MUST(munmap(parts[i], length) == 0);
    return count * length / page;
}

int main(int count, char **words)
{
    reserve();
    if (count == 1)
        return 0;
    char *kept = map(0, 3 * page, BOTH, 0);
    memset(kept, 7, 3 * page);
    char *start = set_break(0);
    MUST(set_break(start + page) == start + page && is_all(start, page, 0));
    memset(start, 8, page);
    for (size_t length = page; length <= 256 * page; length *= 16)
        printf("%zu of %s pages in parts of %zu\n", use_up(kept, length), words[1], length / page);
    return 0;
}
