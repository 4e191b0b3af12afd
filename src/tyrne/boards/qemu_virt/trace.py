"""The records of a traced run: text, one record a line, to the host and apart from the serial line.

    L hex            bytes of the kernel's own lines
    C task hex       bytes that a task wrote to its console
    S task n x0…x5 r0…r7   a system call returned
    X task n x0…x5   a task ended itself
    F task esr far pc x30  a task was ended by a fault
    D task code      a task was ended by another
    W task state pc kind index generation  a task has not ended, at the end of the run: its `Standing`
    I traps count kind     an interrupt came: after so many synchronous traps from EL0, and so many instructions
                     that EL0 has retired since the last of them; the kind is a number of hal.interrupt.Interrupt; of
                     a device, whose line stands in the bits from 8 on
    I traps count kind steps   the same, between two steps of the kernel's long work: so many since that trap
    T count          the kernel has read the counter, not to measure a turn by it
    P hex            bytes of a panic report
    E status count   the end, and the instructions until then

Numbers are hexadecimal without prefix; `hex` is two digits a byte. Bytes of one kind may span several records.
"""

from __future__ import annotations

from typing import Final

from tyrne.boards.qemu_virt.counter import UserCounter
from tyrne.boards.qemu_virt.semihosting import HostStream
from tyrne.hal.board import Standing
from tyrne.hal.frame import Call, TrapFrame
from tyrne.hal.interrupt import Interrupt
from tyrne.lang import apart, hot, irange, u8, u32, u64

NEWLINE: Final = u8(0x0A)
SPACE: Final = u8(0x20)
CALL: Final = u8(0x53)
CONSOLE: Final = u8(0x43)
ENDED: Final = u8(0x44)
END: Final = u8(0x45)
EXIT: Final = u8(0x58)
FAULT: Final = u8(0x46)
INTERRUPT: Final = u8(0x49)
LINE_SHIFT: Final = u64(8)
LOG: Final = u8(0x4C)
NONE: Final = u8(0)
PANIC: Final = u8(0x50)
READING: Final = u8(0x54)
STANDING: Final = u8(0x57)


