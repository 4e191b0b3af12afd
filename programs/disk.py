"""A driver: reads and writes blocks of 4 KiB on a virtio block device, for two clients with a part of the disk each.

`tyrne.user.blocks` says what a client and the driver share. The device copies between the disk and the client's own
buffers; the queue, and what the device is asked, lie in memory that no client has. One wait is for the device and for
both clients. For what has come together the device is notified once, and so is each client.

Neither the device nor a client is believed. When the device fails, requests are answered FAILED, and it begins anew; if
it fails again and again it is given up, and each request is answered FAILED.
"""

from __future__ import annotations

from typing import Final

from tyrne.lang import Array, export, handle, irange, u8, u16, u32, u64
from tyrne.lang.machine import read8, write8, write64
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
from tyrne.user.blocks import BLOCK, BLOCKS, FAILED, OK, READ, REFUSED, WRITE
from tyrne.user.ring import RingServer
from tyrne.user.virtio import (
    MAX_PLACES,
    DeviceMemory,
    Used,
    VirtioDevice,
    VirtioError,
    VirtioQueue,
    device_memory,
    queue_bytes,
)

INTERRUPT: Final = InterruptCap(handle("disk_interrupt"))
BELL: Final = NotificationCap(handle("bell"))
RANG: Final = u64(1)
REQUESTED: Final = EndpointCap(handle("requested"))
"""Where clients say that they have put something, and the bell is heard too. They do not hold the bell, so none can
pretend that the device has interrupted."""
OWN: Final = MemoryCap(handle("own"))
REGISTERS: Final = u64(0x1000_0000)
DISK: Final = u32(2)
"""The device's id."""
SECTORS: Final = u64(8)
"""Of 512 bytes, in a block."""
PARTS: Final = u64(3)
"""Buffers of a request: what is asked, the block, a byte for the status."""
ASKED_AT: Final = queue_bytes(u64(MAX_PLACES))
"""Where 32 bytes for each chain lie, behind the queue: what is asked, and the status."""
STATUS_AT: Final = u64(16)
MAX_FAILURES: Final = 8
"""In a row; then the device is given up."""


class Client:
    """A client, its part of the disk, and its ring."""

    def __init__(self, memory: MemoryCap, bell: NotificationCap) -> None:
        self.cap: MemoryCap = memory
        self.bell: NotificationCap = bell
        self.memory: DeviceMemory = DeviceMemory(u64(0), u64(0), u64(0))
        self.first: u64 = u64(0)
        self.blocks: u64 = u64(0)
        self.requests: RingServer = RingServer()


RING_1: Final = MemoryCap(handle("ring_1"))
RING_2: Final = MemoryCap(handle("ring_2"))
DONE_1: Final = NotificationCap(handle("done_1"))
DONE_2: Final = NotificationCap(handle("done_2"))


class State:
    """What the driver knows."""

    def __init__(self) -> None:
        self.clients: Array[Client] = Array([Client(RING_1, DONE_1), Client(RING_2, DONE_2)])
        self.own: DeviceMemory = DeviceMemory(u64(0), u64(0), u64(0))
        self.given_up: bool = True
        self.failures: u64 = u64(0)
        self.busy: Array[bool] = Array.filled(MAX_PLACES, False)
        self.client: Array[u8] = Array.filled(MAX_PLACES, u8(0))
        self.number: Array[u64] = Array.filled(MAX_PLACES, u64(0))
        self.length: Array[u16] = Array.filled(MAX_PLACES, u16(0))
        """By head of a chain: whether the device has it, whose request it is, which, and how much is to be written."""


STATE: Final = State()
DEVICE: Final = VirtioDevice()
QUEUE: Final = VirtioQueue()


def start() -> VirtioError | None:
    """Begin with the device, for the first time or after it has failed. Afterwards it uses no memory of before."""
    error = DEVICE.start(REGISTERS, DISK, u64(0))
    if error is None:
        error = QUEUE.set_up(DEVICE, u64(0), STATE.own, u64(0), u64(MAX_PLACES))
    if error is None and QUEUE.free < PARTS:
        error = VirtioError.NO_QUEUE
    if error is None:
        DEVICE.go()
    return error


