/* What mmap and its relatives promise, checked from inside; the exit code is the line that went wrong, modulo 256. */

#define _GNU_SOURCE
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define MUST(condition)           \
    do {                          \
        if (!(condition))         \
            _exit(__LINE__ % 256); \
    } while (0)

static char *map(void *at, size_t length, int protection, int flags)
{
    return mmap(at, length, protection, MAP_PRIVATE | flags, -1, 0);
}

static int is_zero(const char *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (bytes[i])
            return 0;
    return 1;
}

int main(void)
{
    const int both = PROT_READ | PROT_WRITE;
    char *one = map(0, 10000, both, MAP_ANONYMOUS);
    MUST(one != MAP_FAILED && is_zero(one, 12288));
    memset(one, 1, 12288);
    char *two = map(0, 4096, both, MAP_ANONYMOUS);
    MUST(two != MAP_FAILED && (two + 4096 <= one || one + 12288 <= two));
    memset(two, 2, 4096);
    MUST(munmap(one, 10000) == 0);
    char *again = map(0, 12288, both, MAP_ANONYMOUS);
    MUST(again != MAP_FAILED && is_zero(again, 12288) && two[0] == 2 && two[4095] == 2);
    memset(again, 3, 12288);
    MUST(map(again + 4096, 4096, both, MAP_ANONYMOUS | MAP_FIXED) == again + 4096);
    MUST(again[4095] == 3 && is_zero(again + 4096, 4096) && again[8192] == 3);
    char *grown = mremap(again, 12288, 100000, MREMAP_MAYMOVE);
    MUST(grown != MAP_FAILED && grown[0] == 3 && grown[4096] == 0 && grown[8192] == 3 && grown[99999] == 0);
    MUST(mremap(grown, 100000, 4096, 0) == grown && grown[0] == 3);
    MUST(madvise(grown, 4096, MADV_DONTNEED) == 0 && is_zero(grown, 4096));
    MUST(map(0, 4096, both | PROT_EXEC, MAP_ANONYMOUS) == MAP_FAILED && errno == EACCES);
    MUST(mprotect(grown, 4096, PROT_READ | PROT_EXEC) == -1 && errno == EACCES);
    MUST(map(0, 0, both, MAP_ANONYMOUS) == MAP_FAILED && errno == EINVAL);
    MUST(map(0, 1ul << 40, both, MAP_ANONYMOUS) == MAP_FAILED && errno == ENOMEM);
    MUST(map(0, ~0ul, both, MAP_ANONYMOUS) == MAP_FAILED && errno == ENOMEM);
    MUST(map(grown, 4096, both, MAP_ANONYMOUS | MAP_FIXED_NOREPLACE) == MAP_FAILED && errno == EEXIST);
    MUST(map((void *)0x1000, 4096, both, MAP_ANONYMOUS | MAP_FIXED) == MAP_FAILED && errno == ENOMEM);
    MUST(munmap((void *)1, 4096) == -1 && errno == EINVAL);
    MUST(munmap((void *)(1ul << 40), 4096) == 0);
    int count = 0;
    while (map(0, 65536, both, MAP_ANONYMOUS) != MAP_FAILED)
        count++;
    MUST(count > 40 && errno == ENOMEM);
    MUST(two[0] == 2 && two[4095] == 2);
    return 0;
}
