/* The archive that a program's files come in: cpio, of the format "newc", as the tool packs a folder or anyone does.

   It is anybody's: what is read lies within it, and an entry that leads out of the tree, or is of a kind that the tree
   has not, is left out. */

#include "tree.h"

#define HEADER 110u
#define FIELD(number) (6 + 8 * (number))
enum { MODE = 1, SIZE = 6, NAME_SIZE = 11 };
enum { FORMAT = 0170000, IS_DIRECTORY = 0040000, IS_FILE = 0100000, IS_LINK = 0120000, PERMISSIONS = 0777 };
#define BAD (~0ul)

static uint64_t field(const uint8_t *header, int number)
{
    uint64_t value = 0;
    for (const uint8_t *at = header + FIELD(number), *end = at + 8; at < end; at++) {
        uint8_t letter = *at | 0x20;
        if (*at >= '0' && *at <= '9')
            value = value << 4 | (uint64_t)(*at - '0');
        else if (letter >= 'a' && letter <= 'f')
            value = value << 4 | (uint64_t)(letter - 'a' + 10);
        else
            return BAD;
    }
    return value;
}

static uint64_t four(uint64_t value)
{
    return (value + 3) & ~3ul;
}

/* The directories on the way are made if they are not there. */
static int way_to(struct node *top, char *path, struct place *place)
{
    for (char *at = path; *at; at++) {
        if (*at != '/' || at == path)
            continue;
        *at = 0;
        if (tree_find(top, path, 0, place))
            return 0;
        struct node *made = place->node ? place->node : tree_add(place, DIRECTORY, 0755);
        if (!made)
            return 0;
        made->given = 1;
        *at = '/';
    }
    return !tree_find(top, path, 0, place);
}

static int leads_out(const char *path)
{
    for (const char *at = path; *at; at++)
        if (at[0] == '.' && at[1] == '.' && (at == path || at[-1] == '/') && (!at[2] || at[2] == '/'))
            return 1;
    return 0;
}

/* What an entry becomes; NOTHING if it is of a kind that the tree has not. */
static enum kind kind_of(uint64_t mode, uint64_t size)
{
    if ((mode & FORMAT) == IS_LINK)
        return size && size < MOST_PATH ? LINK : NOTHING;
    return (mode & FORMAT) == IS_DIRECTORY ? DIRECTORY : (mode & FORMAT) == IS_FILE ? FILE : NOTHING;
}

static void unpack(void *top, char *path, uint64_t mode, uint8_t *content, uint64_t size)
{
    struct place place;
    if (!*path || leads_out(path) || !way_to(top, path, &place))
        return;
    enum kind kind = kind_of(mode, size);
    if (kind == NOTHING)
        return;
    struct node *node = place.node;
    if (node && (node->kind != kind || kind == DIRECTORY)) {
        if (node->kind == DIRECTORY && kind == DIRECTORY)
            node->mode = mode & PERMISSIONS;
        return;
    }
    if (!node)
        node = tree_add(&place, kind, mode & PERMISSIONS);
    if (node)
        node->given = 1;
    if (node && kind != DIRECTORY) {
        node->content = content;
        node->size = size;
        node->time = 0;
    }
}

/* Each entry of the archive, its path without what leads to the root. */
static void each(void (*visit)(void *with, char *path, uint64_t mode, uint8_t *content, uint64_t size), void *with)
{
    uint8_t *at = (uint8_t *)linux_start.archive;
    uint64_t left = linux_start.archive_bytes;
    while (left >= HEADER && at[0] == '0' && at[1] == '7' && at[2] == '0' && at[3] == '7' && at[4] == '0' &&
           (at[5] == '1' || at[5] == '2')) {
        uint64_t mode = field(at, MODE), size = field(at, SIZE), name = field(at, NAME_SIZE);
        uint64_t content = four(HEADER + name), end = four(content + size);
        if (mode == BAD || size == BAD || name == BAD || !name || name >= MOST_PATH || content + size > left)
            return;
        char *path = (char *)at + HEADER;
        if (path[name - 1] || same(path, "TRAILER!!!"))
            return;
        while (*path == '/')
            path++;
        visit(with, path, mode, at + content, size);
        if (end > left)
            return;
        at += end;
        left -= end;
    }
}

void archive_unpack(struct node *top)
{
    each(unpack, top);
}

struct removals {
    struct node *top;
    void (*tell)(void *with, const char *path, uint64_t length);
    void *with;
};

/* Tells the first name on the way to an entry that leads nowhere now; once, if what is in it follows. */
static void tell_removed(void *with, char *path, uint64_t mode, uint8_t *content, uint64_t size)
{
    static char told[MOST_PATH];
    struct removals *removals = with;
    struct place place;
    (void)content;
    while (path[0] == '.' && path[1] == '/')
        path += 2;
    if (!*path || leads_out(path) || kind_of(mode, size) == NOTHING)
        return;
    for (char *at = path;; at++) {
        char kept = *at;
        if (kept && (kept != '/' || at == path))
            continue;
        *at = 0;
        int64_t refused = tree_find(removals->top, path, 0, &place);
        uint64_t length = (uint64_t)(at - path);
        int is_gone = !refused && !place.node;
        if (is_gone && !same(told, path)) {
            memcpy(told, path, length + 1);
            removals->tell(removals->with, path, length);
        }
        *at = kept;
        if (refused || is_gone || !kept)
            return;
    }
}

void archive_removed(struct node *top, void (*tell)(void *with, const char *path, uint64_t length), void *with)
{
    struct removals removals = {top, tell, with};
    each(tell_removed, &removals);
}
