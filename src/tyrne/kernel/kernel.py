"""The kernel as a state machine: a trap comes in, state changes, the task to run next goes out."""

from __future__ import annotations

from typing import Final, Generic

from tyrne.abi import TaskState
from tyrne.hal.board import B
from tyrne.hal.cause import Cause
from tyrne.hal.exit_status import ALL_EXITED, DEADLOCK, LIMIT, TASK_FAILED
from tyrne.hal.frame import Answer, ThreadState, TrapFrame
from tyrne.hal.image import Image
from tyrne.hal.interrupt import Interrupt
from tyrne.hal.text import log_line
from tyrne.kernel import config
from tyrne.kernel.address_space import AddressSpace
from tyrne.kernel.arena import Arena
from tyrne.kernel.authority import live_space, living_space
from tyrne.kernel.cap_table import CapTable
from tyrne.kernel.clock import ring
from tyrne.kernel.deadline import NOT_AT_ONCE, next_due, set_alarm
from tyrne.kernel.deletion import delete_one, reap_some
from tyrne.kernel.effects import Block, Reschedule, Return, SyscallContext, Terminate
from tyrne.kernel.end_of_run import log_end
from tyrne.kernel.ending import exit_task
from tyrne.kernel.endpoint import Endpoint
from tyrne.kernel.fast_path import fast_call, fast_call_2, fast_fault
from tyrne.kernel.frames import Frames
from tyrne.kernel.interrupts import deliver, is_awaited
from tyrne.kernel.life import LifeStack
from tyrne.kernel.line import Line
from tyrne.kernel.mapping import prepare
from tyrne.kernel.memory import Region
from tyrne.kernel.notification import Notification
from tyrne.kernel.quota import Quota
from tyrne.kernel.rendezvous import fault_task
from tyrne.kernel.scheduler import Scheduler
from tyrne.kernel.system_calls import dispatch
from tyrne.kernel.task import Task
from tyrne.kernel.user_memory import UserWindow
from tyrne.kernel.work import Preparation, Reaping, Revocation, Work
from tyrne.lang import Array, apart, hot, inline, irange, u32, u64

NO_TASK: Final = u32(0xFFFF_FFFF)
"""The number of no task."""


