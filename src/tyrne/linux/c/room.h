/* The addresses of the heap, and the memory behind them: what memory.c, addresses.c and room.c share. Pages are numbered
   from address 0 on, and ranges are [first, end). */
#ifndef TYRNE_LINUX_ROOM_H
#define TYRNE_LINUX_ROOM_H

#include "threads.h"

#define NONE (~0ul)
#define BLOCK_PAGES 512ul
#define BREAK_PAGES (1ul << 18) /* the lowest addresses of the heap, 1 GiB, are those of brk */

/* What pages are for. Only those that are TAKEN are the program's to touch. */
enum use { FREE, RESERVED, TAKEN };

uint64_t room_run(uint64_t page, enum use *use);
int room_is_all(uint64_t first, uint64_t end, enum use use);
int room_is_any_taken(uint64_t first, uint64_t end);
int room_can_change(void);
void room_set(uint64_t first, uint64_t end, enum use use);
uint64_t room_free_run(uint64_t low, uint64_t *high);
uint64_t room_find(uint64_t count, uint64_t low, uint64_t high);

int room_commit(uint64_t first, uint64_t end, uint64_t low, uint64_t high);
void room_clear(uint64_t first, uint64_t end);
void room_release(uint64_t first, uint64_t end, enum use use);
uint64_t room_take(uint64_t count, uint64_t wanted);
void room_used_up(void);

static inline uint64_t room_first(void)
{
    return linux_start.heap / PAGE;
}

static inline uint64_t room_end(void)
{
    return linux_start.heap_end / PAGE;
}

static inline void *page_at(uint64_t page)
{
    return (void *)(page * PAGE);
}

#endif
