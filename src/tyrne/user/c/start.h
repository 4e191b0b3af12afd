/* What x0 leads to when a program starts that asks for it (TYRNE_START_PAGE), or that its task gives arguments, variables or
   a heap: `void _start(const struct tyrne_start *page)`, `int main(int, char **, char **, const struct tyrne_start *page)`.
   Without any of that, and in a later life, x0 is 0. */
struct tyrne_start {
    uint64_t version; /* 1 */
    uint64_t stack, stack_bytes;
    uint64_t heap, heap_bytes; /* whole pages of zeros, as many as heap_pages of the task says; 0 without it */
    uint64_t arguments;
    char **argument_list; /* the first is the name of the program; it ends with 0 */
    uint64_t variables;
    char **variable_list;
    uint64_t seed[4]; /* the same for the same program, arguments and variables */
    uint64_t held;
    const struct tyrne_held *table; /* in the order of the handle words */
};

/* A capability that the task starts with. */
struct tyrne_held {
    const char *name; /* as handles.h has it, in lower case; empty if it has none */
    uint64_t kind, handle;
    uint64_t address, bytes; /* of memory: where it is mapped, or 0, and its size; 0 for others */
};
