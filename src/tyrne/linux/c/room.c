/* The memory behind the addresses of the heap, which is made when it is asked for.

   It comes in pieces: each is a region that the task's quota pays, mapped as a whole. There are few of those, so a piece is
   made larger than what is asked for, and others find memory in it. Pages that have memory and are not TAKEN are zeros.
   What cannot be done is refused, and has changed nothing. */

#include "room.h"

#define MOST_PIECES 24ul    /* tyrne.linux.start has the same */
#define LEAST_PAGES 16ul    /* of a piece, if there are addresses and a quota for them */
#define KEPT_PAGES 512ul    /* a piece of so many is kept when nobody uses it, until memory is wanted elsewhere */
#define GROWTH 2            /* a piece has at least half of what there is */
enum { BRK = 214 };

struct piece {
    uint64_t first, end, name; /* by which it is given back */
};

static struct piece pieces[MOST_PIECES]; /* in the order of their addresses */
static uint64_t piece_count, memory_pages; /* those of all pieces */

/* Tell once that the heap is used up, as a refusal of brk, whose answer cannot say so. */
void room_used_up(void)
{
    static int told;
    if (!told)
        linux_tell(BRK, ENOMEM, 0);
    told = 1;
}

/* The place of the first piece that ends behind a page. */
static uint64_t piece_behind(uint64_t page)
{
    uint64_t place = 0;
    while (place < piece_count && pieces[place].end <= page)
        place++;
    return place;
}

/* The highest free addresses that have memory, for so many pages; or NONE. */
static uint64_t find_ready(uint64_t count, uint64_t low, uint64_t high)
{
    uint64_t start;
    for (; (start = room_free_run(low, &high)) != NONE; high = start) {
        uint64_t from = NONE, to = NONE;
        for (uint64_t i = piece_count; i-- > 0 && pieces[i].end > start;) {
            uint64_t first = pieces[i].first > start ? pieces[i].first : start;
            uint64_t end = pieces[i].end < high ? pieces[i].end : high;
            if (first >= end)
                continue;
            if (end != from)
                to = end;
            from = first;
            if (to - from >= count)
                return to - count;
        }
    }
    return NONE;
}

static void drop(uint64_t place)
{
    memory_pages -= pieces[place].end - pieces[place].first;
    linux_give_memory_back(pieces[place].name);
    piece_count--;
    for (uint64_t i = place; i < piece_count; i++)
        pieces[i] = pieces[i + 1];
}

/* Make a piece of so many pages, or of fewer if so many blocks are not free. How many it has; 0 if there is none. */
static uint64_t make(uint64_t page, uint64_t count)
{
    if (count > linux_start.heap_pages - memory_pages || piece_count >= linux_start.pieces)
        return 0;
    uint64_t name, status = linux_make_memory(count, page * PAGE, &name);
    if (status == TYRNE_STATUS_OUT_OF_FRAMES && count > BLOCK_PAGES)
        status = linux_make_memory(count = BLOCK_PAGES, page * PAGE, &name);
    if (status != TYRNE_STATUS_OK)
        return 0;
    uint64_t place = piece_behind(page);
    for (uint64_t i = piece_count++; i > place; i--)
        pieces[i] = pieces[i - 1];
    pieces[place] = (struct piece){page, page + count, name};
    memory_pages += count;
    return count;
}

/* How many pages a piece should have: so many that the pieces that may be made cover all that the quota has; beyond that
   `most`, if those are enough for a piece. */
static uint64_t good_size(uint64_t most)
{
    uint64_t left = linux_start.heap_pages - memory_pages, more = linux_start.pieces - piece_count;
    uint64_t size = memory_pages / GROWTH < most ? memory_pages / GROWTH : most;
    if (size < LEAST_PAGES)
        size = LEAST_PAGES;
    if (more && left >> (more - 1) > size)
        size = left >> (more - 1);
    return size < left ? size : left;
}

/* How many pages a piece at a page gets, if it should have so many and may reach to `high`: above a block, whole ones. */
static uint64_t fitting(uint64_t page, uint64_t least, uint64_t size, uint64_t high)
{
    size = size < high - page ? size : high - page;
    if (size > BLOCK_PAGES)
        size = page % BLOCK_PAGES ? BLOCK_PAGES : size / BLOCK_PAGES * BLOCK_PAGES;
    return size > least ? size : least;
}

/* Twice as many as are asked for, or as lie before them: so what grows in one place has few pieces, and what is asked for
   here and there takes little. */
static uint64_t twice(uint64_t page, uint64_t least)
{
    uint64_t place = piece_behind(page - 1);
    if (place < piece_count && pieces[place].end == page && pieces[place].end - pieces[place].first > least)
        least = pieces[place].end - pieces[place].first;
    return 2 * least;
}

