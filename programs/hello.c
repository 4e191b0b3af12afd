/* The first program in C: the header is all that it needs of Tyrne. */

#include "tyrne.h"

int main(void)
{
    tyrne_print("hello from userspace\n");
    return 0;
}
