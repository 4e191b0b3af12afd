/* What a C library does at its start and with its calls: printf, malloc, qsort, floats, thread-locals, argv, environ. */

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static _Thread_local int local = 41;
extern char **environ;

__attribute__((constructor)) static void first(void)
{
    local++;
}

static int order(const void *one, const void *other)
{
    return *(const int *)one - *(const int *)other;
}

int main(int argc, char **argv)
{
    for (int i = 0; i < argc; i++)
        printf("argv[%d] = <%s>\n", i, argv[i]);
    for (char **variable = environ; *variable; variable++)
        printf("environ has <%s>\n", *variable);
    int numbers[1000];
    for (int i = 0; i < 1000; i++)
        numbers[i] = i * 7919 % 1000;
    qsort(numbers, 1000, sizeof *numbers, order);
    printf("%d %d %d\n", numbers[0], numbers[500], numbers[999]);
    for (int round = 0; round < 50; round++) {
        char *pieces[20];
        for (int i = 0; i < 20; i++)
            memset(pieces[i] = malloc((size_t)(i + 1) * 9973), i, (size_t)(i + 1) * 9973);
        pieces[3] = realloc(pieces[3], 300000);
        for (int i = 0; i < 20; i++) {
            if (pieces[i][0] != i || pieces[i][(i + 1) * 9973 - 1] != i)
                return 1;
            free(pieces[i]);
        }
    }
    printf("%.6f %.3e %g, local %d\n", acos(-1.0), pow(2.0, 0.5) * 1e10, 1.0 / 3, local);
    FILE *file = fopen("/etc/passwd", "r");
    printf("a file: %s\n", file ? "open" : "none");
    printf("read: %d\n", getchar());
    fflush(stdout);
    fprintf(stderr, "to stderr\n");
    fclose(stdout);
    if (write(1, "x", 1) != -1)
        return 2;
    return argc > 1 ? atoi(argv[1]) : 0;
}
