/* Memory: what programs ask of it. `brk` grows from the lower end of the heap's addresses, mappings come from the upper one.

   What may not be accessed (PROT_NONE) is addresses only; memory is made for them when they may be. It stays when they
   may not be any more, and can be read and written then: protections take nothing away. */

#include "files.h"
#include "room.h"

enum { PROT_NONE = 0, PROT_EXEC = 4 };
enum { MAP_PRIVATE = 2, MAP_TYPE = 15, MAP_FIXED = 0x10, MAP_ANONYMOUS = 0x20, MAP_FIXED_NOREPLACE = 0x100000 };
enum { MREMAP_MAYMOVE = 1, MREMAP_FIXED = 2 };
enum { MADV_DONTNEED = 4 };

static uint64_t break_now;

/* Which pages of the heap [address, address + length) has, which need not lie in it. */
struct range {
    uint64_t first, end;
    int within; /* all of them lie in the heap */
};

static struct range pages_of(uint64_t address, uint64_t length)
{
    uint64_t start = linux_start.heap, limit = linux_start.heap_end;
    uint64_t end = address + length;
    if (end < address || address >= limit || end <= start)
        return (struct range){0, 0, 0};
    uint64_t from = address < start ? start : address, to = end > limit ? limit : end;
    return (struct range){from / PAGE, (to + PAGE - 1) / PAGE, from == address && to == end};
}

static inline uint64_t pages_for(uint64_t length)
{
    return length / PAGE + (length % PAGE != 0);
}

static uint64_t run_end(uint64_t page, uint64_t limit)
{
    enum use use;
    uint64_t end = room_run(page, &use);
    return end < limit ? end : limit;
}

/* Pages for the library's own use: zeros, at the upper end as mappings are. 0 if there are none. */
void *linux_take_pages(uint64_t count)
{
    uint64_t page = room_take(count, NONE);
    return page == NONE ? 0 : page_at(page);
}

/* Where the addresses are in too many parts to tell them apart, nobody else gets the pages. */
void linux_give_pages(void *pages, uint64_t count)
{
    uint64_t first = (uint64_t)pages / PAGE;
    if (room_can_change())
        room_release(first, first + count, FREE);
}

int64_t linux_brk(const uint64_t *x)
{
    uint64_t start = linux_start.heap, limit = start + BREAK_PAGES * PAGE, wanted = x[0];
    if (!break_now)
        break_now = start;
    if (wanted > limit)
        room_used_up();
    if (wanted < start || wanted > limit || !room_can_change())
        return (int64_t)break_now;
    uint64_t now = start / PAGE + pages_for(break_now - start), then = start / PAGE + pages_for(wanted - start);
    if (then > now) {
        if (!room_is_all(now, then, FREE) || !room_commit(now, then, now, limit / PAGE)) {
            room_used_up();
            return (int64_t)break_now;
        }
        room_set(now, then, TAKEN);
    } else {
        if (then < now)
            room_release(then, now, FREE);
        if (wanted < break_now && wanted % PAGE)
            memset((void *)wanted, 0, PAGE - wanted % PAGE);
    }
    break_now = wanted;
    return (int64_t)break_now;
}

/* Addresses only. */
static int64_t reserve(uint64_t page, uint64_t count)
{
    if (page == NONE)
        return -ENOMEM;
    room_release(page, page + count, RESERVED);
    return (int64_t)page_at(page);
}

/* Pages at these addresses: zeros, whatever was there. */
static int put(uint64_t page, uint64_t count)
{
    if (!room_commit(page, page + count, page, run_end(page + count - 1, room_end()))) {
        room_used_up();
        return 0;
    }
    room_clear(page, page + count);
    room_set(page, page + count, TAKEN);
    return 1;
}

/* Where a mapping goes that has no fixed place: where it is wanted, if nothing is there; or NONE for anywhere. */
static uint64_t wanted_page(uint64_t address, uint64_t count)
{
    struct range range = pages_of(address / PAGE * PAGE, count * PAGE);
    return range.within && room_is_all(range.first, range.end, FREE) ? range.first : NONE;
}

