"""Lets the grantee send to its door, and then takes that back: revocation reaches into the other task's table.

The child of a capability has at most its rights. Revoking the capability takes its children back, wherever they are.
"""

from __future__ import annotations

from typing import Final

from tyrne.lang import export, handle, u64
from tyrne.user import (
    Cap,
    EndpointCap,
    Message,
    Rights,
    cap_derive,
    cap_revoke,
    done,
    granted,
    print_bytes,
    send_wait,
    wait,
)

CHANNEL: Final = EndpointCap(handle("channel"))
"""To the grantee."""
DOOR: Final = EndpointCap(handle("door"))
GRANT: Final = u64(1)
"""The label of a message that brings a capability."""
REVOKED: Final = u64(2)


@export
def main() -> u64:
    key = granted(cap_derive(DOOR, Rights.SEND | Rights.TRANSFER))
    print_bytes(b"grantor: grants a key to the door\n")
    done(send_wait(CHANNEL, Message(GRANT, cap=Cap(key.word))))
    granted(wait(DOOR))
    print_bytes(b"grantor: heard a knock; revokes the key\n")
    done(cap_revoke(DOOR))
    done(send_wait(CHANNEL, Message(REVOKED)))
    return u64(0)
