"""Opens the semaphore for three counting tasks, waits until they have ended, and says how far they came.

It is their supervisor: the kernel sends it a notice when one of them ends.
"""

from __future__ import annotations

from typing import Final

from tyrne.lang import export, handle, irange, u64
from tyrne.lang.machine import read64
from tyrne.user import (
    EndpointCap,
    Exited,
    NotificationCap,
    done,
    granted,
    notify,
    print_bytes,
    print_decimal,
    read_notice,
    wait,
)

ENDS: Final = EndpointCap(handle("ends"))
FREE: Final = NotificationCap(handle("free"))
COUNTER: Final = u64(0x1000_0000)
TASKS: Final = 3
EXPECTED: Final = u64(12)


@export
def main() -> u64:
    done(notify(FREE, u64(1)))
    for _ in irange(TASKS):
        match read_notice(granted(wait(ENDS))):
            case Exited(code):
                if code != 0:
                    return u64(1)
            case _:
                return u64(1)
    print_bytes(b"keeper: three tasks counted to ")
    print_decimal(read64(COUNTER))
    print_bytes(b"\n")
    return u64(0) if read64(COUNTER) == EXPECTED else u64(1)
