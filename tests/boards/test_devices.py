"""Drivers against devices that misbehave, with the machine's loads and stores replaced."""

from collections.abc import Callable, Iterator

import pytest

from tyrne.boards.qemu_virt import gic, timer, uart
from tyrne.boards.qemu_virt.board import QemuVirt
from tyrne.hal.interrupt import Interrupt
from tyrne.lang import u8, u32, u64
from tyrne.lang.machine import Instruction


class Device:
    """Registers: what loads give, and what was stored."""

    def __init__(self) -> None:
        self.loads: dict[int, Callable[[], int]] = {}
        self.stores: list[tuple[int, int]] = []
        self.barriers: list[tuple[Instruction, int]] = []
        """Each with how many stores came before it."""

    def read32(self, address: u64) -> u32:
        return u32(self.loads[int(address)]())

    def write32(self, address: u64, value: u32) -> None:
        self.stores.append((int(address), int(value)))

    def execute(self, instruction: Instruction) -> None:
        self.barriers.append((instruction, len(self.stores)))


@pytest.fixture
def device(monkeypatch: pytest.MonkeyPatch) -> Iterator[Device]:
    registers = Device()
    for module in (uart, gic):
        monkeypatch.setattr(module, "read32", registers.read32)
        monkeypatch.setattr(module, "write32", registers.write32)
    monkeypatch.setattr(gic, "execute", registers.execute)
    yield registers


class Line:
    """UARTFR: full until `ready_at` polls, counting them."""

    def __init__(self, ready_at: int) -> None:
        self.polls = 0
        self.ready_at = ready_at

    def __call__(self) -> int:
        self.polls += 1
        return 0 if self.polls > self.ready_at else int(uart.TRANSMIT_FULL)


FLAGS = 0x0900_0018


def test_uart_sends_a_byte_when_there_is_room(device: Device) -> None:
    device.loads[FLAGS] = Line(ready_at=3)
    uart.Uart().put(u8(65))
    assert device.stores == [(0x0900_0000, 65)]


@pytest.mark.promise(
    "No call, fault or interrupt holds the kernel with interrupts masked for more than 20,000 instructions, but for "
    "bytes to a slow serial line: 4096 of console_write, a line for each end of a task"
)
def test_uart_that_never_becomes_ready_does_not_hang(device: Device) -> None:
    line = Line(ready_at=1 << 60)
    device.loads[FLAGS] = line
    port = uart.Uart()
    for byte in range(100):
        port.put(u8(byte))
    assert device.stores == []
    assert line.polls <= uart.PATIENCE + 100, "after one wait in vain, each byte polls once"


def test_uart_that_recovers_sends_again(device: Device) -> None:
    device.loads[FLAGS] = line = Line(ready_at=1 << 60)
    port = uart.Uart()
    port.put(u8(1))
    line.ready_at = 0
    port.put(u8(2))
    assert device.stores == [(0x0900_0000, 2)]
    assert not port.stuck


def test_uart_moves_to_its_high_address(device: Device) -> None:
    device.loads[0xFFFF_FFFF_0900_0018] = lambda: 0
    port = uart.Uart()
    port.use_high_address()
    port.put(u8(65))
    assert device.stores == [(0xFFFF_FFFF_0900_0000, 65)]


