/* Descriptors, and the open files that they stand for.

   There are three at the beginning, of two open files: standard input, and the debug console. */

#include "files.h"

enum { F_DUPFD = 0, F_GETFD = 1, F_SETFD = 2, F_GETFL = 3, F_SETFL = 4, F_DUPFD_CLOEXEC = 1030 };
enum { F_GETLK = 5, F_SETLK = 6, F_SETLKW = 7, F_OFD_GETLK = 36, F_OFD_SETLK = 37, F_OFD_SETLKW = 38, F_UNLCK = 2 };

static struct node input = {.kind = INPUT, .number = 1, .holders = 1}, console = {.kind = CONSOLE, .number = 2, .holders = 1};
static struct open opened[FILES] = {{&input, 0, READ_ONLY, 1}, {&console, 0, O_WRONLY, 2}};
static uint8_t files[FILES] = {1, 2, 2}; /* the place of each descriptor's open file, and one; 0 if it is closed */

/* What a descriptor stands for; 0 if it is closed. */
struct open *open_file(uint64_t descriptor)
{
    descriptor = (uint32_t)descriptor;
    if (descriptor >= FILES || !files[descriptor])
        return 0;
    struct open *file = &opened[files[descriptor] - 1];
    return file->node->kind == CONSOLE && linux_start.console == TYRNE_NULL_HANDLE ? 0 : file;
}

/* Whether a pipe has an end that is open for `access`. */
int file_has_end(const struct node *node, uint32_t access)
{
    for (const struct open *file = opened; file < opened + FILES; file++)
        if (file->holders && file->node == node && (file->flags & ACCESS) == access)
            return 1;
    return 0;
}

/* The lowest descriptor that is free, from one on, for an open file. */
static int64_t new_descriptor(struct open *file, uint64_t from)
{
    for (uint64_t descriptor = from; descriptor < FILES; descriptor++) {
        if (!files[descriptor]) {
            files[descriptor] = (uint8_t)(file - opened + 1);
            file->holders++;
            return (int64_t)descriptor;
        }
    }
    return -EMFILE;
}

/* Open a node: a new descriptor. */
int64_t open_node(struct node *node, uint64_t flags)
{
    for (struct open *file = opened; file < opened + FILES; file++) {
        if (!file->holders) {
            *file = (struct open){node, 0, (uint32_t)flags, 0};
            int64_t descriptor = new_descriptor(file, 0);
            if (descriptor >= 0)
                tree_hold(node);
            return descriptor;
        }
    }
    return -EMFILE;
}

static void close_descriptor(uint64_t descriptor)
{
    struct open *file = &opened[files[descriptor] - 1];
    files[descriptor] = 0;
    if (--file->holders == 0)
        tree_let_go(file->node);
}

int64_t linux_close(const uint64_t *x)
{
    if (!open_file(x[0]))
        return -EBADF;
    close_descriptor((uint32_t)x[0]);
    return 0;
}

int64_t linux_dup(const uint64_t *x)
{
    struct open *file = open_file(x[0]);
    return file ? new_descriptor(file, 0) : -EBADF;
}

int64_t linux_dup3(const uint64_t *x)
{
    struct open *file = open_file(x[0]);
    uint64_t target = (uint32_t)x[1];
    if (!file || target >= FILES)
        return -EBADF;
    if ((uint32_t)x[0] == target)
        return -EINVAL;
    if (files[target])
        close_descriptor(target);
    return new_descriptor(file, target);
}

int64_t linux_fcntl(const uint64_t *x)
{
    struct open *file = open_file(x[0]);
    if (!file)
        return -EBADF;
    switch ((uint32_t)x[1]) {
    case F_DUPFD:
    case F_DUPFD_CLOEXEC:
        return x[2] >= FILES ? -EINVAL : new_descriptor(file, x[2]);
    case F_GETFL:
        return file->flags;
    case F_SETFL:
        file->flags = (file->flags & ~(uint32_t)O_APPEND) | (uint32_t)(x[2] & O_APPEND);
        return 0;
    case F_GETLK:
    case F_OFD_GETLK:
        *(int16_t *)x[2] = F_UNLCK; /* the first word of struct flock: who is alone meets no lock */
        return 0;
    case F_SETLK:
    case F_SETLKW:
    case F_OFD_SETLK:
    case F_OFD_SETLKW:
    case F_GETFD:
    case F_SETFD:
        return 0;
    }
    return -EINVAL;
}

/* A pipe whose two ends the program has itself: what is written stays until the last descriptor is closed. Who reads
   where nothing is would wait for itself: EAGAIN. */
int64_t linux_pipe2(const uint64_t *x)
{
    int32_t *ends = (int32_t *)x[0];
    struct node *node = tree_nameless(PIPE);
    if (!node)
        return -ENFILE;
    tree_hold(node);
    int64_t out = open_node(node, READ_ONLY), in = open_node(node, O_WRONLY);
    tree_let_go(node);
    if (out < 0 || in < 0) {
        if (out >= 0)
            close_descriptor((uint64_t)out);
        return -EMFILE;
    }
    ends[0] = (int32_t)out;
    ends[1] = (int32_t)in;
    return 0;
}

/* There is no network. */
int64_t linux_socket(const uint64_t *x)
{
    (void)x;
    return -EAFNOSUPPORT;
}

int64_t linux_no_socket(const uint64_t *x)
{
    return open_file(x[0]) ? -ENOTSOCK : -EBADF;
}

int64_t linux_ioctl(const uint64_t *x)
{
    return open_file(x[0]) ? -ENOTTY : -EBADF;
}
