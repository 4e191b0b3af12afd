"""The native machine: the compiled kernel in this process, the same CPU, RAM and recorder as under CPython.

The kernel's structs are registers' home: the CPU loads and stores a task's frame where the library keeps it. After each
call the journal is executed, then the next task runs. What concerns nobody but the CPU and the kernel is done by
transitions.c, one transition after another; the rest, and where that is not there all of it, by Python.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import Any, Final

from tyrne.boards.native import journal
from tyrne.compiler.build.host import CompiledTrap
from tyrne.hal.exit_status import PANIC
from tyrne.hal.frame import Vector
from tyrne.hosted.bus import Bus, Reach
from tyrne.hosted.cpu import NO_LIMIT, SLICE, Cpu, Stop
from tyrne.hosted.drivers import ByBlock
from tyrne.hosted.engine import Places
from tyrne.hosted.library import Reason, native_state
from tyrne.hosted.lines import Lines
from tyrne.hosted.loading import load, ram_size
from tyrne.hosted.native_kernel import FIELDS, NativeKernel, offsets
from tyrne.hosted.panic import describe
from tyrne.hosted.ram import Ram
from tyrne.hosted.recorder import Recorder
from tyrne.hosted.registers import GeneralRegisters
from tyrne.lang import Trap

_NEVER: Final = int(journal.NEVER)
_MOST: Final = 20_000
"""Transitions, some 0.01 s without what tasks do: signals of the host are handled between so many, or SLICE
instructions."""
_FIRST_TASKS: Final = 16
"""Those of which transitions.c keeps whether they are known."""


class NativeMachine:
    """One run of one system."""

    def __init__(self, manifest: bytes, recorder: Recorder, debug_console: bool = True) -> None:
        self.recorder: Final = recorder
        self.ram: Final = Ram(size=ram_size(manifest))
        self.cpu: Final = Cpu(self.ram)
        self.kernel: Final = NativeKernel(self.ram, debug_console)
        self.lines: Final = Lines(self._line_changed)
        self._info: Final = load(self.ram, self.cpu, manifest)
        self._offsets: Final = offsets(self.kernel.library.unit.offsets)
        self._frames: Final[dict[int, GeneralRegisters]] = {}
        self._states: Final[dict[int, Places]] = {}
        self._alarm_at = _NEVER
        """The time, in instructions, at which the kernel wants to be interrupted."""
        self._rested = 0
        """How long nobody was ready: time goes on without instructions."""
        self._task = 0
        """Where the struct of the task is that runs next; 0 for nobody."""

    def draw_ticks(self, seed: int) -> None:
        """Let ticks come between the steps of the kernel's long work, as a seed draws them, a number below 2^63."""
        self.kernel.library.call("draw_ticks", seed)

    def make_bus(self, reach: Sequence[tuple[int, int]] = ()) -> Bus:
        """As HostedBoard's."""
        bus = self.cpu.bus = Bus(self.lines, lambda: self._time, Reach(self.ram, reach), self.recorder)
        return bus

    def run(self) -> None:
        """Boot, and run until nothing is left to run."""
        try:
            self._loop()
            status = self.kernel.library.call("exit_status")
        except CompiledTrap as trap:
            self._execute_journal()
            self.recorder.panic(f"!! tyrne panic: {trap}\n".encode())
            status = int(PANIC)
        except (Trap, Exception) as cause:
            self.recorder.panic(describe(cause).encode())
            status = int(PANIC)
        self.recorder.end(status, self.cpu.instructions)

    def _loop(self) -> None:
        info, library = self._info, self.kernel.library
        self._task = self._address(
            library.call("boot", info.ram_start, info.ram_end, info.image_start, info.image_end, info.manifest)
        )
        driver, together = self.cpu.driver, None
        if isinstance(driver, ByBlock):
            together = native_state(driver, self._offsets, FIELDS)
            together.journal = self.kernel.journal_address
            together.trap = int(library.ffi.cast("uintptr_t", library.ffi.addressof(library.lib, "kp_call_trap")))
            self._run_together = driver.functions.tyrne_transitions
        bus = self.cpu.bus
        while True:
            self._execute_journal()
            if bus is not None:
                bus.advance()
            if not self._task:
                if not library.call("waits"):
                    return
                if not self._works():
                    library.call("end")
                    self._execute_journal()
                    return
                self._rest()
                continue
            stop = None
            if together is not None and not self.cpu.stop_request.made:
                reason = self._transitions(together)
                if reason in (Reason.RECORDS, Reason.PAUSED):
                    continue
                if reason is Reason.FAILED:
                    raise library.failure()
                if reason is Reason.STOPPED:
                    frame = self._frame(self._task)
                    stop = self.cpu.stopped(frame, together.error, False)
                    if bus is not None and (stop := self.cpu.served(bus, frame, stop)) is None:
                        continue
            self._transition(stop)

    def _transitions(self, together: Any) -> Reason:
        """As many transitions as concern nobody; why there are no more."""
        recorder, kernel = self.recorder, self.kernel
        together.task, together.alarm_at, together.passed = self._task, self._alarm_at, 0
        together.rested = self._rested
        together.asked_for = recorder.asks_for(0), recorder.asks_for(1)
        together.known = sum(1 << task for task in range(_FIRST_TASKS) if recorder.is_known(task))
        slice_ = SLICE if self.cpu.bus is None else min(SLICE, self.cpu.bus.until_event)
        reason = Reason(self._run_together(ctypes.addressof(together), _MOST, slice_))
        self._task, self._alarm_at, kernel.taken = together.task or 0, together.alarm_at, together.taken
        together.taken = 0
        recorder.pass_over_known(together.passed)
        self.cpu.instructions = self.cpu.driver.instructions
        return reason

    def _line_changed(self) -> None:
        self.kernel.set_pending_line(self.lines.pending)

    @property
    def _time(self) -> int:
        """In instructions: those of tasks, and what nobody was ready in."""
        return self.cpu.instructions + self._rested

    def _works(self) -> bool:
        """Whether an interrupt will come while nobody is ready."""
        bus, pending = self.cpu.bus, self.lines.pending is not None
        return bool(self.kernel.library.call("is_timed")) or (pending if bus is None else bus.works())

    def _rest(self) -> None:
        """Nobody is ready: the next interrupt comes at once, if one comes."""
        if self.cpu.bus is not None:
            self.cpu.bus.rest(self._alarm_at, bool(self.kernel.library.call("is_timed")), self._pass_time)
        elif self.lines.pending is None:
            self._pass_time(max(0, self._alarm_at - self._time))
        self.kernel.set_instructions(self._time)
        self._look_at_the_wish()
        self._task = self._address(self.kernel.trap(Vector.IRQ.value, 0, 0))

    def _pass_time(self, nanoseconds: int) -> None:
        """While nobody is ready: one instruction each."""
        self._rested += nanoseconds

    def _transition(self, stop: Stop | None) -> None:
        """The task that runs next does, if it has not stopped already, and the kernel answers."""
        cpu, kernel = self.cpu, self.kernel
        if stop is None:
            left = self._alarm_at - self._time if self.lines.pending is None else 0
            stop = cpu.run(self._frame(self._task), min(left, NO_LIMIT))
        kernel.set_instructions(self._time)
        self._look_at_the_wish()
        self._task = self._address(kernel.trap(stop.vector.value, stop.syndrome, stop.address))

    def _look_at_the_wish(self) -> None:
        """If the run is to stop, it may take no more instructions."""
        wish = self.cpu.stop_request
        if wish.made and wish.left is None:
            wish.left = int(self.kernel.library.call("stop"))

    def _address(self, task: Any) -> int:
        """Where the struct of a task is that the kernel gave; 0 for none."""
        return int(self.kernel.library.ffi.cast("uintptr_t", task))

    def _execute_journal(self) -> None:
        recorder, cpu = self.recorder, self.cpu
        words = self.kernel.take_journal()
        at = 0
        while at < len(words):
            kind = words[at]
            end = at + 1 + FIELDS[kind]
            fields = words[at + 1 : end]
            at = end
            match kind:
                case journal.CALL:
                    if recorder.asks_for(fields[8]):
                        recorder.call(fields[0], fields[1], fields[2:8], fields[8:])
                    else:
                        recorder.pass_over(fields[0])
                case journal.CONSOLE:
                    recorder.console(*fields)
                case journal.LOG:
                    recorder.log(*fields)
                case journal.ACTIVATE:
                    cpu.set_translation(*fields)
                case journal.SWITCH_THREAD:
                    if fields[0]:
                        cpu.store_extended(self._state(fields[0]))
                    cpu.load_extended(self._state(fields[1]))
                case journal.CODE_WRITTEN:
                    cpu.flush_code()
                case journal.INVALIDATE_PAGES | journal.INVALIDATE_SPACE:
                    cpu.flush_translations()
                case journal.EXIT:
                    recorder.exit(fields[0], fields[1], fields[2:])
                case journal.FAULT:
                    recorder.fault(*fields)
                case journal.END:
                    recorder.task_end(*fields)
                case journal.STANDING:
                    recorder.standing(*fields)
                case journal.LINE:
                    (self.lines.unmask if fields[1] else self.lines.mask)(fields[0])
                case journal.ALARM:
                    self._alarm_at = fields[0]

    def _frame(self, task: int) -> GeneralRegisters:
        known = self._frames.get(task)
        if known is None:
            at = self._offsets
            frame = task + at["TASK_FRAME"]
            x = frame + at["TRAP_FRAME_X"]
            others = (frame + at[f"TRAP_FRAME_{name}"] for name in ("SP", "PSTATE", "PC"))
            known = self._frames[task] = GeneralRegisters([*range(x, x + 31 * 8, 8), *others])
        return known

    def _state(self, address: int) -> Places:
        known = self._states.get(address)
        if known is None:
            at = self._offsets
            q = address + at["THREAD_STATE_Q"]
            others = (address + at[f"THREAD_STATE_{name}"] for name in ("FPCR", "FPSR", "TPIDR"))
            known = self._states[address] = Places([*range(q, q + 32 * 16, 16), *others])
        return known
