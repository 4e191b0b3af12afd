"""Whatever a driver does, a device returns in bounded time, raises nothing, and writes only where it was told to."""

from __future__ import annotations

from struct import pack, unpack_from
from typing import Final, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hosted.devices.made_devices import KINDS, Made
from hosted.devices.ring_driver import BASE, NEXT, STATUS, WRITE, Reach, RingDriver
from tyrne.hosted.devices.console import Console
from tyrne.hosted.devices.faults import Fault, Faults
from tyrne.hosted.devices.network import Network
from tyrne.hosted.devices.virtio_mmio import VirtioMmio

PLACES: Final = 4
WILD_SIZE: Final = 0x1_4000
BUFFERS: Final = BASE + 0x1_0000
MOST_ACCESSES: Final = 2 + PLACES * (2 * PLACES + 6)
"""Of memory, at one notification: the index and the flags; for each chain its head, a descriptor and a buffer for each
place, which may be written in two parts at one of them, a tail, and two to the used ring."""

halves = st.integers(0, 0xFFFF)
words = st.integers(0, 0xFFFF_FFFF)


def mostly(usual: st.SearchStrategy[int], wild: st.SearchStrategy[int]) -> st.SearchStrategy[int]:
    return st.integers(0, 7).flatmap(lambda which: wild if which == 0 else usual)


addresses = mostly(
    st.integers(BUFFERS, BASE + WILD_SIZE),
    st.one_of(st.integers(BASE - 8, BASE + WILD_SIZE), st.integers(0, 2**64 - 1)),
)
descriptors = st.tuples(
    addresses,
    mostly(st.sampled_from([1, 12, 16, 80, 512, 1536]), words),
    mostly(st.sampled_from([0, NEXT, WRITE, WRITE | NEXT]), halves),
    mostly(st.integers(0, PLACES - 1), halves),
)
headers = st.tuples(st.sampled_from([0, 1, 4, 8, 9]), st.just(0), mostly(st.integers(0, 9), st.integers(0, 2**64 - 1)))
class Ring(NamedTuple):
    """What a driver leaves in memory before it notifies; `outside` is what the device gets from there, afterwards."""

    queue: int
    descriptors: list[tuple[int, int, int, int]]
    heads: list[int]
    count: int
    flags: int
    header: tuple[int, int, int]
    outside: bytes


rings = st.builds(
    Ring,
    queue=st.integers(0, 1),
    descriptors=st.lists(descriptors, min_size=PLACES, max_size=PLACES),
    heads=st.lists(mostly(st.integers(0, PLACES - 1), halves), min_size=PLACES, max_size=PLACES),
    count=mostly(st.integers(0, PLACES), halves),
    flags=mostly(st.integers(0, 1), halves),
    header=headers,
    outside=st.binary(max_size=100),
)
faults = st.dictionaries(
    st.tuples(st.integers(0, 1), st.integers(0, 5)),
    st.sampled_from([fault for fault in Fault if fault is not Fault.IO_ERROR]),
)


def from_outside(device: VirtioMmio, data: bytes) -> None:
    if isinstance(device, Console):
        device.type(data)
    elif isinstance(device, Network):
        device.receive(data)


def without_what_may_be_written(driver: RingDriver, parts: list[tuple[int, int]]) -> bytes:
    """Memory, with zeros in these parts of it."""
    left = bytearray(driver.memory.bytes)
    for start, end in parts:
        left[start:end] = bytes(end - start)
    return bytes(left)


def may_be_written(driver: RingDriver) -> list[tuple[int, int]]:
    """Parts of memory, by their offsets: used rings, and what descriptors say is to be written."""
    found = []
    for queue in driver.queues:
        found.append((queue.used - BASE, queue.used - BASE + 6 + 8 * PLACES))
        for index in range(PLACES):
            place = queue.descriptors - BASE + 16 * index
            address, length, flags, _ = unpack_from("<QIHH", driver.memory.bytes, place)
            if flags & WRITE and BASE <= address <= BASE + WILD_SIZE:
                found.append((address - BASE, min(address + length - BASE, WILD_SIZE)))
    return found


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=150, deadline=None)
@given(rounds=st.lists(rings, min_size=1, max_size=4), table=faults)
def test_wild_rings_are_answered_within_bounds_and_within_buffers(
    kind: str, rounds: list[Ring], table: Faults
) -> None:
    made = Made(memory=Reach(WILD_SIZE))
    device = made.kind(kind, table)
    queues, features = KINDS[kind]
    driver = made.driver(device, PLACES)
    for ring in rounds:
        if device.read(STATUS, 4) != 15:
            made.memory.bytes[:0x1_0000] = bytes(0x1_0000)
            driver.start(features, queues)
        number = ring.queue % queues
        lay_out(driver, number, ring)
        parts, accesses = may_be_written(driver), made.memory.accesses
        before = without_what_may_be_written(driver, parts)
        driver.notify(number)
        assert made.memory.accesses - accesses <= MOST_ACCESSES
        from_outside(device, ring.outside)
        made.now += 10_000
        device.advance(made.now)
        assert (device.next_event() or made.now + 1) > made.now
        assert without_what_may_be_written(driver, parts) == before
        assert bool(device.needs_reset) == bool(device.read(STATUS, 4) & 64)
        assert made.line.level == bool(device.read(0x060, 4))


def lay_out(driver: RingDriver, number: int, ring: Ring) -> None:
    """The ring in memory, and a block device's header where buffers begin."""
    queue, memory = driver.queues[number], driver.memory
    memory.write(BUFFERS, pack("<IIQ", *ring.header))
    for place, fields in enumerate(ring.descriptors):
        memory.write(queue.descriptors + 16 * place, pack("<QIHH", *fields))
    for place, head in enumerate(ring.heads):
        memory.write(queue.available + 4 + 2 * place, pack("<H", head))
    index = int.from_bytes(memory.read(queue.available + 2, 2), "little")
    memory.write(queue.available, pack("<HH", ring.flags, index + ring.count & 0xFFFF))


offsets = mostly(
    st.sampled_from([0x14, 0x20, 0x24, 0x30, 0x38, 0x44, 0x50, 0x64, 0x70, 0x80, 0x84, 0x90, 0x94, 0xA0, 0xA4]),
    st.integers(0, 1023).map(lambda word: word * 4),
)
values = mostly(
    st.sampled_from([0, 1, 2, 3, 4, 11, 15, BASE, BASE + 0x4000, BASE + 0x6000, 1 << 9, 1 << 5]), words
)


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=150, deadline=None)
@given(stores=st.lists(st.tuples(offsets, mostly(st.just(4), st.sampled_from([1, 2])), values)), data=st.binary())
def test_wild_stores_to_registers_are_answered(kind: str, stores: list[tuple[int, int, int]], data: bytes) -> None:
    made = Made(memory=Reach(WILD_SIZE))
    made.memory.bytes[: len(data)] = data
    device = made.kind(kind)
    for offset, width, value in stores:
        device.write(offset, width, value & (1 << 8 * width) - 1)
        from_outside(device, data)
        assert 0 <= device.read(offset, width) < 1 << 8 * width
        assert made.line.level == bool(device.read(0x060, 4))
        assert bool(device.needs_reset) == bool(device.read(STATUS, 4) & 64)
