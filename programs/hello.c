/* The first program in C: the header is all that it needs of Tyrne. */

#include "tyrne.h"

static const char greeting[] = "hello from userspace\n";

void _start(void)
{
    tyrne_console_write(0, greeting, sizeof greeting - 1); /* handle word 0 is the debug console */
    tyrne_task_exit(0);
}
