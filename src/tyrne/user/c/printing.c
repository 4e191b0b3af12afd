/* Text on the task's console, a line in each call. */

#include "tyrne.h"

enum { CAPACITY = 256 };

static char line[CAPACITY];
static size_t used;

/* Its address is the handle word of the console, which the link sets. */
extern const char tyrne_console[];

void tyrne_flush(void)
{
    if (used)
        tyrne_console_write((uint64_t)tyrne_console, line, used);
    used = 0;
}

static void put(char byte)
{
    line[used++] = byte;
    if (byte == '\n' || used == CAPACITY)
        tyrne_flush();
}

void tyrne_print_bytes(const void *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++)
        put(((const char *)bytes)[i]);
}

void tyrne_print(const char *text)
{
    while (*text)
        put(*text++);
}

/* The digits of a number, the last one first found. */
static void print_number(uint64_t value, unsigned base)
{
    char digits[20];
    unsigned count = 0;
    do
        digits[count++] = "0123456789abcdef"[value % base];
    while (value /= base);
    while (count)
        put(digits[--count]);
}

void tyrne_print_decimal(uint64_t value)
{
    print_number(value, 10);
}

void tyrne_print_signed(int64_t value)
{
    if (value < 0)
        put('-');
    print_number(value < 0 ? -(uint64_t)value : (uint64_t)value, 10);
}

void tyrne_print_hex(uint64_t value)
{
    tyrne_print("0x");
    print_number(value, 16);
}

_Noreturn void tyrne_exit(uint64_t code)
{
    tyrne_flush();
    tyrne_task_exit(code);
}
