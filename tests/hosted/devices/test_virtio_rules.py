"""The rules of virtio 1.2 for devices and drivers that the models keep and check, by section of the specification.

For a device each rule is a test of its own. For a driver it is a row of BROKEN: a driver that keeps all rules but this
one, after which the device must ask for a reset, say why, and do nothing more until it gets one.
"""

from collections.abc import Callable
from struct import pack
from typing import NamedTuple

import pytest

from hosted.devices.made_devices import KINDS, Made
from hosted.devices.ring_driver import (
    BASE,
    CONFIG,
    DEVICE_FEATURES,
    DEVICE_FEATURES_SEL,
    DEVICE_ID,
    DRIVER_FEATURES,
    DRIVER_FEATURES_SEL,
    GENERATION,
    INDIRECT,
    INTERRUPT_ACK,
    INTERRUPT_STATUS,
    MAGIC,
    NEXT,
    QUEUE_DESC,
    QUEUE_DEVICE,
    QUEUE_DRIVER,
    QUEUE_NOTIFY,
    QUEUE_NUM,
    QUEUE_NUM_MAX,
    QUEUE_READY,
    QUEUE_SEL,
    SIZE,
    STATUS,
    VENDOR,
    VERSION,
    WRITE,
    RingDriver,
)
from tyrne.hosted.devices.virtqueue import MAX_CHAIN

# rules for devices


@pytest.mark.parametrize(("kind", "number"), [("network", 1), ("block", 2), ("console", 3), ("entropy", 4)])
def test_4_2_2_1_magic_version_and_kind(kind: str, number: int) -> None:
    device = Made().kind(kind)
    assert [device.read(offset, 4) for offset in (MAGIC, VERSION, DEVICE_ID)] == [0x74726976, 2, number]
    assert device.read(VENDOR, 4) == int.from_bytes(b"TYRN", "little")


def test_4_2_2_1_features_are_seen_by_words_and_version_1_is_offered() -> None:
    driver = Made().driver(Made().block())
    words = []
    for word in (0, 1, 2, 0xFFFF_FFFF):
        driver.store(DEVICE_FEATURES_SEL, word)
        words.append(driver.load(DEVICE_FEATURES))
    assert words == [1 << 9, 1, 0, 0]


def test_4_2_2_1_an_event_stays_until_it_is_acknowledged_and_no_other_goes_with_it() -> None:
    made = Made()
    driver = made.driver(made.entropy()).start()
    driver.offer(0, 4)
    driver.notify()
    driver.store(INTERRUPT_ACK, 2)
    assert (driver.load(INTERRUPT_STATUS), made.line.level) == (1, True)
    driver.store(INTERRUPT_ACK, 1)
    assert (driver.load(INTERRUPT_STATUS), made.line.level) == (0, False)


def test_4_2_2_1_a_reset_clears_interrupts_and_ready_bits() -> None:
    made = Made()
    driver = made.driver(made.console()).start(queues=2)
    driver.offer(1, b"x")
    driver.notify(1)
    driver.store(STATUS, 0)
    assert (driver.load(STATUS), driver.load(INTERRUPT_STATUS), made.line.level) == (0, 0, False)
    for number in (0, 1):
        driver.store(QUEUE_SEL, number)
        assert driver.load(QUEUE_READY) == 0


def test_4_2_2_1_a_queue_that_is_not_ready_is_not_touched() -> None:
    made = Made()
    device = made.console()
    driver = made.driver(device).start(queues=2)
    driver.offer(0, 10)
    driver.store(QUEUE_SEL, 0)
    driver.store(QUEUE_READY, 0)
    accesses = made.memory.accesses
    device.type(b"hello")
    assert (made.memory.accesses, device.typed) == (accesses, 5)


def test_4_2_2_1_the_device_specific_registers_never_change() -> None:
    device = Made().block()
    assert device.read(GENERATION, 4) == 0
    assert device.read(CONFIG + 0xFC, 4) == 0


def test_4_2_2_a_queue_that_is_not_there_has_no_places() -> None:
    made = Made()
    driver = made.driver(made.entropy())
    assert driver.load(QUEUE_NUM_MAX) == 256
    driver.store(QUEUE_SEL, 1)
    assert (driver.load(QUEUE_NUM_MAX), driver.load(QUEUE_READY)) == (0, 0)


def test_4_2_2_shared_memory_that_is_not_there_is_of_length_minus_one() -> None:
    driver = Made().driver(Made().entropy())
    driver.store(0x0AC, 3)
    assert {driver.load(offset) for offset in (0x0B0, 0x0B4, 0x0B8, 0x0BC)} == {0xFFFF_FFFF}


