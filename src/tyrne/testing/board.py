"""A board in memory: RAM as bytes, and a record of all that leaves the kernel."""

from __future__ import annotations

import struct
from typing import Any, Final

from tyrne.hal.aarch64.descriptors import Descriptors
from tyrne.hal.aarch64.fault_report import log_fault
from tyrne.hal.board import Standing
from tyrne.hal.frame import Call, ThreadState, TrapFrame
from tyrne.hal.interrupt import Interrupt
from tyrne.hal.pages import PAGE_SIZE
from tyrne.kernel.kernel import Kernel
from tyrne.lang import u8, u16, u32, u64

PAGE = int(PAGE_SIZE)
RAM = 0x4000_0000
POISON = 0xA5
"""What RAM holds before anything is written to it."""


class MemoryBoard:
    """Satisfies `tyrne.hal.board.Board`: `pages` pages of RAM from physical address `RAM` on, and a record of every
    call that leaves the kernel. An access outside RAM, or one that is not aligned, is an AssertionError."""

    def __init__(self, pages: int = 64) -> None:
        self.page_format: Final = Descriptors()
        self.ram = bytearray([POISON]) * (pages * PAGE)
        self.end = RAM + len(self.ram)
        """One past the last address."""
        self.log = bytearray()
        """The kernel's own lines."""
        self.console: list[tuple[int, int]] = []
        """The number of the task that wrote it, and each byte."""
        self.events: list[tuple[Any, ...]] = []
        """What the CPU was told of translation and threads: the method's name and its arguments."""
        self.traces: list[tuple[Any, ...]] = []
        """What a tracer was told: `call` (task, call, x0 to x7 as they go back), `exit`, `fault`, `end`, `waiting`."""
        self.kernel: Kernel[MemoryBoard] | None = None
        """Where a trap from EL1 goes."""
        self.interrupt = Interrupt.LIMIT
        """What the next interrupts are."""
        self.raised = 0
        """The line of the device that interrupts, where that is what comes next."""
        self.unmasked: set[int] = set()
        """The lines that the kernel lets interrupt."""
        self.steps = 0
        """How often the kernel has asked whether an interrupt is pending: once after each step of long work."""
        self.tick_after = 0
        """After how many of these steps a tick is pending; 0 for never."""
        self.armed = 0
        """The limit, in instructions, that the kernel asked for last."""
        self.slice = 0
        """The instructions of a turn, if the kernel has asked for turns."""
        self.clock = 5
        """The turn clock, in instructions; it stands still."""
        self.time = 5
        """What the counter is; it stands still."""
        self.alarm_at: int | None = None
        """When the kernel wants to be interrupted."""
        self.turn_end: int | None = None
        """When the running turn is to be interrupted."""

    def _at(self, address: int, length: int) -> int:
        offset = int(address) - RAM
        assert offset >= 0 and offset + length <= len(self.ram), f"outside RAM: {int(address):#x}"
        return offset

    def read8(self, address: u64) -> u8:
        return u8(self.ram[self._at(address, 1)])

    def write8(self, address: u64, value: u8) -> None:
        self.ram[self._at(address, 1)] = value

    def read64(self, address: u64) -> u64:
        assert address % 8 == 0
        return u64(struct.unpack_from("<Q", self.ram, self._at(address, 8))[0])

    def write64(self, address: u64, value: u64) -> None:
        assert address % 8 == 0
        struct.pack_into("<Q", self.ram, self._at(address, 8), value)

    def zero(self, address: u64, length: u64) -> None:
        self.put(address, bytes(int(length)))

    def copy(self, target: u64, source: u64, length: u64) -> None:
        assert target + length <= source or source + length <= target
        self.put(target, self.get(source, length))

    def get(self, address: int, length: int) -> bytes:
        """A copy of some bytes of RAM."""
        offset = self._at(address, length)
        return bytes(self.ram[offset : offset + length])

    def put(self, address: int, data: bytes) -> None:
        """Overwrite some bytes of RAM."""
        offset = self._at(address, len(data))
        self.ram[offset : offset + len(data)] = data

    def activate(self, root: u64, asid: u16) -> None:
        self.events.append(("activate", int(root), int(asid)))

    def table_zeroed(self) -> None:
        self.events.append(("table_zeroed",))

    def tables_written(self) -> None:
        self.events.append(("tables_written",))

    def code_written(self, address: u64, length: u64) -> None:
        self.events.append(("code_written", int(address), int(length)))

    def invalidate_pages(self, asid: u16, address: u64, pages: u64) -> None:
        self.events.append(("invalidate_pages", int(asid), int(address), int(pages)))

    def invalidate_space(self, asid: u16) -> None:
        self.events.append(("invalidate_space", int(asid)))

    def put_log(self, byte: u8) -> None:
        self.log.append(byte)

    def put_console(self, task: u32, byte: u8) -> None:
        self.console.append((int(task), int(byte)))

    def frequency(self) -> u64:
        return u64(62_500_000)

    def ticks(self) -> u64:
        return u64(self.time)

    def arm_alarm(self, at: u64 | None) -> None:
        self.alarm_at = None if at is None else int(at)

    def wait_for_interrupt(self) -> None:
        """The test is the next interrupt."""

    def arm_limit(self, instructions: u64) -> None:
        assert instructions > 0
        self.armed = int(instructions)

    def prepare_turns(self, instructions: u64) -> u64:
        assert instructions > 0
        self.slice = int(instructions)
        return instructions

    def turn_clock(self) -> u64:
        return u64(self.clock)

    def arm_turn(self, end: u64 | None) -> None:
        self.turn_end = None if end is None else int(end)

    def interrupt_pending(self) -> bool:
        self.steps += 1
        if self.steps != self.tick_after:
            return False
        self.interrupt = Interrupt.TICK
        return True

    def acknowledge_interrupt(self) -> Interrupt:
        if self.interrupt is Interrupt.DEVICE:
            self.unmasked.discard(self.raised)
        return self.interrupt

    def raise_line(self, line: int) -> None:
        """Let the next interrupt be that of a device, which the kernel lets interrupt."""
        assert line in self.unmasked, f"line {line} is masked"
        self.interrupt = Interrupt.DEVICE
        self.raised = line

    def raised_line(self) -> u32:
        return u32(self.raised)

    def unmask_line(self, line: u32) -> None:
        self.unmasked.add(int(line))

    def mask_line(self, line: u32) -> None:
        self.unmasked.discard(int(line))

    def switch_thread(self, old: ThreadState | None, new: ThreadState) -> None:
        self.events.append(("switch_thread", old, new))

    def open_floating(self, state: ThreadState) -> None:
        state.floating = True
        self.events.append(("open_floating", state))

    def call_from_kernel(self, frame: TrapFrame) -> None:
        assert self.kernel is not None
        self.kernel.trap_from_kernel(frame)

    def trace_call(self, task: u32, call: Call, frame: TrapFrame) -> None:
        self.traces.append(("call", int(task), call, tuple(int(frame.x[i]) for i in range(8))))

    def trace_exit(self, task: u32, call: Call) -> None:
        self.traces.append(("exit", int(task), call))

    def log_fault(self, what: u64, address: u64, pc: u64) -> None:
        log_fault(self, what, address, pc)

    def trace_fault(self, task: u32, syndrome: u64, address: u64, pc: u64, link: u64) -> None:
        self.traces.append(("fault", int(task), int(syndrome), int(address), int(pc), int(link)))

    def trace_end(self, task: u32, code: u64) -> None:
        self.traces.append(("end", int(task), int(code)))

    def trace_standing(self, task: u32, standing: Standing) -> None:
        self.traces.append(("standing", int(task), standing))

    def written(self) -> bytes:
        """What tasks wrote to the console."""
        return bytes(byte for _, byte in self.console)

    def lines(self) -> list[str]:
        """The kernel's own lines."""
        return self.log.decode().splitlines()
