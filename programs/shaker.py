"""A driver: fills buffers of two clients with random bytes of a virtio entropy device, over a ring with each.

The device writes into the client's own memory, so no byte is copied and no other client sees one. A request's words are
the buffer, a page of the client's memory behind the ring, and how many bytes. For what has come together the device is
notified once, and so is each client. Neither is believed. When the device fails, requests are answered FAILED and it
begins anew; if it fails again and again it is given up, and each request is answered FAILED.
"""

from __future__ import annotations

from typing import Final

from tyrne.lang import Array, export, handle, irange, u8, u32, u64
from tyrne.user import (
    SIGNAL_BADGE,
    EndpointCap,
    InterruptCap,
    MemoryCap,
    NotificationCap,
    bind,
    cap_drop,
    done,
    granted,
    interrupt_ack,
    interrupt_bind,
    interrupt_unbind,
    notify,
    print_bytes,
    wait,
)
from tyrne.user.blocks import BLOCK, FAILED, OK, REFUSED
from tyrne.user.ring import RingServer
from tyrne.user.virtio import (
    MAX_PLACES,
    DeviceMemory,
    Used,
    VirtioDevice,
    VirtioError,
    VirtioQueue,
    device_memory,
)

INTERRUPT: Final = InterruptCap(handle("entropy_interrupt"))
BELL: Final = NotificationCap(handle("bell"))
RANG: Final = u64(1)
REQUESTED: Final = EndpointCap(handle("requested"))
"""Where clients say that they have put something, and the bell is heard too."""
OWN: Final = MemoryCap(handle("own"))
REGISTERS: Final = u64(0x1000_0000)
ENTROPY: Final = u32(4)
"""The device's id."""
MAX_FAILURES: Final = 8
"""In a row; then the device is given up."""
RING_1: Final = MemoryCap(handle("ring_1"))
RING_2: Final = MemoryCap(handle("ring_2"))
DONE_1: Final = NotificationCap(handle("done_1"))
DONE_2: Final = NotificationCap(handle("done_2"))


class Client:
    """A client, and its ring."""

    def __init__(self, memory: MemoryCap, bell: NotificationCap) -> None:
        self.cap: MemoryCap = memory
        self.bell: NotificationCap = bell
        self.memory: DeviceMemory = DeviceMemory(u64(0), u64(0), u64(0))
        self.requests: RingServer = RingServer()


class State:
    """What the driver knows."""

    def __init__(self) -> None:
        self.clients: Array[Client] = Array([Client(RING_1, DONE_1), Client(RING_2, DONE_2)])
        self.own: DeviceMemory = DeviceMemory(u64(0), u64(0), u64(0))
        self.given_up: bool = False
        self.failures: u64 = u64(0)
        self.busy: Array[bool] = Array.filled(MAX_PLACES, False)
        self.client: Array[u8] = Array.filled(MAX_PLACES, u8(0))
        self.number: Array[u64] = Array.filled(MAX_PLACES, u64(0))
        self.length: Array[u64] = Array.filled(MAX_PLACES, u64(0))
        """By head of a chain: whether the device has it, whose request it is, which, and how many bytes it asks for."""


STATE: Final = State()
DEVICE: Final = VirtioDevice()
QUEUE: Final = VirtioQueue()


def start() -> VirtioError | None:
    """Begin with the device, for the first time or after it has failed. Afterwards it uses no memory of before."""
    error = DEVICE.start(REGISTERS, ENTROPY, u64(0))
    if error is None:
        error = QUEUE.set_up(DEVICE, u64(0), STATE.own, u64(0), u64(MAX_PLACES))
    if error is None:
        DEVICE.go()
    return error


def begin_anew() -> None:
    """The device has failed, and so have the requests that it has: first it lets go of their buffers."""
    STATE.failures += 1
    error = start()
    if error is not None or STATE.failures > MAX_FAILURES:
        print_bytes(b"shaker: the device is given up\n")
        DEVICE.reset()
        done(interrupt_unbind(INTERRUPT))
        STATE.given_up = True
    for head in irange(MAX_PLACES):
        if STATE.busy[head]:
            STATE.busy[head] = False
            STATE.clients[u64(STATE.client[head])].requests.finish(STATE.number[head], FAILED)


def finish_used(used: Used) -> None:
    """Answer the request of a chain that the device has given back. One that was filled in part has failed."""
    well = used.written == STATE.length[used.head]
    STATE.busy[used.head] = False
    if well:
        STATE.failures = u64(0)
    STATE.clients[u64(STATE.client[used.head])].requests.finish(STATE.number[used.head], OK if well else FAILED)


def serve_device() -> None:
    """Acknowledge the device's interrupt, then take all that it gives back, then let the next interrupt come."""
    if STATE.given_up:
        return
    error = DEVICE.acknowledge()
    while error is None:
        used = QUEUE.take(DEVICE)
        if used is None:
            break
        if isinstance(used, VirtioError):
            error = used
        else:
            finish_used(used)
    if error is not None:
        begin_anew()
    if not STATE.given_up:
        done(interrupt_ack(INTERRUPT))


def take_request(index: u64, client: Client) -> None:
    """Read the next request of a client once, check it, and offer its buffer to the device, or refuse it."""
    request = client.requests.take()
    buffer, length = request.first, request.second
    if buffer >= client.memory.size // BLOCK - 1 or length == 0 or length > BLOCK:
        client.requests.finish(request.number, REFUSED)
        return
    head = QUEUE.next_head()
    if STATE.given_up or QUEUE.add(client.memory, BLOCK * (1 + buffer), length, True) is not None:
        client.requests.finish(request.number, FAILED)
        return
    QUEUE.offer()
    STATE.busy[head] = True
    STATE.client[head] = u8(index)
    STATE.number[head] = request.number
    STATE.length[head] = length


def take_requests() -> None:
    """All that the clients have put, as long as there is room in the queue."""
    for index in irange(len(STATE.clients)):
        client = STATE.clients[index]
        for _ in irange(client.requests.waiting()):
            if not STATE.given_up and QUEUE.free == 0:
                return
            take_request(index, client)


def wait_and_serve() -> None:
    """Wait until the device or a client wants something, and see to the device. A message says no more than that."""
    arrival = granted(wait(REQUESTED))
    if arrival.badge == SIGNAL_BADGE:
        serve_device()
    if arrival.cap is not None:
        cap_drop(arrival.cap)
    if arrival.reply is not None:
        cap_drop(arrival.reply)


@export
def main() -> u64:
    STATE.own = granted(device_memory(OWN))
    done(bind(REQUESTED, BELL))
    done(interrupt_bind(INTERRUPT, BELL, RANG))
    if start() is not None:
        print_bytes(b"shaker: there is no such device\n")
        return u64(1)
    for client in STATE.clients:
        client.memory = granted(device_memory(client.cap))
        client.requests.ring = client.memory.address
    while True:
        take_requests()
        QUEUE.notify(DEVICE)
        for client in STATE.clients:
            if client.requests.news():
                notify(client.bell, u64(1))
        wait_and_serve()
