/* The table of letters. A constructor fills it, so that main and all that it calls find it ready. */

#include "words.h"

unsigned char letters[256];

__attribute__((constructor)) static void fill(void)
{
    memset(&letters['a'], 1, 26);
    memcpy(&letters['A'], &letters['a'], 26);
}
