"""A driver: frames of a virtio network device for two clients, many for each signal, and without a copy.

`tyrne.user.frames` says what a client and the driver share. The device writes frames that come into buffers of the
driver, which the clients can read, and sends frames from the clients' own memory. The queues lie in memory that no
client has. One wait is for the device and for both clients; for what has come together the device is notified once for
each queue, and so is each client.

Who gets a frame: a datagram of UDP goes to the client whose port it is for, and everything else to the first client,
who is the one that answers ARP and pings. What is for the address of another device goes to nobody.

Neither the device nor a client is believed. When the device fails, what was being sent is answered FAILED, and it
begins anew; if it fails again and again it is given up.
"""

from __future__ import annotations

from typing import Final

from tyrne.lang import Array, export, handle, irange, u8, u32, u64
from tyrne.lang.machine import read8, write64
from tyrne.user import (
    SIGNAL_BADGE,
    Access,
    EndpointCap,
    InterruptCap,
    MemoryCap,
    NotificationCap,
    SpaceCap,
    bind,
    cap_drop,
    done,
    granted,
    interrupt_ack,
    interrupt_bind,
    interrupt_unbind,
    map_memory,
    notify,
    print_bytes,
    wait,
)
from tyrne.user.frames import (
    ADDRESS,
    BUFFER,
    FAILED,
    FIRST_BUFFER,
    FRAME_AT,
    HEADER_AT,
    LONGEST,
    PORT,
    READY,
    REFUSED,
    SENT,
    SHORTEST,
    FrameServer,
)
from tyrne.user.internet import IPV4, UDP, address_at, big16
from tyrne.user.ring import RING, RingServer
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

INTERRUPT: Final = InterruptCap(handle("network_interrupt"))
BELL: Final = NotificationCap(handle("bell"))
RANG: Final = u64(1)
REQUESTED: Final = EndpointCap(handle("requested"))
"""Where clients say that they have put something, and the bell is heard too. They do not hold the bell, so none can
pretend that the device has interrupted."""
SPACE: Final = SpaceCap(handle("network_space"))
OWN: Final = MemoryCap(handle("own"))
OWN_AT: Final = u64(0x1001_0000)
"""Which the driver maps itself: four regions, that of the registers among them, are mapped from the start."""
FOR_FRAMES: Final = MemoryCap(handle("received"))
REGISTERS: Final = u64(0x1000_0000)
NETWORK: Final = u32(1)
"""The device's id."""
HAS_ADDRESS: Final = u64(1) << 5
"""Its feature that it says which address it has."""
RECEIVE: Final = u64(0)
TRANSMIT: Final = u64(1)
HEADER: Final = u64(12)
PARTS: Final = u64(2)
"""Buffers of a frame to send: a header that asks for nothing, one for all frames, and the frame."""
TRANSMIT_AT: Final = queue_bytes(u64(MAX_PLACES))
HEADER_OF_ALL_AT: Final = 2 * queue_bytes(u64(MAX_PLACES))
"""Where the second queue lies, and that header, in memory that only the driver has."""
MAX_FAILURES: Final = 8
"""In a row; then the device is given up."""


class Client:
    """A client: its memory, its port, the frames that it is given, and those that it sends."""

    def __init__(self, memory: MemoryCap, bell: NotificationCap, port: u64) -> None:
        self.cap: MemoryCap = memory
        self.bell: NotificationCap = bell
        self.port: u64 = port
        self.memory: DeviceMemory = DeviceMemory(u64(0), u64(0), u64(0))
        self.frames: FrameServer = FrameServer()
        self.sending: RingServer = RingServer()


RING_1: Final = MemoryCap(handle("ring_1"))
RING_2: Final = MemoryCap(handle("ring_2"))
DONE_1: Final = NotificationCap(handle("done_1"))
DONE_2: Final = NotificationCap(handle("done_2"))