class Kernel(Generic[B]):
    """All kernel state, and the board under it."""

    def __init__(self, board: B, debug_console: bool = True) -> None:
        self.board: B = board
        self.scheduler: Scheduler = Scheduler()
        self.ending: LifeStack = LifeStack()
        """What ended, or cannot be named or be received from any more, and is to be reaped by who has it to do."""
        self.debug_console: Final[bool] = debug_console
        """Whether console_write exists; a release kernel has none."""
        self.tasks: Arena[Task] = Arena(config.MAX_TASKS, lambda _: Task())
        self.endpoints: Arena[Endpoint] = Arena(config.MAX_ENDPOINTS, lambda _: Endpoint())
        self.notifications: Arena[Notification] = Arena(config.MAX_NOTIFICATIONS, lambda _: Notification())
        self.spaces: Arena[AddressSpace] = Arena(config.MAX_SPACES, lambda _: AddressSpace())
        self.regions: Arena[Region] = Arena(config.MAX_REGIONS, lambda _: Region())
        self.quotas: Arena[Quota] = Arena(config.MAX_QUOTAS, lambda _: Quota())
        self.lines: Array[Line] = Array.of(config.MAX_LINES, lambda _: Line())
        """The interrupt lines that the description names come first."""
        self.named_lines: u64 = u64(0)
        """How many these are."""
        self.frames: Frames = Frames()
        self.bootstrap_table: CapTable = CapTable()
        """The kernel's own authority, by which it makes the first objects, and keeps the first tasks."""
        self.empty_table: CapTable = CapTable()
        """What a caller without context holds: nothing, and once it is sealed at boot, no room for anything."""
        self.loading: Image = Image()
        """The image that boot is loading."""
        self.idle: ThreadState = ThreadState()
        """What the processor holds instead of a thread's state while nobody is ready."""
        self.boot_frame: TrapFrame = TrapFrame()
        """The registers of the calls by which boot checks the gate."""
        self.lives: u32 = u32(0)
        """How many tasks there have ever been, modulo 2^32: no number of lives may stop the kernel."""
        self.limit_reached: bool = False
        self.started: u64 = u64(0)
        """The virtual counter when the kernel was entered."""

    @hot
    def trap(self, cause: Cause, what: u64, address: u64) -> Task | None:
        """One transition. The current task's frame holds its registers; returns who runs next. None when nobody is
        ready: while the kernel `waits`, the next trap is an interrupt, and else the run is over.

        `what` and `address` describe a fault, in words of the board.
        """
        task = self.scheduler.core.current
        if cause is Cause.CALL:
            assert task is not None
            following = fast_call(self, task)
            return self.other_call(task) if following is None else following
        if cause is Cause.INTERRUPT:
            self._interrupt(task)
            return self.leave()
        assert task is not None
        if cause is Cause.FLOATING and not task.thread.floating:
            self.board.open_floating(task.thread)
            return task
        following = fast_fault(self, task, what, address)
        if following is not None:
            return following
        fault_task(self, task, what, address)
        return self.leave()

    @inline
    def other_call(self, task: Task) -> Task | None:
        """The transition that a system call of the current task is, when the first tier of the fast path leaves it."""
        following = fast_call_2(self, task)
        if following is not None or self.scheduler.core.current is None:  # it did the call, after which nobody may run
            return following
        return self.general_call(task)

    @hot
    def leave(self) -> Task | None:
        """Who goes on when the trap is over: the CPU holds its thread and its space, and it has no work left."""
        task = self.scheduler.core.current
        if task is None or task.work is not None:
            return self._work_on()
        if task is not self.scheduler.core.entered:
            self._enter(task)
        elif self.scheduler.somebody_waits():
            self._pass_turn()
        return task

    def trap_from_kernel(self, frame: TrapFrame) -> None:
        """A system call from the kernel itself, which only boot makes: no task runs, so it must fail closed."""
        assert self.scheduler.core.current is None
        effect = dispatch(self, frame.call())
        assert isinstance(effect, Return)
        frame.answer(effect.answer)

    def exit_status(self) -> u64:
        """How the run ended; meaningful once `trap` has returned None. One of hal/exit_status.py."""
        if self.limit_reached:
            return LIMIT
        if self.anybody_left():
            return DEADLOCK
        status = ALL_EXITED
        for i in irange(len(self.tasks.items)):
            task = self.tasks.items[i]
            if self.tasks.occupied[i] and (task.state is TaskState.FAULTED or task.exit_code != 0):
                status = TASK_FAILED
        return status

    def context(self) -> SyscallContext:
        """The gate: the caller's table, window and live address space in one snapshot, all three or none."""
        task = self.scheduler.core.current
        context = None if task is None else task.context
        space = None if context is None else living_space(context.space)
        if task is None or context is None or space is None:
            return SyscallContext(self.empty_table, UserWindow(), self.bootstrap_space(), NO_TASK, False)
        return SyscallContext(context.table, context.window, space, task.number, True)

    def bootstrap_space(self) -> AddressSpace:
        """The first address space. It maps nothing, and user addresses are translated through it while no task runs."""
        return self.spaces.items[0]

    def general_call(self, task: Task) -> Task | None:
        """The transition of a system call by its handler, whose effect is applied here: no handler switches."""
        call = task.frame.call()
        effect = dispatch(self, call)
        match effect:
            case Return(answer):
                task.frame.answer(answer)
                self.board.trace_call(task.number, call, task.frame)
                self.scheduler.preempt()
            case Block(partner):
                self.scheduler.switch(partner)
                if task.urgency == NOT_AT_ONCE:
                    set_alarm(self)  # what ends the wait counts from here on
            case Reschedule():
                task.frame.answer(Answer(u64(0)))
                self.board.trace_call(task.number, call, task.frame)
                self.scheduler.rotate(task)
            case Terminate(code):  # always: there is no other effect
                self.board.trace_exit(task.number, call)
                exit_task(self, task, code)
        return self.leave()

    def _interrupt(self, task: Task | None) -> None:
        """A tick ends the turn of the current task, which alone has another one; the limit ends the run; at an alarm
        what is due happens, and what a device has to say is signalled."""
        match self.board.acknowledge_interrupt():
            case Interrupt.TICK:
                if task is not None:
                    self.scheduler.rotate(task)
                    if self.scheduler.core.left is None:
                        self._begin_turn(task)
            case Interrupt.ALARM:
                ring(self)
                self.scheduler.preempt()
            case Interrupt.DEVICE:
                deliver(self, self.board.raised_line())
                self.scheduler.preempt()
            case Interrupt.LIMIT:
                self.limit_reached = True
                self.scheduler.core.current = None  # nothing runs from here on; the tasks keep their states
                log_line(self.board, b"tyrne: the instruction limit is reached")
            case Interrupt.SPURIOUS:  # always: there is no other interrupt
                pass

    def _begin_turn(self, task: Task) -> None:
        """The current task begins a turn, which the board is to interrupt when it ends."""
        timed = self.scheduler.slice != 0
        end = self.scheduler.begin_turn(task, self.board.turn_clock() if timed else u64(0))
        if timed:
            self.board.arm_turn(end)

    @apart
    def _pass_turn(self) -> None:
        """Somebody has become ready who waits for the end of a turn that did not pass."""
        if self.scheduler.slice != 0:
            self.board.arm_turn(self.scheduler.pass_turn(self.board.turn_clock()))

    @apart
    def _work_on(self) -> Task | None:
        """Do what the current task has to do before it goes on, an interrupt or a more urgent task before the rest of
        it. Without a task the processor rests, or the run is over and says how."""
        core = self.scheduler.core
        while True:
            task = core.current
            if task is None:
                self._rest()
                return None
            if task is not core.entered:
                self._enter(task)
            elif self.scheduler.somebody_waits():
                self._pass_turn()
            work = task.work
            if work is None:
                return task
            self._take_step(task, work)
            self.scheduler.preempt()
            if task is core.current and self.board.interrupt_pending():
                self._interrupt(task)

    def _rest(self) -> None:
        """Nobody is ready: the processor holds no thread and no space, and nobody has a turn. Or the run is over."""
        core = self.scheduler.core
        self.activate(self.bootstrap_space())
        if not self.waits():
            log_end(self)
            return
        old = core.entered
        if old is not None:
            if self.scheduler.slice != 0:
                self.scheduler.settle(self.board.turn_clock())
                self.board.arm_turn(None)
            self.board.switch_thread(old.thread, self.idle)
            core.left = None
            core.entered = None

    def waits(self) -> bool:
        """While nobody is ready: whether a deadline or a device may change that, and the run is not over."""
        comes = next_due(self) is not None or is_awaited(self)
        return comes and not self.limit_reached and self.anybody_left()

    def anybody_left(self) -> bool:
        """Whether a task has not ended that keeps the run going."""
        for i in irange(self.tasks.touched):
            task = self.tasks.items[i]
            if self.tasks.occupied[i] and not task.serves and not task.has_ended():
                return True
        return False

    def _take_step(self, task: Task, work: Work) -> None:
        """Do one unit of what a task has to do, and set down what is left."""
        match work:
            case Revocation(slot):
                if slot.first_child is not None:
                    delete_one(self, slot)
                if slot.first_child is None:
                    slot.revoked = False
                    task.work = None if self.ending.top is None else Reaping()
            case Preparation():
                task.work = prepare(self, work)
            case Reaping():  # always: there is no other work
                if self.ending.top is not None:
                    reap_some(self, self.ending.top)
                if self.ending.top is None:
                    task.work = None

    @hot
    def _enter(self, task: Task) -> None:
        """Let the CPU hold another task's thread and address space. Its turn begins, if it is one of its own."""
        core = self.scheduler.core
        old = core.entered
        if old is None or core.left is not None:
            self._begin_turn(task)
        elif self.scheduler.somebody_waits():
            self._pass_turn()
        self.board.switch_thread(None if old is None else old.thread, task.thread)
        space = live_space(task)
        self.activate(self.bootstrap_space() if space is None else space)
        core.entered = task

    @inline
    def activate(self, space: AddressSpace) -> None:
        """Let the CPU translate user addresses through the tables of a space."""
        self.board.activate(space.root, space.asid)
        self.scheduler.core.active = space
