"""Devices that do wrong on purpose, where a test says so."""

from struct import pack

import pytest

from hosted.devices.made_devices import DISK, Made
from hosted.devices.ring_driver import BASE, INTERRUPT_ACK, INTERRUPT_STATUS, STATUS
from tyrne.hosted.devices.faults import LATE, Fault

READ_ALL = pack("<IIQ", 0, 0, 0)


def test_a_short_answer_comes_where_the_table_says_and_is_told() -> None:
    made = Made()
    driver = made.driver(made.entropy(faults={(0, 1): Fault.SHORT})).start()
    assert [driver.ask(0, 9)[1] for _ in range(3)] == [9, 5, 9]


def test_a_short_read_of_a_block_device_has_a_status_all_the_same() -> None:
    made = Made()
    driver = made.driver(made.block(faults={(0, 0): Fault.SHORT})).start()
    assert driver.ask(0, READ_ALL, 1024, 1) == (DISK[:512] + bytes(512) + b"\0", 512)


def test_a_request_that_fails_does_nothing() -> None:
    made = Made()
    device = made.block(faults={(0, 0): Fault.IO_ERROR})
    driver = made.driver(device).start()
    write = pack("<IIQ", 1, 0, 0)
    assert driver.ask(0, write, b"w" * 512, 1) == (b"\1", 1)
    assert not device.sectors.written()
    assert driver.ask(0, write, b"w" * 512, 1) == (b"\0", 1)


def test_a_device_without_a_word_for_errors_cannot_have_one() -> None:
    with pytest.raises(ValueError, match="Entropy cannot tell of errors"):
        Made().entropy(faults={(0, 0): Fault.IO_ERROR})


def test_an_interrupt_comes_with_nothing_used_and_the_chain_later() -> None:
    made = Made(now=5)
    device = made.entropy(faults={(0, 0): Fault.SPURIOUS, (0, 1): Fault.SPURIOUS})
    driver = made.driver(device).start()
    driver.offer(0, 4)
    driver.offer(0, 6)
    driver.notify()
    for number, length in ((0, 4), (1, 6)):
        assert (driver.used(), driver.load(INTERRUPT_STATUS)) == ([], 1)
        driver.store(INTERRUPT_ACK, 1)
        driver.notify()  # another one changes nothing
        assert (made.line.level, device.next_event()) == (False, made.now + LATE)
        device.advance(made.now + LATE - 1)
        assert driver.used() == []
        made.now += LATE
        device.advance(made.now)
        assert (driver.used(), made.line.level) == ([(number, length)], True)
    assert device.next_event() is None


def test_a_reset_calls_off_what_is_late() -> None:
    made = Made()
    device = made.entropy(faults={(0, 0): Fault.SPURIOUS})
    driver = made.driver(device).start()
    driver.offer(0, 4)
    driver.notify()
    driver.store(STATUS, 0)
    assert (device.next_event(), made.line.level) == (None, False)
    device.advance(LATE)


def test_a_length_beyond_the_buffer_is_told_and_only_told() -> None:
    made = Made()
    driver = made.driver(made.entropy(faults={(0, 0): Fault.USED_LENGTH})).start()
    (buffer,) = driver.offer(0, 4)
    behind = driver.place(b"behind")
    driver.notify()
    assert driver.used() == [(0, 0xFFFF_FFFF)]
    assert made.memory.read(buffer, 4) != bytes(4)
    assert made.memory.read(behind, 6) == b"behind"


def test_a_head_that_is_no_descriptor_is_given_back() -> None:
    made = Made()
    driver = made.driver(made.entropy(faults={(0, 1): Fault.USED_ID})).start()
    driver.offer(0, 4)
    driver.offer(0, 4)
    driver.notify()
    assert driver.used() == [(0, 4), (8 + 1, 4)]


def test_faults_count_on_over_resets() -> None:
    made = Made()
    device = made.entropy(faults={(0, 1): Fault.SHORT})
    lengths = []
    for _ in range(3):
        made.memory.write(BASE, bytes(0x8000))
        lengths.append(made.driver(device).start().ask(0, 8)[1])
    assert lengths == [8, 4, 8]


def test_a_received_frame_can_be_cut() -> None:
    made = Made()
    device = made.network(faults={(0, 0): Fault.SHORT})
    driver = made.driver(device).start(queues=2)
    driver.offer(0, 1526)
    device.receive(bytes(88))
    assert driver.used(0) == [(0, 50)]
