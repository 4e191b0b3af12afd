"""A QEMU that runs now, as what is debugged: its tasks by name, breakpoints in programs and in the kernel, no way back.

While a task runs, or nobody does, memory has the state of the kernel. Where the machine was stopped in the kernel's own
code, the kernel is a thread beside the tasks, of which one sees what memory has in the middle of a transition.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from shlex import quote
from typing import Any, Final

from tyrne.debug.debugged import KERNEL, Breakpoint, Stop, Watch, Why
from tyrne.debug.memory import read
from tyrne.debug.registers import NAMES, packed_registers
from tyrne.inspect.live import LiveMachine
from tyrne.inspect.live.beginning import boot
from tyrne.inspect.live.filling import BadStateError
from tyrne.inspect.live.machine import LiveBoard
from tyrne.inspect.objects import Inspection
from tyrne.kernel.authority import live_space
from tyrne.kernel.kernel import Kernel
from tyrne.kernel.task import Task
from tyrne.system.errors import RequestError
from tyrne.system.explanation import explainer_of
from tyrne.system.kernel_image import KERNEL_HALF, physical
from tyrne.system.manifest import System
from tyrne.system.printable import printable
from tyrne.system.qemu_gdb import CPSR, PC, SP, Halt, exception_level
from tyrne.system.source_lines import Place, SourceMap
from tyrne.system.task_states import describe_task, tasks_of

_HARD: Final = 1
"""The kind of a breakpoint in packets."""
_INSTRUCTION: Final = 4
_WATCHES: Final = {(False, True): 2, (True, False): 3, (True, True): 4}
"""By whether reads and writes count."""
_FIRST_FLOATING: Final = NAMES.index("v0")


class LiveSession:
    """A machine that stands still whenever nothing is asked of it."""

    def __init__(self, machine: LiveMachine, system: System, run: str, written: Callable[[bool], bytes]) -> None:
        """`run` is what the system is called; `written` gives what tasks have written since it was asked the last time,
        and is told whether the machine has ended. RequestError where the kernel does not come to its first task."""
        self.wishes: Callable[[], bool] = lambda: False
        self._machine: Final = machine
        self._stub: Final = machine.stub
        self._run: Final = run
        self._explainer: Final = explainer_of(system)
        self._booted: Final = boot(system)
        self._ram: Final = system.ram
        self._written: Final = written
        self._places: Final[dict[Breakpoint, None]] = {}
        self._watches: Final[dict[Watch, None]] = {}
        self._only: int | None = None
        self._general: list[int] | None = None
        self._kernel: Kernel[Any] | None = None
        assert machine.image.lines.parts, "they are read now, since a debugger waits for no answer for long"
        if not machine.settle():
            raise RequestError(f"{self._stub.where}: the machine is inside the kernel, and stays there")
        self._last: Kernel[Any] = machine.kernel()
        """As it was when its state was whole."""

    @property
    def way_back(self) -> str:
        record = f"tyrne run {printable(quote(self._run))} --machine qemu --report run.json"
        return f"a machine that runs does not go back; record the run: {record}; then: tyrne debug run.json"

    @property
    def panicked(self) -> bool:
        return False

    # State

    def _registers(self) -> list[int]:
        if self._general is None:
            self._general = self._stub.general()
        return self._general

    @property
    def inside(self) -> bool:
        """Whether the machine stands in the kernel's own code."""
        return not self._machine.at_edge(self._registers())

    def _state(self) -> Kernel[Any]:
        """The kernel here; where its state is not whole in the middle of a transition, as it was before."""
        if self._kernel is None:
            try:
                self._last = self._machine.kernel()
            except RequestError:
                if not self.inside:
                    raise
            self._kernel = self._last
        return self._kernel

    def _task(self, number: int) -> Task:
        for task in tasks_of(self._state()):
            if int(task.number) == number:
                return task
        raise ValueError

    def _in_kernel(self) -> bool:
        return exception_level(self._registers()[CPSR]) != 0

    def numbers(self) -> list[int]:
        """The tasks, and the kernel while it runs or rests."""
        return [*(int(task.number) for task in tasks_of(self._state())), *([KERNEL] if self._in_kernel() else [])]

    def current(self) -> int:
        if self._in_kernel():
            return KERNEL
        task = self._state().scheduler.core.current
        return KERNEL if task is None else int(task.number)

    def name(self, number: int) -> str:
        return "kernel" if number == KERNEL else self._explainer.names.task(number)

    def does(self, number: int) -> str:
        place = self.place(number)
        if number == KERNEL:
            what = "inside a transition" if self.inside else "rests"
        else:
            names = self._explainer.names
            what = describe_task(self._state(), self._task(number), names.task, names)
        return what if place is None or place.own.file is None else f"{what}, at {place.own.line_text}"

    def registers(self, number: int) -> list[bytes]:
        """Of a task that does not run, as the kernel keeps them."""
        held = number == KERNEL or number == self.current()
        task = None if number == KERNEL else self._task(number)
        frame = [] if task is None else [*task.frame.x, task.frame.sp, task.frame.pc, task.frame.pstate]
        general = self._registers() if held else [int(word) for word in frame]
        if task is None or task is self._state().scheduler.core.entered:
            return [*packed_registers(general, None)[:_FIRST_FLOATING], *self._stub.floating()]
        return packed_registers(general, task.thread)

    def pc(self, number: int) -> int:
        return self._word(number, PC)

    def sp(self, number: int) -> int:
        return self._word(number, SP)

    def _word(self, number: int, which: int) -> int:
        if number == self.current():
            return self._registers()[which]
        frame = self._task(number).frame
        return int(frame.pc if which == PC else frame.sp)

    def place(self, number: int) -> Place | None:
        if number == KERNEL:
            return self._machine.image.lines.at(self.pc(KERNEL))
        return self._explainer.place(number, self.pc(number))

    def sources(self) -> Iterator[tuple[int, SourceMap]]:
        for task in tasks_of(self._state()):
            yield int(task.number), self._explainer.lines(int(task.number))
        yield KERNEL, self._machine.image.lines

    def read(self, number: int, address: int, length: int) -> bytes:
        """The kernel's addresses are those of RAM, whoever asks."""
        board = LiveBoard(self._stub, self._ram)
        try:
            if address >= KERNEL_HALF:
                return board.get(physical(address), length)
            task = self._state().scheduler.core.current if number == KERNEL else self._task(number)
            return b"" if task is None else read(board, live_space(task), address, length)
        except BadStateError:
            return b""

    def output(self) -> bytes:
        return self._written(self._stub.ended is not None)

    def look(self) -> Inspection:
        if self.inside:
            raise RequestError("the machine is inside the kernel; step or continue until it returns to a task")
        return self._machine.look(self._run, self._explainer, self._booted)

    # Breakpoints

    def break_at(self, place: Breakpoint) -> bool:
        if self._stands(place.address) or self._stub.insert(_HARD, place.address, _INSTRUCTION):
            self._places[place] = None
            return True
        return False

    def forget(self, what: Breakpoint | Watch) -> None:
        if isinstance(what, Watch):
            if self._watches.pop(what, self) is None:
                self._stub.remove(_WATCHES[what.reads, what.writes], what.address, what.length)
        elif self._places.pop(what, self) is None and not self._stands(what.address):
            self._stub.remove(_HARD, what.address, _INSTRUCTION)

    def stops(self, address: int, number: int) -> bool:
        return Breakpoint(address, number) in self._places or Breakpoint(address) in self._places

    def _stands(self, address: int) -> bool:
        return any(place.address == address for place in self._places)

    def watch(self, number: int, watch: Watch) -> bool:
        """At an address, whoever's it is: QEMU knows no tasks."""
        if watch not in self._watches and not self._stub.insert(
            _WATCHES[watch.reads, watch.writes], watch.address, watch.length
        ):
            return False
        self._watches[watch] = None
        return True

    def count_only(self, task: int | None) -> None:
        both: list[Breakpoint | Watch] = [*self._places, *self._watches]
        for what in both if self._stub.ended is None else []:
            self.forget(what)
        self._only = task

    # Ways

    def run(self) -> Stop:
        while True:
            halt = self._step_over(self._registers()[PC])
            stepped = halt is not None and halt.ended is None and halt.watched is None
            if halt is None or (stepped and not self._stands(self._registers()[PC])):
                halt = self._stub.run(None, lambda: self.wishes())
                self._forget_state()
            stop = self._reason(halt)
            if stop is not None:
                return stop

    def step(self, number: int) -> Stop:
        """Of a task: what the kernel does for it counts for its instruction. Of the kernel: one of its own."""
        if number == KERNEL:
            halt = self._one()
            return Stop(Why.END, status=halt.ended) if halt.ended is not None else Stop(Why.STEP)
        if self.current() != number:
            stop = self._until_turn(number)
            if stop.why is not Why.STEP:
                return stop
        halt = self._one()
        if halt.ended is not None:
            return Stop(Why.END, status=halt.ended)
        if self._in_kernel() and (left := self._leave_kernel()) is not None:
            return left
        if self.current() != number and number in self.numbers():
            return self._until_turn(number)
        return Stop(Why.STEP)

    def run_back(self) -> Stop:
        return Stop(Why.START)

    def step_back(self, number: int) -> Stop:
        return Stop(Why.START)

    def _one(self) -> Halt:
        """One instruction, whatever stands there."""
        halt = self._step_over(self._registers()[PC])
        if halt is None:
            halt = self._stub.step()
            self._forget_state()
        return halt

    def _step_over(self, at: int) -> Halt | None:
        """The instruction at which the machine stands, if a breakpoint does: QEMU would stop at it again."""
        if not self._stands(at):
            return None
        self._stub.remove(_HARD, at, _INSTRUCTION)
        halt = self._stub.step()
        if halt.ended is None:
            self._stub.insert(_HARD, at, _INSTRUCTION)
        self._forget_state()
        return halt

    def _reason(self, halt: Halt) -> Stop | None:
        """Why the machine has stopped; None if that counts for nobody."""
        if halt.ended is not None:
            return Stop(Why.END, status=halt.ended)
        if halt.watched is not None:
            hit = next((w for w in self._watches if w.address <= halt.watched < w.address + w.length), None)
            return Stop(Why.WATCHPOINT, hit) if hit is not None and self._counts(None) else None
        at = self._registers()[PC]
        if self._stands(at):
            return Stop(Why.BREAKPOINT) if self._counts(at) else None
        self._machine.settle()
        self._forget_state()
        return Stop(Why.WISH)

    def _counts(self, address: int | None) -> bool:
        """Whether what was hit is for who runs."""
        number = self.current()
        return self._only in (None, number) and (address is None or self.stops(address, number))

    def _leave_kernel(self) -> Stop | None:
        """From within the kernel to the edge of the transition, unless something stops it before."""
        reached = self._machine.settle()
        self._forget_state()
        if reached:
            return None
        at = self._registers()[PC]
        return Stop(Why.BREAKPOINT if self._stands(at) else Why.WISH)

    def _until_turn(self, number: int) -> Stop:
        """Until a task goes on from where it stands."""
        here = Breakpoint(self.pc(number), number)
        known = here in self._places
        self.break_at(here)
        try:
            stop = self.run()
            turn = stop.why is Why.BREAKPOINT and self.current() == number and self.pc(number) == here.address
            return Stop(Why.STEP) if turn and not known else stop
        finally:
            if not known and self._stub.ended is None:
                self.forget(here)

    def _forget_state(self) -> None:
        self._general = self._kernel = None
