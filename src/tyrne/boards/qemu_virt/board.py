"""The board as the kernel sees it: each part delegated to the file that drives it."""

from __future__ import annotations

from typing import Final

from tyrne.boards.qemu_virt.counter import CycleCounter
from tyrne.boards.qemu_virt.gic import InterruptController, line_of
from tyrne.boards.qemu_virt.layout import image_layout
from tyrne.boards.qemu_virt.memory import BareMemory, DirectMap
from tyrne.boards.qemu_virt.memory_map import DIRECT_MAP, RAM_START
from tyrne.boards.qemu_virt.power_button import LINE as BUTTON_LINE
from tyrne.boards.qemu_virt.power_button import PowerButton
from tyrne.boards.qemu_virt.semihosting import HostExit
from tyrne.boards.qemu_virt.tables import build, drop_low_half
from tyrne.boards.qemu_virt.threads import Threads
from tyrne.boards.qemu_virt.timer import LINE as TIMER_LINE
from tyrne.boards.qemu_virt.timer import VirtualTimer
from tyrne.boards.qemu_virt.trace import Trace
from tyrne.boards.qemu_virt.translation import Translation, prepare
from tyrne.boards.qemu_virt.uart import LINE as UART_LINE
from tyrne.boards.qemu_virt.uart import Uart
from tyrne.hal.aarch64.descriptors import Descriptors
from tyrne.hal.aarch64.fault_report import log_fault
from tyrne.hal.board import Standing
from tyrne.hal.boot_info import BootInfo
from tyrne.hal.frame import Call, ThreadState, TrapFrame
from tyrne.hal.interrupt import Interrupt
from tyrne.hal.manifest import WORD_MEMORY
from tyrne.lang import inline, u8, u16, u32, u64


