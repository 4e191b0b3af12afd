/* What is told of files, and what is set of it: size and mode, owner and time, links, the entries of a directory. */

#include "files.h"

enum { UTIME_NOW = 0x3fffffff, UTIME_OMIT = 0x3ffffffe };
enum { X_OK = 1, EXECUTABLE = 0111 };

static const uint32_t formats[] = {
    [DIRECTORY] = 0040000, [FILE] = 0100000, [LINK] = 0120000, [NOTHING] = 0020000,
    [ZEROS] = 0020000, [RANDOM] = 0020000, [PIPE] = 0010000, [INPUT] = 0010000, [CONSOLE] = 0010000,
};
static const uint8_t types[] = {[DIRECTORY] = 4, [FILE] = 8, [LINK] = 10, [NOTHING] = 2, [ZEROS] = 2, [RANDOM] = 2};

static uint32_t mode_of(const struct node *node)
{
    return formats[node->kind] | (node->kind == LINK ? 0777 : node->kind >= PIPE ? 0600 : node->mode);
}

static uint32_t links_of(const struct node *node)
{
    return node->kind == DIRECTORY ? 2 : node->named || node->kind >= PIPE;
}

struct linux_stat {
    uint64_t device, number;
    uint32_t mode, links, user, group;
    uint64_t special, padding, size, block_size, blocks, times[6], rest;
};
_Static_assert(sizeof(struct linux_stat) == 128, "as Linux has it");

static int64_t tell(const struct node *node, struct linux_stat *stat)
{
    clear_words((uint64_t *)stat, sizeof *stat / 8);
    stat->device = 1;
    stat->number = node->number;
    stat->mode = mode_of(node);
    stat->links = links_of(node);
    stat->user = stat->group = USER;
    stat->size = node->size;
    stat->block_size = PAGE;
    stat->blocks = (node->size + 511) / 512;
    for (int i = 0; i < 6; i += 2) {
        stat->times[i] = node->time / NANOSECONDS;
        stat->times[i + 1] = node->time % NANOSECONDS;
    }
    return 0;
}

int64_t linux_fstat(const uint64_t *x)
{
    const struct open *file = open_file(x[0]);
    return file ? tell(file->node, (struct linux_stat *)x[1]) : -EBADF;
}

int64_t linux_fstatat(const uint64_t *x)
{
    struct node *node;
    int64_t refused = existing_node(x[0], x[1], x[3], &node);
    return refused ? refused : tell(node, (struct linux_stat *)x[2]);
}

struct linux_statx {
    uint32_t known, block_size;
    uint64_t attributes;
    uint32_t links, user, group;
    uint16_t mode, padding;
    uint64_t number, size, blocks, attributes_known;
    struct {
        uint64_t seconds;
        uint32_t nanoseconds, padding;
    } times[4];
    uint64_t rest[16];
};
_Static_assert(sizeof(struct linux_statx) == 256, "as Linux has it");

#define BASIC 0x7ffu

int64_t linux_statx(const uint64_t *x)
{
    struct node *node;
    struct linux_statx *told = (struct linux_statx *)x[4];
    int64_t refused = existing_node(x[0], x[1], x[2], &node);
    if (refused)
        return refused;
    clear_words((uint64_t *)told, sizeof *told / 8);
    told->known = BASIC;
    told->block_size = PAGE;
    told->links = links_of(node);
    told->user = told->group = USER;
    told->mode = (uint16_t)mode_of(node);
    told->number = node->number;
    told->size = node->size;
    told->blocks = (node->size + 511) / 512;
    for (int i = 0; i < 4; i++) {
        told->times[i].seconds = node->time / NANOSECONDS;
        told->times[i].nanoseconds = (uint32_t)(node->time % NANOSECONDS);
    }
    return 0;
}

int64_t linux_faccessat(const uint64_t *x)
{
    struct node *node;
    int64_t refused = existing_node(x[0], x[1], 0, &node);
    if (refused)
        return refused;
    return x[2] & X_OK && node->kind != DIRECTORY && !(node->mode & EXECUTABLE) ? -EACCES : 0;
}

