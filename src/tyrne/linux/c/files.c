/* Descriptors, and what is read and written by them.

   Standard input is what the tool was given, then it is at its end. What is written to the other two streams goes to the
   debug console; without it they are closed. A kernel that has no debug console loses it. */

#include "files.h"
#include "signals.h"

#define FILES 64
#define PIECE 4096ul /* what the console takes at once */
enum { F_DUPFD = 0, F_GETFD = 1, F_SETFD = 2, F_GETFL = 3, F_SETFL = 4, F_DUPFD_CLOEXEC = 1030 };
enum { F_GETLK = 5, F_SETLK = 6, F_SETLKW = 7, F_OFD_GETLK = 36, F_OFD_SETLK = 37, F_OFD_SETLKW = 38, F_UNLCK = 2 };
enum { SEEK_SET, SEEK_CUR, SEEK_END };
enum { POLLIN = 1, POLLOUT = 4, POLLNVAL = 32 };

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

static int64_t to_console(const char *text, uint64_t length)
{
    for (uint64_t done = 0; done < length;) {
        uint64_t piece = length - done > PIECE ? PIECE : length - done;
        uint64_t status = tyrne_console_write(linux_start.console, text + done, piece).x[0];
        if (status == TYRNE_STATUS_FAULT_ADDRESS)
            return done ? (int64_t)done : -EFAULT;
        done += piece;
    }
    return (int64_t)length;
}

void linux_say(const char *text)
{
    uint64_t length = 0;
    while (text[length])
        length++;
    if (linux_start.console != TYRNE_NULL_HANDLE)
        to_console(text, length);
}

/* Of `size` bytes those from `*at` on, as many as are wanted. */
static int64_t take(const void *content, uint64_t size, uint64_t *at, void *bytes, uint64_t length)
{
    if (*at >= size)
        return 0;
    if (length > size - *at)
        length = size - *at;
    memcpy(bytes, (const char *)content + *at, length);
    *at += length;
    return (int64_t)length;
}

static int at_end(const struct node *node, uint64_t at)
{
    return at >= node->size;
}

/* Whether a pipe has an end that is open for `access`. */
static int has_end(const struct node *node, uint32_t access)
{
    for (const struct open *file = opened; file < opened + FILES; file++)
        if (file->holders && file->node == node && (file->flags & ACCESS) == access)
            return 1;
    return 0;
}

static int64_t read_at(const struct open *file, uint64_t *at, void *bytes, uint64_t length)
{
    if ((int64_t)length < 0)
        return -EINVAL;
    if ((file->flags & ACCESS) == O_WRONLY || file->flags & O_PATH)
        return -EBADF;
    switch (file->node->kind) {
    case INPUT:
        return take((const void *)linux_start.input, linux_start.input_bytes, at, bytes, length);
    case FILE:
        return take(file->node->content, file->node->size, at, bytes, length);
    case PIPE:
        return at_end(file->node, *at) && has_end(file->node, O_WRONLY) ? -EAGAIN :
               take(file->node->content, file->node->size, at, bytes, length);
    case ZEROS:
        memset(bytes, 0, length);
        return (int64_t)length;
    case RANDOM:
        linux_random(bytes, length);
        return (int64_t)length;
    case NOTHING:
        return 0;
    case DIRECTORY:
        return -EISDIR;
    }
    return -EBADF;
}

static int64_t write_at(const struct open *file, uint64_t *at, const void *bytes, uint64_t length)
{
    struct node *node = file->node;
    if ((int64_t)length < 0)
        return -EINVAL;
    if ((file->flags & ACCESS) == READ_ONLY || file->flags & O_PATH)
        return -EBADF;
    if (node->kind == CONSOLE)
        return to_console(bytes, length);
    if (node->kind != FILE && node->kind != PIPE)
        return (int64_t)length;
    if (length == 0)
        return 0;
    if (node->kind == PIPE && !has_end(node, READ_ONLY)) {
        linux_send_own(SIGPIPE, SI_USER);
        return -EPIPE;
    }
    if (file->flags & O_APPEND || node->kind == PIPE)
        *at = node->size;
    uint64_t end = *at + length;
    if (end < length || end > MOST_FILE)
        return -EFBIG;
    int64_t refused = tree_reserve(node, end > node->size ? end : node->size);
    if (refused)
        return refused;
    memcpy(node->content + *at, bytes, length);
    node->size = end > node->size ? end : node->size;
    node->time = linux_now();
    *at = end;
    return (int64_t)length;
}

typedef int64_t transfer(const struct open *file, uint64_t *at, void *bytes, uint64_t length);

static int64_t write_these(const struct open *file, uint64_t *at, void *bytes, uint64_t length)
{
    return write_at(file, at, bytes, length);
}

