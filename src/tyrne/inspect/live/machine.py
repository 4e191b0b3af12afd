"""A QEMU that runs now, read through its gdb socket: a kernel made anew from what lies in RAM.

The kernel's state means something between two transitions. So the machine is brought to the edge of one: a task that
runs stands at one; the kernel's own code goes on until it returns to a task, or waits for an interrupt.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from tyrne.hal.instruction_clock import FREQUENCY
from tyrne.hosted.ram import RAM_START
from tyrne.inspect.live.beginning import Beginning
from tyrne.inspect.live.filling import BadStateError, fill
from tyrne.inspect.live.sound import check_sound
from tyrne.inspect.look import look
from tyrne.inspect.objects import Inspection, Position
from tyrne.inspect.words import TEXT, clean
from tyrne.kernel.kernel import Kernel
from tyrne.kernel.task import Task
from tyrne.lang import Trap, u64
from tyrne.system.errors import RequestError
from tyrne.system.explanation import Explainer
from tyrne.system.kernel_image import KERNEL, KernelImage
from tyrne.system.manifest import System
from tyrne.system.qemu_gdb import CPSR, PC, SP, Stub, exception_level

SETTLE_SECONDS: Final = 2.0
"""How long the kernel may take to come to the edge of a transition, by the clock on the wall."""
READ_BYTES: Final = 16 << 20
"""What is read of translation tables for one look: those of all spaces that there can be are fewer."""
_RETURNS: Final = 16
"""How often the kernel may return into itself before it returns to a task."""
_BREAKPOINT, _INSTRUCTION = 1, 4
_TRAP: Final = 5
"""gdb's signal of a breakpoint."""


class LiveBoard:
    """RAM, as a kernel's board has it for who looks at it."""

    def __init__(self, stub: Stub, size: int) -> None:
        self.start: Final = RAM_START
        self.size: Final = size
        self._stub: Final = stub
        self._left = READ_BYTES

    def get(self, address: int, length: int) -> bytes:
        """BadStateError outside RAM, or when it was too much."""
        self._left -= length
        if not self.start <= address <= self.start + self.size - length:
            raise BadStateError(f"{address:#x} is no address of RAM")
        if self._left < 0:
            raise BadStateError("translation tables have no end")
        return self._stub.read(address, length)

    def frequency(self) -> u64:
        return FREQUENCY


class LiveMachine:
    """A machine that stands still while this is there; `stub` is its gdb server."""

    def __init__(self, stub: Stub, image: KernelImage, system: System) -> None:
        """RequestError where another kernel runs, or another system."""
        image.check(stub, system)
        self.stub: Final = stub
        self.image: Final = image
        self._ram: Final = system.ram

    def settle(self, passes: Callable[[], bool] = lambda: False) -> bool:
        """Bring it to the edge of a transition, if the kernel comes to one in SETTLE_SECONDS. RequestError if the
        machine ends meanwhile. `passes` may give up earlier."""
        registers = self.stub.general()
        if self.at_edge(registers):
            return True
        with self.breakpoints(self.image.returns, self.image.rests):
            for _ in range(_RETURNS):
                halt = self.stub.run(SETTLE_SECONDS, passes)
                if halt.ended is not None:
                    raise RequestError(f"{self.stub.where}: the run has ended")
                registers = self.stub.general()
                if registers[PC] in self.image.returns:
                    with self._without(registers[PC]):
                        self.stub.step()
                    registers = self.stub.general()
                if self.at_edge(registers):
                    return True
                if registers[PC] in self.image.returns or halt.signal != _TRAP:
                    return False
        return False

    def at_edge(self, registers: list[int]) -> bool:
        """Whether a task runs, or the processor rests."""
        if exception_level(registers[CPSR]) == 0:
            return True
        return registers[PC] in self.image.rests or registers[PC] - _INSTRUCTION in self.image.rests

    @contextmanager
    def breakpoints(self, *places: tuple[int, ...]) -> Iterator[None]:
        """Breakpoints at instructions, meanwhile."""
        wanted = [address for some in places for address in some]
        for address in wanted:
            self.stub.insert(_BREAKPOINT, address, _INSTRUCTION)
        try:
            yield
        finally:
            for address in wanted if self.stub.ended is None else []:
                self.stub.remove(_BREAKPOINT, address, _INSTRUCTION)

    @contextmanager
    def _without(self, address: int) -> Iterator[None]:
        self.stub.remove(_BREAKPOINT, address, _INSTRUCTION)
        try:
            yield
        finally:
            if self.stub.ended is None:
                self.stub.insert(_BREAKPOINT, address, _INSTRUCTION)

    def kernel(self) -> Kernel[Any]:
        """The kernel as it is, at the edge of a transition; RequestError where memory holds no state of one."""
        start, size = self.image.kernel
        kernel: Kernel[Any] = Kernel(LiveBoard(self.stub, self._ram))
        try:
            fill(kernel, self.image.types, KERNEL, self.stub.read(start, size))
            check_sound(kernel)
        except BadStateError as error:
            raise self._unsound(str(error)) from None
        task = kernel.scheduler.core.current
        registers = self.stub.general()
        if task is not None and exception_level(registers[CPSR]) == 0:
            hold(task, registers)
        return kernel

    def look(self, run: str, explainer: Explainer, booted: Kernel[Any]) -> Inspection:
        """What there is; RequestError inside the kernel, or where memory makes no sense. `booted` is the same system,
        which has just booted elsewhere."""
        if not self.settle():
            raise RequestError(f"{self.stub.where}: the machine is inside the kernel; ask again")
        kernel = self.kernel()
        try:
            return look(kernel, explainer.names, explainer, Beginning(kernel, booted), position(run))
        except RequestError:
            raise
        except (Trap, Exception) as error:  # what memory says may be anything: all that looking raises means one thing
            raise self._unsound(str(error) or type(error).__name__) from None

    def _unsound(self, why: str) -> RequestError:
        text = f"{self.stub.where}: what lies in memory is no state of this kernel"
        return RequestError(f"{text}: {clean(why)}; a kernel that has failed, or another one, cannot be looked at")


def hold(task: Task, registers: list[int]) -> None:
    """Give the task that runs what the CPU has of it."""
    frame = task.frame
    for i in range(SP):
        frame.x[i] = u64(registers[i])
    frame.sp, frame.pc, frame.pstate = u64(registers[SP]), u64(registers[PC]), u64(registers[CPSR])


def position(run: str) -> Position:
    """Where a machine is that runs now: nobody has counted."""
    return Position(clean(run, TEXT), "qemu", 0, 0, 0, False, None, live=True)
