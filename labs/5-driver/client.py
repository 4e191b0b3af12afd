"""Asks the driver to wake it, three times, and prints how many seconds that took."""

from __future__ import annotations

from typing import Final

from tyrne.lang import export, handle, u64
from tyrne.user import EndpointCap, Message, call, granted, print_bytes, print_decimal

ALARMS: Final = EndpointCap(handle("alarms"))
NOW: Final = u64(1)
WAKE: Final = u64(2)
OK: Final = u64(0)


def wake_after(seconds: u64) -> None:
    before = granted(call(ALARMS, Message(NOW)))
    woken = granted(call(ALARMS, Message(WAKE, seconds)))
    print_bytes(b"client: asked for ")
    print_decimal(seconds)
    if woken.label == OK:
        print_bytes(b" s, was woken after ")
        print_decimal(woken.word0 - before.word0)
        print_bytes(b" s\n")
    else:
        print_bytes(b" s, was refused\n")


@export
def main() -> u64:
    wake_after(u64(1))
    wake_after(u64(2))
    wake_after(u64(1))
    wake_after(u64(0))
    wake_after(u64(61))
    return u64(0)
