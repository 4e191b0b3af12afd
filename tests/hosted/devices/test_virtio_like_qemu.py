"""A driver that keeps the rules finds the same on QEMU's virtio devices and on the models, by the same stores.

Where QEMU 7.2 departs from the specification the models do not follow: it says 0 for the base of shared memory that is
not there, shows features 32 to 63 in all words behind them, and leaves 0 in the count of buffers of a received frame.
"""

from __future__ import annotations

import random
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from struct import pack
from typing import Final

import pytest

from hosted.devices.made_devices import ADDRESS, DISK, KINDS, Made
from hosted.devices.qtest import Qemu, Transport, qemu_with
from hosted.devices.ring_driver import (
    BASE,
    BUFFERS,
    CONFIG,
    DEVICE_FEATURES,
    DEVICE_FEATURES_SEL,
    GENERATION,
    INTERRUPT_ACK,
    INTERRUPT_STATUS,
    QUEUE_NUM_MAX,
    QUEUE_READY,
    STATUS,
    RingDriver,
)
from tyrne.hosted.devices.block import CAN_FLUSH
from tyrne.hosted.devices.device import Device
from tyrne.hosted.devices.network import HAS_ADDRESS

pytestmark = pytest.mark.qemu

SLOTS: Final = {"entropy": 0, "block": 8, "console": 16, "network": 24}
SECONDS: Final = 10.0
"""How long QEMU may take for what a model does at once."""
FRAME: Final = bytes(range(60))


class PatientDriver(RingDriver):
    """One whose device may take its time."""

    def used(self, number: int = 0) -> list[tuple[int, int]]:
        end = time.monotonic() + SECONDS
        while not (found := super().used(number)) and time.monotonic() < end:
            time.sleep(0.001)
        return found


class Both:
    """QEMU with one device of each kind, and what is at its outside."""

    def __init__(self, folder: Path, qemu: Qemu, network: socket.socket, console: socket.socket) -> None:
        self.qemu: Final = qemu
        self.network: Final = network
        self.console: Final = console
        self.peer: Final = str(folder / "a")

    def driver(self, kind: str) -> PatientDriver:
        """With memory as new."""
        self.qemu.ask(f"memset {BASE:#x} 0x10000 0x0")
        return PatientDriver(Transport(self.qemu, SLOTS[kind]), self.qemu)


def modelled(kind: str) -> RingDriver:
    made = Made()
    return made.driver(made.kind(kind))


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    folder = tmp_path_factory.mktemp("q")
    (folder / "disk").write_bytes(DISK)
    bus = [f"bus=virtio-mmio-bus.{SLOTS[kind]}" for kind in KINDS]
    arguments = [
        *("-device", f"virtio-rng-device,{bus[0]}"),
        *("-drive", f"if=none,id=disk,format=raw,file={folder / 'disk'}"),
        *("-device", f"virtio-blk-device,drive=disk,serial=disk,{bus[1]}"),
        *("-chardev", f"socket,id=console,path={folder / 'console'},server=on,wait=off"),
        *("-device", f"virtio-serial-device,max_ports=1,{bus[2]}", "-device", "virtconsole,chardev=console"),
        "-netdev",
        f"dgram,id=net,local.type=unix,local.path={folder / 'a'},remote.type=unix,remote.path={folder / 'b'}",
        *("-device", f"virtio-net-device,netdev=net,mac={ADDRESS.hex(':')},{bus[3]}"),
    ]
    console = socket.socket(socket.AF_UNIX)
    with console, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as network:
        network.bind(str(folder / "b"))
        network.settimeout(SECONDS)
        console.settimeout(SECONDS)
        with qemu_with(folder, *arguments) as qemu:
            qemu.read(BASE, 4)  # it has answered, so its sockets are there
            console.connect(str(folder / "console"))
            yield Both(folder, qemu, network, console)


@pytest.mark.parametrize("kind", KINDS)
def test_who_it_is_and_what_it_offers(both: Both, kind: str) -> None:
    theirs, ours = both.driver(kind), modelled(kind)
    for driver in (theirs, ours):
        driver.store(STATUS, 0)
    for offset in (0x000, 0x004, 0x008, 0x0B0, 0x0B4, GENERATION, STATUS, INTERRUPT_STATUS, QUEUE_READY):
        assert theirs.load(offset) == ours.load(offset), hex(offset)
    assert 0 < ours.load(QUEUE_NUM_MAX) <= theirs.load(QUEUE_NUM_MAX)
    for word in (0, 1):
        for driver in (theirs, ours):
            driver.store(DEVICE_FEATURES_SEL, word)
        assert ours.load(DEVICE_FEATURES) & ~theirs.load(DEVICE_FEATURES) == 0


@pytest.mark.parametrize(("kind", "length"), [("block", 8), ("network", 6), ("console", 8)])
def test_its_own_registers(both: Both, kind: str, length: int) -> None:
    theirs, ours = Transport(both.qemu, SLOTS[kind]), Made().kind(kind)
    assert [theirs.read(CONFIG + at, 1) for at in range(length)] == [ours.read(CONFIG + at, 1) for at in range(length)]


@pytest.mark.parametrize("kind", KINDS)
def test_each_step_of_the_status(both: Both, kind: str) -> None:
    found = []
    for driver in (both.driver(kind), modelled(kind)):
        seen = []
        for status in (0, 1, 3):
            driver.store(STATUS, status)
            seen.append(driver.load(STATUS))
        driver.negotiate(KINDS[kind][1])
        seen.append(driver.load(STATUS))
        driver.set_up(0)
        seen.append(driver.load(QUEUE_READY))
        driver.store(STATUS, 15)
        seen.append(driver.load(STATUS))
        driver.store(STATUS, 0)
        seen += [driver.load(STATUS), driver.load(QUEUE_READY)]
        found.append(seen)
    assert found[0] == found[1] == [0, 1, 3, 11, 1, 15, 0, 0]


