"""The kernel as a state machine: a trap comes in, state changes, the task to run next goes out."""

from __future__ import annotations

from typing import Final, Generic, TypeVar

from tyrne.hal.board import Board
from tyrne.hal.boot_info import BootInfo
from tyrne.hal.exit_status import ALL_EXITED, LIMIT, TASK_FAILED
from tyrne.hal.frame import Call, TrapFrame, Vector
from tyrne.hal.syndrome import CLASS_FLOATING, CLASS_SUPERVISOR_CALL, exception_class, has_fault_address
from tyrne.kernel.address_space import AddressSpace, destroy_space
from tyrne.kernel.arena import Arena
from tyrne.kernel.boot import log_end, start_system
from tyrne.kernel.cap_table import CapTable
from tyrne.kernel.endpoint import Endpoint
from tyrne.kernel.fault import log_fault
from tyrne.kernel.frames import Frames
from tyrne.kernel.image import Image
from tyrne.kernel.log import log_decimal, log_line, log_name, log_text
from tyrne.kernel.notification import Notification
from tyrne.kernel.scheduler import Scheduler
from tyrne.kernel.system_calls import Effect, Reschedule, Resume, SyscallContext, Terminate, dispatch
from tyrne.kernel.task import Fault, Task, TaskState
from tyrne.kernel.user_memory import UserWindow
from tyrne.lang import u32, u64

B = TypeVar("B", bound=Board)

MAX_TASKS: Final = 16
MAX_ENDPOINTS: Final = 16
MAX_NOTIFICATIONS: Final = 16
MAX_SPACES: Final = MAX_TASKS + 1
"""One for each task, and the bootstrap space."""
NO_TASK: Final = u32(0xFFFF_FFFF)
"""The number of no task."""


