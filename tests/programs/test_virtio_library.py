"""`tyrne.user.virtio` in CPython: beside a model that keeps the rules, and beside devices that keep none."""

from __future__ import annotations

import random
from collections.abc import Callable
from struct import pack

import pytest
from virtio_machine import MEMORY, REGISTERS, SIZE, VirtioMachine

from hosted.devices.made_devices import DISK, KINDS, Made
from hosted.devices.ring_driver import BASE, Reach
from tyrne.hosted.devices.block import CAN_FLUSH
from tyrne.hosted.devices.device import Device
from tyrne.hosted.devices.faults import Fault
from tyrne.lang import u32, u64
from tyrne.user.virtio import DeviceMemory, Used, VirtioDevice, VirtioError, VirtioQueue, queue_bytes
from tyrne.user.virtio_device import QUEUE_NOTIFY

AT = u64(0)
DATA = u64(0x8000)
IDS = {"entropy": 4, "block": 2, "console": 3, "network": 1}


class Driven:
    """A device, its driver, and one queue of eight places."""

    def __init__(self, made: Made, model: Device, patch: pytest.MonkeyPatch, kind: int, places: int = 8) -> None:
        self.made, self.kind, self.places = made, u32(kind), u64(places)
        self.machine = VirtioMachine(model, made.memory, patch)
        self.device, self.queue = VirtioDevice(), VirtioQueue()

    def start(self, wanted: int = 0) -> VirtioError | None:
        error = self.device.start(u64(REGISTERS), self.kind, u64(wanted))
        if error is None:
            error = self.queue.set_up(self.device, u64(0), MEMORY, AT, self.places)
        if error is None:
            self.device.go()
        return error

    def fetch(self, length: int, offset: int = 0) -> u64:
        """Offer one buffer to write to; the head of its chain."""
        assert self.queue.add(MEMORY, DATA + offset, u64(length), True) is None
        return self.queue.offer()

    def take(self) -> Used | VirtioError | None:
        return self.queue.take(self.device)

    def put(self, offset: int, data: bytes) -> None:
        self.made.memory.write(BASE + offset, data)

    def used_ring(self) -> int:
        return int(self.queue.used) - int(MEMORY.address)


Make = Callable[..., Driven]


