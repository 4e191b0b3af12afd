"""Devices behind the page tables: an access reaches its registers, and what they do comes at the exact instruction."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from device_board import AT, DEVICE, LINE, SECOND_PAGE, Board, Probe, by_block
from hand_made_space import NOWHERE, Machine

from tyrne.hal.frame import Vector
from tyrne.hosted.bus import NEVER, Bus, Reach
from tyrne.hosted.cpu import INTERRUPTED, Stop
from tyrne.hosted.devices.device import DmaError
from tyrne.hosted.drivers import ByInstruction
from tyrne.hosted.lines import Lines
from tyrne.hosted.recorder import Recorder

NOP, SVC, BACK = 0xD503_201F, 0xD400_0001, 0x17FF_FFFF  # the last: b .-4
LOAD, LOAD_BYTE, LOAD_HALF, LOAD_WIDE = 0xB940_0801, 0x3940_0C01, 0x7940_1401, 0xF940_0801
"""Of x1, w1 at x0 + 8, 3, 10, 16."""
STORE, STORE_WIDE, STORE_PAIR = 0xB900_0801, 0xF900_0801, 0xA900_0801
"""Of w1 at x0 + 8; x1 at x0 + 16; x1 and x2 at x0."""

Make = Callable[..., Board]


@pytest.fixture(params=[by_block, ByInstruction], ids=["blocks", "instructions"])
def make(request: pytest.FixtureRequest) -> Make:
    return lambda *code: Board(request.param, *code)


@pytest.mark.parametrize(
    ("code", "accesses", "value"),
    [
        (LOAD, [(8, 4)], 0x4433_2219),
        (LOAD_BYTE, [(3, 1)], 0x14),
        (LOAD_HALF, [(10, 2)], 0x221B),
        (LOAD_WIDE, [(16, 4), (20, 4)], 0x4433_2225_4433_2221),
    ],
)
def test_a_load_finds_what_the_device_says(make: Make, code: int, accesses: list[tuple[int, ...]], value: int) -> None:
    board = make(NOP, code, NOP, SVC)
    assert board.run().syndrome == 0x5600_0000
    assert (board.probe.seen, board.x(1), board.cpu.instructions) == (accesses, value, 4)


@pytest.mark.parametrize(
    ("code", "accesses"),
    [
        (STORE, [(8, 4, 0x5566_7788)]),
        (STORE_WIDE, [(16, 4, 0x5566_7788), (20, 4, 0x1122_3344)]),
        (STORE_PAIR, [(0, 4, 0x5566_7788), (4, 4, 0x1122_3344), (8, 4, 7), (12, 4, 0)]),
    ],
)
def test_a_store_tells_the_device(make: Make, code: int, accesses: list[tuple[int, ...]]) -> None:
    board = make(NOP, code, NOP, SVC)
    board.set(1, 0x1122_3344_5566_7788)
    board.set(2, 7)
    assert board.run().syndrome == 0x5600_0000
    assert (board.probe.seen, board.cpu.instructions) == (accesses, 4)


def test_a_device_has_all_of_its_pages(make: Make) -> None:
    board = make(STORE, SVC)
    board.set(0, SECOND_PAGE)
    board.run()
    assert board.probe.seen == [(0x1008, 4, 0)]


@pytest.mark.parametrize("code", [LOAD, STORE])
def test_a_line_that_an_access_raises_interrupts_right_after_it(make: Make, code: int) -> None:
    board = make(NOP, code, NOP, NOP, SVC)
    board.lines.unmask(LINE)
    board.probe.raises = True
    assert board.run() == INTERRUPTED
    assert (board.at, board.cpu.instructions) == (2, 2)
    assert board.run() == INTERRUPTED  # it is still pending, and nothing runs
    assert (board.at, board.cpu.instructions) == (2, 2)
    board.lines.mask(LINE)
    assert board.run().syndrome == 0x5600_0000
    assert board.cpu.instructions == 5


def test_a_line_that_is_masked_interrupts_nobody(make: Make) -> None:
    board = make(NOP, STORE, NOP, SVC)
    board.probe.raises = True
    assert board.run().syndrome == 0x5600_0000
    board.lines.unmask(LINE)
    assert board.lines.pending == LINE


@pytest.mark.parametrize("limit", range(1, 6))
def test_a_limit_is_kept_across_accesses(make: Make, limit: int) -> None:
    board = make(STORE, NOP, STORE, STORE, NOP, NOP, SVC)
    assert board.run(limit) == INTERRUPTED
    assert (board.at, board.cpu.instructions) == (limit, limit)
    assert len(board.probe.seen) == (1, 1, 2, 3, 3)[limit - 1]


@pytest.mark.parametrize("at", [1, 2, 3, 7, 100])
def test_what_a_device_does_by_itself_comes_at_its_time(make: Make, at: int) -> None:
    board = make(NOP, NOP, BACK)
    board.probe.event, board.probe.raises = at, True
    board.lines.unmask(LINE)
    assert board.run() == INTERRUPTED
    assert (board.probe.advanced, board.cpu.instructions) == ([at], at)


def test_what_a_device_does_by_itself_without_a_line_is_not_noticed(make: Make) -> None:
    board = make(NOP, NOP, BACK)
    board.probe.event = 10
    assert board.run(40) == INTERRUPTED
    assert (board.probe.advanced, board.cpu.instructions) == ([10], 40)


def test_an_event_that_an_access_brings_near_is_not_missed(make: Make) -> None:
    board = make(NOP, STORE, NOP, NOP, BACK)
    board.lines.unmask(LINE)

    def write(offset: int, width: int, value: int) -> None:
        board.probe.event, board.probe.raises = board.bus.now() + 3, True

    board.probe.write = write  # type: ignore[method-assign]
    assert board.run() == INTERRUPTED
    assert (board.probe.advanced, board.cpu.instructions) == ([5], 5)


def test_a_device_knows_the_time_of_an_access(make: Make) -> None:
    board = make(NOP, NOP, STORE, NOP, STORE, SVC)
    times: list[int] = []
    board.probe.write = lambda *_: times.append(board.bus.now())  # type: ignore[method-assign]
    board.run()
    assert times == [3, 5]


@pytest.mark.parametrize(("code", "syndrome"), [(LOAD, 0x9200_0021), (STORE, 0x9200_0061)])
def test_a_misaligned_access_is_an_alignment_fault(make: Make, code: int, syndrome: int) -> None:
    board = make(NOP, code, SVC)
    board.set(0, DEVICE + 2)
    assert board.run() == Stop(Vector.SYNCHRONOUS, syndrome, DEVICE + 10)
    assert (board.at, board.probe.seen, board.cpu.instructions) == (1, [], 2)


@pytest.mark.parametrize("code", [0x3DC0_0001, 0x885F_7C01, 0x3D80_0001])  # ldr q1; ldxr w1; str q1
def test_other_accesses_are_external_aborts(make: Make, code: int) -> None:
    board = make(code, SVC)
    stop = board.run()
    assert (stop.syndrome & 0xFF9F_FFBF, board.at, board.probe.seen) == (0x9200_0410, 0, [])


def test_where_no_device_is_an_access_is_an_external_abort(make: Make) -> None:
    board = make(LOAD, SVC)
    board.set(0, NOWHERE)
    assert board.run() == Stop(Vector.SYNCHRONOUS, 0x9200_0410, 0)


def test_a_pair_that_leaves_a_page_of_the_device_is_an_external_abort(make: Make) -> None:
    board = make(STORE_PAIR, SVC)
    board.set(0, SECOND_PAGE - 8)
    assert board.run() == Stop(Vector.SYNCHRONOUS, 0x9200_0450, 0)
    assert board.probe.seen == []


def test_a_defect_of_a_model_ends_the_run(make: Make) -> None:
    board = make(NOP, STORE, SVC)

    def write(*_: int) -> None:
        raise ZeroDivisionError("model")

    board.probe.write = write  # type: ignore[method-assign]
    with pytest.raises(ZeroDivisionError, match="model"):
        board.run()


def test_who_rests_is_woken_by_a_line_or_by_the_alarm() -> None:
    time = [0]
    lines = Lines(lambda: None)
    bus = Bus(lines, lambda: time[0], Reach(Machine().ram, ()), Recorder())

    def pass_time(nanoseconds: int) -> None:
        time[0] += nanoseconds

    probe = Probe(bus)
    bus.attach(AT, probe)
    assert bus.until_event == NEVER
    bus.rest(50, True, pass_time)
    assert (time[0], probe.advanced) == (50, [])
    probe.event = 60
    bus.rest(80, True, pass_time)  # what it does then concerns nobody
    assert (time[0], probe.advanced) == (80, [60])
    probe.event, probe.raises = 90, True
    lines.unmask(LINE)
    bus.rest(200, True, pass_time)
    assert (time[0], lines.pending) == (90, LINE)


def test_who_rests_without_a_deadline_rests_only_while_devices_work() -> None:
    time = [0]
    bus = Bus(Lines(lambda: None), lambda: time[0], Reach(Machine().ram, ()), Recorder())

    def rest() -> int:
        bus.rest(NEVER, False, lambda nanoseconds: time.__setitem__(0, time[0] + nanoseconds))
        return time[0]

    probe = Probe(bus)
    bus.attach(AT, probe)
    assert (bus.works(), rest()) == (False, 0)
    probe.event = 60
    assert (bus.works(), rest(), bus.works()) == (True, 60, False)
    probe.event, probe.raises = 90, True
    bus.lines.unmask(LINE)
    assert (rest(), bus.works()) == (90, True)
    bus.lines.set_level(LINE, False)
    bus.open = True  # somebody may type
    assert (bus.works(), rest()) == (True, NEVER)


class Typing:
    """Somebody outside who types three nanoseconds after he is waited for, and once while tasks run."""

    def __init__(self, probe: Probe) -> None:
        self.probe = probe
        self.open = True
        self.stops = False
        self.looks = 0
        self.waits: list[int] = []

    def look(self) -> None:
        self.looks += 1

    def wait(self, nanoseconds: int) -> int | None:
        self.waits.append(nanoseconds)
        return None if self.stops else min(3, nanoseconds)


def test_somebody_outside_is_looked_at_between_turns_and_waited_for_while_nobody_is_ready() -> None:
    time = [0]
    bus = Bus(Lines(lambda: None), lambda: time[0], Reach(Machine().ram, ()), Recorder())

    def pass_time(nanoseconds: int) -> None:
        time[0] += nanoseconds

    probe = Probe(bus)
    bus.attach(AT, probe)
    bus.outside = somebody = Typing(probe)
    bus.advance()
    assert (bus.works(), somebody.looks, somebody.waits) == (True, 1, [])
    bus.rest(8, False, pass_time)
    assert (time[0], somebody.waits) == (8, [8, 5, 2])
    somebody.stops = True
    bus.rest(20, True, pass_time)  # the run is to end here
    assert (time[0], somebody.waits[3:]) == (8, [12])
    somebody.open = False
    bus.rest(20, False, pass_time)
    assert (time[0], bus.works(), somebody.waits[4:]) == (8, False, [])


def test_devices_reach_what_they_may() -> None:
    ram = Machine().ram
    reach = Reach(ram, [(ram.start + 0x1000, ram.start + 0x2000)])
    reach.write(ram.start + 0x1FFC, b"four")
    assert reach.read(ram.start + 0x1FF8, 8) == b"\0\0\0\0four"
    assert reach.read(ram.start + 0x2000, 0) == b""
    for address, length in ((0x1FFD, 4), (0xFFF, 2), (0x2000, 1), (0x8000_0000, 1), (0x1000, 1 << 60)):
        with pytest.raises(DmaError):
            reach.read(ram.start + address, length)
    with pytest.raises(DmaError):
        reach.write(ram.start + 0x1FFD, b"four")
    assert reach.read(ram.start + 0x1FF8, 8) == b"\0\0\0\0four"
