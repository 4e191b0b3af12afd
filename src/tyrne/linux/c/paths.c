/* Calls with a path: files are opened, made, renamed and removed by their names. */

#include "files.h"

enum { AT_REMOVEDIR = 0x200 };
enum { RENAME_NOREPLACE = 1 };

static uint32_t mask = 022;
static struct node *here;

static struct node *working_directory(void)
{
    if (!here) {
        here = tree_root();
        tree_hold(here);
    }
    return here;
}

/* The node that a descriptor or HERE stands for; 0 if it is closed. */
static struct node *node_of(uint64_t descriptor)
{
    if ((int32_t)descriptor == HERE)
        return working_directory();
    const struct open *file = open_file(descriptor);
    return file ? file->node : 0;
}

/* Where a path leads. What it begins at is asked only if it is not absolute. */
static int64_t find(uint64_t descriptor, uint64_t path, int follow, struct place *place)
{
    const char *text = (const char *)path;
    if (!text)
        return -EFAULT;
    struct node *from = *text == '/' ? tree_root() : node_of(descriptor);
    return from ? tree_find(from, text, follow, place) : -EBADF;
}

/* A node that is there, or one that a descriptor stands for if the path is empty and that is allowed. */
int64_t existing_node(uint64_t descriptor, uint64_t path, uint64_t flags, struct node **node)
{
    struct place place;
    if (flags & AT_EMPTY_PATH && (!path || !*(const char *)path)) {
        *node = node_of(descriptor);
        return *node ? 0 : -EBADF;
    }
    int64_t refused = find(descriptor, path, !(flags & AT_SYMLINK_NOFOLLOW), &place);
    *node = refused ? 0 : place.node;
    return refused ? refused : *node ? 0 : -ENOENT;
}

int64_t linux_openat(const uint64_t *x)
{
    struct place place;
    uint64_t flags = x[2];
    int exclusive = (flags & O_CREAT && flags & O_EXCL) != 0;
    int64_t refused = find(x[0], x[1], !(flags & O_NOFOLLOW) && !exclusive, &place);
    if (refused)
        return refused;
    struct node *node = place.node;
    int write = (flags & ACCESS) != READ_ONLY && !(flags & O_PATH);
    if (node) {
        if (exclusive)
            return -EEXIST;
        if (node->kind == LINK && !(flags & O_PATH))
            return -ELOOP;
        if (node->kind == DIRECTORY && (write || flags & O_CREAT))
            return -EISDIR;
        if (node->kind != DIRECTORY && flags & O_DIRECTORY)
            return -ENOTDIR;
        int64_t descriptor = open_node(node, flags);
        if (descriptor >= 0 && node->kind == FILE && write && flags & O_TRUNC)
            tree_cut(node, 0);
        return descriptor;
    }
    if (!(flags & O_CREAT))
        return -ENOENT;
    if (place.as_directory)
        return -EISDIR;
    node = tree_add(&place, FILE, (uint32_t)x[3] & PERMISSIONS & ~mask);
    if (!node)
        return -ENOSPC;
    int64_t descriptor = open_node(node, flags);
    if (descriptor < 0)
        tree_remove(node);
    return descriptor;
}

/* A new node where nothing is yet. */
static int64_t make(uint64_t descriptor, uint64_t path, enum kind kind, uint32_t mode, struct node **made)
{
    struct place place;
    int64_t refused = find(descriptor, path, 0, &place);
    if (refused)
        return refused;
    if (place.node)
        return -EEXIST;
    if (place.as_directory && kind != DIRECTORY)
        return -ENOENT;
    *made = tree_add(&place, kind, mode);
    return *made ? 0 : -ENOSPC;
}

int64_t linux_mkdirat(const uint64_t *x)
{
    struct node *made;
    return make(x[0], x[1], DIRECTORY, (uint32_t)x[2] & PERMISSIONS & ~mask, &made);
}

int64_t linux_symlinkat(const uint64_t *x)
{
    const char *text = (const char *)x[0];
    struct node *made;
    uint64_t length = 0;
    while (text[length])
        if (++length == MOST_PATH)
            return -ENAMETOOLONG;
    if (!length)
        return -ENOENT;
    int64_t refused = make(x[1], x[2], LINK, 0777, &made);
    if (refused)
        return refused;
    refused = tree_reserve(made, length);
    if (refused) {
        tree_remove(made);
        return refused;
    }
    memcpy(made->content, text, length);
    made->size = length;
    return 0;
}