@pytest.mark.parametrize(("typer", "lines"), [(0, 32), (8, 288), (31, 1020), (0xFFFF_FFFF, 1020)])
def test_gic_start_covers_every_line_and_no_more(device: Device, typer: int, lines: int) -> None:
    device.loads[int(gic.GICD_TYPER)] = lambda: typer
    gic.InterruptController().start()
    stored = dict(device.stores)
    words = -(-lines // 32)
    for register in gic.GICD_ICENABLER, gic.GICD_ICPENDR, gic.GICD_ICACTIVER:
        assert [(a, v) for a, v in device.stores if register <= a < register + 0x80] == [
            (int(register) + 4 * i, 0xFFFF_FFFF) for i in range(words)
        ]
    kinds = [(a, v) for a, v in device.stores if gic.GICD_ICFGR <= a < gic.GICD_ICFGR + 0x100]
    assert kinds == [(int(gic.GICD_ICFGR) + 4 * i, 0) for i in range(2, -(-lines // 16))]
    priorities = {a: v for a, v in stored.items() if gic.GICD_IPRIORITYR <= a < gic.GICD_ITARGETSR}
    assert priorities == {int(gic.GICD_IPRIORITYR) + 4 * i: 0xA0A0_A0A0 for i in range(lines // 4)}
    targets = {a: v for a, v in stored.items() if gic.GICD_ITARGETSR <= a < gic.GICD_ITARGETSR + 0x400}
    assert targets == {int(gic.GICD_ITARGETSR) + 4 * i: 0x0101_0101 for i in range(8, lines // 4)}
    assert device.stores[0] == (gic.GICD_CTLR, 0)
    assert device.stores[-3:] == [(gic.GICD_CTLR, 1), (gic.GICC_PMR, 0xFF), (gic.GICC_CTLR, 1)]


def test_gic_enables_one_line(device: Device) -> None:
    gic.InterruptController().enable(timer.LINE)
    gic.InterruptController().disable(u32(33))
    assert device.stores == [(gic.GICD_ISENABLER, 1 << 27), (int(gic.GICD_ICENABLER) + 4, 1 << 1)]
    with pytest.raises(AssertionError):
        gic.InterruptController().enable(u32(1020))


class Counter:
    """The virtual counter and timer. The line is raised as the architecture has it."""

    def __init__(self) -> None:
        self.now = 1000
        self.registers = {timer.SystemRegister.CNTFRQ_EL0: 62_500_000}

    def read(self, register: timer.SystemRegister) -> u64:
        return u64(self.now if register is timer.SystemRegister.CNTVCT_EL0 else self.registers[register])

    def write(self, register: timer.SystemRegister, value: u64) -> None:
        self.registers[register] = int(value)

    def is_raised(self) -> bool:
        enabled = self.registers[timer.SystemRegister.CNTV_CTL_EL0] == int(timer.ENABLE)
        return enabled and self.now >= self.registers[timer.SystemRegister.CNTV_CVAL_EL0]


@pytest.fixture
def counter(device: Device, monkeypatch: pytest.MonkeyPatch) -> Counter:
    made = Counter()
    monkeypatch.setattr(timer, "read_register", made.read)
    monkeypatch.setattr(timer, "write_register", made.write)
    monkeypatch.setattr(timer, "execute", lambda _: None)
    device.loads[int(gic.GICC_IAR)] = lambda: 0xC00 | 27 if made.is_raised() else 1023
    return made


def test_the_limit_is_taken_silenced_and_completed(device: Device, counter: Counter) -> None:
    board = QemuVirt()
    board.arm_limit(u64(1600))
    counter.now += 99
    assert not counter.is_raised()
    counter.now += 1
    assert board.acknowledge_interrupt() is Interrupt.LIMIT
    assert device.stores == [(gic.GICC_EOIR, 0xC00 | 27)], "the CPU bits come back with the id"
    assert device.barriers == [(Instruction.ISB, 0)], "the line has fallen before the interrupt is over"
    assert counter.registers[timer.SystemRegister.CNTV_CTL_EL0] == int(timer.MASKED)


def test_a_turn_is_interrupted_at_its_end_once_and_silenced_by_the_next(device: Device, counter: Counter) -> None:
    board = QemuVirt()
    board.timer.start()
    length = board.prepare_turns(u64(16_000))
    assert length == 1000
    assert not counter.is_raised(), "there is no turn yet"
    for late in (0, 1, 500, 1999):
        board.arm_turn(board.turn_clock() + length)
        counter.now += 999
        assert not counter.is_raised()
        counter.now += 1 + late
        assert counter.is_raised()
        assert board.acknowledge_interrupt() is Interrupt.TICK
        assert not counter.is_raised()
    board.arm_turn(u64(counter.now))
    assert counter.is_raised()
    board.arm_turn(u64(counter.now + 1))
    assert not counter.is_raised()
    counter.now += 1
    board.arm_turn(None)
    assert not counter.is_raised(), "a turn that nobody waits for has no end"


def test_the_alarm_comes_once_between_the_limit_and_the_end_of_a_turn(device: Device, counter: Counter) -> None:
    board = QemuVirt()
    board.arm_limit(u64(16_000))
    board.arm_turn(u64(counter.now + 500))
    board.arm_alarm(u64(counter.now + 400))
    counter.now += 399
    assert not counter.is_raised()
    counter.now += 1
    assert board.acknowledge_interrupt() is Interrupt.ALARM
    assert not counter.is_raised(), "the turn goes on"
    board.arm_alarm(u64(counter.now))
    assert counter.is_raised(), "at once, where the time is past"
    board.arm_alarm(None)
    assert not counter.is_raised()
    board.arm_alarm(u64(counter.now + 600))
    counter.now += 600
    taken = [board.acknowledge_interrupt() for _ in range(4)]
    assert taken == [Interrupt.LIMIT, Interrupt.ALARM, Interrupt.TICK, Interrupt.SPURIOUS]


def test_the_processor_rests_with_its_stores_done_and_its_interrupts_masked(device: Device) -> None:
    QemuVirt().wait_for_interrupt()
    assert [instruction for instruction, _ in device.barriers] == [Instruction.DSB_SY, Instruction.WFI]
    assert device.stores == []


def test_the_end_of_a_turn_stays_pending_behind_the_limit(device: Device, counter: Counter) -> None:
    board = QemuVirt()
    board.arm_limit(u64(16_000))
    board.arm_turn(u64(counter.now + 1000))
    counter.now += 1000
    assert board.acknowledge_interrupt() is Interrupt.LIMIT
    assert counter.is_raised()
    assert board.acknowledge_interrupt() is Interrupt.TICK
    assert not counter.is_raised()
    assert board.acknowledge_interrupt() is Interrupt.SPURIOUS


@pytest.mark.parametrize("instructions", [1, 16, 992])
def test_turns_leave_the_tasks_time_to_run(instructions: int, device: Device, counter: Counter) -> None:
    assert QemuVirt().prepare_turns(u64(instructions)) == 62


def test_a_timer_that_starts_has_nothing_due(counter: Counter) -> None:
    counter.registers[timer.SystemRegister.CNTV_CTL_EL0] = int(timer.ENABLE)
    timer.VirtualTimer().start()
    assert counter.registers[timer.SystemRegister.CNTV_CTL_EL0] == int(timer.MASKED)


def test_the_line_of_a_device_is_masked_before_its_interrupt_is_completed(device: Device) -> None:
    board = QemuVirt()
    device.loads[int(gic.GICC_IAR)] = lambda: 79
    assert board.acknowledge_interrupt() is Interrupt.DEVICE
    assert board.raised_line() == 79
    assert device.stores == [(gic.GICD_ICENABLER + 8, 1 << 15), (gic.GICC_EOIR, 79)]


def test_a_line_is_masked_and_unmasked_by_its_bit(device: Device) -> None:
    board = QemuVirt()
    board.unmask_line(u32(48))
    board.mask_line(u32(48))
    assert device.stores == [(gic.GICD_ISENABLER + 4, 1 << 16), (gic.GICD_ICENABLER + 4, 1 << 16)]


MASK = 0x0900_0038


def test_the_first_byte_to_a_traced_run_is_its_limit_and_silences_the_line(device: Device) -> None:
    board = QemuVirt(traced=True)
    board.uart.listen()
    assert device.stores == [(MASK, 1 << 4)]
    device.loads[int(gic.GICC_IAR)] = lambda: 33
    assert board._take_interrupt() is Interrupt.LIMIT
    assert device.stores[1:] == [(MASK, 0), (gic.GICC_EOIR, 33)], "the line falls before the interrupt is over"


def test_another_line_of_a_traced_run_is_that_of_a_device(device: Device) -> None:
    device.loads[int(gic.GICC_IAR)] = lambda: 34
    assert QemuVirt(traced=True)._take_interrupt() is Interrupt.DEVICE
    assert device.stores == [(gic.GICD_ICENABLER + 4, 1 << 2), (gic.GICC_EOIR, 34)]


@pytest.mark.parametrize("word", [1020, 1022, 1023])
def test_a_spurious_interrupt_is_not_completed(device: Device, word: int) -> None:
    device.loads[int(gic.GICC_IAR)] = lambda: word
    assert QemuVirt().acknowledge_interrupt() is Interrupt.SPURIOUS
    assert device.stores == []
