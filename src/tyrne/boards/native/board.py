"""The native machine as the kernel sees it: RAM, and a journal of everything that the host must do or may want to know.

The host executes the records after the call that wrote them, before any user instruction, so a task cannot tell.
"""

from __future__ import annotations

from tyrne.boards.native import journal
from tyrne.boards.native.journal import Journal
from tyrne.boards.native.memory import HostMemory
from tyrne.hal import kernel_work
from tyrne.hal.aarch64.descriptors import Descriptors
from tyrne.hal.aarch64.fault_report import log_fault
from tyrne.hal.board import Standing
from tyrne.hal.frame import Call, ThreadState, TrapFrame
from tyrne.hal.instruction_clock import FREQUENCY, INSTRUCTIONS_PER_TICK, instructions_until
from tyrne.hal.interrupt import Deadlines, DrawnTicks, Interrupt
from tyrne.hal.pages import PAGE_SIZE
from tyrne.lang import extern, irange, u8, u16, u32, u64
from tyrne.lang.machine import address_of


@extern
def trap_from_kernel(frame: TrapFrame) -> None:
    """The kernel's handler of traps from EL1; the host binds it to the library's own export."""
    raise NotImplementedError


class Native:
    """Satisfies `tyrne.hal.board.Board`."""

    def __init__(self) -> None:
        self.memory: HostMemory = HostMemory()
        self.page_format: Descriptors = Descriptors()
        self.journal: Journal = Journal()
        self.deadlines: Deadlines = Deadlines()
        """In counts of user instructions."""
        self.drawn_ticks: DrawnTicks = DrawnTicks()
        self.raised: u32 = u32(0)
        """The line of the last interrupt of a device."""
        self.work: u64 = u64(0)
        """What the kernel has done since it was charged last (tyrne.hal.kernel_work)."""

    # PhysicalMemory

    def read8(self, address: u64) -> u8:
        return self.memory.read8(address)

    def write8(self, address: u64, value: u8) -> None:
        self.memory.write8(address, value)

    def read64(self, address: u64) -> u64:
        return self.memory.read64(address)

    def write64(self, address: u64, value: u64) -> None:
        self.work += kernel_work.WORD
        self.memory.write64(address, value)

    def zero(self, address: u64, length: u64) -> None:
        self.work += length // PAGE_SIZE * kernel_work.ZEROED_PAGE
        self.memory.zero(address, length)

    def copy(self, target: u64, source: u64, length: u64) -> None:
        self.memory.copy(target, source, length)

    # Translation

    def activate(self, root: u64, asid: u16) -> None:
        self.journal.put(journal.ACTIVATE)
        self.journal.put(root)
        self.journal.put(u64(asid))

    def table_zeroed(self) -> None:
        """As for tables_written."""

    def tables_written(self) -> None:
        """The host's walk reads RAM: a store is visible to it at once."""

    def code_written(self, address: u64, length: u64) -> None:
        self.journal.put(journal.CODE_WRITTEN)
        self.journal.put(address)
        self.journal.put(length)

    def invalidate_pages(self, asid: u16, address: u64, pages: u64) -> None:
        self.journal.put(journal.INVALIDATE_PAGES)
        self.journal.put(u64(asid))
        self.journal.put(address)
        self.journal.put(pages)

    def invalidate_space(self, asid: u16) -> None:
        self.journal.put(journal.INVALIDATE_SPACE)
        self.journal.put(u64(asid))

    # Output

    def put_log(self, byte: u8) -> None:
        self.journal.put(journal.LOG)
        self.journal.put(u64(byte))

    def put_console(self, task: u32, byte: u8) -> None:
        self.work += kernel_work.CONSOLE_BYTE
        self.journal.put(journal.CONSOLE)
        self.journal.put(u64(task))
        self.journal.put(u64(byte))

    # Clock

    def frequency(self) -> u64:
        return FREQUENCY

    def ticks(self) -> u64:
        return self.journal.instructions() // INSTRUCTIONS_PER_TICK

    def arm_limit(self, instructions: u64) -> None:
        self.work = u64(0)  # boot's
        self.deadlines.arm_limit(self.journal.instructions(), instructions)
        self._set_alarm()

    def prepare_turns(self, instructions: u64) -> u64:
        return instructions

    def turn_clock(self) -> u64:
        return self.journal.instructions()

    def arm_turn(self, end: u64 | None) -> None:
        self.deadlines.arm_turn(end)
        self._set_alarm()

    def arm_alarm(self, at: u64 | None) -> None:
        self.deadlines.arm_alarm(None if at is None else instructions_until(at))
        self._set_alarm()

    def wait_for_interrupt(self) -> None:
        """The host does."""

    def interrupt_pending(self) -> bool:
        return self.drawn_ticks.is_drawn()

    def acknowledge_interrupt(self) -> Interrupt:
        if self.drawn_ticks.take():
            return Interrupt.TICK
        interrupt = self.deadlines.take(self.journal.instructions())
        self._set_alarm()
        line = self.journal.pending_line()
        if interrupt is not Interrupt.SPURIOUS or line == 0:
            return interrupt
        self.raised = u32(line)
        self.mask_line(self.raised)
        return Interrupt.DEVICE

    def raised_line(self) -> u32:
        return self.raised

    def unmask_line(self, line: u32) -> None:
        self._let_through(line, u64(1))

    def mask_line(self, line: u32) -> None:
        self._let_through(line, u64(0))

    def _let_through(self, line: u32, whether: u64) -> None:
        self.journal.put(journal.LINE)
        self.journal.put(u64(line))
        self.journal.put(whether)

    def charge(self) -> None:
        """Count the kernel's work on a system call or fault against the limit."""
        work = self.work + kernel_work.TRAP
        self.work = u64(0)
        if self.deadlines.spend(work):
            self._set_alarm()

    def _set_alarm(self) -> None:
        at = self.deadlines.earliest()
        self.journal.put(journal.ALARM)
        self.journal.put(journal.NEVER if at is None else at)

    # Threads

    def switch_thread(self, old: ThreadState | None, new: ThreadState) -> None:
        """The FP/SIMD unit is open to every thread from its start, and its registers belong to it."""
        new.floating = True
        self.journal.put(journal.SWITCH_THREAD)
        if old is None:
            self.journal.put(u64(0))
        else:
            # audit: U-52
            self.journal.put(address_of(old))
        # audit: U-52
        self.journal.put(address_of(new))

    def open_floating(self, state: ThreadState) -> None:
        assert state.floating, "the FP/SIMD unit of this machine is never closed"

    def call_from_kernel(self, frame: TrapFrame) -> None:
        trap_from_kernel(frame)

    # Tracer

    def trace_call(self, task: u32, call: Call, frame: TrapFrame) -> None:
        self._put_call(journal.CALL, task, call)
        for i in irange(8):
            self.journal.put(frame.x[i])

    def trace_exit(self, task: u32, call: Call) -> None:
        self._put_call(journal.EXIT, task, call)

    def log_fault(self, what: u64, address: u64, pc: u64) -> None:
        log_fault(self, what, address, pc)

    def trace_fault(self, task: u32, syndrome: u64, address: u64, pc: u64, link: u64) -> None:
        self.journal.put(journal.FAULT)
        self.journal.put(u64(task))
        self.journal.put(syndrome)
        self.journal.put(address)
        self.journal.put(pc)
        self.journal.put(link)

    def trace_end(self, task: u32, code: u64) -> None:
        self.journal.put(journal.END)
        self.journal.put(u64(task))
        self.journal.put(code)

    def trace_standing(self, task: u32, standing: Standing) -> None:
        self.journal.put(journal.STANDING)
        self.journal.put(u64(task))
        self.journal.put(standing.state)
        self.journal.put(standing.pc)
        self.journal.put(standing.kind)
        self.journal.put(standing.index)
        self.journal.put(standing.generation)

    def _put_call(self, kind: u64, task: u32, call: Call) -> None:
        self.journal.put(kind)
        self.journal.put(u64(task))
        self.journal.put(call.number)
        self.journal.put(call.a0)
        self.journal.put(call.a1)
        self.journal.put(call.a2)
        self.journal.put(call.a3)
        self.journal.put(call.a4)
        self.journal.put(call.a5)
