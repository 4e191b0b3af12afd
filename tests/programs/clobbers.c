/* The same call twice, its arguments already in the registers where they belong: a stub that hides that a call
   rewrites one of them leaves the compiler free to load it once, and the second call gets something else. */

#include "tyrne.h"

__attribute__((noinline)) static void twice(uint64_t x0, uint64_t x1, uint64_t x2, uint64_t x3, uint64_t x4,
                                            uint64_t x5)
{
    tyrne_system_call(TYRNE_CALL_SEND, x0, x1, x2, x3, x4, x5);
    tyrne_system_call(TYRNE_CALL_SEND, x0, x1, x2, x3, x4, x5);
}

void _start(void)
{
    volatile uint64_t empty_slot = 63;
    twice(empty_slot, empty_slot + 1, empty_slot + 2, empty_slot + 3, empty_slot + 4, empty_slot + 5);
    tyrne_task_exit(0);
}