static int is_busy(const struct node *node)
{
    return node->parent == node || node->kind == NOTHING || node->kind == ZEROS || node->kind == RANDOM;
}

int64_t linux_unlinkat(const uint64_t *x)
{
    struct place place;
    int64_t refused = find(x[0], x[1], 0, &place);
    if (refused)
        return refused;
    struct node *node = place.node;
    if (!node)
        return -ENOENT;
    if (x[2] & AT_REMOVEDIR && node->kind != DIRECTORY)
        return -ENOTDIR;
    if (!(x[2] & AT_REMOVEDIR) && node->kind == DIRECTORY)
        return -EISDIR;
    if (is_busy(node))
        return -EBUSY;
    if (node->first)
        return -ENOTEMPTY;
    tree_remove(node);
    return 0;
}

int64_t linux_renameat2(const uint64_t *x)
{
    struct place from, to;
    int64_t refused = find(x[0], x[1], 0, &from);
    if (!refused)
        refused = find(x[2], x[3], 0, &to);
    if (refused)
        return refused;
    struct node *node = from.node, *old = to.node;
    if (!node)
        return -ENOENT;
    if (x[4] & ~(uint64_t)RENAME_NOREPLACE || (node->kind == DIRECTORY && tree_holds(node, to.directory)))
        return -EINVAL;
    if (is_busy(node) || (old && is_busy(old)))
        return -EBUSY;
    if (to.as_directory && node->kind != DIRECTORY)
        return -ENOTDIR;
    if (old == node)
        return 0;
    if (old) {
        if (x[4] & RENAME_NOREPLACE)
            return -EEXIST;
        if (old->kind == DIRECTORY && node->kind != DIRECTORY)
            return -EISDIR;
        if (old->kind != DIRECTORY && node->kind == DIRECTORY)
            return -ENOTDIR;
        if (old->first)
            return -ENOTEMPTY;
        tree_remove(old);
    }
    tree_move(node, &to);
    return 0;
}

int64_t linux_renameat(const uint64_t *x)
{
    const uint64_t without_flags[] = {x[0], x[1], x[2], x[3], 0, 0};
    return linux_renameat2(without_flags);
}

/* There are no second names. */
int64_t linux_linkat(const uint64_t *x)
{
    struct node *node;
    int64_t refused = existing_node(x[0], x[1], AT_SYMLINK_NOFOLLOW, &node);
    return refused ? refused : -EPERM;
}

int64_t linux_truncate(const uint64_t *x)
{
    struct node *node;
    int64_t refused = existing_node(HERE, x[0], 0, &node);
    if (refused)
        return refused;
    if (node->kind != FILE || (int64_t)x[1] < 0)
        return node->kind == DIRECTORY ? -EISDIR : -EINVAL;
    return x[1] > MOST_FILE ? -EFBIG : tree_cut(node, x[1]);
}

static int64_t go_to(struct node *node)
{
    if (node->kind != DIRECTORY)
        return -ENOTDIR;
    tree_hold(node);
    tree_let_go(working_directory());
    here = node;
    return 0;
}

int64_t linux_chdir(const uint64_t *x)
{
    struct node *node;
    int64_t refused = existing_node(HERE, x[0], 0, &node);
    return refused ? refused : go_to(node);
}

int64_t linux_fchdir(const uint64_t *x)
{
    const struct open *file = open_file(x[0]);
    return file ? go_to(file->node) : -EBADF;
}

/* Written from its end. */
int64_t linux_getcwd(const uint64_t *x)
{
    char path[MOST_PATH], *at = path + sizeof path - 1;
    const struct node *node = working_directory();
    *at = 0;
    if (node == tree_root())
        *--at = '/';
    for (; node != tree_root(); node = node->parent) {
        if (!node->named)
            return -ENOENT;
        if (at - path <= node->length)
            return -ERANGE;
        at -= node->length;
        memcpy(at, node->name, node->length);
        *--at = '/';
    }
    uint64_t length = (uint64_t)(path + sizeof path - at);
    if (length > x[1])
        return -ERANGE;
    memcpy((char *)x[0], at, length);
    return (int64_t)length;
}

int64_t linux_umask(const uint64_t *x)
{
    uint32_t before = mask;
    mask = (uint32_t)x[0] & 0777;
    return before;
}

/* What is asked of a path, and answered of none. */
int64_t linux_no_such_file(const uint64_t *x)
{
    (void)x;
    return -ENOENT;
}