class State:
    """What the driver knows."""

    def __init__(self) -> None:
        self.clients: Array[Client] = Array([Client(RING_1, DONE_1, u64(7)), Client(RING_2, DONE_2, u64(8))])
        self.own: DeviceMemory = DeviceMemory(u64(0), u64(0), u64(0))
        self.received: DeviceMemory = DeviceMemory(u64(0), u64(0), u64(0))
        self.address: u64 = u64(0)
        """Of the device, six bytes as they lie in memory."""
        self.given_up: bool = True
        self.failures: u64 = u64(0)
        self.receiving: Array[u8] = Array.filled(MAX_PLACES, u8(0))
        """The buffer of a chain of the first queue, by its head."""
        self.with_client: Array[bool] = Array.filled(MAX_PLACES, False)
        """By buffer: whether a client has it. The device has the others."""
        self.busy: Array[bool] = Array.filled(MAX_PLACES, False)
        self.client: Array[u8] = Array.filled(MAX_PLACES, u8(0))
        self.number: Array[u64] = Array.filled(MAX_PLACES, u64(0))
        """By head of a chain of the second queue: whether the device has it, whose request it is, and which."""

    def buffers(self) -> u64:
        """For frames that come: one for each place of each client's ring, and some that the device always has."""
        return self.received.size // BUFFER


STATE: Final = State()
DEVICE: Final = VirtioDevice()
COMING: Final = VirtioQueue()
GOING: Final = VirtioQueue()


def offer(buffer: u64) -> VirtioError | None:
    """Let the device write a frame that comes into a buffer."""
    error = COMING.add(STATE.received, BUFFER * buffer + HEADER_AT, HEADER + LONGEST, True)
    if error is None:
        STATE.receiving[COMING.offer()] = u8(buffer)
    return error


