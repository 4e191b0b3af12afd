/* FP/SIMD registers and the thread pointer belong to one task: zero at first, and after each yield as they were left.
   Two tasks run this at once with different patterns: who holds no console gets another status than who holds one.
   The exit code is the number of registers that were wrong. */

#include "tyrne.h"

#define ROUNDS 5
#define ROUND_TO_ZERO (3 << 22) /* FPCR.RMode */

typedef uint64_t vector __attribute__((vector_size(16)));

static void fill(uint64_t pattern)
{
#define FILL(n) __asm__ volatile("dup v" #n ".2d, %0" ::"r"(pattern + n) : "v" #n);
    FILL(0) FILL(1) FILL(2) FILL(3) FILL(4) FILL(5) FILL(6) FILL(7)
    FILL(8) FILL(9) FILL(10) FILL(11) FILL(12) FILL(13) FILL(14) FILL(15)
    FILL(16) FILL(17) FILL(18) FILL(19) FILL(20) FILL(21) FILL(22) FILL(23)
    FILL(24) FILL(25) FILL(26) FILL(27) FILL(28) FILL(29) FILL(30) FILL(31)
}

/* How many of the 64 halves differ from base + step * n. */
static uint64_t wrong_registers(uint64_t base, uint64_t step)
{
    uint64_t wrong = 0, low, high;
#define CHECK(n)                                                                                                       \
    __asm__ volatile("umov %0, v" #n ".d[0]\n\tumov %1, v" #n ".d[1]" : "=r"(low), "=r"(high));                        \
    wrong += (low != base + step * n) + (high != base + step * n);
    CHECK(0) CHECK(1) CHECK(2) CHECK(3) CHECK(4) CHECK(5) CHECK(6) CHECK(7)
    CHECK(8) CHECK(9) CHECK(10) CHECK(11) CHECK(12) CHECK(13) CHECK(14) CHECK(15)
    CHECK(16) CHECK(17) CHECK(18) CHECK(19) CHECK(20) CHECK(21) CHECK(22) CHECK(23)
    CHECK(24) CHECK(25) CHECK(26) CHECK(27) CHECK(28) CHECK(29) CHECK(30) CHECK(31)
    return wrong;
}

static uint64_t wrong_controls(uint64_t thread_pointer, uint64_t rounding)
{
    uint64_t tpidr, fpcr;
    __asm__ volatile("mrs %0, tpidr_el0\n\tmrs %1, fpcr" : "=r"(tpidr), "=r"(fpcr));
    return (tpidr != thread_pointer) + (fpcr != rounding);
}

void _start(void)
{
    uint64_t wrong = wrong_registers(0, 0) + wrong_controls(0, 0);
    uint64_t status = tyrne_recv(0).x[0];
    uint64_t pattern = status * 0x0101010101010101, rounding = status == TYRNE_STATUS_STALE_HANDLE ? ROUND_TO_ZERO : 0;
    fill(pattern);
    __asm__ volatile("msr tpidr_el0, %0\n\tmsr fpcr, %1" ::"r"(pattern), "r"(rounding));
    for (int round = 0; round < ROUNDS; round++) {
        tyrne_task_yield();
        wrong += wrong_registers(pattern, 1) + wrong_controls(pattern, rounding);
    }
    tyrne_task_exit(wrong);
}