def a_request(source: random.Random) -> list[bytes | int]:
    """A request of a block device, right or not, its buffers cut anywhere."""
    kind = source.choice([0, 0, 0, 1, 1, 1, 4, 8, 99])
    sector, count = source.randrange(10), source.randrange(1, 4)
    readable, room = pack("<IIQ", kind, 0, sector), 1
    if kind == 1:
        readable += source.randbytes(512 * count - source.choice([0, 0, 0, 1]))
    elif kind == 0:
        room += 512 * count - source.choice([0, 0, 0, 1])
    elif kind != 4:
        room += source.randrange(1, 40)
    parts: list[bytes | int] = []
    while readable:
        cut = source.randrange(1, len(readable) + 1)
        parts.append(readable[:cut])
        readable = readable[cut:]
        if len(parts) == 3:
            parts[-1] = bytes(parts[-1]) + readable  # type: ignore[arg-type]
            break
    first = source.randrange(room + 1)
    return [*parts, *(part for part in (first, room - first) if part)]


def test_random_requests_of_a_block_device(both: Both) -> None:
    source = random.Random(0)
    theirs, ours = (driver.start(CAN_FLUSH) for driver in (both.driver("block"), modelled("block")))
    for _ in range(300):
        parts = a_request(source)
        theirs.free = ours.free = BUFFERS
        assert ask(theirs, parts) == ask(ours, parts), parts
        assert theirs.queues[0].seen == ours.queues[0].seen


def ask(driver: RingDriver, parts: list[bytes | int]) -> tuple[bytes, int, int]:
    """What was written (of a request that failed: the status alone), the length told, and the interrupt."""
    addresses = driver.offer(0, *parts)
    driver.notify()
    ((_, length),) = driver.used()
    pieces = zip(parts, addresses, strict=True)
    written = b"".join(driver.memory.read(address, part) for part, address in pieces if isinstance(part, int))
    interrupt = driver.load(INTERRUPT_STATUS)
    driver.store(INTERRUPT_ACK, interrupt)
    return written if not written[-1] else written[-1:], length, interrupt


@pytest.mark.parametrize("flags", [0, 1])
def test_entropy_and_interrupts(both: Both, flags: int) -> None:
    found = []
    for driver in (both.driver("entropy").start(), modelled("entropy").start()):
        driver.memory.write(driver.queues[0].available, pack("<H", flags))
        seen = []
        for room in (1, 16, 4096):
            driver.offer(0, room)
            driver.notify()
            seen.append((driver.used(), driver.load(INTERRUPT_STATUS)))
        driver.store(INTERRUPT_ACK, driver.load(INTERRUPT_STATUS))
        found.append([*seen, driver.load(INTERRUPT_STATUS)])
    assert found[0] == found[1]


def test_what_a_console_writes_and_what_is_typed(both: Both) -> None:
    made = Made()
    device = made.console()
    theirs, ours = both.driver("console"), made.driver(device)
    for driver in (theirs, ours):
        driver.start(queues=2)
    assert theirs.ask(1, b"hel", b"lo\n") == ours.ask(1, b"hel", b"lo\n")
    assert [both.console.recv(100)] == made.sent
    buffers = [driver.offer(0, 4) + driver.offer(0, 4) for driver in (theirs, ours)]
    for driver in (theirs, ours):
        driver.notify(0)
    both.console.send(b"abcdef")
    device.type(b"abcdef")
    found = theirs.used(0)
    while len(found) < 2:
        found += theirs.used(0)
    assert found == ours.used(0) == [(0, 4), (1, 2)]
    for driver, (first, second) in zip((theirs, ours), buffers, strict=True):
        assert driver.memory.read(first, 4) + driver.memory.read(second, 2) == b"abcdef"


def test_frames_both_ways(both: Both) -> None:
    made = Made()
    device = made.network()
    theirs, ours = both.driver("network"), made.driver(device)
    for driver in (theirs, ours):
        driver.start(HAS_ADDRESS, queues=2)
    sent = [driver.ask(1, bytes(12), FRAME) for driver in (theirs, ours)]
    assert sent[0] == sent[1]
    assert [both.network.recv(2000)] == made.sent
    buffers = [driver.offer(0, 1526) for driver in (theirs, ours)]
    for driver in (theirs, ours):
        driver.notify(0)
    both.network.sendto(FRAME, both.peer)
    device.receive(FRAME)
    assert theirs.used(0) == ours.used(0) == [(0, 12 + len(FRAME))]
    contents = [driver.memory.read(at, 80) for driver, (at,) in zip((theirs, ours), buffers, strict=True)]
    assert [content[:10] + content[12:] for content in contents] == [bytes(10) + FRAME + bytes(8)] * 2


def silent(device: Device) -> list[int]:
    return [device.read(offset, 4) for offset in (0x000, 0x004, 0x008, 0x010, 0x034, STATUS, CONFIG)]


def test_a_transport_without_a_device(both: Both) -> None:
    class Second:
        """The second transport of a model's page."""

        size: Final = 4096

        def read(self, offset: int, width: int) -> int:
            return made.read(0x200 + offset, width)

        def write(self, offset: int, width: int, value: int) -> None:
            made.write(0x200 + offset, width, value)

        def next_event(self) -> None:
            return None

        def advance(self, now: int) -> None:
            raise AssertionError("never due")

    made = Made().block()
    assert silent(Transport(both.qemu, 9)) == silent(Second())
