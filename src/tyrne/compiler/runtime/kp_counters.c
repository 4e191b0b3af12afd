/* Linked into a host library that counts its edges: where the counters are, which the library's start tells. */
#include <stddef.h>
#include <stdint.h>

uint8_t *kp_counters;
uint64_t kp_counter_count;

void __sanitizer_cov_8bit_counters_init(uint8_t *start, uint8_t *end) {
    kp_counters = start;
    kp_counter_count = (uint64_t)(end - start);
}

/* The table of places, one for each counter, is read from the file instead. */
void __sanitizer_cov_pcs_init(const uintptr_t *start, const uintptr_t *end) {
    (void)start;
    (void)end;
}
