"""A pager: gives three tasks a heap, a page when it is first touched."""

from __future__ import annotations

from typing import Final

from tyrne.lang import export, handle, u64
from tyrne.user import (
    Access,
    EndpointCap,
    Exited,
    MemoryCap,
    Message,
    Rights,
    SpaceCap,
    cap_drop,
    done,
    granted,
    map_memory,
    memory_derive,
    read_notice,
    reply,
    wait,
)

FAULTS: Final = EndpointCap(handle("faults"))
STORE: Final = MemoryCap(handle("store"))
WALKER: Final = SpaceCap(handle("walker_space"))
RUNNER: Final = SpaceCap(handle("runner_space"))
STRAY: Final = SpaceCap(handle("stray_space"))
HEAP: Final = u64(0x2000_0000)
PAGE: Final = u64(4096)
PAGES: Final = u64(4)
CLIENTS: Final = u64(3)


def space_of(badge: u64) -> SpaceCap:
    if badge == 1:
        return WALKER
    return RUNNER if badge == 2 else STRAY


def repair(badge: u64, address: u64) -> None:
    """Map the page of the client's own part of the store that belongs to an address of its heap."""
    page = (address - HEAP) // PAGE
    memory = granted(memory_derive(STORE, Rights.READ | Rights.WRITE, (badge - 1) * PAGES + page, u64(1)))
    done(map_memory(space_of(badge), memory, HEAP + page * PAGE, Access.READ_WRITE))


@export
def main() -> u64:
    ended = u64(0)
    while ended < CLIENTS:
        arrival = granted(wait(FAULTS))
        notice = read_notice(arrival)
        if isinstance(notice, Exited):
            ended += 1
            continue
        caller = arrival.reply
        if caller is None:
            continue
        if notice.address >= HEAP:
            repair(arrival.badge, notice.address)
            done(reply(caller, Message(u64(0))))
        else:
            done(cap_drop(caller))
            ended += 1
    return u64(0)
