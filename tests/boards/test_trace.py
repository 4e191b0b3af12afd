"""The records of a traced run, byte by byte, with the host replaced; and that an untraced kernel writes none."""

from collections.abc import Iterator

import pytest

from tyrne.boards.qemu_virt import counter, semihosting
from tyrne.boards.qemu_virt.trace import Trace
from tyrne.hal.board import Standing
from tyrne.hal.frame import Call, TrapFrame
from tyrne.hal.interrupt import Interrupt
from tyrne.lang import Array, u8, u32, u64
from tyrne.lang.machine import SystemRegister


class Host:
    """Answers semihosting calls: an address is the object itself, in a table."""

    def __init__(self) -> None:
        self.objects: list[object] = []
        self.written = bytearray()
        self.writes = 0

    def address_of(self, place: object) -> u64:
        self.objects.append(place)
        return u64(len(self.objects) - 1)

    def semihosting(self, operation: u64, argument: u64) -> u64:
        assert operation == semihosting.SYS_WRITE0
        items = self.objects[argument]
        assert isinstance(items, Array)
        self.written += bytes(int(item) for item in items).split(b"\0")[0]
        self.writes += 1
        return u64(0)


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch) -> Iterator[Host]:
    answering = Host()
    monkeypatch.setattr(semihosting, "address_of", answering.address_of)
    monkeypatch.setattr(semihosting, "semihosting", answering.semihosting)
    yield answering


CALL = Call(u64(5), u64(0), u64(0x80_0010), u64(0x15), u64(0), u64(0), u64((1 << 64) - 1))


NO_LINE = u32(0)


def log(trace: Trace, text: bytes) -> None:
    for byte in text:
        trace.log(u8(byte))


def test_a_line_of_the_kernel_is_sent_at_its_end(host: Host) -> None:
    trace = Trace(True)
    log(trace, b"ab")
    assert host.written == b""
    log(trace, b"\n")
    assert host.written == b"L 61620a\n"


def test_console_bytes_name_their_task_and_end_when_another_writes(host: Host) -> None:
    trace = Trace(True)
    trace.console(u32(10), u8(0x41))
    trace.console(u32(11), u8(0x42))
    trace.console(u32(11), u8(0x0A))
    trace.end(u64(1), u64(0x1000))
    assert host.written == b"C a 41\nC b 420a\nE 1 1000\n"


def test_calls_ends_and_waits_are_numbers_without_leading_zeros(host: Host) -> None:
    trace = Trace(True)
    frame = TrapFrame()
    frame.x[1] = u64(0x15)
    trace.call(u32(0), CALL, frame)
    trace.exit(u32(3), CALL)
    trace.fault(u32(2), u64(0x9200_0046), u64(0), u64(0x80_0000), u64(0x80_0010))
    trace.task_end(u32(17), u64((1 << 64) - 1))
    trace.standing(u32(18), Standing(u64(3), u64(0x80_0020), u64(2), u64(11), u64(1)))
    trace.end(u64(0), u64(0))
    words = b"5 0 800010 15 0 0 ffffffffffffffff"
    assert host.written.splitlines() == [
        b"S 0 " + words + b" 0 15 0 0 0 0 0 0",
        b"X 3 " + words,
        b"F 2 92000046 0 800000 800010",
        b"D 11 ffffffffffffffff",
        b"W 12 3 800020 2 b 1",
        b"E 0 0",
    ]


def test_what_the_counter_said_is_a_record(host: Host) -> None:
    trace = Trace(True)
    trace.reading(u64(0x3E8))
    trace.end(u64(0), u64(1))
    assert host.written == b"T 3e8\nE 0 1\n"


def test_a_panic_interrupts_an_open_record(host: Host) -> None:
    trace = Trace(True)
    log(trace, b"ab")
    trace.panic(u8(0x21))
    trace.end(u64(3), u64(1))
    assert host.written == b"L 6162\nP 21\nE 3 1\n"


def test_more_than_the_buffer_is_sent_in_pieces(host: Host) -> None:
    trace = Trace(True)
    for _ in range(100):
        trace.exit(u32(1), CALL)
    trace.end(u64(0), u64(0))
    assert host.writes > 1
    assert host.written.count(b"X 1 5 0 800010 15 0 0 ffffffffffffffff\n") == 100


class Processor:
    """A processor whose counters go on as a test says."""

    def __init__(self) -> None:
        self.kernel = 0
        self.user = 0
        self.written: list[SystemRegister] = []

    def read(self, register: SystemRegister) -> u64:
        if register is SystemRegister.PMCCNTR_EL0:
            return u64(self.kernel + self.user)
        assert register is SystemRegister.PMEVCNTR0_EL0
        return u64(self.user % (1 << 32))

    def write(self, register: SystemRegister, value: u64) -> None:
        self.written.append(register)


@pytest.fixture
def processor(monkeypatch: pytest.MonkeyPatch) -> Processor:
    counting = Processor()
    monkeypatch.setattr(counter, "read_register", counting.read)
    monkeypatch.setattr(counter, "write_register", counting.write)
    return counting


