/* What is read and written by descriptors.

   Standard input is what the tool was given, then it is at its end. What is written to the other two streams goes to the
   debug console; without it they are closed. A kernel that has no debug console loses it. */

#include "files.h"
#include "signals.h"

#define PIECE 4096ul /* what the console takes at once */
enum { SEEK_SET, SEEK_CUR, SEEK_END };
enum { POLLIN = 1, POLLOUT = 4, POLLNVAL = 32 };

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
        return at_end(file->node, *at) && file_has_end(file->node, O_WRONLY) ? -EAGAIN :
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
    if (node->kind == PIPE && !file_has_end(node, READ_ONLY)) {
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