@pytest.fixture
def entropy(monkeypatch: pytest.MonkeyPatch) -> Make:
    def make(places: int = 8, **terms: object) -> Driven:
        made = Made()
        return Driven(made, made.entropy(**terms), monkeypatch, 4, places)  # type: ignore[arg-type]

    return make


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_device_is_begun_with(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    made = Made()
    driven = Driven(made, made.kind(kind), monkeypatch, IDS[kind])
    assert driven.start(KINDS[kind][1] | 1 << 60) is None
    assert driven.device.features == KINDS[kind][1] | 1 << 32
    driven.kind = u32(99)
    assert driven.start() is VirtioError.OTHER_DEVICE


def test_requests_in_batches_come_to_what_a_disk_does(monkeypatch: pytest.MonkeyPatch) -> None:
    made, random_ = Made(), random.Random(1)
    model = made.block()
    driven = Driven(made, model, monkeypatch, 2, 64)
    assert driven.start(CAN_FLUSH) is None
    assert driven.device.configuration64(u64(0)) == 8
    disk = bytearray(DISK)
    for batch in range(100):
        expected: dict[u64, tuple[int, bytes | None]] = {}
        for i in range(random_.randint(1, 21)):
            write, sector = random_.random() < 0.5, random_.randrange(8)
            header, data, status = 0x8000 + 16 * i, 0x9000 + 512 * i, 0x8800 + i
            driven.put(header, pack("<IIQ", write, 0, sector))
            content = random_.randbytes(512) if write else None
            driven.put(data, content or bytes(512))
            assert driven.queue.add(MEMORY, u64(header), u64(16), False) is None
            assert driven.queue.add(MEMORY, u64(data), u64(512), not write) is None
            assert driven.queue.add(MEMORY, u64(status), u64(1), True) is None
            if content is not None:
                disk[512 * sector : 512 * (sector + 1)] = content
            now = bytes(disk[512 * sector : 512 * (sector + 1)])
            expected[driven.queue.offer()] = (data, None if write else now)
        driven.queue.notify(driven.device)
        driven.queue.notify(driven.device)
        assert driven.machine.notifications() == batch + 1
        assert made.line.level and driven.device.acknowledge() is None and not made.line.level
        while (used := driven.take()) is not None:
            assert isinstance(used, Used)
            at, found = expected.pop(used.head)
            assert used.written == (1 if found is None else 513)
            assert found is None or made.memory.read(BASE + at, 512) == found
        assert not expected and driven.queue.free == 64
    assert model.sectors.read(0, 8) == disk


def test_chains_come_back_in_any_order_while_others_are_made(entropy: Make) -> None:
    driven, random_ = entropy(), random.Random(2)
    monkey = Made()
    assert driven.start() is None
    held: list[u64] = []
    taken = 0
    # The device serves at each notification; its used ring is written here instead, in another order.
    driven.machine.device = Silent(driven.machine.device)  # type: ignore[misc]
    for _ in range(3000):
        parts = random_.randint(1, 3)
        made = True
        for part in range(parts):
            made = made and driven.queue.add(MEMORY, DATA + 8 * part, u64(8), True) is None
            if held and random_.random() < 0.5:
                head = held.pop(random_.randrange(len(held)))
                driven.put(driven.used_ring() + 4 + 8 * (taken % 8), pack("<II", head, 0))
                taken += 1
                driven.put(driven.used_ring() + 2, pack("<H", taken & 0xFFFF))
                assert driven.take() == Used(head, u64(0))
            if not made:
                break
        if made:
            head = driven.queue.offer()
            assert head not in held
            held.append(head)
            driven.queue.notify(driven.device)
    assert monkey.line.raised == 0 and taken > 1000


class Silent:
    """A device that has been set up, and then does nothing."""

    def __init__(self, model: Device) -> None:
        self.model = model
        self.size = 4096

    def read(self, offset: int, width: int) -> int:
        return self.model.read(offset, width)

    def write(self, offset: int, width: int, value: int) -> None:
        if offset != int(QUEUE_NOTIFY):
            self.model.write(offset, width, value)

    def next_event(self) -> int | None:
        return None

    def advance(self, now: int) -> None:
        return


def test_indices_go_round(entropy: Make) -> None:
    driven = entropy()
    assert driven.start() is None
    for _ in range(0x1_0004 // 4):
        for i in range(4):
            driven.fetch(1, i)
        driven.queue.notify(driven.device)
        assert driven.device.acknowledge() is None
        assert all(isinstance(driven.take(), Used) for _ in range(4)) and driven.take() is None
    assert driven.queue.taken == 4 and driven.queue.free == 8


def test_a_full_queue_says_so_and_a_chain_that_was_begun_is_taken_back(entropy: Make) -> None:
    driven = entropy()
    assert driven.start() is None
    for i in range(7):
        driven.fetch(1, i)
    assert driven.queue.add(MEMORY, DATA, u64(1), True) is None
    assert driven.queue.add(MEMORY, DATA, u64(1), True) is VirtioError.FULL
    assert driven.queue.free == 1
    for offset, length in ((SIZE, 1), (SIZE - 4, 5), (0, 0), (0, 1 << 31), (2**64 - 1, 1), (1, 2**64 - 1)):
        assert driven.queue.add(MEMORY, u64(offset), u64(length), True) is VirtioError.OUTSIDE
    driven.fetch(1)
    assert driven.queue.free == 0
    driven.queue.notify(driven.device)
    assert driven.device.acknowledge() is None
    assert sum(isinstance(driven.take(), Used) for _ in range(9)) == 8


def test_a_queue_has_at_most_the_places_of_its_device_and_lies_within_its_memory(entropy: Make) -> None:
    driven = entropy(256)
    driven.machine.device = Register(driven.machine.device, {0x034: 20})  # type: ignore[misc]
    assert driven.start() is None and driven.queue.places == 16
    small = DeviceMemory(MEMORY.address, MEMORY.place, queue_bytes(u64(256)) - 1)
    assert driven.queue.set_up(driven.device, u64(0), small, AT, u64(256)) is VirtioError.OUTSIDE
    for places in (1, 2, 4, 64, 256):  # of the used ring nothing lies behind
        assert 16 * places + 6 + 2 * places + 3 + 6 + 8 * places <= queue_bytes(u64(places))


class Register(Silent):
    """A device of which some registers read as the test says."""

    def __init__(self, model: Device, values: dict[int, int]) -> None:
        super().__init__(model)
        self.values = values

    def read(self, offset: int, width: int) -> int:
        return self.values.get(offset, self.model.read(offset, width))

    def write(self, offset: int, width: int, value: int) -> None:
        self.model.write(offset, width, value)


@pytest.mark.parametrize(
    ("offset", "value", "error"),
    [
        (0x000, 0x7472_6975, VirtioError.NO_DEVICE),
        (0x004, 1, VirtioError.NO_DEVICE),
        (0x008, 0, VirtioError.OTHER_DEVICE),
        (0x070, 1, VirtioError.BROKEN),
        (0x010, 0, VirtioError.FEATURES),
        (0x034, 0, VirtioError.NO_QUEUE),
        (0x044, 1, VirtioError.NO_QUEUE),
        (0x044, 0, VirtioError.NO_QUEUE),
    ],
)
def test_what_is_wrong_at_the_beginning(entropy: Make, offset: int, value: int, error: VirtioError) -> None:
    driven = entropy()
    driven.machine.device = Register(driven.machine.device, {offset: value})  # type: ignore[misc]
    assert driven.start() is error
    assert driven.take() is VirtioError.BROKEN
    assert driven.queue.add(MEMORY, DATA, u64(1), True) is VirtioError.BROKEN


def test_a_device_that_does_not_take_its_features(entropy: Make) -> None:
    driven = entropy()
    model = driven.machine.device
    driven.machine.device = Register(model, {})  # type: ignore[misc]
    driven.machine.device.read = lambda offset, width: model.read(offset, width) & ~8  # type: ignore[method-assign]
    assert driven.start() is not None
    driven.machine.device.read = (  # type: ignore[method-assign]
        lambda offset, width: model.read(offset, width) & ~(8 if offset == 0x070 else 0)
    )
    assert driven.start() is VirtioError.FEATURES


@pytest.mark.parametrize(
    ("index", "head", "length", "broken"),
    [
        (1, 0, 64, False),
        (1, 0, 65, True),
        (1, 0, 0xFFFF_FFFF, True),
        (1, 8, 1, True),
        (1, 0xFFFF_FFFF, 1, True),
        (1, 2, 1, True),
        (2, 1, 1, False),
        (3, 0, 1, True),
        (0xFFFF, 0, 1, True),
    ],
)
def test_what_a_device_gives_back_is_checked(
    entropy: Make, index: int, head: int, length: int, broken: bool
) -> None:
    """It has the chains 0 and 1, of 64 bytes each."""
    driven = entropy()
    assert driven.start() is None
    driven.machine.device = Silent(driven.machine.device)  # type: ignore[misc]
    driven.fetch(64), driven.fetch(64)
    driven.queue.notify(driven.device)
    driven.put(driven.used_ring() + 2, pack("<HII", index, head, length))
    if not broken:
        assert driven.take() == Used(u64(head), u64(length))
        driven.put(driven.used_ring() + 2, pack("<H", 2))
        driven.put(driven.used_ring() + 12, pack("<II", head, 0))  # a second time
    assert driven.take() is VirtioError.BROKEN
    driven.put(driven.used_ring() + 2, pack("<HII", 1, 0, 1))
    assert driven.take() is VirtioError.BROKEN
    driven.machine.device = driven.machine.device.model
    assert driven.start() is None and driven.take() is None
    driven.fetch(64)
    driven.queue.notify(driven.device)
    assert driven.take() == Used(u64(0), u64(64))


def test_each_side_finds_what_the_other_has_written_before_it_said_so(entropy: Make) -> None:
    driven = entropy()
    assert driven.start() is None
    order, queue = driven.machine.order, driven.queue
    driven.fetch(64)
    assert f"store {int(queue.descriptors):#x}" in order
    order.clear()
    queue.notify(driven.device)
    assert order == ["DSB_SY", f"store {int(queue.available) + 2:#x}", "DSB_SY", f"register {int(QUEUE_NOTIFY):#x}"]
    order.clear()
    assert driven.take() is not None
    used = int(queue.used)
    assert order == [f"load {used + 2:#x}", "DSB_SY", f"load {used + 4:#x}", f"load {used + 8:#x}"]


@pytest.mark.parametrize("fault", [Fault.USED_ID, Fault.USED_LENGTH])
def test_a_lie_breaks_a_queue_until_its_device_begins_anew(entropy: Make, fault: Fault) -> None:
    driven = entropy(faults={(0, 0): fault})
    assert driven.start() is None
    driven.fetch(64)
    driven.queue.notify(driven.device)
    assert driven.take() is VirtioError.BROKEN
    assert driven.start() is None
    driven.fetch(64)
    driven.queue.notify(driven.device)
    assert driven.take() == Used(u64(0), u64(64))


def test_interrupts_for_nothing_are_borne_64_times(entropy: Make) -> None:
    driven = entropy()
    assert driven.start() is None
    for _ in range(64):
        assert driven.device.acknowledge() is None
    driven.fetch(1)
    driven.queue.notify(driven.device)
    assert isinstance(driven.take(), Used)
    for _ in range(64):
        assert driven.device.acknowledge() is None
    assert driven.device.acknowledge() is VirtioError.BROKEN
    assert driven.start() is None and driven.device.acknowledge() is None


def test_a_device_that_wants_to_be_reset_is_broken(entropy: Make) -> None:
    driven = entropy()
    assert driven.start() is None
    driven.device.store(QUEUE_NOTIFY, u32(1))  # there is no queue 1
    assert driven.made.line.level
    assert driven.device.acknowledge() is VirtioError.BROKEN
    assert not driven.made.line.level
    assert driven.start() is None and driven.device.acknowledge() is None


@pytest.mark.promise(
    "What a virtio device writes is checked by `tyrne.user.virtio` before it is used: no device makes it fail a check "
    "or leave the memory that it was given"
)
@pytest.mark.parametrize("seed", range(8))
def test_no_device_makes_the_library_fail_or_leave_its_memory(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Registers read as anything, and all memory that the device reaches is written over before each load of it."""
    dice = random.Random(seed)
    reach = Reach(SIZE)

    class Wild(Silent):
        def __init__(self) -> None:
            self.size = 4096

        def read(self, offset: int, width: int) -> int:
            likely = {0x000: 0x7472_6976, 0x004: 2, 0x008: 4, 0x034: 8, 0x010: 0xFFFF_FFFF}.get(offset)
            if offset == 0x070:
                likely = dice.choice((0, 8, 15))
            if offset == 0x044:
                likely = dice.choice((0, 1))
            return likely if likely is not None and dice.random() < 0.95 else dice.getrandbits(32)

        def write(self, offset: int, width: int, value: int) -> None:
            assert offset < 0x100

    made = Made(memory=reach)
    driven = Driven(made, Wild(), monkeypatch, 4)

    def scribble() -> None:
        """Often nearly right: an index a little further, a head that may be there."""
        start = driven.used_ring() if driven.queue.used != 0 else 0
        index = int(driven.queue.taken) + (dice.choice((1, 1, 1, 2, 7, 30_000)) if dice.random() < 0.3 else 0)
        head = dice.randrange(3) if dice.random() < 0.9 else dice.choice((8, dice.getrandbits(32)))
        element = pack("<II", head, dice.choice((0, 0, 0, 0, 16, 99)))
        reach.bytes[start : start + 70] = pack("<HH", 0, index & 0xFFFF) + element * 8 + bytes(2)
        reach.bytes[:128] = dice.randbytes(128)

    driven.machine.before_load = scribble
    started = outcomes = 0
    driven.start()
    for _ in range(20_000):
        match dice.randrange(6):
            case 0 | 1:
                if driven.queue.add(MEMORY, u64(dice.getrandbits(18)), u64(dice.randrange(40)), True) is None:
                    driven.queue.offer()
            case 2:
                driven.queue.notify(driven.device)
            case 3:
                error = driven.device.acknowledge()
                assert error is None or error is VirtioError.BROKEN
            case _:
                used = driven.take()
                outcomes += isinstance(used, Used)
                assert not isinstance(used, Used) or (used.head < 8 and used.written < 40)
        if driven.queue.broken:
            started += driven.start() is None
    assert started > 100 and outcomes > 100, (started, outcomes)
