"""A system whose kernel has much to do in single calls: a task revokes, maps whole memory regions and ends another one
whose table is full, while a third one runs whenever it may."""

from __future__ import annotations

from pathlib import Path
from typing import Final

WORKER: Final = """
#include "tyrne.h"
enum { SPACE, QUOTA, VICTIM, DOOR, READY };
static volatile unsigned char *const there = (unsigned char *)0x40000000;
static uint64_t done(struct tyrne_reply reply)
{
    if (reply.x[0])
        tyrne_task_exit(100 + reply.x[0]);
    return reply.x[1];
}
void _start(void)
{
    done(tyrne_wait(READY));
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 40; i++)
            done(tyrne_cap_derive(DOOR, tyrne_cap_query(DOOR).x[2], 0));
        done(tyrne_cap_revoke(DOOR));
        uint64_t memory = done(tyrne_create(QUOTA, TYRNE_KIND_MEMORY, PAGES));
        for (int flags = 1; flags <= 2; flags++) {
            done(tyrne_map(SPACE, memory, (uint64_t)there, flags));
            for (uint64_t page = 0; page < PAGES; page++)
                if (there[page << 12] != (flags == 1 ? 0 : 0xAB))
                    tyrne_task_exit(1);
                else if (flags == 1)
                    there[page << 12] = 0xAB;
            done(tyrne_unmap(SPACE, memory));
        }
        done(tyrne_cap_drop(memory));
    }
    done(tyrne_task_end(VICTIM, 7));
    tyrne_task_exit(0);
}
"""
VICTIM: Final = """
#include "tyrne.h"
enum { DOOR, READY };
void _start(void)
{
    while (!tyrne_cap_copy(DOOR, tyrne_cap_query(DOOR).x[2]).x[0])
        ;
    tyrne_notify(READY, 1);
    for (;;)
        tyrne_task_yield();
}
"""
WATCHER: Final = """
#include "tyrne.h"
void _start(void)
{
    for (int i = 0; i < ROUNDS; i++)
        tyrne_task_yield();
    tyrne_task_exit(0);
}
"""
DESCRIPTION: Final = """
[system]
name = "long-work"
slice = SLICE
[[endpoint]]
name = "door"
[[notification]]
name = "ready"
[[task]]
name = "worker"
program = "worker.c"
quota = { memory = 1, frames = FRAMES }
caps = [
  { space = "worker", rights = ["MAP"] }, { quota = true }, { task = "victim", rights = ["CONTROL"] },
  { endpoint = "door", rights = ["SEND", "RECV", "DUPLICATE", "DERIVE", "REVOKE"] },
  { notification = "ready", rights = ["WAIT"] },
]
[[task]]
name = "victim"
program = "victim.c"
caps = [
  { endpoint = "door", rights = ["SEND", "RECV", "DUPLICATE", "DERIVE", "REVOKE"] },
  { notification = "ready", rights = ["NOTIFY"] },
]
[[task]]
name = "watcher"
program = "watcher.c"
"""


def long_work(folder: Path, pages: int = 40, rounds: int = 400, slice_length: int = 1000) -> Path:
    """The description: `pages` of each region, `rounds` of the watcher."""
    words = {"PAGES": pages, "ROUNDS": rounds, "SLICE": slice_length, "FRAMES": pages + 8}
    parts = {"worker.c": WORKER, "victim.c": VICTIM, "watcher.c": WATCHER, "long-work.toml": DESCRIPTION}
    for name, text in parts.items():
        for word, value in words.items():
            text = text.replace(word, str(value))
        (folder / name).write_text(text)
    return folder / "long-work.toml"