/* Make pieces for [page, end), where no memory is. It may reach down to `low`, or else up to `high`. */
static int make_pieces(uint64_t page, uint64_t end, uint64_t low, uint64_t high)
{
    uint64_t size = good_size(NONE);
    if (page > low && end == high && end - page < size) {
        uint64_t most = size < BLOCK_PAGES ? size : BLOCK_PAGES;
        page = end - low > most ? (end - most < page ? end - most : page) : low;
    }
    while (page < end) {
        uint64_t least = end - page, count;
        if (least > BLOCK_PAGES)
            count = page % BLOCK_PAGES ? BLOCK_PAGES - page % BLOCK_PAGES : least / BLOCK_PAGES * BLOCK_PAGES;
        else
            count = fitting(page, least, good_size(twice(page, least)), high);
        count = make(page, count);
        if (!count)
            return 0;
        page += count;
    }
    return 1;
}

/* Give back the pieces that nobody uses; how many. */
static uint64_t give_back_unused(void)
{
    uint64_t before = piece_count;
    for (uint64_t i = piece_count; i-- > 0;)
        if (!room_is_any_taken(pieces[i].first, pieces[i].end))
            drop(i);
    return before - piece_count;
}

/* Put memory behind all pages of a range; there may be more, down to `low` and up to `high`. Whether it has been done. */
int room_commit(uint64_t first, uint64_t end, uint64_t low, uint64_t high)
{
    for (;;) {
        struct piece before[MOST_PIECES];
        uint64_t count = piece_count, page = first;
        for (uint64_t i = 0; i < count; i++)
            before[i] = pieces[i];
        while (page < end) {
            uint64_t i = piece_behind(page);
            if (i < piece_count && pieces[i].first <= page) {
                page = pieces[i].end;
                continue;
            }
            uint64_t below = i && pieces[i - 1].end > low ? pieces[i - 1].end : low;
            uint64_t above = i < piece_count && pieces[i].first < high ? pieces[i].first : high;
            uint64_t stop = above < end ? above : end;
            if (!make_pieces(page, stop, page == first ? below : page, above))
                break;
            page = stop;
        }
        if (page >= end)
            return 1;
        for (uint64_t i = piece_count, j = count; i-- > 0;) {
            if (j && before[j - 1].name == pieces[i].name)
                j--;
            else
                drop(i);
        }
        if (!give_back_unused())
            return 0;
    }
}

/* Make zeros of the pages of a range that are taken. */
void room_clear(uint64_t first, uint64_t end)
{
    enum use use;
    while (first < end) {
        uint64_t run = room_run(first, &use);
        run = run < end ? run : end;
        if (use == TAKEN)
            memset(page_at(first), 0, (run - first) * PAGE);
        first = run;
    }
}

/* Let pages be taken no more. Memory goes back by pieces: a large one does when nothing of it is taken. */
void room_release(uint64_t first, uint64_t end, enum use use)
{
    for (uint64_t i = piece_count; i-- > 0;) {
        struct piece *piece = &pieces[i];
        uint64_t from = first > piece->first ? first : piece->first, to = end < piece->end ? end : piece->end;
        if (from >= to || !room_is_any_taken(from, to))
            continue;
        int others = room_is_any_taken(piece->first, from) || room_is_any_taken(to, piece->end);
        if (others || piece->end - piece->first <= KEPT_PAGES)
            room_clear(from, to);
        else
            drop(i);
    }
    room_set(first, end, use);
}

/* Put memory behind free pages: with more below them, or behind them if they are many. */
static int commit_free(uint64_t page, uint64_t count)
{
    uint64_t end = page + count, low = end;
    if (count < BLOCK_PAGES)
        return room_commit(page, end, room_free_run(room_first(), &low), end);
    enum use use;
    uint64_t high = room_run(page, &use);
    return room_commit(page, end, page, high < room_end() ? high : room_end());
}

/* Take pages with memory: where there is memory already, at a wanted page if they are free there (or NONE), or wherever they
   are, the upper end first. NONE if there are none. */
uint64_t room_take(uint64_t count, uint64_t wanted)
{
    if (!count || !room_can_change())
        return NONE;
    uint64_t first = room_first(), low = first + BREAK_PAGES, end = room_end();
    if (linux_start.pieces == 1 && !piece_count)
        room_commit(first, first + 1, first, low); /* the only one is for brk, too */
    uint64_t page = find_ready(count, linux_start.pieces == 1 ? first : low, end);
    if (page == NONE && linux_start.pieces > 1) {
        page = wanted == NONE ? room_find(count, low, end) : wanted;
        if (page == NONE || !commit_free(page, count))
            page = find_ready(count, first, low);
    }
    if (page == NONE)
        room_used_up();
    else
        room_set(page, page + count, TAKEN);
    return page;
}
