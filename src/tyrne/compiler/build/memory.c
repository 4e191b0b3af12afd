/* What clang may call in freestanding code: to copy, clear and compare structs. Linked into kernels and user programs,
   and dropped where nothing calls it. Whole words where both sides are aligned; the MMU may be off. */

#include <stddef.h>
#include <stdint.h>

static inline int aligned(const void *a, const void *b)
{
    return (((uintptr_t)a | (uintptr_t)b) & 7) == 0;
}

void *memcpy(void *restrict target, const void *restrict source, size_t length)
{
    uint8_t *to = target;
    const uint8_t *from = source;
    if (aligned(to, from))
        for (; length >= 8; length -= 8, to += 8, from += 8)
            *(uint64_t *)to = *(const uint64_t *)from;
    for (; length > 0; length--)
        *to++ = *from++;
    return target;
}

void *memmove(void *target, const void *source, size_t length)
{
    uint8_t *to = target;
    const uint8_t *from = source;
    if ((uintptr_t)to - (uintptr_t)from >= length)
        return memcpy(target, source, length);
    for (; length > 0; length--)
        to[length - 1] = from[length - 1];
    return target;
}

void *memset(void *target, int value, size_t length)
{
    uint8_t *to = target;
    uint64_t word = (uint8_t)value * 0x0101010101010101ull;
    if (aligned(to, to))
        for (; length >= 8; length -= 8, to += 8)
            *(uint64_t *)to = word;
    for (; length > 0; length--)
        *to++ = (uint8_t)value;
    return target;
}

int memcmp(const void *left, const void *right, size_t length)
{
    const uint8_t *a = left, *b = right;
    for (; length > 0; length--, a++, b++)
        if (*a != *b)
            return *a < *b ? -1 : 1;
    return 0;
}