int64_t linux_readlinkat(const uint64_t *x)
{
    struct node *node;
    int64_t refused = existing_node(x[0], x[1], AT_SYMLINK_NOFOLLOW, &node);
    if (refused)
        return refused;
    if (node->kind != LINK || (int64_t)x[3] <= 0)
        return -EINVAL;
    uint64_t length = node->size < x[3] ? node->size : x[3];
    memcpy((void *)x[2], node->content, length);
    return (int64_t)length;
}

static int64_t set_mode(struct node *node, uint64_t mode)
{
    node->mode = (uint32_t)mode & PERMISSIONS;
    if (node->kind == FILE)
        node->given = 0;
    return 0;
}

int64_t linux_fchmod(const uint64_t *x)
{
    const struct open *file = open_file(x[0]);
    return file ? set_mode(file->node, x[1]) : -EBADF;
}

int64_t linux_fchmodat(const uint64_t *x)
{
    struct node *node;
    int64_t refused = existing_node(x[0], x[1], 0, &node);
    return refused ? refused : set_mode(node, x[2]);
}

/* Everything belongs to the one user. */
static int64_t set_owner(uint64_t user, uint64_t group)
{
    int none = ((uint32_t)user == ~0u || user == USER) && ((uint32_t)group == ~0u || group == USER);
    return none ? 0 : -EPERM;
}

int64_t linux_fchown(const uint64_t *x)
{
    return open_file(x[0]) ? set_owner(x[1], x[2]) : -EBADF;
}

int64_t linux_fchownat(const uint64_t *x)
{
    struct node *node;
    int64_t refused = existing_node(x[0], x[1], x[4], &node);
    return refused ? refused : set_owner(x[2], x[3]);
}

int64_t linux_utimensat(const uint64_t *x)
{
    const uint64_t *times = (const uint64_t *)x[2];
    struct node *node;
    int64_t refused = existing_node(x[0], x[1], x[1] ? x[3] : AT_EMPTY_PATH, &node);
    if (refused)
        return refused;
    if (!times || times[3] == UTIME_NOW)
        node->time = linux_now();
    else if (times[3] != UTIME_OMIT)
        node->time = times[2] * NANOSECONDS + times[3];
    return 0;
}

struct entry {
    uint64_t number, next;
    uint16_t bytes;
    uint8_t type;
    char name[];
};

#define ENTRY 19 /* bytes before the name */
#define DOT 1
#define DOT_DOT 2 /* the orders of these two; others come after them */

/* Put an entry into what is left of a buffer; how many bytes it takes, 0 if it does not fit. */
static uint64_t put_entry(char *target, uint64_t left, const struct node *node, uint64_t order, const char *name, uint64_t length)
{
    uint64_t bytes = (ENTRY + length + 1 + 7) & ~7ul;
    if (bytes > left)
        return 0;
    struct entry *entry = (struct entry *)target;
    clear_words((uint64_t *)target, bytes / 8);
    entry->number = node->number;
    entry->next = order;
    entry->bytes = (uint16_t)bytes;
    entry->type = types[node->kind];
    memcpy(entry->name, name, length);
    return bytes;
}

int64_t linux_getdents64(const uint64_t *x)
{
    struct open *file = open_file(x[0]);
    char *target = (char *)x[1];
    uint64_t done = 0, bytes;
    if (!file)
        return -EBADF;
    const struct node *directory = file->node;
    if (directory->kind != DIRECTORY)
        return -ENOTDIR;
    for (uint64_t dots = file->at + 1; dots <= DOT_DOT; dots++) {
        bytes = put_entry(target + done, x[2] - done, dots == DOT ? directory : directory->parent, dots, "..", dots);
        if (!bytes)
            return done ? (int64_t)done : -EINVAL;
        file->at = dots;
        done += bytes;
    }
    for (const struct node *node = directory->first; node; node = node->next) {
        if (node->order <= file->at)
            continue;
        bytes = put_entry(target + done, x[2] - done, node, node->order, node->name, node->length);
        if (!bytes)
            return done ? (int64_t)done : -EINVAL;
        file->at = node->order;
        done += bytes;
    }
    return (int64_t)done;
}
