"""What each virtio device does for a driver that keeps the rules."""

from struct import pack

import pytest

from hosted.devices.made_devices import ADDRESS, DISK, Made
from hosted.devices.ring_driver import CONFIG, INTERRUPT_ACK, INTERRUPT_STATUS, STATUS
from tyrne.hosted.devices.block import CAN_FLUSH, READ_ONLY, Sectors
from tyrne.hosted.devices.console import Console
from tyrne.hosted.devices.entropy import MOST
from tyrne.hosted.devices.network import HAS_ADDRESS, MOST_WAITING
from tyrne.hosted.devices.typed import MOST_TYPED


def header(kind: int, sector: int = 0) -> bytes:
    return pack("<IIQ", kind, 0, sector)


FRAME = bytes(range(64))


def test_entropy_fills_the_buffer_and_tells_how_far() -> None:
    made = Made()
    driver = made.driver(made.entropy()).start()
    data, length = driver.ask(0, 10, 22)
    assert length == len(data) == 32
    assert len(set(data)) > 16


def test_entropy_is_the_same_for_the_same_seed_and_never_comes_twice() -> None:
    seen = []
    for seed in (b"one", b"one", b"two"):
        made = Made()
        driver = made.driver(made.entropy(seed)).start()
        first = driver.ask(0, 16)[0]
        driver = made.driver(driver.device).start()  # a reset does not begin anew
        seen.append((first, driver.ask(0, 16)[0]))
    assert seen[0] == seen[1]
    assert len({data for pair in seen for data in pair}) == 4


def test_entropy_gives_less_than_there_is_room_for_rather_than_work_for_long() -> None:
    made = Made()
    driver = made.driver(made.entropy()).start()
    data, length = driver.ask(0, MOST + 100)
    assert length == MOST
    assert data[MOST:] == bytes(100)


def test_a_block_device_tells_its_capacity_in_sectors() -> None:
    made = Made()
    device = made.block()
    assert [device.read(CONFIG + 4 * half, 4) for half in (0, 1, 2)] == [8, 0, 0]
    assert device.read(CONFIG, 1) == 8


@pytest.mark.parametrize("shape", [[1024, 1], [1025], [1, 1023, 1], [1000, 25]])
def test_a_block_device_reads_sectors_however_the_buffers_are_cut(shape: list[int]) -> None:
    made = Made()
    driver = made.driver(made.block()).start()
    data, length = driver.ask(0, header(0, 3)[:7], header(0, 3)[7:], *shape)
    assert data == DISK[3 * 512 : 5 * 512] + b"\0"
    assert length == 1025


def test_the_last_sectors_are_read_and_written() -> None:
    made = Made()
    driver = made.driver(made.block()).start()
    assert driver.ask(0, header(1, 6), b"w" * 1024, 1) == (b"\0", 1)
    assert driver.ask(0, header(0, 6), 1024, 1) == (b"w" * 1024 + b"\0", 1025)


def test_what_was_written_is_read_again_and_the_bytes_below_stay() -> None:
    made = Made()
    device = made.block()
    driver = made.driver(device).start()
    assert driver.ask(0, header(1, 2), b"w" * 1024, 1) == (b"\0", 1)
    assert driver.ask(0, header(0, 1), 2048, 1)[0] == b"\1" * 512 + b"w" * 1024 + b"\4" * 512 + b"\0"
    assert dict(device.sectors.written()) == {2: b"w" * 512, 3: b"w" * 512}
    assert DISK[1024:1025] == b"\2"


def test_a_write_to_a_read_only_block_device_fails_and_changes_nothing() -> None:
    made = Made()
    device = made.block(read_only=True)
    assert device.read(0x010, 4) & READ_ONLY
    driver = made.driver(device).start(READ_ONLY)
    assert driver.ask(0, header(1), b"w" * 512, 1) == (b"\1", 1)
    assert not device.sectors.written()