@pytest.mark.parametrize("kind", KINDS)
def test_2_2_2_features_that_were_not_offered_and_no_version_1_are_not_accepted(kind: str) -> None:
    made = Made()
    driver = made.driver(made.kind(kind))
    driver.negotiate(KINDS[kind][1])
    assert driver.load(STATUS) == 11
    driver.negotiate(1 << 29)
    assert driver.load(STATUS) == 3
    for status in (0, 1, 3, 11):
        driver.store(STATUS, status)
    assert driver.load(STATUS) == 3


def test_2_1_2_buffers_are_not_used_before_driver_ok() -> None:
    made = Made()
    device = made.console()
    driver = made.driver(device)
    driver.negotiate()
    driver.set_up(0)
    driver.offer(0, 10)
    accesses = made.memory.accesses
    device.type(b"hello")
    assert (made.memory.accesses, made.line.level) == (accesses, False)
    driver.store(STATUS, 15)
    driver.notify(0)
    assert driver.used(0) == [(0, 5)]


def test_2_1_2_a_driver_that_has_given_up_is_left_alone() -> None:
    made = Made()
    driver = made.driver(made.entropy()).start()
    driver.offer(0, 4)
    driver.store(STATUS, 15 | 128)
    driver.notify()
    assert (driver.load(STATUS), driver.used(), made.line.level) == (15 | 128, [], False)


def test_2_1_2_a_device_that_needs_a_reset_tells_a_driver_that_is_ready_and_only_that() -> None:
    made = Made()
    driver = made.driver(made.entropy())
    driver.store(QUEUE_NOTIFY, 0)
    assert (driver.load(STATUS), driver.load(INTERRUPT_STATUS), made.line.level) == (64, 0, False)
    driver.start()
    assert driver.load(STATUS) == 15
    driver.store(QUEUE_NOTIFY, 7)
    assert (driver.load(STATUS), driver.load(INTERRUPT_STATUS), made.line.level) == (15 | 64, 2, True)
    driver.store(INTERRUPT_ACK, 2)
    assert made.line.level is False
    driver.store(STATUS, 15 | 64 | 128)
    assert driver.load(STATUS) == 15 | 64
    driver.start()
    assert driver.ask(0, 4)[1] == 4


def test_2_7_4_2_a_buffer_to_read_is_not_written() -> None:
    made = Made()
    driver = made.driver(made.block()).start()
    header, _, status = driver.offer(0, pack("<IIQ", 1, 0, 0), b"w" * 512, 1)
    driver.notify()
    assert made.memory.read(header, 528) == pack("<IIQ", 1, 0, 0) + b"w" * 512
    assert made.memory.read(status, 1) == b"\0"


def test_2_7_7_2_no_interrupt_comes_where_the_driver_wants_none() -> None:
    made = Made()
    driver = made.driver(made.entropy()).start()
    available = driver.queues[0].available
    made.memory.write(available, pack("<H", 1))
    driver.offer(0, 4)
    driver.notify()
    assert (driver.used(), made.line.raised) == ([(0, 4)], 0)
    made.memory.write(available, pack("<H", 0))
    driver.offer(0, 4)
    driver.notify()
    assert (driver.used(), made.line.raised) == ([(1, 4)], 1)


def test_2_7_8_2_the_entry_is_written_before_the_index_and_the_index_last() -> None:
    made = Made()
    driver = made.driver(made.entropy()).start()
    written: list[int] = []
    write = made.memory.write
    (buffer,) = driver.offer(0, 4)
    made.memory.write = lambda address, data: (written.append(address), write(address, data))[1]  # type: ignore[method-assign]
    driver.notify()
    used = driver.queues[0].used
    assert written == [buffer, used + 4, used + 2]


def test_a_notification_without_chains_does_nothing() -> None:
    made = Made()
    driver = made.driver(made.entropy()).start()
    driver.notify()
    assert (driver.load(STATUS), made.line.raised) == (15, 0)


def test_the_other_transports_of_the_page_have_no_device() -> None:
    device = Made().block()
    for slot in range(0x200, 0x1000, 0x200):
        found = [device.read(slot + offset, 4) for offset in (MAGIC, VERSION, DEVICE_ID, STATUS)]
        assert found == [0x74726976, 2, 0, 0]
        device.write(slot + STATUS, 4, 77)
        device.write(slot, 4, 1)
    assert device.read(STATUS, 4) == 0
    assert device.size == 0x1000