def records(trace: Trace, host: Host) -> list[bytes]:
    trace.end(u64(0), u64(0))
    return host.written.splitlines()[:-1]


def test_an_interrupt_says_after_which_instruction_of_which_trap_it_came(host: Host, processor: Processor) -> None:
    trace = Trace(True)
    trace.start()
    for user, traps in (5, False), (7, True), (0, False), (1000, False), (24, True):
        processor.user += user
        processor.kernel += 300
        if traps:
            trace.trap()
        else:
            trace.interrupt(Interrupt.TICK, NO_LINE)
    processor.user += 1
    trace.interrupt(Interrupt.LIMIT, NO_LINE)
    assert records(trace, host) == [b"I 0 5 1", b"I 1 0 1", b"I 1 3e8 1", b"I 2 1 2"]


def test_an_interrupt_between_two_steps_of_long_work_says_after_which_step_it_came(
    host: Host, processor: Processor
) -> None:
    trace = Trace(True)
    trace.trap()
    for pending in (False, True, False, False, True):
        trace.step(pending)
        if pending:
            trace.interrupt(Interrupt.TICK, NO_LINE)
    trace.interrupt(Interrupt.TICK, NO_LINE)  # at EL0, whose trap is none of those that count
    trace.step(True)
    trace.interrupt(Interrupt.LIMIT, NO_LINE)
    trace.trap()
    trace.step(True)
    trace.interrupt(Interrupt.TICK, NO_LINE)
    assert records(trace, host) == [b"I 1 0 1 2", b"I 1 0 1 5", b"I 1 0 1", b"I 1 0 2 6", b"I 2 0 1 1"]


def test_a_first_use_of_floating_point_does_not_part_the_steps_before_it_from_those_after_it(
    host: Host, processor: Processor
) -> None:
    trace = Trace(True)
    trace.trap()
    trace.step(False)
    processor.user += 1
    trace.trap()
    trace.open_floating()
    processor.user += 1  # that instruction again
    trace.step(True)
    trace.interrupt(Interrupt.TICK, NO_LINE)
    assert records(trace, host) == [b"I 1 1 1 2"]


@pytest.mark.parametrize("value", [0, 9, 0xF, 0x10, 0xFFF, 0xFFFF, 0x1_0000, 0x1234_5678, (1 << 64) - 1])
def test_numbers_have_all_their_digits(host: Host, value: int) -> None:
    trace = Trace(True)
    trace.end(u64(1), u64(value))
    assert host.written == b"E 1 %x\n" % value


def test_a_first_use_of_floating_point_is_no_trap_and_one_instruction(host: Host, processor: Processor) -> None:
    trace = Trace(True)
    trace.start()
    processor.user += 10
    trace.trap()
    processor.user += 4  # three, and the one that traps
    trace.trap()
    trace.open_floating()
    trace.interrupt(Interrupt.TICK, NO_LINE)
    processor.user += 1  # that one again
    trace.interrupt(Interrupt.TICK, NO_LINE)
    assert records(trace, host) == [b"I 1 3 1", b"I 1 4 1"]


def test_the_interrupt_of_a_device_says_its_line(host: Host, processor: Processor) -> None:
    trace = Trace(True)
    trace.start()
    trace.interrupt(Interrupt.DEVICE, u32(79))
    assert records(trace, host) == [b"I 0 0 4f04"]


def test_the_count_of_instructions_outlives_its_counter(host: Host, processor: Processor) -> None:
    trace = Trace(True)
    trace.start()
    processor.user += 5 << 32
    processor.kernel += 1 << 20
    trace.interrupt(Interrupt.TICK, NO_LINE)
    processor.user += (1 << 32) - 1
    processor.kernel += (1 << 32) - 1
    trace.interrupt(Interrupt.TICK, NO_LINE)
    assert records(trace, host) == [b"I 0 500000000 1", b"I 0 5ffffffff 1"]


def test_an_untraced_kernel_reads_no_counter(host: Host, processor: Processor) -> None:
    trace = Trace(False)
    trace.start()
    trace.trap()
    trace.step(True)
    trace.open_floating()
    trace.interrupt(Interrupt.TICK, NO_LINE)
    assert processor.written == [] and host.writes == 0 and trace.traps == trace.steps == 0


def test_an_untraced_kernel_never_calls_the_host(host: Host) -> None:
    trace = Trace(False)
    log(trace, b"line\n")
    trace.console(u32(0), u8(0x0A))
    trace.panic(u8(0x0A))
    trace.call(u32(0), CALL, TrapFrame())
    trace.exit(u32(0), CALL)
    trace.fault(u32(0), u64(0), u64(0), u64(0), u64(0))
    trace.task_end(u32(0), u64(0))
    trace.standing(u32(0), Standing(u64(0), u64(0)))
    trace.end(u64(0), u64(0))
    assert host.writes == 0
