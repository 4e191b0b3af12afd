/* What a C compiler calls without being asked, and the length of a string. A program may define its own. */

#include <stddef.h>
#include <stdint.h>

#define WEAK __attribute__((weak))

/* From the first byte to the last, a word at a time: right also where the target overlaps its source from below. */
static inline void copy_upwards(unsigned char *to, const unsigned char *from, size_t length)
{
    for (; length >= 8; length -= 8, to += 8, from += 8) {
        uint64_t word;
        __builtin_memcpy_inline(&word, from, 8);
        __builtin_memcpy_inline(to, &word, 8);
    }
    while (length--)
        *to++ = *from++;
}

WEAK void *memcpy(void *restrict target, const void *restrict source, size_t length)
{
    copy_upwards(target, source, length);
    return target;
}

WEAK void *memmove(void *target, const void *source, size_t length)
{
    unsigned char *to = target;
    const unsigned char *from = source;
    if ((uintptr_t)to - (uintptr_t)from >= length)
        copy_upwards(to, from, length);
    else
        while (length--)
            to[length] = from[length];
    return target;
}

WEAK void *memset(void *target, int byte, size_t length)
{
    unsigned char *to = target;
    uint64_t word = (unsigned char)byte * 0x0101010101010101u;
    for (; length >= 8; length -= 8, to += 8)
        __builtin_memcpy_inline(to, &word, 8);
    while (length--)
        *to++ = (unsigned char)byte;
    return target;
}

WEAK int memcmp(const void *one, const void *other, size_t length)
{
    const unsigned char *a = one;
    const unsigned char *b = other;
    for (; length; length--, a++, b++)
        if (*a != *b)
            return *a - *b;
    return 0;
}

WEAK size_t strlen(const char *text)
{
    size_t length = 0;
    while (text[length])
        length++;
    return length;
}
