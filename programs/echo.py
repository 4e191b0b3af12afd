"""Answers who asks over the network: ARP for 10.0.2.15, ICMP echo, and UDP on port 7. After two quiet seconds it ends.

It drives the network device, by interrupt and many frames at a time. An answer is made where the question lies, and
that buffer is sent; when it has been, it waits for the next frame. `tyrne.user.internet` has the answers.
"""

from __future__ import annotations

from typing import Final

from tyrne.abi import Status
from tyrne.lang import Array, export, handle, irange, u16, u32, u64
from tyrne.lang.machine import write16
from tyrne.user import (
    SECOND,
    ClockCap,
    InterruptCap,
    MemoryCap,
    NotificationCap,
    clock_read,
    done,
    end_wait_at,
    granted,
    interrupt_ack,
    interrupt_bind,
    print_bytes,
    wait_signals,
)
from tyrne.user.internet import Host
from tyrne.user.virtio import DeviceMemory, Used, VirtioDevice, VirtioError, VirtioQueue, device_memory

CLOCK: Final = ClockCap(handle("clock"))
INTERRUPT: Final = InterruptCap(handle("network_interrupt"))
BELL: Final = NotificationCap(handle("bell"))
SHARED: Final = MemoryCap(handle("shared"))
REGISTERS: Final = u64(0x1000_0000)
RING: Final = u64(1)
NETWORK: Final = u32(1)
"""The device's id."""
HAS_ADDRESS: Final = u64(1) << 5
"""Its feature that it says which address it has."""
RECEIVE: Final = u64(0)
TRANSMIT: Final = u64(1)
PLACES: Final = 32
"""Of each queue, and as many buffers."""
BUFFERS_AT: Final = u64(0x1000)
BUFFER: Final = u64(0x800)
"""Where the buffers lie in the shared memory, and how large each is. Both queues are before them."""
TRANSMIT_AT: Final = u64(0x800)
SHIFT: Final = u64(2)
HEADER: Final = u64(12)
"""So the device's header ends, and a packet behind the frame's 14 bytes begins, at a multiple of 4."""
ROOM: Final = HEADER + 1514
QUIET: Final = 2 * SECOND

DEVICE: Final = VirtioDevice()
RECEIVED: Final = VirtioQueue()
SENT: Final = VirtioQueue()
HOST: Final = Host()


class Owners:
    """Which buffer a chain has, by its head."""

    def __init__(self) -> None:
        self.receiving: Array[u16] = Array.filled(PLACES, u16(0))
        self.sending: Array[u16] = Array.filled(PLACES, u16(0))


OWNERS: Final = Owners()


def offer(memory: DeviceMemory, buffer: u64) -> VirtioError | None:
    """Let the device fill a buffer."""
    error = RECEIVED.add(memory, BUFFERS_AT + buffer * BUFFER + SHIFT, ROOM, True)
    if error is None:
        OWNERS.receiving[RECEIVED.offer()] = u16(buffer)
    return error


def send(memory: DeviceMemory, buffer: u64, length: u64) -> VirtioError | None:
    """Let the device send what is in a buffer, behind a header that asks for nothing."""
    start = memory.address + BUFFERS_AT + buffer * BUFFER + SHIFT
    for i in irange(HEADER // 2):
        write16(start + 2 * i, u16(0))
    error = SENT.add(memory, BUFFERS_AT + buffer * BUFFER + SHIFT, HEADER + length, False)
    if error is None:
        OWNERS.sending[SENT.offer()] = u16(buffer)
    return error


def start(memory: DeviceMemory) -> VirtioError | None:
    """Begin with the device, for the first time or after an error, and give it all buffers."""
    error = DEVICE.start(REGISTERS, NETWORK, HAS_ADDRESS)
    if error is None and DEVICE.features & HAS_ADDRESS == 0:
        error = VirtioError.FEATURES
    if error is None:
        error = RECEIVED.set_up(DEVICE, RECEIVE, memory, u64(0), u64(PLACES))
    if error is None:
        error = SENT.set_up(DEVICE, TRANSMIT, memory, TRANSMIT_AT, u64(PLACES))
    if error is not None:
        return error
    HOST.address = DEVICE.configuration64(u64(0)) & 0xFFFF_FFFF_FFFF
    DEVICE.go()
    for buffer in irange(RECEIVED.places):
        error = offer(memory, buffer)
        if error is not None:
            return error
    RECEIVED.notify(DEVICE)
    return None


def serve(memory: DeviceMemory) -> VirtioError | None:
    """See to all that has come and all that has been sent, and tell the device once of each."""
    error = DEVICE.acknowledge()
    while error is None:
        used = SENT.take(DEVICE)
        if used is None:
            break
        error = offer(memory, u64(OWNERS.sending[used.head])) if isinstance(used, Used) else used
    while error is None:
        used = RECEIVED.take(DEVICE)
        if used is None:
            break
        error = serve_frame(memory, used) if isinstance(used, Used) else used
    SENT.notify(DEVICE)
    RECEIVED.notify(DEVICE)
    return error


def serve_frame(memory: DeviceMemory, used: Used) -> VirtioError | None:
    buffer = u64(OWNERS.receiving[used.head])
    frame = memory.address + BUFFERS_AT + buffer * BUFFER + SHIFT + HEADER
    length = HOST.answer(frame, used.written - HEADER) if used.written >= HEADER else u64(0)
    return send(memory, buffer, length) if length != 0 else offer(memory, buffer)


@export
def main() -> u64:
    memory = granted(device_memory(SHARED))
    done(interrupt_bind(INTERRUPT, BELL, RING))
    error = start(memory)
    if error is not None:
        print_bytes(b"echo: there is no such device\n")
        return u64(1)
    while error is None:
        done(end_wait_at(CLOCK, granted(clock_read(CLOCK)) + QUIET))
        rung = wait_signals(BELL)
        if rung == Status.TIMED_OUT:
            print_bytes(b"echo: ")
            HOST.say()
            return u64(0)
        if serve(memory) is not None:
            error = start(memory)
        done(interrupt_ack(INTERRUPT))
    print_bytes(b"echo: the device has failed\n")
    return u64(1)
