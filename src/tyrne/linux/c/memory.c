/* Memory: the heap of the task, pages that are there from the start. `brk` grows from below, mappings come from above.

   Pages that nobody has are zeros. Protections are not changed: what a program makes read-only can be written. */

#include "files.h"

enum { PROT_EXEC = 4 };
enum { MAP_PRIVATE = 2, MAP_TYPE = 15, MAP_FIXED = 0x10, MAP_ANONYMOUS = 0x20, MAP_FIXED_NOREPLACE = 0x100000 };
enum { MREMAP_MAYMOVE = 1, MREMAP_FIXED = 2 };
enum { MADV_DONTNEED = 4 };
enum { BRK = 214 };

#define MOST_PAGES 20480ul /* tyrne.linux.start.MOST_HEAP_PAGES */
#define NONE (~0ul)

static uint64_t taken[MOST_PAGES / 64];
static uint64_t break_now;

static inline uint64_t heap_pages(void)
{
    return (linux_start.heap_end - linux_start.heap) / PAGE;
}

static inline int is_taken(uint64_t page)
{
    return taken[page / 64] >> page % 64 & 1;
}

static inline void *page_at(uint64_t page)
{
    return (void *)(linux_start.heap + page * PAGE);
}

static void take(uint64_t page, uint64_t count)
{
    for (uint64_t end = page + count; page < end; page++)
        taken[page / 64] |= 1ul << page % 64;
}

static void give_back(uint64_t page, uint64_t count)
{
    for (uint64_t end = page + count; page < end; page++) {
        if (is_taken(page)) {
            taken[page / 64] &= ~(1ul << page % 64);
            memset(page_at(page), 0, PAGE);
        }
    }
}

static int are_free(uint64_t page, uint64_t count)
{
    for (uint64_t end = page + count; page < end; page++)
        if (is_taken(page))
            return 0;
    return 1;
}

/* Tell once that the heap is used up, as a refusal of brk, whose answer cannot say so. */
static void used_up(void)
{
    static int told;
    if (!told)
        linux_tell(BRK, ENOMEM, 0);
    told = 1;
}

/* The highest run of free pages, or NONE. */
static uint64_t find(uint64_t count)
{
    uint64_t run = 0;
    for (uint64_t page = heap_pages(); page-- > 0;) {
        if (page % 64 == 63 && taken[page / 64] == ~0ul) {
            run = 0;
            page -= 63;
        } else if (is_taken(page)) {
            run = 0;
        } else if (++run == count) {
            return page;
        }
    }
    used_up();
    return NONE;
}

/* Which pages of the heap [address, address + length) has, which need not lie in it. */
struct range {
    uint64_t page, count;
    int within; /* all of them lie in the heap */
};

static struct range pages_of(uint64_t address, uint64_t length)
{
    uint64_t start = linux_start.heap, limit = linux_start.heap_end;
    uint64_t end = address + length;
    if (end < address || address >= limit || end <= start)
        return (struct range){0, 0, 0};
    uint64_t from = address < start ? start : address, to = end > limit ? limit : end;
    return (struct range){(from - start) / PAGE, (to - from + PAGE - 1) / PAGE, from == address && to == end};
}

static inline uint64_t pages_for(uint64_t length)
{
    return length / PAGE + (length % PAGE != 0);
}

/* Pages for the library's own use: zeros, at the upper end as mappings are. 0 if there is no such run. */
void *linux_take_pages(uint64_t count)
{
    uint64_t page = count && count <= heap_pages() ? find(count) : NONE;
    if (page == NONE)
        return 0;
    take(page, count);
    return page_at(page);
}

void linux_give_pages(void *pages, uint64_t count)
{
    give_back(((uint64_t)pages - linux_start.heap) / PAGE, count);
}

int64_t linux_brk(const uint64_t *x)
{
    uint64_t start = linux_start.heap, wanted = x[0];
    if (!break_now)
        break_now = start;
    if (wanted > linux_start.heap_end)
        used_up();
    if (wanted < start || wanted > linux_start.heap_end)
        return (int64_t)break_now;
    uint64_t now = pages_for(break_now - start), then = pages_for(wanted - start);
    if (then > now) {
        if (!are_free(now, then - now)) {
            used_up();
            return (int64_t)break_now;
        }
        take(now, then - now);
    } else {
        give_back(then, now - then);
        if (wanted < break_now && wanted % PAGE)
            memset((void *)wanted, 0, PAGE - wanted % PAGE);
    }
    break_now = wanted;
    return (int64_t)break_now;
}

int64_t linux_mmap(const uint64_t *x)
{
    uint64_t address = x[0], length = x[1], protection = x[2], flags = x[3];
    int of_file = !(flags & MAP_ANONYMOUS);
    if (!length || address % PAGE || (of_file && x[5] % PAGE))
        return -EINVAL;
    if (protection & PROT_EXEC)
        return -EACCES;
    if (of_file && (flags & MAP_TYPE) != MAP_PRIVATE)
        return -ENODEV;
    uint64_t count = pages_for(length), page;
    if (flags & (MAP_FIXED | MAP_FIXED_NOREPLACE)) {
        struct range range = pages_of(address, length);
        if (!range.within)
            return -ENOMEM;
        page = range.page;
        if (flags & MAP_FIXED_NOREPLACE && !are_free(page, count))
            return -EEXIST;
        give_back(page, count);
    } else {
        page = find(count);
        if (page == NONE)
            return -ENOMEM;
    }
    take(page, count);
    int64_t copied = of_file ? linux_copy_of_file(x[4], x[5], page_at(page), length) : 0;
    if (copied < 0) {
        give_back(page, count);
        return copied;
    }
    return (int64_t)page_at(page);
}

int64_t linux_munmap(const uint64_t *x)
{
    if (x[0] % PAGE || !x[1])
        return -EINVAL;
    struct range range = pages_of(x[0], x[1]);
    give_back(range.page, range.count);
    return 0;
}

int64_t linux_mremap(const uint64_t *x)
{
    uint64_t address = x[0], then = pages_for(x[2]), flags = x[3];
    struct range old = pages_of(address, x[1]);
    if (address % PAGE || !x[2] || flags & MREMAP_FIXED)
        return -EINVAL;
    if (!old.within || !old.count)
        return -EFAULT;
    uint64_t end = old.page + old.count;
    if (then <= old.count) {
        give_back(old.page + then, old.count - then);
        return (int64_t)address;
    }
    if (then - old.count <= heap_pages() - end && are_free(end, then - old.count)) {
        take(end, then - old.count);
        return (int64_t)address;
    }
    uint64_t page = flags & MREMAP_MAYMOVE ? find(then) : NONE;
    if (page == NONE)
        return -ENOMEM;
    take(page, then);
    memcpy(page_at(page), page_at(old.page), old.count * PAGE);
    give_back(old.page, old.count);
    return (int64_t)page_at(page);
}

int64_t linux_mprotect(const uint64_t *x)
{
    if (x[0] % PAGE)
        return -EINVAL;
    return x[2] & PROT_EXEC ? -EACCES : 0;
}

int64_t linux_madvise(const uint64_t *x)
{
    if (x[0] % PAGE)
        return -EINVAL;
    struct range range = pages_of(x[0], x[1]);
    if (x[2] == MADV_DONTNEED)
        for (uint64_t page = range.page; page < range.page + range.count; page++)
            if (is_taken(page))
                memset(page_at(page), 0, PAGE);
    return 0;
}
