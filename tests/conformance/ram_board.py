"""A board that is only RAM: the kernel runs on it in CPython, and the test plays the tasks."""

from __future__ import annotations

from tyrne.hal.frame import Call, ThreadState, TrapFrame
from tyrne.hosted.ram import Ram
from tyrne.kernel.kernel import Kernel
from tyrne.lang import u8, u16, u32, u64


class RamBoard(Ram):
    """RAM, a console that is a byte string, no translation caches, no time."""

    def __init__(self) -> None:
        super().__init__(size=8 << 20)
        self.console = bytearray()
        self.kernel: Kernel[RamBoard] | None = None

    def activate(self, root: u64, asid: u16) -> None: ...

    def tables_written(self) -> None: ...

    def code_written(self) -> None: ...

    def invalidate_page(self, asid: u16, address: u64) -> None: ...

    def invalidate_space(self, asid: u16) -> None: ...

    def put_log(self, byte: u8) -> None: ...

    def put_console(self, task: u32, byte: u8) -> None:
        self.console.append(byte)

    def frequency(self) -> u64:
        return u64(62_500_000)

    def ticks(self) -> u64:
        return u64(0)

    def arm_limit(self, instructions: u64) -> None: ...

    def acknowledge_interrupt(self) -> bool:
        return False

    def switch_thread(self, old: ThreadState | None, new: ThreadState) -> None: ...

    def open_floating(self, state: ThreadState) -> None: ...

    def call_from_kernel(self, frame: TrapFrame) -> None:
        assert self.kernel is not None
        self.kernel.trap_from_kernel(frame)

    def trace_call(self, task: u32, call: Call, frame: TrapFrame) -> None: ...

    def trace_exit(self, task: u32, call: Call) -> None: ...

    def trace_fault(self, task: u32, syndrome: u64, address: u64, pc: u64) -> None: ...