@pytest.mark.parametrize(
    ("kind", "sector", "data", "room", "status"),
    [
        pytest.param(0, 8, b"", 512, 1, id="read behind the end"),
        pytest.param(0, 7, b"", 1024, 1, id="read over the end"),
        pytest.param(0, 1 << 63, b"", 512, 1, id="read far behind the end"),
        pytest.param(0, 0, b"", 511, 1, id="read a part of a sector"),
        pytest.param(0, 0, b"x", 512, 1, id="read with data"),
        pytest.param(1, 8, b"w" * 512, 0, 1, id="write behind the end"),
        pytest.param(1, 7, b"w" * 1024, 0, 1, id="write over the end"),
        pytest.param(1, 0, b"w" * 513, 0, 1, id="write a part of a sector"),
        pytest.param(1, 0, b"w" * 512, 512, 1, id="write and read"),
        pytest.param(11, 0, b"", 0, 2, id="discard"),
        pytest.param(2, 0, b"", 36, 2, id="a kind that nobody knows"),
    ],
)
def test_a_request_that_cannot_be_fails_and_the_device_goes_on(
    kind: int, sector: int, data: bytes, room: int, status: int
) -> None:
    made = Made()
    device = made.block()
    driver = made.driver(device).start()
    parts = [part for part in (data, room) if part]
    written, length = driver.ask(0, header(kind, sector), *parts, 1)
    assert written == bytes(room) + bytes([status])
    assert length == room + 1
    assert not device.sectors.written()
    assert driver.ask(0, header(0), 512, 1)[0] == bytes(513)


def test_flush_succeeds_where_it_was_negotiated_and_is_unknown_where_not() -> None:
    made = Made()
    device = made.block()
    assert made.driver(device).start(CAN_FLUSH).ask(0, header(4), 1) == (b"\0", 1)
    assert made.driver(device).start().ask(0, header(4), 1) == (b"\2", 1)


@pytest.mark.parametrize("room", [8, 20, 30])
def test_a_block_device_tells_its_name(room: int) -> None:
    made = Made()
    driver = made.driver(made.block()).start()
    assert driver.ask(0, header(8), room, 1) == (b"disk".ljust(room, b"\0") + b"\0", room + 1)


def test_sectors_are_whole() -> None:
    with pytest.raises(ValueError, match="513 bytes are no multiple of 512"):
        Sectors(bytes(513))


def test_a_console_writes_what_it_is_given() -> None:
    made = Made()
    driver = made.driver(made.console()).start(queues=2)
    assert driver.ask(1, b"hel", b"lo\n") == (b"", 0)
    assert made.sent == [b"hello\n"]


def test_what_is_typed_waits_for_buffers_and_fills_one_after_the_other() -> None:
    made = Made()
    device = made.console()
    driver = made.driver(device).start(queues=2)
    assert (device.type(b"abcdef"), device.typed) == (6, 6)
    assert not made.line.level
    addresses = driver.offer(0, 4) + driver.offer(0, 4) + driver.offer(0, 4)
    driver.notify(0)
    assert made.line.level
    assert driver.used(0) == [(0, 4), (1, 2)]
    assert [made.memory.read(address, 4) for address in addresses] == [b"abcd", b"ef\0\0", b"\0\0\0\0"]
    driver.store(INTERRUPT_ACK, 1)
    device.type(b"g")  # no notification is needed for a buffer that was there
    assert (driver.used(0), made.line.level) == ([(2, 1)], True)


def test_typing_before_the_driver_is_ready_is_kept_and_too_much_is_refused() -> None:
    made = Made()
    device = made.console()
    assert device.type(bytes(MOST_TYPED - 1)) == MOST_TYPED - 1
    assert device.type(b"ab") == 1
    driver = made.driver(device).start(queues=2)
    assert driver.ask(0, 10)[1] == 10
    assert device.typed == MOST_TYPED - 10


def test_what_is_typed_at_a_time_comes_then_and_in_order() -> None:
    made = Made()
    device = Console(made.line, made.memory, lambda: 0, output=made.sent.append, keys=[(5, bytes(70_000)), (9, b"x")])
    driver = made.driver(device).start(queues=2)
    assert device.next_event() == 5
    driver.offer(0, 4)
    driver.notify(0)
    device.advance(4)
    assert (device.typed, driver.used(0)) == (0, [])
    device.advance(7)  # late, and more than what somebody could type now
    assert (device.typed, driver.used(0), device.next_event()) == (69_996, [(0, 4)], 9)
    device.type_at(9, b"y")
    device.type_at(12, b"z")
    device.advance(9)
    assert (device.typed, device.next_event()) == (69_998, 12)
    device.advance(12)
    assert (device.typed, device.next_event()) == (69_999, None)