class Kernel(Generic[B]):
    """All kernel state, and the board under it."""

    def __init__(self, board: B, debug_console: bool = True) -> None:
        self.board: B = board
        self.debug_console: Final[bool] = debug_console
        """Whether console_write exists; a release kernel has none."""
        self.tasks: Arena[Task] = Arena(MAX_TASKS, lambda _: Task())
        self.endpoints: Arena[Endpoint] = Arena(MAX_ENDPOINTS, lambda _: Endpoint())
        self.notifications: Arena[Notification] = Arena(MAX_NOTIFICATIONS, lambda _: Notification())
        self.spaces: Arena[AddressSpace] = Arena(MAX_SPACES, lambda _: AddressSpace())
        self.frames: Frames = Frames()
        self.scheduler: Scheduler = Scheduler()
        self.bootstrap_table: CapTable = CapTable()
        """The kernel's own authority, by which it makes the first tasks."""
        self.empty_table: CapTable = CapTable()
        """What a caller without context holds: nothing, and once it is sealed at boot, no room for anything."""
        self.loading: Image = Image()
        self.boot_frame: TrapFrame = TrapFrame()
        self.entered: Task | None = None
        """The task whose thread state and address space the CPU holds."""
        self.limit_reached: bool = False
        self.started: u64 = u64(0)
        """The virtual counter when the kernel was entered."""

    def boot(self, info: BootInfo) -> Task | None:
        """Make the system that the manifest describes; returns the first task to run."""
        start_system(self, info)
        return self._enter_current()

    def trap(self, vector: Vector, syndrome: u64, address: u64) -> Task | None:
        """One transition. The current task's frame holds its registers; returns who runs next, None to stop."""
        task = self.scheduler.current
        assert task is not None
        if vector is Vector.IRQ:
            self._interrupt()
        elif vector is not Vector.SYNCHRONOUS:
            self._end_by_fault(task, syndrome, address)
        elif exception_class(syndrome) == CLASS_SUPERVISOR_CALL:
            self._system_call(task)
        elif exception_class(syndrome) == CLASS_FLOATING and not task.thread.floating:
            self.board.open_floating(task.thread)
        else:
            self._end_by_fault(task, syndrome, address)
        return self._enter_current()

    def trap_from_kernel(self, frame: TrapFrame) -> None:
        """A system call from EL1, which only the boot check makes: no task runs, so it must fail closed."""
        assert self.scheduler.current is None
        effect = self._answer(frame)
        assert isinstance(effect, Resume)
        write_reply(frame, effect)

    def exit_status(self) -> u64:
        """How the run ended; meaningful once `trap` or `boot` has returned None."""
        if self.limit_reached:
            return LIMIT
        for task in self.tasks.items:
            if task.state is TaskState.FAULTED or (task.state is TaskState.EXITED and task.exit_code != 0):
                return TASK_FAILED
        return ALL_EXITED

    def context(self) -> SyscallContext:
        """The gate: the caller's table, window and live address space in one snapshot, all three or none."""
        table = self.scheduler.current_user_table()
        window = self.scheduler.current_user_window()
        handle = self.scheduler.current_address_space_handle()
        task = self.scheduler.current
        if table is None or window is None or handle is None or task is None:
            return self._no_context()
        space = self.spaces.get(handle.slot)
        if space is None:
            return self._no_context()
        return SyscallContext(table, window, space, task.number, True)

    def bootstrap_space(self) -> AddressSpace:
        """The first address space. It maps nothing, and EL0 is translated through it while no task runs."""
        return self.spaces.items[0]

    def _no_context(self) -> SyscallContext:
        return SyscallContext(self.empty_table, UserWindow(), self.bootstrap_space(), NO_TASK, False)

    def _answer(self, frame: TrapFrame) -> Effect:
        """What the call in a frame comes to. Apart from its callers, so that the compiled call stays in registers."""
        return dispatch(self, call_in(frame))

    def _system_call(self, task: Task) -> None:
        call = call_in(task.frame)
        effect = self._answer(task.frame)
        match effect:
            case Resume():
                write_reply(task.frame, effect)
                self.board.trace_call(task.number, call, task.frame)
            case Reschedule():
                write_reply(task.frame, Resume(u64(0)))
                self.board.trace_call(task.number, call, task.frame)
                refused = self.scheduler.yield_now()
                assert refused is None
            case Terminate(code):
                self.board.trace_exit(task.number, call)
                task.exit_code = code
                log_text(self.board, b"tyrne: userspace task exited (")
                log_name(self.board, task)
                log_text(self.board, b", code ")
                log_decimal(self.board, code)
                log_line(self.board, b")")
                self._end(task, TaskState.EXITED)

    def _end_by_fault(self, task: Task, syndrome: u64, address: u64) -> None:
        fault = Fault(syndrome, address if has_fault_address(syndrome) else u64(0), task.frame.pc)
        task.fault = fault
        self.board.trace_fault(task.number, fault.syndrome, fault.address, fault.pc)
        log_fault(self.board, task, fault)
        self._end(task, TaskState.FAULTED)

    def _end(self, task: Task, state: TaskState) -> None:
        """The task never runs again: its authority and its memory are given back."""
        handle = task.space
        self.scheduler.end_current(state)
        task.capabilities.clear()
        self._enter_current()
        if handle is not None:
            destroy_space(self.board, self.frames, self.spaces, handle)
        if self.scheduler.current is None:
            log_end(self)

    def _interrupt(self) -> None:
        if self.board.acknowledge_interrupt():
            self.limit_reached = True
            self.scheduler.stop()
            log_line(self.board, b"tyrne: the instruction limit is reached")

    def _enter_current(self) -> Task | None:
        """Let the CPU hold the current task's thread state and address space; with none, an empty space."""
        task = self.scheduler.current
        if task is self.entered:
            return task
        if task is None:
            empty = self.bootstrap_space()
            self.board.activate(empty.root, empty.asid)
        else:
            space = self._space_of(task)
            old = self.entered
            self.board.switch_thread(None if old is None else old.thread, task.thread)
            self.board.activate(space.root, space.asid)
        self.entered = task
        return task

    def _space_of(self, task: Task) -> AddressSpace:
        handle = task.space
        space = None if handle is None else self.spaces.get(handle.slot)
        return self.bootstrap_space() if space is None else space


def call_in(frame: TrapFrame) -> Call:
    """The system call that a frame holds."""
    x = frame.x
    return Call(x[8], x[0], x[1], x[2], x[3], x[4], x[5])


def write_reply(frame: TrapFrame, reply: Resume) -> None:
    """Rewrite x0 to x7; every other register comes back as it was trapped."""
    x = frame.x
    x[0] = reply.status
    x[1] = reply.x1
    x[2] = reply.x2
    x[3] = reply.x3
    x[4] = reply.x4
    x[5] = reply.x5
    x[6] = reply.x6
    x[7] = u64(0)