@pytest.mark.parametrize("width", [1, 2])
def test_4_2_2_2_a_narrow_load_of_a_register_finds_zero(width: int) -> None:
    assert Made().block().read(MAGIC, width) == 0


# rules for drivers

BUFFER = BASE + 0x10_0000


class Broken(NamedTuple):
    section: str
    name: str
    act: Callable[[RingDriver], None]
    """What a driver does that has come as far as DRIVER_OK."""
    why: str


def descriptor(*fields: int, head: int = 0) -> Callable[[RingDriver], None]:
    """One descriptor 0 with these fields (address, length, flags, next), offered and told."""

    def act(driver: RingDriver) -> None:
        address, length, flags, following = fields
        driver.describe_buffer(0, 0, address, length, flags, following)
        driver.offer_head(0, head)
        driver.notify()

    return act


def parts(number: int, *given: bytes | int) -> Callable[[RingDriver], None]:
    def act(driver: RingDriver) -> None:
        driver.offer(number, *given)
        driver.notify(number)

    return act


def queue_with(size: int = 8, **moved: int) -> Callable[[RingDriver], None]:
    """A queue that is made ready once more, with parts elsewhere or another size."""

    def act(driver: RingDriver) -> None:
        driver.store(QUEUE_SEL, 0)
        driver.store(QUEUE_READY, 0)
        driver.queues[0].size = size
        for part, address in moved.items():
            setattr(driver.queues[0], part, address)
        driver.set_up(0)

    return act


def stores(*pairs: tuple[int, int]) -> Callable[[RingDriver], None]:
    def act(driver: RingDriver) -> None:
        for offset, value in pairs:
            driver.store(offset, value)

    return act


def available_index(index: int) -> Callable[[RingDriver], None]:
    def act(driver: RingDriver) -> None:
        driver.memory.write(driver.queues[0].available + 2, pack("<H", index))
        driver.notify()

    return act


def indices_go_back(driver: RingDriver) -> None:
    driver.ask(0, 4)
    available_index(0)(driver)