def finish_used(used: Used) -> None:
    """Answer the request of a chain that the device has given back. A read that was short is none."""
    head = used.head
    status = read8(STATE.own.address + ASKED_AT + 32 * head + STATUS_AT)
    well = status == 0 and used.written == u64(STATE.length[head])
    STATE.busy[head] = False
    if well:
        STATE.failures = u64(0)
    STATE.clients[u64(STATE.client[head])].requests.finish(STATE.number[head], OK if well else FAILED)


def begin_anew() -> None:
    """The device has failed, and so have the requests that it has: first it lets go of their buffers."""
    STATE.failures += 1
    error = start()
    if error is not None or STATE.failures > MAX_FAILURES:
        print_bytes(b"disk: the device is given up\n")
        DEVICE.reset()
        done(interrupt_unbind(INTERRUPT))
        STATE.given_up = True
    for head in irange(MAX_PLACES):
        if STATE.busy[head]:
            STATE.busy[head] = False
            STATE.clients[u64(STATE.client[head])].requests.finish(STATE.number[head], FAILED)


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


def ask(index: u64, client: Client, number: u64, kind: u64, block: u64, buffer: u64) -> bool:
    """Offer a request that was checked to the device."""
    head = QUEUE.next_head()
    at = ASKED_AT + 32 * head
    write64(STATE.own.address + at, kind)
    write64(STATE.own.address + at + 8, (client.first + block) * SECTORS)
    write8(STATE.own.address + at + STATUS_AT, u8(0xFF))
    error = QUEUE.add(STATE.own, at, u64(16), False)
    if error is None:
        error = QUEUE.add(client.memory, BLOCK * (1 + buffer), u64(BLOCK), kind == READ)
    if error is None:
        error = QUEUE.add(STATE.own, at + STATUS_AT, u64(1), True)
    if error is not None:
        return False
    QUEUE.offer()
    STATE.busy[head] = True
    STATE.client[head] = u8(index)
    STATE.number[head] = number
    STATE.length[head] = u16(BLOCK + 1 if kind == READ else 1)
    return True


def take_request(index: u64, client: Client) -> None:
    """Read the next request of a client once, check it, and ask the device, or refuse it."""
    request = client.requests.take()
    block = request.first
    kind = request.second & 0xFF
    buffer = request.second >> 8
    buffers = client.memory.size // BLOCK - 1
    if block >= client.blocks or buffer >= buffers or (kind != READ and kind != WRITE):
        client.requests.finish(request.number, REFUSED)
    elif STATE.given_up or not ask(index, client, request.number, kind, block, buffer):
        client.requests.finish(request.number, FAILED)


def take_requests() -> None:
    """All that the clients have put, as long as there is room in the queue."""
    for index in irange(len(STATE.clients)):
        client = STATE.clients[index]
        for _ in irange(client.requests.waiting()):
            if not STATE.given_up and QUEUE.free < PARTS:
                return
            take_request(index, client)


def tell_clients() -> None:
    """One signal for each client of which something was finished. One that cannot be signalled has taken that back."""
    for client in STATE.clients:
        if client.requests.news():
            notify(client.bell, u64(1))


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
    assert STATE.own.holds(u64(0), ASKED_AT + 32 * u64(MAX_PLACES))
    done(bind(REQUESTED, BELL))
    done(interrupt_bind(INTERRUPT, BELL, RANG))
    if start() is not None:
        print_bytes(b"disk: there is no such device\n")
        return u64(1)
    STATE.given_up = False
    blocks = DEVICE.configuration64(u64(0)) // SECTORS // u64(len(STATE.clients))
    for index in irange(len(STATE.clients)):
        client = STATE.clients[index]
        client.memory = granted(device_memory(client.cap))
        client.requests.ring = client.memory.address
        client.first = blocks * index
        client.blocks = blocks
        write64(client.memory.address + BLOCKS, blocks)
        notify(client.bell, u64(1))
    while True:
        wait_and_serve()
        take_requests()
        QUEUE.notify(DEVICE)
        tell_clients()
