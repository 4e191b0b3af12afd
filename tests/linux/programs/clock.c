#include <stdio.h>
#include <time.h>

int main(void)
{
    struct timespec before, after, three = {3, 0};
    clock_gettime(CLOCK_MONOTONIC, &before);
    int slept = nanosleep(&three, 0);
    clock_gettime(CLOCK_MONOTONIC, &after);
    printf("slept %d, at least 3 s later: %d\n", slept, after.tv_sec - before.tv_sec >= 3);
    return 0;
}