def test_a_console_has_one_port_and_no_size() -> None:
    device = Made().console()
    assert [device.read(CONFIG + 4 * word, 4) for word in range(3)] == [0, 1, 0]


def test_a_network_device_tells_its_address() -> None:
    device = Made().network()
    assert device.read(0x010, 4) == HAS_ADDRESS
    assert bytes(device.read(CONFIG + at, 1) for at in range(8)) == ADDRESS + bytes(2)


def test_a_frame_is_sent_without_its_header() -> None:
    made = Made()
    driver = made.driver(made.network()).start(HAS_ADDRESS, queues=2)
    assert driver.ask(1, bytes(12) + FRAME[:10], FRAME[10:]) == (b"", 0)
    assert driver.ask(1, bytes(5), bytes(7) + FRAME) == (b"", 0)
    assert made.sent == [FRAME, FRAME]


def test_a_frame_is_received_behind_a_header_that_says_one_buffer() -> None:
    made = Made()
    device = made.network()
    driver = made.driver(device).start(HAS_ADDRESS, queues=2)
    address, rest = driver.offer(0, 20, 1506)
    device.receive(FRAME)
    assert made.line.level
    assert driver.used(0) == [(0, 12 + len(FRAME))]
    assert made.memory.read(address, 20) + made.memory.read(rest, 56) == bytes(10) + b"\1\0" + FRAME
    assert (device.waiting, device.dropped) == (0, 0)


@pytest.mark.parametrize("length", [14, 1514])
def test_the_shortest_and_the_longest_frame_go_both_ways(length: int) -> None:
    made = Made()
    device = made.network()
    driver = made.driver(device).start(HAS_ADDRESS, queues=2)
    driver.ask(1, bytes(12 + length))
    driver.offer(0, 1526)
    device.receive(bytes(length))
    assert (made.sent, driver.used(0)) == ([bytes(length)], [(0, 12 + length)])


def test_frames_wait_for_buffers_and_too_many_are_dropped_and_counted() -> None:
    made = Made()
    device = made.network()
    for number in range(MOST_WAITING + 3):
        device.receive(pack("<H", number) + FRAME)
    assert (device.waiting, device.dropped) == (MOST_WAITING, 3)
    driver = made.driver(device).start(HAS_ADDRESS, queues=2)
    got = [int.from_bytes(driver.ask(0, 1526)[0][12:14], "little") for _ in range(MOST_WAITING)]
    assert got == list(range(MOST_WAITING))


def test_what_is_no_frame_and_what_fits_no_buffer_is_dropped() -> None:
    made = Made()
    device = made.network()
    driver = made.driver(device).start(HAS_ADDRESS, queues=2)
    device.receive(bytes(13))
    device.receive(bytes(1515))
    assert (device.waiting, device.dropped) == (0, 2)
    driver.offer(0, 100)
    device.receive(bytes(89))
    assert (driver.used(0), device.dropped, made.line.level) == ([], 3, False)
    device.receive(bytes(88))
    assert driver.used(0) == [(0, 100)]


def test_an_address_of_another_length_is_refused() -> None:
    made = Made()
    with pytest.raises(ValueError, match="an address of 5 bytes, not 6"):
        type(made.network())(made.line, made.memory, lambda: 0, address=bytes(5), send=made.sent.append)


@pytest.mark.parametrize("size", [1, 2, 256])
def test_a_queue_goes_round_its_ring_and_round_its_index(size: int) -> None:
    made = Made()
    driver = made.driver(made.entropy(), size).start()
    rounds = 65_536 + 3 * size if size == 2 else 3 * size
    for number in range(rounds):
        driver.free = 0x4810_0000
        assert driver.ask(0, 1)[1] == 1, number


def test_many_chains_are_served_at_one_notification_with_one_interrupt() -> None:
    made = Made()
    driver = made.driver(made.entropy()).start()
    for _ in range(8):
        driver.offer(0, 4)
    driver.notify()
    assert driver.used() == [(number, 4) for number in range(8)]
    assert made.line.raised == 1
    assert driver.load(INTERRUPT_STATUS) == 1
    assert driver.load(STATUS) == 15
