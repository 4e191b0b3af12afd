"""A driver: fetches random bytes from a virtio entropy device for whoever calls, one call after the other.

The device writes them into memory that it reaches, and interrupts. It is believed nothing: what it says is checked by
`tyrne.user.virtio`, and after an error the caller is told, and the device begins anew.
"""

from __future__ import annotations

from typing import Final

from tyrne.lang import export, handle, u32, u64
from tyrne.lang.machine import read64, write64
from tyrne.user import (
    Arrival,
    EndpointCap,
    InterruptCap,
    MemoryCap,
    NotificationCap,
    cap_drop,
    done,
    granted,
    interrupt_ack,
    interrupt_bind,
    print_bytes,
    reply_wait,
    wait,
    wait_signals,
)
from tyrne.user.virtio import DeviceMemory, Used, VirtioDevice, VirtioError, VirtioQueue, device_memory

REQUESTS: Final = EndpointCap(handle("random"))
INTERRUPT: Final = InterruptCap(handle("entropy_interrupt"))
BELL: Final = NotificationCap(handle("bell"))
SHARED: Final = MemoryCap(handle("shared"))
REGISTERS: Final = u64(0x1000_0000)
RING: Final = u64(1)
ENTROPY: Final = u32(4)
"""The device's id."""
PLACES: Final = u64(8)
QUEUE_AT: Final = u64(0)
BUFFER_AT: Final = u64(2048)
"""Where the queue and the bytes lie in the shared page."""
LENGTH: Final = u64(16)
OK: Final = u64(0)
FAILED: Final = u64(1)
"""Labels of answers: words 0 and 1 are random; they are not."""

DEVICE: Final = VirtioDevice()
QUEUE: Final = VirtioQueue()


def start(memory: DeviceMemory) -> VirtioError | None:
    """Begin with the device, for the first time or after an error."""
    error = DEVICE.start(REGISTERS, ENTROPY, u64(0))
    if error is None:
        error = QUEUE.set_up(DEVICE, u64(0), memory, QUEUE_AT, PLACES)
    if error is None:
        DEVICE.go()
    return error


def wait_for_device() -> u64 | VirtioError:
    """How many bytes the device has written, once it has. An interrupt may come for nothing."""
    while True:
        granted(wait_signals(BELL))
        error = DEVICE.acknowledge()
        used = QUEUE.take(DEVICE)
        done(interrupt_ack(INTERRUPT))
        if isinstance(used, Used):
            return used.written
        if isinstance(used, VirtioError):
            return used
        if error is not None:
            return error


def fill(memory: DeviceMemory) -> VirtioError | None:
    """Fill the buffer. The device may write less than it is asked for, but something."""
    filled = u64(0)
    while filled < LENGTH:
        error = QUEUE.add(memory, BUFFER_AT + filled, LENGTH - filled, True)
        if error is not None:
            return error
        QUEUE.offer()
        QUEUE.notify(DEVICE)
        written = wait_for_device()
        if isinstance(written, VirtioError):
            return written
        if written == 0:
            return VirtioError.BROKEN
        filled += written
    return None


def taken(address: u64) -> u64:
    """A random word, which nobody finds a second time."""
    word = read64(address)
    write64(address, u64(0))
    return word


def serve(memory: DeviceMemory) -> None:
    buffer = memory.address + BUFFER_AT
    arrival = granted(wait(REQUESTS))
    while True:
        if arrival.cap is not None:
            cap_drop(arrival.cap)
        caller = arrival.reply
        if caller is None:
            arrival = granted(wait(REQUESTS))
            continue
        error = fill(memory)
        first, second = taken(buffer), taken(buffer + 8)
        if error is None:
            outcome = reply_wait(caller, REQUESTS, OK, first, second)
        else:
            # If the device does not begin anew, the next call finds the queue broken, and is told so too.
            start(memory)
            outcome = reply_wait(caller, REQUESTS, FAILED)
        # A caller whose deadline has come wants no answer any more.
        arrival = outcome if isinstance(outcome, Arrival) else granted(wait(REQUESTS))


@export
def main() -> u64:
    memory = granted(device_memory(SHARED))
    done(interrupt_bind(INTERRUPT, BELL, RING))
    if start(memory) is not None:
        print_bytes(b"entropy: there is no such device\n")
        return u64(1)
    serve(memory)
    return u64(0)