def share() -> u64:
    """How many frames of one client the device has to send at most, so that there is room for those of the others."""
    return min(GOING.places // PARTS // u64(len(STATE.clients)), u64(RING))


def start() -> VirtioError | None:
    """Begin with the device, for the first time or after it has failed. It has the buffers that no client has."""
    error = DEVICE.start(REGISTERS, NETWORK, HAS_ADDRESS)
    if error is None and DEVICE.features & HAS_ADDRESS == 0:
        error = VirtioError.FEATURES
    if error is None:
        error = COMING.set_up(DEVICE, RECEIVE, STATE.own, u64(0), u64(MAX_PLACES))
    if error is None:
        error = GOING.set_up(DEVICE, TRANSMIT, STATE.own, TRANSMIT_AT, u64(MAX_PLACES))
    if error is None and (COMING.places < STATE.buffers() or share() == 0):
        error = VirtioError.NO_QUEUE
    if error is not None:
        return error
    STATE.address = DEVICE.configuration64(u64(0)) & 0xFFFF_FFFF_FFFF
    DEVICE.go()
    for buffer in irange(STATE.buffers()):
        if error is None and not STATE.with_client[buffer]:
            error = offer(buffer)
    return error


def finish_sent(head: u64, status: u64) -> None:
    """Answer the request of a chain of the second queue."""
    STATE.busy[head] = False
    STATE.clients[u64(STATE.client[head])].sending.finish(STATE.number[head], status)


def begin_anew() -> None:
    """The device has failed, and so has all that it was sending: first it lets go of the frames."""
    STATE.failures += 1
    error = start()
    if error is not None or STATE.failures > MAX_FAILURES:
        print_bytes(b"network: the device is given up\n")
        DEVICE.reset()
        done(interrupt_unbind(INTERRUPT))
        STATE.given_up = True
    for head in irange(MAX_PLACES):
        if STATE.busy[head]:
            finish_sent(head, FAILED)


def owner_of(frame: u64, length: u64) -> Client | None:
    """Who gets a frame that came; None for nobody. No client can write to it."""
    if read8(frame) & 1 == 0 and address_at(frame) != STATE.address:
        return None
    packet = frame + 14
    if length >= 14 + 20 + 8 and big16(frame + 12) == IPV4 and read8(packet) == 0x45 and read8(packet + 9) == UDP:
        for client in STATE.clients:
            if big16(packet + 6) & 0x3FFF == 0 and big16(packet + 22) == client.port:
                return client
    return STATE.clients[0]


def deliver(used: Used) -> VirtioError | None:
    """Give a frame to its owner, or its buffer to the device again."""
    buffer = u64(STATE.receiving[used.head])
    length = used.written - HEADER if used.written >= HEADER + SHORTEST else u64(0)
    if length == 0:
        return offer(buffer)
    STATE.failures = u64(0)
    client = owner_of(STATE.received.address + BUFFER * buffer + FRAME_AT, length)
    if client is None or not client.frames.give(buffer, length):
        return offer(buffer)
    STATE.with_client[buffer] = True
    return None


def take_back() -> None:
    """Let the device have the buffers that clients have given back; so they have room for what comes now."""
    error: VirtioError | None = None
    for client in STATE.clients:
        buffer = client.frames.take_back()
        while buffer is not None:
            STATE.with_client[buffer] = False
            if not STATE.given_up and error is None:
                error = offer(buffer)
            buffer = client.frames.take_back()
    if error is not None:
        begin_anew()


def serve_device() -> None:
    """Acknowledge the device's interrupt, then take all that it gives back, then let the next interrupt come."""
    if STATE.given_up:
        return
    error = DEVICE.acknowledge()
    while error is None:
        used = GOING.take(DEVICE)
        if used is None:
            break
        if isinstance(used, VirtioError):
            error = used
        else:
            finish_sent(used.head, SENT)
    while error is None:
        used = COMING.take(DEVICE)
        if used is None:
            break
        error = deliver(used) if isinstance(used, Used) else used
    if error is not None:
        begin_anew()
    if not STATE.given_up:
        done(interrupt_ack(INTERRUPT))


def send(index: u64, client: Client) -> None:
    """Read the next request of a client once, check it, and let the device send the frame, or refuse it."""
    request = client.sending.take()
    buffer, length = request.first, request.second
    if buffer >= client.memory.size // BUFFER - FIRST_BUFFER or length < SHORTEST or length > LONGEST:
        client.sending.finish(request.number, REFUSED)
        return
    error: VirtioError | None = VirtioError.BROKEN
    head = GOING.next_head()
    if not STATE.given_up:
        error = GOING.add(STATE.own, HEADER_OF_ALL_AT, HEADER, False)
        if error is None:
            error = GOING.add(client.memory, BUFFER * (FIRST_BUFFER + buffer) + FRAME_AT, length, False)
    if error is not None:
        client.sending.finish(request.number, FAILED)
        return
    GOING.offer()
    STATE.busy[head] = True
    STATE.client[head] = u8(index)
    STATE.number[head] = request.number


def serve_clients() -> None:
    """Take what the clients have put, and notify the device of all that it is to do. What is refused at once, since
    the device is given up, needs no place of its queue."""
    most = u64(RING) if STATE.given_up else share()
    for index in irange(len(STATE.clients)):
        client = STATE.clients[index]
        for _ in irange(min(client.sending.waiting(), most - client.sending.under_way())):
            send(index, client)
    COMING.notify(DEVICE)
    GOING.notify(DEVICE)


def tell_clients() -> None:
    """One signal for each client for which there is something. One that cannot be signalled has taken that back."""
    for client in STATE.clients:
        sent = client.sending.news()
        if client.frames.news() or sent:
            notify(client.bell, u64(1))


def wait_and_serve() -> None:
    """Wait until the device or a client wants something, and see to it. A message says no more than that."""
    arrival = granted(wait(REQUESTED))
    take_back()
    if arrival.badge == SIGNAL_BADGE:
        serve_device()
    if arrival.cap is not None:
        cap_drop(arrival.cap)
    if arrival.reply is not None:
        cap_drop(arrival.reply)
    serve_clients()
    tell_clients()


def begin() -> VirtioError | None:
    """Find the memory, begin with the device, and tell the clients."""
    done(map_memory(SPACE, OWN, OWN_AT, Access.READ_WRITE))
    STATE.own = granted(device_memory(OWN))
    STATE.received = granted(device_memory(FOR_FRAMES))
    assert STATE.own.holds(HEADER_OF_ALL_AT, HEADER)
    assert u64(len(STATE.clients)) * RING < STATE.buffers() <= MAX_PLACES
    done(bind(REQUESTED, BELL))
    done(interrupt_bind(INTERRUPT, BELL, RANG))
    error = start()
    if error is not None:
        return error
    STATE.given_up = False
    for client in STATE.clients:
        client.memory = granted(device_memory(client.cap))
        client.frames.ring = client.memory.address
        client.sending.ring = client.memory.address
        write64(client.memory.address + PORT, client.port)
        write64(client.memory.address + ADDRESS, STATE.address | READY)
        notify(client.bell, u64(1))
    COMING.notify(DEVICE)
    return None


@export
def main() -> u64:
    if begin() is not None:
        print_bytes(b"network: there is no such device\n")
        return u64(1)
    while True:
        wait_and_serve()
