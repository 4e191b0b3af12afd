/* Leaves in the memory of which files are made what no library has packed, and ends past the library; or makes code of its
   own and jumps there. The archive that it leaves is what stands in the file "archive". */

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define OUT ((uint64_t *)0xffff00000000)

static void make_code(const char *where)
{
    static uint32_t data[1024] __attribute__((aligned(4096)));
    uint32_t stack[16];
    uint32_t *code = !strcmp(where, "stack") ? stack : !strcmp(where, "heap") ? malloc(64) : data;
    if (!strcmp(where, "out"))
        code = (uint32_t *)OUT;
    code[0] = 0xd2800088; /* mov x8, #4: task_exit of Tyrne */
    code[1] = 0xd4000001; /* svc #0 */
    if (!mprotect(data, sizeof data, PROT_READ | PROT_EXEC) ||
        mmap(0, 4096, PROT_EXEC, MAP_PRIVATE | MAP_ANON, -1, 0) != MAP_FAILED)
        puts("executable");
    puts("jumps");
    fflush(stdout);
    ((void (*)(void))code)();
    puts("came back");
}

int main(int count, char **words)
{
    if (count > 1) {
        make_code(words[1]);
        return 3;
    }
    int file = open("archive", O_RDONLY);
    OUT[0] = (uint64_t)read(file, OUT + 2, 100000);
    OUT[1] = UINT64_MAX;
    __asm__ volatile("mov x0, #0\n mov x8, #4\n svc #1" ::: "x0", "x8");
    return 4;
}
