/* Which addresses of the heap are used, and what for: a table of edges, which is all that they cost. */

#include "room.h"

#define MOST_EDGES 2048ul

/* From a page on there is another use, up to that of the next edge; FREE before the first one. */
static uint64_t edges[MOST_EDGES]; /* page << 2 | use, in order */
static uint64_t edge_count;

/* The place of the first edge behind a page. */
static uint64_t edge_behind(uint64_t page)
{
    uint64_t low = 0, high = edge_count;
    while (low < high) {
        uint64_t middle = (low + high) / 2;
        if (edges[middle] >> 2 > page)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

/* What a page is for, and where that ends. */
uint64_t room_run(uint64_t page, enum use *use)
{
    uint64_t at = edge_behind(page);
    *use = at ? (enum use)(edges[at - 1] & 3) : FREE;
    return at < edge_count ? edges[at] >> 2 : NONE;
}

int room_is_all(uint64_t first, uint64_t end, enum use use)
{
    enum use found;
    while (first < end) {
        uint64_t run = room_run(first, &found);
        if (found != use)
            return 0;
        first = run;
    }
    return 1;
}

int room_is_any_taken(uint64_t first, uint64_t end)
{
    enum use use;
    while (first < end) {
        uint64_t run = room_run(first, &use);
        if (use == TAKEN)
            return 1;
        first = run;
    }
    return 0;
}

/* Whether one more range may get another use: that adds two edges at most. */
int room_can_change(void)
{
    return edge_count + 2 <= MOST_EDGES;
}

void room_set(uint64_t first, uint64_t end, enum use use)
{
    enum use before, after;
    room_run(first - 1, &before);
    room_run(end, &after);
    uint64_t from = edge_behind(first - 1), to = edge_behind(end), put[2], count = 0;
    if (before != use)
        put[count++] = first << 2 | use;
    if (after != use)
        put[count++] = end << 2 | after;
    uint64_t left = edge_count - to;
    if (from + count > to)
        for (uint64_t i = left; i-- > 0;)
            edges[from + count + i] = edges[to + i];
    else
        for (uint64_t i = 0; i < left; i++)
            edges[from + count + i] = edges[to + i];
    for (uint64_t i = 0; i < count; i++)
        edges[from + i] = put[i];
    edge_count = from + count + left;
}

/* The highest run of free pages in [low, *high): where it begins, or NONE; it ends at *high then. */
uint64_t room_free_run(uint64_t low, uint64_t *high)
{
    while (*high > low) {
        uint64_t at = edge_behind(*high - 1);
        uint64_t start = at ? edges[at - 1] >> 2 : 0;
        if (start < low)
            start = low;
        if (!at || (edges[at - 1] & 3) == FREE)
            return start;
        *high = start;
    }
    return NONE;
}

/* The highest free addresses for so many pages, at the beginning of a block if they fill one; or NONE. */
uint64_t room_find(uint64_t count, uint64_t low, uint64_t high)
{
    uint64_t start, step = count < BLOCK_PAGES ? 1 : BLOCK_PAGES;
    for (; (start = room_free_run(low, &high)) != NONE; high = start) {
        if (high - start >= count && (high - count) / step * step >= start)
            return (high - count) / step * step;
    }
    return NONE;
}