int64_t linux_mmap(const uint64_t *x)
{
    uint64_t address = x[0], length = x[1], protection = x[2], flags = x[3];
    int of_file = !(flags & MAP_ANONYMOUS), fixed = flags & (MAP_FIXED | MAP_FIXED_NOREPLACE);
    if (!length || (fixed && address % PAGE) || (of_file && x[5] % PAGE))
        return -EINVAL;
    if (protection & PROT_EXEC)
        return -EACCES;
    if (of_file && (flags & MAP_TYPE) != MAP_PRIVATE)
        return -ENODEV;
    uint64_t count = pages_for(length);
    if (count > room_end() - room_first() || !room_can_change())
        return -ENOMEM;
    uint64_t page = wanted_page(address, count);
    if (fixed) {
        struct range range = pages_of(address, length);
        if (!range.within)
            return -ENOMEM;
        page = range.first;
        if (flags & MAP_FIXED_NOREPLACE && !room_is_all(page, range.end, FREE))
            return -EEXIST;
    }
    if (protection == PROT_NONE && !of_file)
        return reserve(page == NONE ? room_find(count, room_first() + BREAK_PAGES, room_end()) : page, count);
    if (!fixed)
        page = room_take(count, page);
    else if (!put(page, count))
        page = NONE;
    if (page == NONE)
        return -ENOMEM;
    int64_t copied = of_file ? linux_copy_of_file(x[4], x[5], page_at(page), length) : 0;
    if (copied < 0) {
        room_release(page, page + count, FREE);
        return copied;
    }
    return (int64_t)page_at(page);
}

int64_t linux_munmap(const uint64_t *x)
{
    if (x[0] % PAGE || !x[1])
        return -EINVAL;
    struct range range = pages_of(x[0], x[1]);
    if (range.first < range.end) {
        if (!room_can_change())
            return -ENOMEM;
        room_release(range.first, range.end, FREE);
    }
    return 0;
}

int64_t linux_mremap(const uint64_t *x)
{
    uint64_t address = x[0], then = pages_for(x[2]), flags = x[3];
    struct range old = pages_of(address, x[1]);
    if (address % PAGE || !x[2] || flags & MREMAP_FIXED)
        return -EINVAL;
    uint64_t first = old.first, count = old.end - first, end = first + then;
    if (!old.within || !count || !room_is_all(first, old.end, TAKEN))
        return -EFAULT;
    if (then > room_end() - room_first() || !room_can_change())
        return -ENOMEM;
    if (then <= count) {
        if (then < count)
            room_release(end, old.end, FREE);
        return (int64_t)address;
    }
    if (end <= room_end() && room_is_all(old.end, end, FREE) &&
        room_commit(old.end, end, old.end, run_end(end - 1, room_end()))) {
        room_set(old.end, end, TAKEN);
        return (int64_t)address;
    }
    uint64_t page = flags & MREMAP_MAYMOVE ? room_take(then, NONE) : NONE;
    if (page == NONE)
        return -ENOMEM;
    memcpy(page_at(page), page_at(first), count * PAGE);
    if (room_can_change())
        room_release(first, old.end, FREE);
    return (int64_t)page_at(page);
}

/* What is reserved becomes memory when it may be accessed. */
int64_t linux_mprotect(const uint64_t *x)
{
    if (x[0] % PAGE)
        return -EINVAL;
    if (x[2] & PROT_EXEC)
        return -EACCES;
    struct range range = pages_of(x[0], x[1]);
    uint64_t run = range.first;
    enum use use;
    for (uint64_t page = range.first; page < range.end; page = run) {
        run = room_run(page, &use);
        if (use == FREE)
            return -ENOMEM;
    }
    if (x[2] == PROT_NONE || room_is_all(range.first, range.end, TAKEN))
        return 0;
    uint64_t limit = run_end(range.end - 1, room_end());
    if (!room_can_change())
        return -ENOMEM;
    if (!room_commit(range.first, range.end, range.first, limit)) {
        room_used_up();
        return -ENOMEM;
    }
    room_set(range.first, range.end, TAKEN);
    return 0;
}

int64_t linux_madvise(const uint64_t *x)
{
    if (x[0] % PAGE)
        return -EINVAL;
    struct range range = pages_of(x[0], x[1]);
    if (x[2] == MADV_DONTNEED)
        room_clear(range.first, range.end);
    return 0;
}
