/* Random bytes: SplitMix64 from the seed of the start. The same program with the same arguments gets the same bytes on
   every machine, and anybody can compute them: nothing for secrets. */

#include "linux.h"

static uint64_t state;

static uint64_t next(void)
{
    if (!state)
        state = linux_start.seed[0] ^ linux_start.seed[1] ^ linux_start.seed[2] ^ linux_start.seed[3];
    uint64_t z = state += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
}

void linux_random(void *target, uint64_t length)
{
    uint8_t *at = target;
    while (length) {
        uint64_t word = next(), count = length < 8 ? length : 8;
        for (uint64_t i = 0; i < count; i++)
            *at++ = (uint8_t)(word >> 8 * i);
        length -= count;
    }
}

int64_t linux_getrandom(const uint64_t *x)
{
    uint64_t length = x[1] > 0x2000000 ? 0x2000000 : x[1]; /* as Linux, at most so many at once */
    linux_random((void *)x[0], length);
    return (int64_t)length;
}