class Trace:
    """Writes the records. A record of bytes stays open, to be continued, until another one begins or a line ends.

    What writes is @apart, or each way of the kernel would have a copy, and @hot, since each tick is a record.
    """

    def __init__(self, enabled: bool) -> None:
        self.enabled: Final[bool] = enabled
        self.stream: HostStream = HostStream()
        self.kind: u8 = NONE
        """Of the open record."""
        self.task: u32 = u32(0)
        self.counter: UserCounter = UserCounter()
        self.traps: u64 = u64(0)
        """Synchronous traps from EL0."""
        self.retired: u64 = u64(0)
        """What EL0 had retired at the last of them."""
        self.retired_before: u64 = u64(0)
        """And at the one before."""
        self.steps: u64 = u64(0)
        """Of long work since the last of them."""
        self.steps_before: u64 = u64(0)
        """Between the last of them and the one before."""
        self.inside: bool = False
        """Whether the next interrupt is taken after a step."""

    def start(self) -> None:
        if self.enabled:
            self.counter.start()

    def log(self, byte: u8) -> None:
        if self.enabled:
            self._bytes(LOG, u32(0), byte)

    def console(self, task: u32, byte: u8) -> None:
        if self.enabled:
            self._bytes(CONSOLE, task, byte)

    def panic(self, byte: u8) -> None:
        if self.enabled:
            self._bytes(PANIC, u32(0), byte)

    def call(self, task: u32, call: Call, frame: TrapFrame) -> None:
        if self.enabled:
            self._call(CALL, task, call)
            for i in irange(8):
                self._number(frame.x[i])
            self._close()

    def exit(self, task: u32, call: Call) -> None:
        if self.enabled:
            self._call(EXIT, task, call)
            self._close()

    def fault(self, task: u32, syndrome: u64, address: u64, pc: u64, link: u64) -> None:
        if self.enabled:
            self._begin(FAULT)
            self._number(u64(task))
            self._number(syndrome)
            self._number(address)
            self._number(pc)
            self._number(link)
            self._close()

    def task_end(self, task: u32, code: u64) -> None:
        if self.enabled:
            self._begin(ENDED)
            self._number(u64(task))
            self._number(code)
            self._close()

    def standing(self, task: u32, standing: Standing) -> None:
        if self.enabled:
            self._begin(STANDING)
            self._number(u64(task))
            self._number(standing.state)
            self._number(standing.pc)
            self._number(standing.kind)
            self._number(standing.index)
            self._number(standing.generation)
            self._close()

    def trap(self) -> None:
        """A synchronous trap has come from EL0."""
        if self.enabled:
            self.traps += 1
            self.retired_before = self.retired
            self.retired = self.counter.retired()
            self.steps_before = self.steps
            self.steps = u64(0)

    def step(self, pending: bool) -> None:
        """The kernel has taken a step of long work; whether it takes an interrupt next."""
        if self.enabled:
            self.steps += 1
            self.inside = pending

    def open_floating(self) -> None:
        """The last trap was a thread's first use of FP/SIMD. A machine whose unit is never closed does not know it:
        nothing has happened, and the instruction, which the counter counts twice, is yet to come."""
        if self.enabled:
            self.traps -= 1
            self.retired = self.retired_before + 1
            self.steps = self.steps_before

    def interrupt(self, interrupt: Interrupt, line: u32) -> None:
        """`line` is that of a device, else 0."""
        if self.enabled:
            self._begin(INTERRUPT)
            self._number(self.traps)
            self._number(self.counter.retired() - self.retired)
            self._number(u64(interrupt.value) | u64(line) << LINE_SHIFT)
            if self.inside:
                self._number(self.steps)
                self.inside = False
            self._close()

    def reading(self, count: u64) -> None:
        if self.enabled:
            self._begin(READING)
            self._number(count)
            self._close()

    def end(self, status: u64, instructions: u64) -> None:
        if self.enabled:
            self._begin(END)
            self._number(status)
            self._number(instructions)
            self._close()
            self.stream.flush()

    @hot
    @apart
    def _call(self, kind: u8, task: u32, call: Call) -> None:
        self._begin(kind)
        self._number(u64(task))
        self._number(call.number)
        self._number(call.a0)
        self._number(call.a1)
        self._number(call.a2)
        self._number(call.a3)
        self._number(call.a4)
        self._number(call.a5)

    @hot
    @apart
    def _bytes(self, kind: u8, task: u32, byte: u8) -> None:
        """One more byte of a record of bytes."""
        if self.kind != kind or self.task != task:
            self._begin(kind)
            self.kind = kind
            self.task = task
            if kind == CONSOLE:
                self._number(u64(task))
            self.stream.put(SPACE)
        self._digit(u64(byte >> 4))
        self._digit(u64(byte & 15))
        if byte == NEWLINE:
            self._close()
            self.stream.flush()

    def _begin(self, kind: u8) -> None:
        if self.kind != NONE:
            self._close()
        self.stream.put(kind)

    def _close(self) -> None:
        """End the record, open or just written."""
        self.kind = NONE
        self.stream.put(NEWLINE)

    @hot
    @apart
    def _number(self, value: u64) -> None:
        """A space, and the digits without leading zeros. Most numbers are small, and a tick is to take fewer
        instructions than the shortest turn (system/limits.py)."""
        self.stream.put(SPACE)
        shift = u64(12) if value >> 16 == 0 else u64(60)
        while shift > 0 and value >> shift == 0:
            shift -= 4
        while shift > 0:
            self._digit((value >> shift) & 15)
            shift -= 4
        self._digit(value & 15)

    def _digit(self, digit: u64) -> None:
        self.stream.put(u8(digit + 0x30) if digit < 10 else u8(digit + 0x57))
