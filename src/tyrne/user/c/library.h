/* What follows is in the library with which tyrne links programs in C and assembly.

   Text goes to the task's console in one call for each line: when it ends, when 256 bytes are there, on tyrne_flush and
   tyrne_exit, and when main returns. Without a console it is lost, and nothing else happens. */
void tyrne_print(const char *text);
void tyrne_print_bytes(const void *bytes, size_t length);
void tyrne_print_decimal(uint64_t value);
void tyrne_print_signed(int64_t value);
void tyrne_print_hex(uint64_t value); /* with 0x, without leading zeros */
void tyrne_flush(void);

/* Ends the task from anywhere, after what is printed. */
_Noreturn void tyrne_exit(uint64_t code);

void *memcpy(void *restrict target, const void *restrict source, size_t length);
void *memmove(void *target, const void *source, size_t length);
void *memset(void *target, int byte, size_t length);
int memcmp(const void *one, const void *other, size_t length);
size_t strlen(const char *text);

/* TYRNE_KEPT int lives; A task that is started anew finds its data as at first, but this as its last life left it. */
#define TYRNE_KEPT __attribute__ ((section (".kept")))

/* TYRNE_OWN_START; In a program whose own start calls its constructors and sets up its thread-locals. tyrne does not warn
   then that nobody does. */
#define TYRNE_OWN_START \
    __asm__(".pushsection .note.tyrne, \"a\", %note\n.balign 4\n.word 6, 0, 1\n" \
            ".asciz \"Tyrne\"\n.balign 4\n.popsection")

/* TYRNE_START_PAGE; In a program that reads its start page (struct tyrne_start), so that it has one whatever it is given. */
#define TYRNE_START_PAGE \
    __asm__(".pushsection .note.tyrne, \"a\", %note\n.balign 4\n.word 6, 0, 3\n" \
            ".asciz \"Tyrne\"\n.balign 4\n.popsection")