int64_t linux_read(const uint64_t *x)
{
    struct open *file = open_file(x[0]);
    return file ? read_at(file, &file->at, (void *)x[1], x[2]) : -EBADF;
}

int64_t linux_write(const uint64_t *x)
{
    struct open *file = open_file(x[0]);
    return file ? write_at(file, &file->at, (const void *)x[1], x[2]) : -EBADF;
}

/* At a place of its own, where the file has places. */
static int64_t elsewhere(const uint64_t *x, transfer *move)
{
    struct open *file = open_file(x[0]);
    uint64_t at = x[3];
    if (!file)
        return -EBADF;
    if (file->node->kind >= PIPE)
        return -ESPIPE;
    if ((int64_t)at < 0)
        return -EINVAL;
    struct open once = *file;
    once.flags &= ~(uint32_t)O_APPEND;
    return move(&once, &at, (void *)x[1], x[2]);
}

int64_t linux_pread64(const uint64_t *x)
{
    return elsewhere(x, read_at);
}

int64_t linux_pwrite64(const uint64_t *x)
{
    return elsewhere(x, write_these);
}

struct piece {
    uint64_t address, length;
};

#define MOST_PIECES 1024

static int64_t pieces(const uint64_t *x, transfer *move)
{
    struct open *file = open_file(x[0]);
    const struct piece *piece = (const struct piece *)x[1];
    int64_t total = 0;
    if (!file)
        return -EBADF;
    if (x[2] > MOST_PIECES)
        return -EINVAL;
    for (uint64_t i = 0; i < x[2]; i++) {
        int64_t done = move(file, &file->at, (void *)piece[i].address, piece[i].length);
        if (done < 0)
            return total ? total : done;
        total += done;
        if ((uint64_t)done < piece[i].length)
            break;
    }
    return total;
}

int64_t linux_readv(const uint64_t *x)
{
    return pieces(x, read_at);
}

int64_t linux_writev(const uint64_t *x)
{
    return pieces(x, write_these);
}

int64_t linux_lseek(const uint64_t *x)
{
    struct open *file = open_file(x[0]);
    if (!file)
        return -EBADF;
    if (file->node->kind >= PIPE)
        return -ESPIPE;
    uint64_t from = (uint32_t)x[2] == SEEK_CUR ? file->at : (uint32_t)x[2] == SEEK_END ? file->node->size : 0;
    if ((uint32_t)x[2] > SEEK_END || (int64_t)(from + x[1]) < 0)
        return -EINVAL;
    file->at = from + x[1];
    return (int64_t)file->at;
}

int64_t linux_ftruncate(const uint64_t *x)
{
    struct open *file = open_file(x[0]);
    if (!file)
        return -EBADF;
    if (file->node->kind != FILE || (file->flags & ACCESS) == READ_ONLY || (int64_t)x[1] < 0)
        return -EINVAL;
    return x[1] > MOST_FILE ? -EFBIG : tree_cut(file->node, x[1]);
}

/* What mmap copies of a file: its bytes from a place on, into pages of zeros. */
int64_t linux_copy_of_file(uint64_t descriptor, uint64_t at, void *pages, uint64_t length)
{
    const struct open *file = open_file(descriptor);
    if (!file)
        return -EBADF;
    if (file->node->kind != FILE)
        return -ENODEV;
    return (file->flags & ACCESS) == O_WRONLY ? -EACCES : read_at(file, &at, pages, length);
}

struct wish {
    int32_t file;
    uint16_t asked, found;
};

int64_t linux_ppoll(const uint64_t *x)
{
    struct wish *wishes = (struct wish *)x[0];
    const uint64_t *most = (const uint64_t *)x[2];
    int64_t ready = 0;
    if (x[1] > FILES)
        return -EINVAL;
    for (uint64_t i = 0; i < x[1]; i++) {
        if (wishes[i].file < 0) {
            wishes[i].found = 0;
            continue;
        }
        const struct open *file = open_file((uint64_t)wishes[i].file);
        uint32_t access = file ? file->flags & ACCESS : 0;
        uint16_t may = !file ? POLLNVAL : access == READ_ONLY ? POLLIN : access == O_WRONLY ? POLLOUT : POLLIN | POLLOUT;
        wishes[i].found = may & (wishes[i].asked | POLLNVAL);
        ready += wishes[i].found != 0;
    }
    if (ready)
        return ready;
    if (x[3] && linux_is_interrupted(*(const uint64_t *)x[3]))
        return linux_suspend(*(const uint64_t *)x[3]);
    int64_t slept = linux_sleep(most ? most[0] * NANOSECONDS + most[1] : TYRNE_NEVER);
    return slept < 0 ? slept : 0;
}
