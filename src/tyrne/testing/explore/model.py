"""A small system to be explored: what its tasks hold at the start, and what they may do, as data.

    Model("pair", "two tasks and an endpoint", tasks=(Holder(caps=(Cap(0, FULL),)), …), calls=(Template(C.SEND, …), …))

The arenas of its kernel have room for exactly what is there at the start and what the quotas allow to be made.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tyrne.abi import CallNumber
from tyrne.hal.frame import Call, TrapFrame
from tyrne.hal.interrupt import Interrupt
from tyrne.kernel.address_space import AddressSpace
from tyrne.kernel.arena import Arena
from tyrne.kernel.cap_table import CapTable
from tyrne.kernel.endpoint import Endpoint
from tyrne.kernel.kernel import Kernel
from tyrne.kernel.memory import Region
from tyrne.kernel.notification import Notification
from tyrne.kernel.quota import Quota
from tyrne.kernel.task import Task
from tyrne.lang import u8, u32, u64
from tyrne.system.manifest import System, encode
from tyrne.system.parts import DEFAULT_PRIORITY, NO_QUOTA, Cap, Supervisor
from tyrne.system.parts import Quota as Claims
from tyrne.system.parts import Region as Pages
from tyrne.testing.board import PAGE, RAM, MemoryBoard
from tyrne.testing.explore.alphabet import Template, raise_alarm
from tyrne.testing.kernels import IMAGE, ScarceFrames, boot, task_record

FIRMWARE_PAGES = (IMAGE - RAM) // PAGE
"""What lies below the image."""
MOST_STEPS = 1000
"""More than any model has to do at once."""
SLICE = 1000
"""No instruction is ever counted."""
FRAMES_OF_A_TASK = 6
"""Four translation tables, a page of code, a page of stack."""


class ExplorationBoard(MemoryBoard):
    """A board that keeps nothing but what came of the calls of the last trap, and sees who writes to RAM."""

    def __init__(self, pages: int) -> None:
        super().__init__(pages)
        self.read_only = False
        """Whether a write to RAM is a mistake in the model: it says that there are none."""
        self.interrupted = 0
        """After how many steps of long work a tick is pending; or below 0 an alarm; 0 for never."""
        self.rang = False
        """Whether there was an alarm since the step began."""
        self.stepped: Callable[[], None] = lambda: None
        """Told after each step of long work, when the kernel asks whether an interrupt is pending."""

    def interrupt_pending(self) -> bool:
        """An alarm only where one is to be raised."""
        assert self.steps < MOST_STEPS and self.kernel is not None, "work has no end"
        self.stepped()
        self.steps += 1
        if self.steps == self.interrupted:
            self.interrupt = Interrupt.TICK
        elif self.steps == -self.interrupted and self.alarm_at is not None:
            raise_alarm(self.kernel, late=False)
        else:
            return False
        return True

    def acknowledge_interrupt(self) -> Interrupt:
        self.rang = self.rang or self.interrupt is Interrupt.ALARM
        return super().acknowledge_interrupt()

    def trace_call(self, task: u32, call: Call, frame: TrapFrame) -> None:
        """Says as well whether the task is answered at once, and not later, while another one runs."""
        assert self.kernel is not None
        current = self.kernel.scheduler.core.current
        super().trace_call(task, call, frame)
        self.traces[-1] = (*self.traces[-1], current is not None and current.number == task)

    def write8(self, address: u64, value: u8) -> None:
        assert not self.read_only, "RAM is written to: the model must say so"
        super().write8(address, value)

    def write64(self, address: u64, value: u64) -> None:
        assert not self.read_only, "RAM is written to: the model must say so"
        super().write64(address, value)

    def put(self, address: int, data: bytes) -> None:
        assert not self.read_only, "RAM is written to: the model must say so"
        super().put(address, data)

    def told(self) -> tuple[object, ...]:
        """All that the machine and who watches it were told since the step began."""
        return self.log.copy(), self.console.copy(), self.events.copy(), self.traces.copy(), self.steps

    def forget(self) -> None:
        """Begin a transition with empty records."""
        self.steps = 0
        self.rang = False
        for record in (self.log, self.console, self.events, self.traces):
            record.clear()


@dataclass(frozen=True)
class Holder:
    """A task at the start. Its table has `slots` slots; `caps` fill the first of them."""

    caps: tuple[Cap, ...]
    priority: int = DEFAULT_PRIORITY
    supervisor: Supervisor | None = None
    held: bool = False
    """Not started: somebody else must."""
    serves: bool = False
    quota: Claims = NO_QUOTA


@dataclass(frozen=True)
class Model:
    """A system and an alphabet."""

    name: str
    purpose: str
    tasks: tuple[Holder, ...]
    calls: tuple[Template, ...]
    slots: int = 4
    """Of each task's capability table, those that are made later included."""
    endpoints: int = 0
    notifications: int = 0
    memory: tuple[int, ...] = ()
    """Pages of each memory region."""
    ticks: bool = True
    faults: bool = False
    kept_spaces: bool = True
    """Whether the kernel keeps the address spaces of the first tasks when these end."""
    ram: bool = False
    """Whether anything is written to RAM: mappings, new address spaces, new memory."""

    turns: bool = False
    """Whether the board interrupts turns, which then are ticked only while somebody waits for the next one."""

    worn: bool = False
    """Whether each free slot of the tables has been used before: only such slots are filled by the fast path."""

    def ends(self) -> bool:
        """Whether a task can end, and its table be given back."""
        ending = {CallNumber.TASK_EXIT, CallNumber.TASK_END}
        made = any(holder.quota.tasks for holder in self.tasks)
        return self.faults or made or any(template.call in ending for template in self.calls)

    def build(self) -> Kernel[MemoryBoard]:
        """A kernel that runs the first task."""
        records = [
            task_record(
                f"t{number}",
                *holder.caps,
                priority=holder.priority,
                supervisor=holder.supervisor,
                held=holder.held,
                serves=holder.serves,
                quota=holder.quota,
            )
            for number, holder in enumerate(self.tasks)
        ]
        memory = [Pages(f"m{number}", pages) for number, pages in enumerate(self.memory)]
        image = len(encode(System("", self.endpoints, tuple(records), self.notifications, tuple(memory))))
        kernel = _kernel(self, FIRMWARE_PAGES + image // PAGE)
        boot(
            kernel,
            *records,
            endpoints=self.endpoints,
            notifications=self.notifications,
            memory=memory,
            slice=SLICE if self.turns else 0,
        )
        if self.kept_spaces:
            for space in list(kernel.spaces.items)[1 : len(self.tasks) + 1]:
                made = kernel.bootstrap_table.insert(space.life.origin.held(), space.life.origin)
                assert not hasattr(made, "value")
        if self.worn:
            for task in kernel.tasks.items:
                _wear(task.capabilities)
        assert isinstance(kernel.board, ExplorationBoard)
        kernel.board.read_only = not self.ram
        kernel.board.forget()
        return kernel


def _wear(table: CapTable) -> None:
    """Let each slot that was never used have been used once."""
    fresh = [table.allocate() for _ in range(len(table.slots) - int(table.touched))]
    for slot in reversed(fresh):
        slot.recycle()


def _kernel(model: Model, reserved: int) -> Kernel[MemoryBoard]:
    """Not booted, and no larger than the model needs; `reserved` are the pages that boot keeps."""

    def claimed(kind: str) -> int:
        return sum(getattr(holder.quota, kind) for holder in model.tasks)

    tasks = len(model.tasks)
    frames = 1 + tasks * FRAMES_OF_A_TASK + sum(model.memory) + claimed("frames")
    kernel: Kernel[MemoryBoard] = Kernel(ExplorationBoard(reserved + frames))
    kernel.empty_table = CapTable(1)
    kernel.empty_table.seal()
    kernel.bootstrap_table = CapTable(2 + 3 * tasks)
    kernel.tasks = Arena(tasks + claimed("tasks"), lambda _: Task())
    for task in kernel.tasks.items:
        task.capabilities = CapTable(model.slots)
    kernel.endpoints = Arena(model.endpoints + claimed("endpoints"), lambda _: Endpoint())
    kernel.notifications = Arena(model.notifications + claimed("notifications"), lambda _: Notification())
    kernel.spaces = Arena(1 + tasks + claimed("spaces"), lambda _: AddressSpace())
    kernel.regions = Arena(len(model.memory) + claimed("memory"), lambda _: Region())
    kernel.quotas = Arena(1 + tasks + claimed("quotas"), lambda _: Quota())
    kernel.frames = ScarceFrames(64 * -(-len(kernel.board.ram) // PAGE // 64))
    return kernel
