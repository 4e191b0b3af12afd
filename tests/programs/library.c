/* What the library for C does, compared with what it should: the exit code is the number of the first check that fails. */

#include "tyrne.h"

#define CHECK(number, truth)    \
    do                          \
        if (!(truth))           \
            tyrne_exit(number); \
    while (0)

static unsigned char from[96], to[96], expected[96];

static void fill(void)
{
    for (unsigned i = 0; i < sizeof from; i++) {
        from[i] = (unsigned char)(i * 7 + 1);
        to[i] = expected[i] = 0xaa;
    }
}

static int same(void)
{
    for (unsigned i = 0; i < sizeof to; i++)
        if (to[i] != expected[i])
            return 0;
    return 1;
}

/* Every length up to 40 at every distance up to 17 in both directions. */
static void overlapping_moves(void)
{
    for (unsigned length = 0; length <= 40; length++)
        for (unsigned a = 20; a <= 37; a++) {
            fill();
            for (unsigned i = 0; i < sizeof to; i++)
                to[i] = expected[i] = from[i];
            for (unsigned i = 0; i < length; i++)
                expected[a + i] = from[28 + i];
            CHECK(1, memmove(to + a, to + 28, length) == to + a);
            CHECK(2, same());
        }
}

static void copies(void)
{
    for (unsigned length = 0; length <= 40; length++)
        for (unsigned a = 0; a < 9; a++) {
            fill();
            for (unsigned i = 0; i < length; i++)
                expected[a + i] = from[3 + i];
            CHECK(3, memcpy(to + a, from + 3, length) == to + a);
            CHECK(4, same());
            for (unsigned i = 0; i < length; i++)
                expected[a + i] = 0x85;
            CHECK(5, memset(to + a, 0x1285, length) == to + a);
            CHECK(6, same());
        }
}

static void comparisons(void)
{
    CHECK(7, memcmp("abc", "abd", 2) == 0 && memcmp("abc", "abd", 3) < 0 && memcmp("\xff", "\x01", 1) > 0);
    CHECK(8, memcmp("a", "b", 0) == 0);
    CHECK(9, strlen("") == 0 && strlen("twelve bytes") == 12);
}

int main(void)
{
    overlapping_moves();
    copies();
    comparisons();
    tyrne_print_decimal(0);
    tyrne_print(" ");
    tyrne_print_decimal(~0ul);
    tyrne_print(" ");
    tyrne_print_signed(-9223372036854775807l - 1);
    tyrne_print(" ");
    tyrne_print_signed(42);
    tyrne_print(" ");
    tyrne_print_hex(0);
    tyrne_print(" ");
    tyrne_print_hex(0xfeedfacecafebeef);
    tyrne_print("\nlong: ");
    for (unsigned i = 0; i < 600; i++)
        tyrne_print_bytes("x", 1);
    return 0;
}
