/* Calls of threads with words by chance, from the seed that it is given, in threads of its own making: pointers that lead
   nowhere, flags of all kinds, stacks that are none. Whatever that comes to for this task, its kernel lives. */

#include <stdint.h>
#include <stdlib.h>

enum { EXIT = 93, SET_TID_ADDRESS = 96, FUTEX = 98, YIELD = 124, TKILL = 130, SIGSUSPEND = 133, CLONE = 220 };

static char room[1 << 14] __attribute__((aligned(16)));
static uint64_t state;

static uint64_t next(void)
{
    uint64_t z = state += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
}

static uint64_t word(int tame)
{
    static const uint64_t ends[] = {0, 1, 3, 8, ~0ul, 1ul << 47, 0xffff000040080000, 0x400000};
    uint64_t drawn = next();
    if (drawn % (tame ? 60 : 6) == 0)
        return drawn >> 20 & 1 ? ends[drawn >> 40 & 7] : drawn;
    return (uint64_t)(room + (drawn >> 8 & 0x3f0));
}

int main(int argc, char **argv)
{
    static const uint64_t numbers[] = {CLONE, CLONE, FUTEX, FUTEX, FUTEX, SET_TID_ADDRESS, YIELD, TKILL, SIGSUSPEND, EXIT};
    static const uint64_t flags[] = {0x50f00, 0x7d0f00, 0x3d0f00, 0x1350f00, 0x10f00, 17, 0};
    state = argc > 1 ? strtoul(argv[1], 0, 10) : 0;
    int tame = state % 2;
    for (int i = 0; i < 300; i++) {
        register uint64_t x8 __asm__("x8") = numbers[next() % 9 + (next() % 40 == 0)];
        register uint64_t x0 __asm__("x0") = word(tame), x1 __asm__("x1") = word(tame), x2 __asm__("x2") = word(tame);
        register uint64_t x3 __asm__("x3") = word(tame), x4 __asm__("x4") = word(tame), x5 __asm__("x5") = word(tame);
        if (x8 == CLONE) {
            x0 = next() % 20 ? flags[next() % 7] : next();
            x1 = next() % 10 ? (uint64_t)(room + 0x1000 + (next() & 0x2ff0)) : x1;
        } else if (x8 == FUTEX) {
            x1 = next() % 13;
            x2 = next() % 3;
            x3 = next() % 2 ? 0 : x3;
        } else if (x8 == TKILL) {
            x0 = next() % 6;
            x1 = next() % 70;
        } else if (x8 == SIGSUSPEND) {
            x8 = next() % 8 ? YIELD : x8;
            x1 = 8;
        }
        __asm__ volatile("svc #0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory");
    }
    return 0;
}
