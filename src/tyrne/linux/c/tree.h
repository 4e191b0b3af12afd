/* The files that a program sees: one tree of nodes in its own memory, gone with it. */
#ifndef TYRNE_LINUX_TREE_H
#define TYRNE_LINUX_TREE_H

#include "linux.h"

enum kind { DIRECTORY, FILE, LINK, NOTHING, ZEROS, RANDOM, PIPE, INPUT, CONSOLE };

#define MOST_NAME 255u
#define MOST_PATH 4096u
#define MOST_FILE (1ul << 40) /* bytes; there is no memory for more */

/* A file, by whatever name. `room` is how many bytes of its content are its own to write; with 0 they are the
   archive's, which nobody writes to. */
struct node {
    struct node *parent, *first, *last, *next, *before;
    uint8_t *content;
    uint64_t size, room;
    uint64_t number, order; /* `order` grows from one entry of a directory to the next */
    uint64_t time;          /* of its last change, in nanoseconds since boot */
    uint32_t mode;          /* its permissions, which are shown and not asked */
    uint32_t holders;       /* descriptors and the like that keep it when its name is gone */
    uint8_t kind, named;
    uint8_t given; /* as it was at the start: the archive's, or made with the root */
    uint8_t length;
    char name[MOST_NAME + 1];
};

/* Where a path leads: a name in a directory, and the node of that name or 0. */
struct place {
    struct node *directory, *node;
    uint32_t length;
    int as_directory; /* a slash follows */
    char name[MOST_NAME + 1];
};

struct node *tree_root(void);
struct node *tree_made(void);
void archive_unpack(struct node *top);
void archive_removed(struct node *top, void (*tell)(void *with, const char *path, uint64_t length), void *with);
int64_t tree_find(struct node *from, const char *path, int follow, struct place *found);
struct node *tree_add(const struct place *place, enum kind kind, uint32_t mode);
void tree_move(struct node *node, const struct place *place);
void tree_remove(struct node *node);
void tree_hold(struct node *node);
void tree_let_go(struct node *node);
int tree_holds(const struct node *above, const struct node *node);
int64_t tree_reserve(struct node *node, uint64_t size);
struct node *tree_nameless(enum kind kind);
int64_t tree_cut(struct node *node, uint64_t size);

/* Of memory.c: pages of zeros from the heap; 0 when there are none. */
void *linux_take_pages(uint64_t count);
void linux_give_pages(void *pages, uint64_t count);

#endif
