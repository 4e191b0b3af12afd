/* Files: the standard streams, and a few devices that need nobody else. Each open descriptor is of a kind; one that
   serves files has its kind here.

   Standard input is at its end from the start. What is written to the others goes to the debug console; without it they
   are closed. A kernel that has no debug console loses it. */

#include "linux.h"

enum kind { CLOSED, INPUT, CONSOLE, NOTHING, ZEROS, RANDOM };

#define FILES 64
#define PIECE 4096ul /* what the console takes at once */
#define HERE (-100)
enum { O_DIRECTORY = 0x4000 };
enum { F_DUPFD = 0, F_GETFD = 1, F_SETFD = 2, F_GETFL = 3, F_SETFL = 4, F_DUPFD_CLOEXEC = 1030 };
enum { READ_ONLY = 0, WRITE_ONLY = 1, READ_AND_WRITE = 2 };
enum { POLLIN = 1, POLLOUT = 4, POLLNVAL = 32 };
enum { PIPE_MODE = 0010600, DEVICE_MODE = 0020666 };

static uint8_t files[FILES] = {INPUT, CONSOLE, CONSOLE};

static enum kind kind_of(uint64_t file)
{
    file = (uint32_t)file;
    if (file >= FILES || (files[file] == CONSOLE && linux_start.console == TYRNE_NULL_HANDLE))
        return CLOSED;
    return files[file];
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

static int64_t write_to(enum kind kind, const void *bytes, uint64_t length)
{
    if ((int64_t)length < 0)
        return -EINVAL;
    switch (kind) {
    case CONSOLE:
        return to_console(bytes, length);
    case NOTHING:
    case ZEROS:
    case RANDOM:
        return (int64_t)length;
    default:
        return -EBADF;
    }
}

static int64_t read_from(enum kind kind, void *bytes, uint64_t length)
{
    if ((int64_t)length < 0)
        return -EINVAL;
    switch (kind) {
    case INPUT:
    case NOTHING:
        return 0;
    case ZEROS:
        memset(bytes, 0, length);
        return (int64_t)length;
    case RANDOM:
        linux_random(bytes, length);
        return (int64_t)length;
    default:
        return -EBADF;
    }
}

int64_t linux_write(const uint64_t *x)
{
    return write_to(kind_of(x[0]), (const void *)x[1], x[2]);
}

int64_t linux_read(const uint64_t *x)
{
    return read_from(kind_of(x[0]), (void *)x[1], x[2]);
}

struct piece {
    uint64_t address, length;
};

#define MOST_PIECES 1024

int64_t linux_writev(const uint64_t *x)
{
    const struct piece *pieces = (const struct piece *)x[1];
    int64_t total = 0;
    if (x[2] > MOST_PIECES)
        return -EINVAL;
    if (kind_of(x[0]) == CLOSED)
        return -EBADF;
    for (uint64_t i = 0; i < x[2]; i++) {
        int64_t done = write_to(kind_of(x[0]), (const void *)pieces[i].address, pieces[i].length);
        if (done < 0)
            return total ? total : done;
        total += done;
        if ((uint64_t)done < pieces[i].length)
            break;
    }
    return total;
}

int64_t linux_readv(const uint64_t *x)
{
    const struct piece *pieces = (const struct piece *)x[1];
    int64_t total = 0;
    if (x[2] > MOST_PIECES)
        return -EINVAL;
    if (kind_of(x[0]) == CLOSED)
        return -EBADF;
    for (uint64_t i = 0; i < x[2]; i++) {
        int64_t done = read_from(kind_of(x[0]), (void *)pieces[i].address, pieces[i].length);
        if (done < 0)
            return total ? total : done;
        total += done;
        if ((uint64_t)done < pieces[i].length)
            break;
    }
    return total;
}

/* The lowest descriptor that is free, from one on. */
static int64_t new_file(enum kind kind, uint64_t from)
{
    for (uint64_t file = from; file < FILES; file++) {
        if (files[file] == CLOSED) {
            files[file] = kind;
            return (int64_t)file;
        }
    }
    return -EMFILE;
}

static enum kind device(const char *path)
{
    if (same(path, "/dev/null"))
        return NOTHING;
    if (same(path, "/dev/zero"))
        return ZEROS;
    return same(path, "/dev/random") || same(path, "/dev/urandom") ? RANDOM : CLOSED;
}

int64_t linux_openat(const uint64_t *x)
{
    enum kind kind = device((const char *)x[1]);
    if (kind == CLOSED)
        return -ENOENT;
    return x[2] & O_DIRECTORY ? -ENOTDIR : new_file(kind, 0);
}

int64_t linux_close(const uint64_t *x)
{
    if (kind_of(x[0]) == CLOSED)
        return -EBADF;
    files[x[0]] = CLOSED;
    return 0;
}

int64_t linux_dup(const uint64_t *x)
{
    enum kind kind = kind_of(x[0]);
    return kind == CLOSED ? -EBADF : new_file(kind, 0);
}

int64_t linux_dup3(const uint64_t *x)
{
    enum kind kind = kind_of(x[0]);
    if (kind == CLOSED || (uint32_t)x[1] >= FILES)
        return -EBADF;
    if ((uint32_t)x[0] == (uint32_t)x[1])
        return -EINVAL;
    files[(uint32_t)x[1]] = kind;
    return (uint32_t)x[1];
}

int64_t linux_fcntl(const uint64_t *x)
{
    enum kind kind = kind_of(x[0]);
    if (kind == CLOSED)
        return -EBADF;
    switch ((uint32_t)x[1]) {
    case F_DUPFD:
    case F_DUPFD_CLOEXEC:
        return x[2] >= FILES ? -EINVAL : new_file(kind, x[2]);
    case F_GETFL:
        return kind == INPUT ? READ_ONLY : kind == CONSOLE ? WRITE_ONLY : READ_AND_WRITE;
    case F_GETFD:
    case F_SETFD:
    case F_SETFL:
        return 0;
    }
    return -EINVAL;
}

int64_t linux_ioctl(const uint64_t *x)
{
    return kind_of(x[0]) == CLOSED ? -EBADF : -ENOTTY;
}

int64_t linux_lseek(const uint64_t *x)
{
    enum kind kind = kind_of(x[0]);
    if (kind == CLOSED)
        return -EBADF;
    return kind == INPUT || kind == CONSOLE ? -ESPIPE : 0;
}

struct linux_stat {
    uint64_t device, number;
    uint32_t mode, links, user, group;
    uint64_t special, padding, size, block_size, blocks, times[6], rest;
};
_Static_assert(sizeof(struct linux_stat) == 128, "as Linux has it");

/* The streams look like pipes, as in a pipeline of a shell; so does their buffering. */
static void tell(enum kind kind, struct linux_stat *stat)
{
    int stream = kind == INPUT || kind == CONSOLE;
    clear_words((uint64_t *)stat, sizeof *stat / 8);
    stat->number = kind;
    stat->mode = stream ? PIPE_MODE : DEVICE_MODE;
    stat->links = 1;
    stat->user = stat->group = USER;
    stat->block_size = PAGE;
}

int64_t linux_fstat(const uint64_t *x)
{
    enum kind kind = kind_of(x[0]);
    if (kind == CLOSED)
        return -EBADF;
    tell(kind, (struct linux_stat *)x[1]);
    return 0;
}

int64_t linux_fstatat(const uint64_t *x)
{
    const char *path = (const char *)x[1];
    enum kind kind = path && *path ? device(path) : kind_of(x[0]);
    if (kind == CLOSED)
        return path && *path ? -ENOENT : -EBADF;
    tell(kind, (struct linux_stat *)x[2]);
    return 0;
}

int64_t linux_faccessat(const uint64_t *x)
{
    return device((const char *)x[1]) == CLOSED ? -ENOENT : 0;
}

/* Calls with a path where there are no files. */
int64_t linux_no_such_file(const uint64_t *x)
{
    (void)x;
    return -ENOENT;
}

int64_t linux_getcwd(const uint64_t *x)
{
    char *target = (char *)x[0];
    if (x[1] < 2)
        return -ERANGE;
    target[0] = '/';
    target[1] = 0;
    return 2;
}

int64_t linux_umask(const uint64_t *x)
{
    static uint64_t mask = 022;
    uint64_t before = mask;
    mask = x[0] & 0777;
    return (int64_t)before;
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
        enum kind kind = kind_of((uint64_t)wishes[i].file);
        uint16_t may = kind == CLOSED ? POLLNVAL : kind == INPUT ? POLLIN : kind == CONSOLE ? POLLOUT : POLLIN | POLLOUT;
        wishes[i].found = may & (wishes[i].asked | POLLNVAL);
        ready += wishes[i].found != 0;
    }
    if (ready)
        return ready;
    int64_t slept = linux_sleep(most ? most[0] * NANOSECONDS + most[1] : TYRNE_NEVER);
    return slept < 0 ? slept : 0;
}
