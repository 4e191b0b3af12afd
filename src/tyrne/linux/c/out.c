/* What a program has made or changed below its root, packed where the tool finds it when the run is over: an archive of
   cpio's format "newc" (tyrne.linux.returned reads it), in memory that the tool has given for that.

   Two words come first: how many bytes the archive has, 0 as long as there is none, and how many nodes did not fit. What
   the archive of the start had, and is as it was, is left out, and so are devices. What it had, and is gone, is named by
   an entry of a kind that no file has; and so is a directory with something whose path is too long, which is left out. */

#include "tree.h"

#define HEADER 110u
#define FIELDS 13
#define TRAILER "TRAILER!!!"
enum { IS_DIRECTORY = 0040000, IS_FILE = 0100000, IS_LINK = 0120000, IS_REMOVED = 0020000,
       HAS_LONG = 0020001 };

struct output {
    uint8_t *start;
    uint64_t used, room, left_out, entries;
};

static uint64_t four(uint64_t value)
{
    return (value + 3) & ~3ul;
}

static uint64_t entry_size(uint64_t name, uint64_t content)
{
    return four(HEADER + name + 1) + four(content);
}

static void put(struct output *out, const char *name, uint64_t length, uint64_t mode, const uint8_t *content,
                uint64_t size)
{
    static const char digits[] = "0123456789ABCDEF";
    const uint64_t fields[FIELDS] = {++out->entries, mode, 0, 0, 1, 0, size, 0, 0, 0, 0, length + 1, 0};
    uint8_t *at = out->start + out->used;
    memset(at, 0, entry_size(length, size));
    memcpy(at, "070701", 6);
    for (uint64_t i = 0; i < FIELDS; i++)
        for (uint64_t digit = 0; digit < 8; digit++)
            at[6 + 8 * i + digit] = (uint8_t)digits[fields[i] >> (28 - 4 * digit) & 15];
    memcpy(at + HEADER, name, length);
    if (size)
        memcpy(at + four(HEADER + length + 1), content, size);
    out->used += entry_size(length, size);
}

static void put_node(struct output *out, const struct node *node, const char *path, uint64_t length)
{
    uint64_t format = node->kind == DIRECTORY ? IS_DIRECTORY : node->kind == LINK ? IS_LINK : IS_FILE;
    uint64_t size = node->kind == DIRECTORY ? 0 : node->size, end = entry_size(sizeof TRAILER - 1, 0);
    if (size > out->room || entry_size(length, size) + end > out->room - out->used)
        out->left_out++;
    else
        put(out, path, length, format | node->mode, node->content, size);
}

static void put_name(struct output *out, const char *path, uint64_t length, uint64_t kind)
{
    if (entry_size(length, 0) + entry_size(sizeof TRAILER - 1, 0) > out->room - out->used)
        out->left_out++;
    else
        put(out, path, length, kind, 0, 0);
}

static void put_removed(void *with, const char *path, uint64_t length)
{
    put_name(with, path, length, IS_REMOVED);
}

/* The first of a directory's nodes, from this one on, whose path is none that is too long. Of those before it, none of
   which the archive of the start had, the path of the directory is left, which is the given one. */
static const struct node *fitting(struct output *out, const struct node *node, const char *path, uint64_t length)
{
    if (node && length + node->length + 2u > MOST_PATH)
        put_name(out, path, length, HAS_LONG);
    while (node && length + node->length + 2u > MOST_PATH)
        node = node->next;
    return node;
}

/* Each node below the root, a directory before what is in it. What a new directory has is new there. */
static void put_tree(struct output *out, const struct node *root)
{
    static char path[MOST_PATH];
    uint64_t length = 0;
    const struct node *node = root, *made = 0; /* `made`: the uppermost new directory on the way */
    for (;;) {
        const struct node *next = node->kind == DIRECTORY ? fitting(out, node->first, path, length) : 0;
        while (!next && node != root) {
            if (node == made)
                made = 0;
            length -= length == node->length ? node->length : node->length + 1u; /* with the slash before it */
            next = fitting(out, node->next, path, length);
            if (!next)
                node = node->parent;
        }
        if (!next)
            return;
        node = next;
        if (length)
            path[length++] = '/';
        memcpy(path + length, node->name, node->length);
        length += node->length;
        if ((!node->given || made) && (node->kind == DIRECTORY || node->kind == FILE || node->kind == LINK))
            put_node(out, node, path, length);
        if (!made && !node->given && node->kind == DIRECTORY)
            made = node;
    }
}

void linux_put_out(void)
{
    uint64_t *words = (uint64_t *)linux_start.out;
    struct output out = {(uint8_t *)(words + 2), 0, linux_start.out_bytes - 2 * sizeof *words, 0, 0};
    if (!words)
        return;
    struct node *root = tree_made();
    if (root) {
        archive_removed(root, put_removed, &out);
        put_tree(&out, root);
    }
    put(&out, TRAILER, sizeof TRAILER - 1, 0, 0, 0);
    words[1] = out.left_out;
    words[0] = out.used;
}
