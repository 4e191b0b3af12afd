"""A board for the kernel in CPython that keeps the journal which the native board keeps, as tuples."""

from __future__ import annotations

from collections.abc import Callable

from tyrne.boards.native import journal
from tyrne.hal.aarch64.descriptors import Descriptors
from tyrne.hal.aarch64.fault_report import log_fault
from tyrne.hal.board import Standing
from tyrne.hal.frame import Call, ThreadState, TrapFrame
from tyrne.hal.instruction_clock import FREQUENCY, INSTRUCTIONS_PER_TICK, instructions_until
from tyrne.hal.interrupt import Deadlines, DrawnTicks, Interrupt
from tyrne.hosted.counted_ram import CountedRam
from tyrne.lang import u8, u16, u32, u64

Record = tuple[int, ...]


class JournalBoard(CountedRam):
    """Does what boards/native does, without the host's memory. Threads appear as the numbers of their tasks."""

    def __init__(self, size: int) -> None:
        super().__init__(size=size)
        self.page_format = Descriptors()
        self.records: list[Record] = []
        self.instructions = 0
        self.pending_line = 0
        """The first line that is raised and let through; 0 for none."""
        self.raised = u32(0)
        self.unmasked: set[int] = set()
        """The lines that the kernel lets interrupt."""
        self.deadlines = Deadlines()
        self.drawn_ticks = DrawnTicks()
        self.kernel_entry: Callable[[TrapFrame], None] | None = None
        self.number_of: Callable[[ThreadState], int] = lambda _: 0

    def reset(self) -> None:
        """As at the start, but for what it is connected to."""
        self.clear()
        self.work = 0
        self.records = []
        self.instructions = 0
        self.pending_line = 0
        self.raised = u32(0)
        self.unmasked.clear()
        self.deadlines = Deadlines()
        self.drawn_ticks = DrawnTicks()

    def take_records(self) -> list[Record]:
        records, self.records = self.records, []
        return records

    def activate(self, root: u64, asid: u16) -> None:
        self.records.append((journal.ACTIVATE, root, asid))

    def table_zeroed(self) -> None: ...

    def tables_written(self) -> None: ...

    def code_written(self, address: u64, length: u64) -> None:
        self.records.append((journal.CODE_WRITTEN, address, length))

    def invalidate_pages(self, asid: u16, address: u64, pages: u64) -> None:
        self.records.append((journal.INVALIDATE_PAGES, asid, address, pages))

    def invalidate_space(self, asid: u16) -> None:
        self.records.append((journal.INVALIDATE_SPACE, asid))

    def put_log(self, byte: u8) -> None:
        self.records.append((journal.LOG, byte))

    def put_console(self, task: u32, byte: u8) -> None:
        self.console_written()
        self.records.append((journal.CONSOLE, task, byte))

    def frequency(self) -> u64:
        return FREQUENCY

    def ticks(self) -> u64:
        return u64(self.instructions) // INSTRUCTIONS_PER_TICK

    def arm_limit(self, instructions: u64) -> None:
        self.work = 0  # boot's
        self.deadlines.arm_limit(u64(self.instructions), instructions)
        self._set_alarm()

    def prepare_turns(self, instructions: u64) -> u64:
        return instructions

    def turn_clock(self) -> u64:
        return u64(self.instructions)

    def arm_turn(self, end: u64 | None) -> None:
        self.deadlines.arm_turn(end)
        self._set_alarm()

    def arm_alarm(self, at: u64 | None) -> None:
        self.deadlines.arm_alarm(None if at is None else instructions_until(at))
        self._set_alarm()

    def wait_for_interrupt(self) -> None:
        """The game does."""

    def interrupt_pending(self) -> bool:
        return self.drawn_ticks.is_drawn()

    def acknowledge_interrupt(self) -> Interrupt:
        if self.drawn_ticks.take():
            return Interrupt.TICK
        interrupt = self.deadlines.take(u64(self.instructions))
        self._set_alarm()
        if interrupt is not Interrupt.SPURIOUS or self.pending_line == 0:
            return interrupt
        self.raised = u32(self.pending_line)
        self.mask_line(self.raised)
        return Interrupt.DEVICE

    def raised_line(self) -> u32:
        return self.raised

    def unmask_line(self, line: u32) -> None:
        self.unmasked.add(int(line))
        self.records.append((journal.LINE, line, 1))

    def mask_line(self, line: u32) -> None:
        self.unmasked.discard(int(line))
        self.records.append((journal.LINE, line, 0))

    def charge(self) -> None:
        if self.deadlines.spend(self.take_work()):
            self._set_alarm()

    def _set_alarm(self) -> None:
        at = self.deadlines.earliest()
        self.records.append((journal.ALARM, journal.NEVER if at is None else at))

    def switch_thread(self, old: ThreadState | None, new: ThreadState) -> None:
        new.floating = True
        before = 0 if old is None else self.number_of(old)
        self.records.append((journal.SWITCH_THREAD, before, self.number_of(new)))

    def open_floating(self, state: ThreadState) -> None:
        assert state.floating, "the FP/SIMD unit of this machine is never closed"

    def call_from_kernel(self, frame: TrapFrame) -> None:
        assert self.kernel_entry is not None
        self.kernel_entry(frame)

    def trace_call(self, task: u32, call: Call, frame: TrapFrame) -> None:
        x = frame.x
        self.records.append((journal.CALL, task, *_words(call), x[0], x[1], x[2], x[3], x[4], x[5], x[6], x[7]))

    def trace_exit(self, task: u32, call: Call) -> None:
        self.records.append((journal.EXIT, task, *_words(call)))

    def log_fault(self, what: u64, address: u64, pc: u64) -> None:
        log_fault(self, what, address, pc)

    def trace_fault(self, task: u32, syndrome: u64, address: u64, pc: u64, link: u64) -> None:
        self.records.append((journal.FAULT, task, syndrome, address, pc, link))

    def trace_end(self, task: u32, code: u64) -> None:
        self.records.append((journal.END, task, code))

    def trace_standing(self, task: u32, standing: Standing) -> None:
        at = standing
        self.records.append((journal.STANDING, task, at.state, at.pc, at.kind, at.index, at.generation))


def _words(call: Call) -> tuple[u64, u64, u64, u64, u64, u64, u64]:
    return call.number, call.a0, call.a1, call.a2, call.a3, call.a4, call.a5