class QemuVirt:
    """Satisfies `tyrne.hal.board.Board`.

    `traced` lets the host follow a run (see `trace`), and stop it by a byte on the serial line; `counted` opens the
    cycle counter to EL0, for measurements only. `silent` leaves the serial line to a task: the kernel sends nothing but
    the report of a panic, and that only if nobody follows it; a traced run is stopped by the power button then.
    """

    def __init__(self, traced: bool = False, counted: bool = False, silent: bool = False) -> None:
        self.silent: Final[bool] = silent
        self.bare_memory: BareMemory = BareMemory()
        self.memory: DirectMap = DirectMap()
        self.translation: Translation = Translation()
        self.page_format: Descriptors = Descriptors()
        self.threads: Threads = Threads(counted)
        self.uart: Uart = Uart()
        self.power_button: PowerButton = PowerButton()
        self.interrupts: InterruptController = InterruptController()
        self.timer: VirtualTimer = VirtualTimer()
        self.counter: CycleCounter = CycleCounter()
        self.trace: Trace = Trace(traced)
        self.host: HostExit = HostExit()
        self.raised: u32 = u32(0)
        """The line of the last interrupt of a device."""
        self.panicking: bool = False

    # The machine's life

    def prepare_translation(self) -> u64:
        """With the MMU off: build the boot tables; returns the value of SCTLR_EL1 that switches it on."""
        image = image_layout(u64(0))
        return prepare(build(self.bare_memory, image, self.bare_memory.read64(image.manifest + WORD_MEMORY * 8)))

    def start(self) -> BootInfo:
        """With the MMU on, at the high address: the low half is dropped, every device is ready."""
        image = image_layout(DIRECT_MAP)
        drop_low_half(self.memory, image)
        self.translation.invalidate_all()
        self.uart.use_high_address()
        self.counter.start()
        self.trace.start()
        self.threads.start()
        self.timer.start()
        self.interrupts.start()
        self.interrupts.enable(TIMER_LINE)
        if self.trace.enabled and self.silent:
            self.power_button.listen()
            self.interrupts.enable(BUTTON_LINE)
        elif self.trace.enabled:
            self.uart.listen()
            self.interrupts.enable(UART_LINE)
        ram_end = self.memory.read64(image.manifest + WORD_MEMORY * 8)
        return BootInfo(RAM_START, ram_end, image.text, image.end, image.manifest)

    def stop(self, status: u64) -> None:
        """End the run: QEMU exits with `status`."""
        self.trace.end(status, self.counter.cycles())
        self.host.leave(status)

    # PhysicalMemory

    def read8(self, address: u64) -> u8:
        return self.memory.read8(address)

    def write8(self, address: u64, value: u8) -> None:
        self.memory.write8(address, value)

    def read64(self, address: u64) -> u64:
        return self.memory.read64(address)

    def write64(self, address: u64, value: u64) -> None:
        self.memory.write64(address, value)

    def zero(self, address: u64, length: u64) -> None:
        self.memory.zero(address, length)

    def copy(self, target: u64, source: u64, length: u64) -> None:
        self.memory.copy(target, source, length)

    # Translation

    def fault_address(self) -> u64:
        """FAR_EL1."""
        return self.translation.fault_address()

    def activate(self, root: u64, asid: u16) -> None:
        self.translation.activate(root, asid)

    def table_zeroed(self) -> None:
        self.translation.table_zeroed()

    def tables_written(self) -> None:
        self.translation.tables_written()

    def code_written(self, address: u64, length: u64) -> None:
        self.translation.code_written(address, length)

    def invalidate_pages(self, asid: u16, address: u64, pages: u64) -> None:
        self.translation.invalidate_pages(asid, address, pages)

    def invalidate_space(self, asid: u16) -> None:
        self.translation.invalidate_space(asid)

    # Output

    def put_log(self, byte: u8) -> None:
        self.trace.log(byte)
        if not self.silent:
            self.uart.put(byte)

    def put_console(self, task: u32, byte: u8) -> None:
        self.trace.console(task, byte)
        if not self.silent:
            self.uart.put(byte)

    def put_panic(self, byte: u8) -> None:
        """A byte of a panic report: the machine's last word, which goes out on a task's line too if nobody else hears
        it."""
        self.trace.panic(byte)
        if not (self.silent and self.trace.enabled):
            self.uart.put(byte)

    # Clock

    def frequency(self) -> u64:
        return self.timer.frequency()

    def ticks(self) -> u64:
        now = self.timer.ticks()
        self.trace.reading(now)
        return now

    def arm_limit(self, instructions: u64) -> None:
        """One instruction is one nanosecond (`-icount shift=0`), the kernel's own included."""
        self.timer.arm_limit(instructions)

    def prepare_turns(self, instructions: u64) -> u64:
        return self.timer.turn_length(instructions)

    def turn_clock(self) -> u64:
        return self.timer.ticks()

    def arm_turn(self, end: u64 | None) -> None:
        self.timer.arm_turn(end)

    def arm_alarm(self, at: u64 | None) -> None:
        self.timer.arm_alarm(at)

    def wait_for_interrupt(self) -> None:
        self.interrupts.wait()

    def interrupt_pending(self) -> bool:
        pending = self.interrupts.is_pending()
        self.trace.step(pending)
        return pending

    def acknowledge_interrupt(self) -> Interrupt:
        interrupt = self._take_interrupt()
        self.trace.interrupt(interrupt, self.raised if interrupt is Interrupt.DEVICE else u32(0))
        return interrupt

    def raised_line(self) -> u32:
        return self.raised

    def unmask_line(self, line: u32) -> None:
        self.interrupts.enable(line)

    def mask_line(self, line: u32) -> None:
        self.interrupts.disable(line)

    def _take_interrupt(self) -> Interrupt:
        word = self.interrupts.acknowledge()
        if word is None:
            return Interrupt.SPURIOUS
        interrupt = self.timer.take() if line_of(word) == TIMER_LINE else self._take_line(line_of(word))
        self.interrupts.complete(word)
        return interrupt

    def _take_line(self, line: u32) -> Interrupt:
        """The first byte that comes in on a traced run's serial line is its limit; those that follow are nothing. So is
        the first press of the button where the line is a task's."""
        if self.trace.enabled and self.silent and line == BUTTON_LINE:
            self.power_button.ignore()
            return Interrupt.LIMIT
        if self.trace.enabled and not self.silent and line == UART_LINE:
            self.uart.ignore()
            return Interrupt.LIMIT
        self.interrupts.disable(line)
        self.raised = line
        return Interrupt.DEVICE

    # Threads

    @inline
    def switch_thread(self, old: ThreadState | None, new: ThreadState) -> None:
        self.threads.switch(old, new)

    def open_floating(self, state: ThreadState) -> None:
        self.trace.open_floating()
        self.threads.open_floating(state)

    def call_from_kernel(self, frame: TrapFrame) -> None:
        self.threads.call_from_kernel(frame)

    # Tracer

    def trace_trap(self) -> None:
        """A synchronous trap has come from EL0."""
        self.trace.trap()

    def trace_call(self, task: u32, call: Call, frame: TrapFrame) -> None:
        self.trace.call(task, call, frame)

    def trace_exit(self, task: u32, call: Call) -> None:
        self.trace.exit(task, call)

    def log_fault(self, what: u64, address: u64, pc: u64) -> None:
        log_fault(self, what, address, pc)

    def trace_fault(self, task: u32, syndrome: u64, address: u64, pc: u64, link: u64) -> None:
        self.trace.fault(task, syndrome, address, pc, link)

    def trace_end(self, task: u32, code: u64) -> None:
        self.trace.task_end(task, code)

    def trace_standing(self, task: u32, standing: Standing) -> None:
        self.trace.standing(task, standing)
