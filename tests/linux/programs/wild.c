/* Calls Linux with numbers and words by chance, from the seed that it is given: whatever that comes to for this task, its
   kernel lives. Some seeds draw more pointers into the program than others. */

#include <stdint.h>
#include <stdlib.h>

static uint64_t state;
static char room[1 << 16];

static uint64_t next(void)
{
    uint64_t z = state += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
}

static uint64_t word(uint64_t tame)
{
    uint64_t drawn = next();
    switch (drawn % (8 + 8 * tame)) {
    case 0:
        return drawn >> 60;
    case 1:
        return drawn >> 40 & 0xffff;
    case 2:
        return drawn;
    case 3:
        return ~0ul;
    default:
        return (uint64_t)(room + (drawn >> 8) % sizeof room);
    }
}

int main(int argc, char **argv)
{
    state = argc > 1 ? strtoul(argv[1], 0, 10) : 0;
    uint64_t tame = state % 4;
    for (int i = 0; i < 400; i++) {
        uint64_t number = next() % 480;
        if (number == 93 || number == 94 || (number >= 129 && number <= 131))
            continue;
        register uint64_t x8 __asm__("x8") = number, x0 __asm__("x0") = word(tame), x1 __asm__("x1") = word(tame);
        register uint64_t x2 __asm__("x2") = word(tame), x3 __asm__("x3") = word(tame), x4 __asm__("x4") = word(tame);
        register uint64_t x5 __asm__("x5") = word(tame);
        __asm__ volatile("svc #0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory");
    }
    return 0;
}