def long_chain(driver: RingDriver) -> None:
    for index in range(2):
        driver.describe_buffer(0, index, BUFFER, MAX_CHAIN // 2 + index, (WRITE | NEXT, WRITE)[index], 1)
    driver.offer_head(0, 0)
    driver.notify()


BROKEN = [
    Broken("2.1.1", "a bit of the status is taken away", stores((STATUS, 11)), "only a reset takes bits away"),
    Broken("2.1.1", "a bit of the status that is not known", stores((STATUS, 15 | 16)), "unknown bits"),
    Broken("3.1.1", "DRIVER before ACKNOWLEDGE", stores((STATUS, 0), (STATUS, 2)), "a step was left out"),
    Broken("3.1.1", "FEATURES_OK before DRIVER", stores((STATUS, 0), (STATUS, 9)), "a step was left out"),
    Broken(
        "3.1.1", "DRIVER_OK with FEATURES_OK", stores((STATUS, 0), (STATUS, 3), (STATUS, 15)), "a step was left out"
    ),
    Broken("3.1.1", "DRIVER_OK before FEATURES_OK", stores((STATUS, 0), (STATUS, 7)), "a step was left out"),
    Broken("2.2.1", "features after FEATURES_OK", stores((DRIVER_FEATURES, 0)), "after FEATURES_OK"),
    Broken(
        "2.2.1",
        "features of a word that has none",
        stores((STATUS, 0), (DRIVER_FEATURES_SEL, 2), (DRIVER_FEATURES, 1)),
        "where none is offered",
    ),
    Broken(
        "3.1.1",
        "a queue before FEATURES_OK",
        stores((STATUS, 0), (STATUS, 3), (QUEUE_SEL, 0), (QUEUE_READY, 1)),
        "before FEATURES_OK",
    ),
    Broken("3.1.1", "a notification before DRIVER_OK", stores((STATUS, 0), (QUEUE_NOTIFY, 0)), "before DRIVER_OK"),
    Broken("4.2.2.2", "a store to a register that is read only", stores((MAGIC, 1)), "nothing can be written"),
    Broken("4.2.2.2", "a store where no register is", stores((0x0F0, 1)), "nothing can be written"),
    Broken("4.2.2.2", "a register of version 1", stores((0x028, 4096)), "nothing can be written"),
    Broken("4.2.2.2", "a store to the device's own registers", stores((CONFIG, 1)), "device's own registers"),
    Broken("4.2.2.2", "a store of two bytes", lambda driver: driver.device.write(STATUS, 2, 0), "a store of 2 bytes"),
    Broken("4.2.2.2", "a size while ready", stores((QUEUE_SEL, 0), (QUEUE_NUM, 4)), "while the queue is ready"),
    Broken("4.2.2.2", "an address while ready", stores((QUEUE_SEL, 0), (QUEUE_DESC, 0)), "while the queue is ready"),
    Broken("4.2.2.2", "an undefined interrupt is acknowledged", stores((INTERRUPT_ACK, 5)), "nothing can be written"),
    Broken("4.2.2.2", "a queue larger than the largest", queue_with(512), "a queue of 512 places"),
    Broken("4.2.2", "a queue without places", queue_with(0), "a queue of 0 places"),
    Broken("2.7", "a queue of six places", queue_with(6), "a queue of 6 places"),
    Broken("4.2.2", "a queue is neither ready nor not", stores((QUEUE_SEL, 0), (QUEUE_READY, 2)), "QueueReady 0x2"),
    Broken("4.2.2", "a queue that is not there", stores((QUEUE_SEL, 1), (QUEUE_NUM, 8)), "there is no queue 1"),
    Broken("4.2.2", "a notification of one that is not there", stores((QUEUE_NOTIFY, 1)), "there is no queue 1"),
    Broken(
        "4.2.2.1",
        "a notification of one that is not ready",
        stores((QUEUE_SEL, 0), (QUEUE_READY, 0), (QUEUE_NOTIFY, 0)),
        "not ready",
    ),
    Broken("2.7.1", "descriptors off their alignment", queue_with(descriptors=BASE + 8), "descriptors at 0x48000008"),
    Broken("2.7.1", "an available ring off its alignment", queue_with(available=BASE + 0x4001), "available ring at"),
    Broken("2.7.1", "a used ring off its alignment", queue_with(used=BASE + 0x6002), "used ring at 0x48006002"),
    Broken("2.7", "a used ring over the descriptors", queue_with(used=BASE + 124), "lies over the descriptors"),
    Broken("2.7", "a used ring over the available ring", queue_with(used=BASE + 0x4000), "lies over the available"),
    Broken("2.7", "descriptors out of reach", queue_with(descriptors=BASE - 16), "out of reach"),
    Broken("2.7", "an available ring out of reach", queue_with(available=1 << 63), "out of reach"),
    Broken("2.7", "a used ring that ends out of reach", queue_with(used=BASE + SIZE - 68), "out of reach"),
    Broken("2.7.6", "more is available than there are places", available_index(9), "9 chains are available"),
    Broken("2.7.6.1", "the index goes back", indices_go_back, "65535 chains are available"),
    Broken("2.7.5", "a head that is no descriptor", descriptor(BUFFER, 4, WRITE, 0, head=8), "descriptor 8 in a"),
    Broken("2.7.5", "a next one that is none", descriptor(BUFFER, 4, WRITE | NEXT, 9), "descriptor 9 in a queue of 8"),
    Broken("2.7.5.1", "a chain that does not end", descriptor(BUFFER, 4, WRITE | NEXT, 0), "does not end"),
    Broken("2.7.5.1", "a chain that is too long", long_chain, "more than 1048576 bytes"),
    Broken("2.7.5.1", "a buffer of all addresses", descriptor(0, 0xFFFF_FFFF, WRITE, 0), "more than 1048576 bytes"),
    Broken("2.7.5.3.1", "an indirect descriptor", descriptor(BUFFER, 16, INDIRECT, 0), "indirect"),
    Broken("2.7.5", "flags that are not known", descriptor(BUFFER, 4, WRITE | 8, 0), "unknown flags 0xa"),
    Broken("2.7.5", "a descriptor without bytes", descriptor(BUFFER, 0, WRITE, 0), "has no bytes"),
    Broken("2.7.5", "a buffer out of reach", descriptor(BASE - 1, 4, WRITE, 0), "out of reach"),
    Broken("2.7.5", "a buffer to read out of reach", descriptor(BASE + SIZE, 4, 0, 0), "out of reach"),
    Broken("2.7.5", "a buffer beyond all addresses", descriptor((1 << 64) - 2, 4, WRITE, 0), "out of reach"),
]


@pytest.mark.parametrize("row", BROKEN, ids=[f"{row.section} {row.name}" for row in BROKEN])
def test_a_driver_that_breaks_a_rule_is_told_and_nothing_is_done_until_a_reset(row: Broken) -> None:
    made = Made()
    device = made.entropy()
    driver = made.driver(device).start()
    row.act(driver)
    assert driver.load(STATUS) & 64
    assert row.why in (device.needs_reset or "")
    assert not driver.used()
    before = bytes(made.memory.bytes)
    for offset in range(0, CONFIG + 16, 4):
        if offset != STATUS:
            driver.store(offset, 1)
    assert bytes(made.memory.bytes) == before
    made.memory.bytes[:0x8000] = bytes(0x8000)
    again = made.driver(device).start()
    assert again.ask(0, 4)[1] == 4
    assert device.needs_reset is None


OF_DEVICES = [
    ("5.4.6.1", "entropy", "a buffer to read", parts(0, b"x", 4), "only writes"),
    ("2.7.4.2", "block", "a buffer to read behind one to write", parts(0, 4, b"x"), "behind one to write to"),
    ("5.2.6", "block", "a request shorter than its header", parts(0, bytes(15), 1), "less than its header"),
    ("5.2.6", "block", "a request without a status", parts(0, bytes(16)), "without a byte for its status"),
    ("5.3.6.1", "console", "a buffer to read in the receive queue", parts(0, b"x"), "among those to receive"),
    ("5.3.6.1", "console", "a buffer to write in the transmit queue", parts(1, b"x", 1), "among those to send"),
    ("5.1.6.3.1", "network", "a buffer to read in the receive queue", parts(0, b"x"), "among those to receive"),
    ("5.1.6.2.1", "network", "a buffer to write in the transmit queue", parts(1, b"x" * 90, 1), "among those to send"),
    ("5.1.6.2", "network", "a frame shorter than a header", parts(1, bytes(12 + 13)), "a frame of 13 bytes"),
    ("5.1.6.2", "network", "no frame at all", parts(1, bytes(5)), "a frame of -7 bytes"),
    ("5.1.6.2", "network", "a frame that is too long", parts(1, bytes(12 + 1515)), "a frame of 1515 bytes"),
    ("5.1.6.2.1", "network", "a checksum that is to be made", parts(1, b"\1" + bytes(80)), "not offered"),
    ("5.1.6.2.1", "network", "segments that are to be made", parts(1, b"\0\1" + bytes(80)), "not offered"),
]


@pytest.mark.parametrize(
    ("kind", "act", "why"),
    [row[1:2] + row[3:] for row in OF_DEVICES],
    ids=[f"{row[0]} {row[1]}: {row[2]}" for row in OF_DEVICES],
)
def test_a_driver_that_breaks_a_rule_of_its_device_is_told(
    kind: str, act: Callable[[RingDriver], None], why: str
) -> None:
    made = Made()
    device = made.kind(kind)
    queues, features = KINDS[kind]
    driver = made.driver(device).start(features, queues)
    act(driver)
    assert driver.load(STATUS) == 15 | 64
    assert why in (device.needs_reset or "")
    assert driver.load(INTERRUPT_STATUS) == 2
    assert not made.sent


def test_what_came_before_a_broken_chain_is_used() -> None:
    made = Made()
    driver = made.driver(made.entropy()).start()
    driver.offer(0, 4)
    driver.offer(0, b"x")
    driver.offer(0, 4)
    driver.notify()
    assert driver.used() == [(0, 4)]
    assert driver.load(INTERRUPT_STATUS) == 3


def test_a_chain_that_is_partly_out_of_reach_is_written_nowhere() -> None:
    made = Made()
    driver = made.driver(made.entropy()).start()
    driver.describe_buffer(0, 0, BUFFER, 16, WRITE | NEXT, 1)
    driver.describe_buffer(0, 1, BASE + SIZE - 8, 16, WRITE, 0)
    driver.offer_head(0, 0)
    driver.notify()
    assert made.memory.read(BUFFER, 16) == bytes(16)
    assert driver.load(STATUS) == 15 | 64


def test_the_parts_of_a_queue_may_touch() -> None:
    made = Made()
    driver = made.driver(made.entropy())
    queue = driver.queues[0]
    queue.used, queue.available = queue.descriptors + 128, queue.descriptors + 128 + 70
    assert driver.start().ask(0, 4)[1] == 4


def test_the_longest_chain_is_served() -> None:
    made = Made()
    driver = made.driver(made.entropy()).start()
    assert driver.ask(0, MAX_CHAIN - 1, 1)[1] == 65_536


def test_addresses_are_of_64_bits() -> None:
    made = Made()
    driver = made.driver(made.entropy())
    driver.negotiate()
    driver.describe(0)
    for register in (QUEUE_DESC, QUEUE_DRIVER, QUEUE_DEVICE):
        driver.store(register + 4, 1)
    driver.store(QUEUE_READY, 1)
    assert driver.load(STATUS) == 11 | 64
