"""Is given a capability in a message, uses it, and is refused once it has been revoked."""

from __future__ import annotations

from typing import Final

from tyrne.lang import export, handle, u64
from tyrne.user import EndpointCap, Message, Status, done, granted, print_bytes, print_status, send_wait, wait

CHANNEL: Final = EndpointCap(handle("channel"))
KNOCK: Final = u64(3)


@export
def main() -> u64:
    cap = granted(wait(CHANNEL)).cap
    if cap is None:
        return u64(1)
    door = EndpointCap(cap.word)  # what the message promised; the kernel checks it at each use
    print_bytes(b"grantee: knocks\n")
    done(send_wait(door, Message(KNOCK)))

    granted(wait(CHANNEL))
    outcome = send_wait(door, Message(KNOCK))
    print_bytes(b"grantee: knocks again, and gets ")
    print_status(outcome)
    print_bytes(b"\n")
    return u64(0) if outcome is Status.STALE_HANDLE else u64(1)
