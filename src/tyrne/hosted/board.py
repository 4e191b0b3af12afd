"""The hosted machine as the kernel sees it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from tyrne.hal.aarch64.descriptors import Descriptors
from tyrne.hal.aarch64.fault_report import log_fault
from tyrne.hal.board import Standing
from tyrne.hal.frame import Call, ThreadState, TrapFrame
from tyrne.hal.instruction_clock import FREQUENCY, INSTRUCTIONS_PER_TICK, instructions_until
from tyrne.hal.interrupt import Deadlines, DrawnTicks, Interrupt
from tyrne.hosted.bus import Bus, Reach
from tyrne.hosted.counted_ram import CountedRam
from tyrne.hosted.cpu import Cpu
from tyrne.hosted.lines import Lines
from tyrne.hosted.ram import RAM_SIZE
from tyrne.hosted.recorder import Recorder
from tyrne.hosted.registers import AdoptedState, RegisterArray
from tyrne.lang import Trap, u8, u16, u32, u64

NEVER: Final = 1 << 64
"""More instructions than any run begins."""


class HostedBoard(CountedRam):
    """Satisfies `tyrne.hal.board.Board`.

    RAM, the CPU's translation, output into a recorder, and a clock that user instructions move.
    The CPU does not tell the spaces of its cached translations apart: invalidating one forgets them all.
    """

    def __init__(self, recorder: Recorder, ram_size: int = RAM_SIZE) -> None:
        super().__init__(size=ram_size)
        self.recorder: Final = recorder
        self.page_format: Final = Descriptors()
        self.cpu: Final = Cpu(self)
        self.alarm_at = NEVER
        """The time, in instructions, at which the kernel wants to be interrupted."""
        self.rested = 0
        """How long nobody was ready: time goes on without instructions."""
        self.lines: Final = Lines(self._set_alarm)
        self.acknowledged = Interrupt.SPURIOUS
        """The last interrupt that the kernel took."""
        self._raised = 0
        """The line of the last one of a device."""
        self._deadlines: Final = Deadlines()
        self.drawn_ticks: Final = DrawnTicks()
        self.kernel_entry: Callable[[TrapFrame], None] | None = None
        """Where a trap from EL1 goes."""
        self._extended: Final[dict[int, tuple[ThreadState, AdoptedState]]] = {}

    def make_bus(self, reach: Sequence[tuple[int, int]] = ()) -> Bus:
        """A bus for devices; made once. `reach`: the RAM that they reach, each from an address up to another."""
        bus = self.cpu.bus = Bus(self.lines, lambda: self.time, Reach(self, reach), self.recorder)
        return bus

    # Translation

    def activate(self, root: u64, asid: u16) -> None:
        self.cpu.set_translation(int(root), int(asid))

    def table_zeroed(self) -> None:
        """As for tables_written."""

    def tables_written(self) -> None:
        """The walk reads RAM: a store is visible to it at once."""

    def code_written(self, address: u64, length: u64) -> None:
        self.cpu.flush_code()

    def invalidate_pages(self, asid: u16, address: u64, pages: u64) -> None:
        self.cpu.flush_translations()

    def invalidate_space(self, asid: u16) -> None:
        self.cpu.flush_translations()

    # Output

    def put_log(self, byte: u8) -> None:
        self.recorder.log(byte)

    def put_console(self, task: u32, byte: u8) -> None:
        self.console_written()
        self.recorder.console(int(task), byte)

    # Clock

    def frequency(self) -> u64:
        return FREQUENCY

    @property
    def time(self) -> int:
        """In instructions: those of tasks, and what nobody was ready in."""
        return self.cpu.instructions + self.rested

    def ticks(self) -> u64:
        return u64(self.time) // INSTRUCTIONS_PER_TICK

    def arm_limit(self, instructions: u64) -> None:
        self.work = 0  # boot's
        self._deadlines.arm_limit(u64(self.time), instructions)
        self._set_alarm()

    def stop(self) -> int:
        """The run may take no more instructions from now on; how many were left of its limit."""
        limit_at, now = self._deadlines.limit_at, self.time
        self.arm_limit(u64(0))
        return 0 if limit_at is None else max(0, int(limit_at) - now)

    def prepare_turns(self, instructions: u64) -> u64:
        return instructions

    def turn_clock(self) -> u64:
        return u64(self.time)

    def arm_turn(self, end: u64 | None) -> None:
        self._deadlines.arm_turn(end)
        self._set_alarm()

    def arm_alarm(self, at: u64 | None) -> None:
        self._deadlines.arm_alarm(None if at is None else instructions_until(at))
        self._set_alarm()

    def wait_for_interrupt(self) -> None:
        """The next one comes at once, if one comes."""
        if self.cpu.bus is not None:
            self.cpu.bus.rest(self.alarm_at, self.timed, self._pass_time)
        else:
            self._pass_time(max(0, self.alarm_at - self.time))

    @property
    def timed(self) -> bool:
        """Whether the kernel waits for a time."""
        return self._deadlines.alarm_at is not None

    def works(self) -> bool:
        """Whether an interrupt will come, to a task or to who waits for it."""
        lines = self.lines.pending is not None
        return self.timed or (lines if self.cpu.bus is None else self.cpu.bus.works())

    def _pass_time(self, nanoseconds: int) -> None:
        """While nobody is ready: one instruction each."""
        self.rested += nanoseconds

    def interrupt_pending(self) -> bool:
        return self.drawn_ticks.is_drawn()

    def acknowledge_interrupt(self) -> Interrupt:
        if self.drawn_ticks.take():
            self.acknowledged = Interrupt.TICK
        else:
            self.acknowledged = self._deadlines.take(u64(self.time))
            pending = self.lines.pending
            if self.acknowledged is Interrupt.SPURIOUS and pending is not None:
                self.acknowledged = Interrupt.DEVICE
                self._raised = pending
                self.lines.mask(pending)
            self._set_alarm()
        return self.acknowledged

    def raised_line(self) -> u32:
        return u32(self._raised)

    def unmask_line(self, line: u32) -> None:
        self.lines.unmask(int(line))

    def mask_line(self, line: u32) -> None:
        self.lines.mask(int(line))

    def charge(self) -> None:
        """Count the kernel's work on a system call or fault against the limit."""
        if self._deadlines.spend(self.take_work()):
            self._set_alarm()

    def _set_alarm(self) -> None:
        at = self._deadlines.earliest()
        self.alarm_at = 0 if self.lines.pending is not None else NEVER if at is None else int(at)

    # Threads

    def switch_thread(self, old: ThreadState | None, new: ThreadState) -> None:
        """The FP/SIMD unit is open to every thread from its start, and its registers belong to it."""
        if old is not None:
            registers = self.adopt(old)
            self.cpu.store_extended(registers)
            registers.to_state()
        new.floating = True
        registers = self.adopt(new)
        registers.from_state()
        self.cpu.load_extended(registers)

    def open_floating(self, state: ThreadState) -> None:
        assert state.floating, "the FP/SIMD unit of this machine is never closed"

    def call_from_kernel(self, frame: TrapFrame) -> None:
        """The kernel runs outside the CPU: its trap is a call of its handler."""
        if self.kernel_entry is None:
            raise Trap("trap into a kernel that is not there")
        self.kernel_entry(frame)

    def adopt(self, state: ThreadState) -> AdoptedState:
        """The registers of a thread as the CPU takes them."""
        known = self._extended.get(id(state))
        if known is None:
            known = self._extended[id(state)] = (state, AdoptedState(state))
        return known[1]

    # Tracer

    def trace_call(self, task: u32, call: Call, frame: TrapFrame) -> None:
        recorder, x = self.recorder, frame.x
        if recorder.asks_for(x[0]):
            results = x.words(8) if isinstance(x, RegisterArray) else [int(x[i]) for i in range(8)]
            recorder.call(int(task), int(call.number), _arguments(call), results, int(frame.pc))
        else:
            recorder.pass_over(int(task))

    def trace_exit(self, task: u32, call: Call) -> None:
        self.recorder.exit(int(task), int(call.number), _arguments(call))

    def log_fault(self, what: u64, address: u64, pc: u64) -> None:
        log_fault(self, what, address, pc)

    def trace_fault(self, task: u32, syndrome: u64, address: u64, pc: u64, link: u64) -> None:
        self.recorder.fault(int(task), int(syndrome), int(address), int(pc), int(link))

    def trace_end(self, task: u32, code: u64) -> None:
        self.recorder.task_end(int(task), int(code))

    def trace_standing(self, task: u32, standing: Standing) -> None:
        at = standing
        self.recorder.standing(int(task), int(at.state), int(at.pc), int(at.kind), int(at.index), int(at.generation))


def _arguments(call: Call) -> tuple[int, ...]:
    return int(call.a0), int(call.a1), int(call.a2), int(call.a3), int(call.a4), int(call.a5)
