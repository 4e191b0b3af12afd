"""Gives another task memory when it needs it: the fault is a message, and its answer lets the task try again.

A fault that it cannot repair is left without an answer: dropping the reply capability ends the task.
"""

from __future__ import annotations

from typing import Final

from tyrne.lang import export, handle, u64
from tyrne.user import (
    Access,
    EndpointCap,
    Faulted,
    MemoryCap,
    Message,
    Rights,
    SpaceCap,
    cap_drop,
    done,
    granted,
    map_memory,
    memory_derive,
    print_bytes,
    print_hex,
    read_notice,
    reply,
    wait,
)

FAULTS: Final = EndpointCap(handle("faults"))
STORE: Final = MemoryCap(handle("store"))
CLIENT_SPACE: Final = SpaceCap(handle("lazy_space"))
HEAP: Final = u64(0x2000_0000)
PAGE: Final = u64(4096)
PAGES: Final = u64(4)


def repair(address: u64) -> None:
    """Map the page of the store that belongs to an address."""
    page = (address - HEAP) // PAGE
    print_bytes(b"pager: maps ")
    print_hex(HEAP + page * PAGE)
    print_bytes(b"\n")
    memory = granted(memory_derive(STORE, Rights.READ | Rights.WRITE, page, u64(1)))
    done(map_memory(CLIENT_SPACE, memory, HEAP + page * PAGE, Access.READ_WRITE))


@export
def main() -> u64:
    while True:
        arrival = granted(wait(FAULTS))
        notice = read_notice(arrival)
        caller = arrival.reply
        if not isinstance(notice, Faulted) or caller is None:
            return u64(0)  # the client has ended
        if notice.address >= HEAP and notice.address < HEAP + PAGES * PAGE:
            repair(notice.address)
            done(reply(caller, Message(u64(0))))
        else:
            done(cap_drop(caller))
