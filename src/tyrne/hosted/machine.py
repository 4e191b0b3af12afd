"""The hosted machine: the kernel in CPython between the traps of a real CPU's code."""

from __future__ import annotations

from bdb import BdbQuit
from collections.abc import Sequence
from typing import Final

from tyrne.boot.start import start_system
from tyrne.hal.aarch64.syndrome import cause_of, fault_address
from tyrne.hal.exit_status import PANIC
from tyrne.hal.frame import TrapFrame, Vector
from tyrne.hosted import shown
from tyrne.hosted.board import HostedBoard
from tyrne.hosted.bus import Bus
from tyrne.hosted.cpu import INTERRUPTED, NO_LIMIT, Cpu, Stop
from tyrne.hosted.loading import load, ram_size
from tyrne.hosted.panic import describe
from tyrne.hosted.ram import Ram
from tyrne.hosted.recorder import Recorder
from tyrne.hosted.registers import AdoptedFrame
from tyrne.kernel.end_of_run import log_end
from tyrne.kernel.kernel import Kernel
from tyrne.kernel.task import Task
from tyrne.lang import Trap, u64

shown.install()


class HostedMachine:
    """One run of one system: a board, a kernel, and the loop between them."""

    def __init__(
        self, manifest: bytes, recorder: Recorder, debug_console: bool = True, board: HostedBoard | None = None
    ) -> None:
        self.recorder: Final = recorder
        self.board: Final = HostedBoard(recorder, ram_size(manifest)) if board is None else board
        self.kernel: Final = Kernel(self.board, debug_console)
        self.board.kernel_entry = self.kernel.trap_from_kernel
        self._frames: Final[dict[int, tuple[TrapFrame, AdoptedFrame]]] = {}
        self._info: Final = load(self.board, self.board.cpu, manifest)

    @property
    def cpu(self) -> Cpu:
        return self.board.cpu

    @property
    def ram(self) -> Ram:
        return self.board

    def make_bus(self, reach: Sequence[tuple[int, int]] = ()) -> Bus:
        """A bus for devices; made once, before the machine boots."""
        return self.board.make_bus(reach)

    def draw_ticks(self, seed: int) -> None:
        """Let ticks come between the steps of the kernel's long work, as a seed draws them, a number below 2^63."""
        self.board.drawn_ticks.sow(u64(seed))

    def run(self) -> None:
        """Boot, and run until nothing is left to run; a failed check of the kernel is its panic."""
        try:
            task = self.boot()
            while self.goes_on(task):
                task = self.step(task)
            status = self.end()
        except BdbQuit:
            raise  # somebody has left the debugger, and with it the run
        except (Trap, Exception) as cause:
            self.recorder.panic(describe(cause).encode())
            status = int(PANIC)
        self.recorder.end(status, self.board.cpu.instructions)

    def goes_on(self, task: Task | None) -> bool:
        """Whether there is another transition when this task is to run next, or nobody."""
        return task is not None or (self.kernel.waits() and self.works())

    def works(self) -> bool:
        """Whether an interrupt will come while nobody is ready."""
        return self.board.works()

    def end(self) -> int:
        """The run is over: how it has ended. The kernel has said so, unless it waits for a device that does nothing."""
        if self.kernel.waits():
            log_end(self.kernel)
        return int(self.kernel.exit_status())

    def boot(self) -> Task | None:
        """Start the kernel; the task that runs first."""
        return start_system(self.kernel, self._info)

    def step(self, task: Task | None) -> Task | None:
        """One transition: the task runs until it traps, or without one time goes on until an interrupt; then the kernel
        answers. Who runs next; None when that is nobody."""
        stop = self.rest() if task is None else self.execute(task, self.until_interrupt())
        wish = self.board.cpu.stop_request
        if wish.made and wish.left is None:
            wish.left = self.board.stop()
        return self.answer(stop)

    def answer(self, stop: Stop) -> Task | None:
        """The kernel's part of a transition."""
        what = u64(stop.syndrome)
        task = self.kernel.trap(cause_of(stop.vector, what), what, fault_address(what, u64(stop.address)))
        if stop.vector is Vector.SYNCHRONOUS:
            self.board.charge()
        return task

    def until_interrupt(self) -> int:
        """How many instructions may begin before the next interrupt comes; not below zero."""
        return max(0, self.board.alarm_at - self.board.time)

    def rest(self) -> Stop:
        """Nobody is ready: time goes on until an interrupt comes."""
        self.board.wait_for_interrupt()
        return INTERRUPTED

    def execute(self, task: Task, limit: int, pause: bool = False) -> Stop:
        """Let a task run until it traps, or has begun `limit` instructions: why it stopped. After a `pause` it is to go
        on; it has not been interrupted."""
        registers = self._registers_of(task)
        registers.from_frame()
        stop = self.board.cpu.run(registers, min(limit, NO_LIMIT), pause)
        registers.to_frame()
        return stop

    def adopt_all(self) -> None:
        """Adopt the registers of every task now, and not when it first runs: from here on no object takes another's
        place."""
        for task in self.kernel.tasks.items:
            self._registers_of(task)
            self.board.adopt(task.thread)
        self.board.adopt(self.kernel.idle)

    def _registers_of(self, task: Task) -> AdoptedFrame:
        known = self._frames.get(id(task.frame))
        if known is None:
            known = self._frames[id(task.frame)] = (task.frame, AdoptedFrame(task.frame))
        return known[1]
