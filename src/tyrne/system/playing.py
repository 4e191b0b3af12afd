"""A recorded run that is made again on the hosted machine, transition by transition, and what is kept of it on the way.

`Replay` (replay.py) goes to any position of it.
"""

from __future__ import annotations

from bdb import BdbQuit
from typing import Final

from tyrne.hal.aarch64.syndrome import CLASS_SUPERVISOR_CALL, exception_class, has_fault_address
from tyrne.hal.exit_status import PANIC
from tyrne.hal.frame import Vector
from tyrne.hal.interrupt import Interrupt
from tyrne.hosted.board import HostedBoard
from tyrne.hosted.cpu import NO_LIMIT, Stop
from tyrne.hosted.happened import CallEvent, FaultEvent
from tyrne.hosted.machine import HostedMachine
from tyrne.hosted.panic import describe
from tyrne.hosted.recorded import RecordedMachine
from tyrne.hosted.recorder import Recorder
from tyrne.kernel.kernel import Kernel
from tyrne.kernel.task import Task
from tyrne.lang import Trap, u64
from tyrne.system.checkpoints import BUDGET, SPACING, Checkpoint, Checkpoints, Place, distance
from tyrne.system.history import History
from tyrne.system.models import attach
from tyrne.system.record import Record
from tyrne.system.report_file import RecordedRun
from tyrne.system.run import NO_LIMIT as LONGEST
from tyrne.system.transition import Cause, Listening, Transition


class Playing:
    """A recorded run, made again up to some position."""

    def __init__(self, run: RecordedRun, max_instructions: int = 0) -> None:
        """`max_instructions` bounds what is repeated of each run through the record; 0 is no limit."""
        self.run: Final = run
        self.max_instructions: Final = max_instructions
        self._kept: Final = run.kept
        self._next: Task | None = None
        self._ends = False
        self._checkpoints: Checkpoints | None = None
        self._passed = 0
        """The distance of the last checkpoint from the start of the run."""
        self.position: int
        self.inside: int
        """Instructions that have begun since the last transition."""
        self.history: History
        """Who gave and made what, and what each task did, until this position."""
        self._start()

    @property
    def record(self) -> Record:
        return self.run.record

    @property
    def kernel(self) -> Kernel[HostedBoard]:
        """The kernel at this position. After a step back it is another object, unless checkpoints are kept."""
        return self._machine.kernel

    @property
    def machine(self) -> HostedMachine:
        """The machine at this position, as for `kernel`. Who changes it must put it back."""
        return self._machine

    @property
    def next_task(self) -> Task | None:
        """The task that goes on from here."""
        return self._next

    @property
    def recorder(self) -> Recorder:
        """What has happened until this position."""
        return self._recorder

    @property
    def instructions(self) -> int:
        """How many instructions of tasks have begun."""
        return self._machine.board.cpu.instructions

    @property
    def place(self) -> Place:
        """How many transitions there have been, and how many instructions since the last of them."""
        return Place(self.position, self.inside)

    @property
    def over(self) -> bool:
        """Whether this is the end: nothing is left to run, or the record is used up."""
        return self._ends

    @property
    def checkpoints(self) -> Checkpoints | None:
        """What is kept, by which a step back needs not repeat the run from its start; None while nothing is."""
        return self._checkpoints

    def keep_checkpoints(self, budget: int = BUDGET, spacing: int = SPACING) -> None:
        """Go to the start, and from now on keep states of the run: at most `budget` bytes of the host's memory, and one
        each `spacing` of the way while there is room (tyrne.system.checkpoints)."""
        self._start()
        self._checkpoints = Checkpoints(self._machine, [self.history], [self._events], budget, spacing)
        if not self._ends:
            self.keep_this()

    def keep_this(self) -> None:
        """Keep the state that this is, if states are kept and the run goes on."""
        if self._checkpoints is not None and not self._ends:
            self._passed = self._checkpoints.save(self.place, self.instructions, self._next).distance

    def step(self) -> Transition | None:
        """Make one transition; None at the end."""
        return self.run_on(NO_LIMIT)

    def run_on(self, instructions: int) -> Transition | None:
        """Make one transition, unless so many instructions, at least one, begin before: then `inside` says so, and the
        answer is None. So it is at the end."""
        task = self._next
        if self.over:
            return None
        machine, number = self._machine, None if task is None else int(task.number)
        cause: Cause = Interrupt.SPURIOUS
        panicked = False
        try:
            stop = machine.rest() if task is None else self._execute(task, instructions)
            if stop is None:
                return None
            interrupted = stop.vector is Vector.IRQ
            if interrupted and machine.until_interrupt() > 0:
                self._ends = True  # it goes on where the record ends
                return None
            cause = Interrupt.SPURIOUS if task is None or interrupted else _cause(task, stop)
            self._next = machine.answer(stop)
            cause = machine.board.acknowledged if interrupted else cause
        except BdbQuit:
            raise
        except (Trap, Exception) as failure:
            self._panic(failure)
            panicked = True
        self.position += 1
        self.inside = 0
        events = self._events.take()
        if not panicked:
            self.history.follow(machine.kernel, self.position, number, events, self.instructions)
        if len(self._events.calls_at) <= self._kept.calls:
            self._events.calls_at += [self.position for event in events if isinstance(event, CallEvent)]
        if panicked or not self._machine.goes_on(self._next):
            self._finish(panicked)
        elif self.run.breaks_off and self._is_used_up():
            self._ends = True
        self._keep_some()
        return Transition(self.position, number, cause, events, panicked)

    def _execute(self, task: Task, most: int) -> Stop | None:
        """Let a task run until it stops, and keep states on a long way. None where `most` instructions have begun, and
        the next is due."""
        machine = self._machine
        while True:
            left, part = min(machine.until_interrupt(), self._left()), min(most, self._until_checkpoint())
            if part >= left:
                return machine.execute(task, left)
            begun = self.instructions
            stop = machine.execute(task, part, pause=True)
            if stop.vector is not Vector.IRQ:
                return stop
            if self.instructions - begun < part:  # a device interrupts
                machine.cpu.driver.take_exception()
                return stop
            self.inside += part
            self._keep_some()
            most -= part
            if not most:
                return None

    def _until_checkpoint(self) -> int:
        """Instructions until a state is to be kept; at least one."""
        if self._checkpoints is None:
            return NO_LIMIT
        return max(1, self._passed + self._checkpoints.spacing - distance(self.place, self.instructions))

    def _keep_some(self) -> None:
        """Keep the state that this is, if the last one that is kept is too far away."""
        kept = self._checkpoints
        if kept is None or distance(self.place, self.instructions) - self._passed < kept.spacing:
            return
        self._passed = kept.before(self.place).distance
        if distance(self.place, self.instructions) - self._passed >= kept.spacing:
            self.keep_this()

    def _go_back_to(self, checkpoint: Checkpoint) -> None:
        """Be where a checkpoint was made. The kernel, the recorder and the history are the same objects as before."""
        assert self._checkpoints is not None
        self._checkpoints.restore(checkpoint)
        self._next, self._passed = checkpoint.task, checkpoint.distance
        self.position, self.inside = checkpoint.place
        self._ends = self.panicked = False

    def _start(self) -> None:
        """Position 0: the kernel has booted."""
        record = self.record
        self._events = Listening()
        self._recorder = Recorder(self._events, kept=self._kept)
        self.position = 0
        self.inside = 0
        console = not record.release
        self._machine: HostedMachine = (
            HostedMachine(record.manifest, self._recorder, console)
            if record.interrupts is None
            else RecordedMachine(record.manifest, self._recorder, console, record.interrupts, record.readings)
        )
        attach(self._machine, record.devices, record.addressed)
        if record.preempt_calls:
            self._machine.draw_ticks(record.preempt_calls)
        self._next = None
        self._ends = False
        self.panicked = False
        """Whether the kernel has failed a check: its state may be anything."""
        try:
            self._next = self._machine.boot()
        except BdbQuit:
            raise
        except (Trap, Exception) as failure:
            self._panic(failure)
            self._finish(True)
        else:
            if record.interrupts is None and not record.limit:
                self._machine.board.arm_limit(u64(LONGEST))
            if not self._machine.goes_on(self._next):
                self._finish(False)
        self.history = History(self.kernel)

    @property
    def limited(self) -> bool:
        """Whether the limit of instructions has ended it, and not the record."""
        return self.over and self._recorder.status is None and self.instructions >= (self.max_instructions or NO_LIMIT)

    def _left(self) -> int:
        """How many instructions may begin, at most: one more than were recorded, to see that there are none."""
        recorded = NO_LIMIT if self.run.breaks_off else self.run.instructions + 1
        return min(recorded, self.max_instructions or NO_LIMIT) - self.instructions

    def _is_used_up(self) -> bool:
        """Whether all is repeated that was recorded before the record breaks off: it may have what the next call
        wrote, without that call."""
        run, recorder, machine = self.run, self._recorder, self._machine
        taken = not isinstance(machine, RecordedMachine) or machine.used_up
        if run.loses_interrupts:
            return taken
        if not taken or len(recorder.calls) < len(run.calls) or len(recorder.faults) < run.faults:
            return False
        return len(recorder.calls) > len(run.calls) or len(recorder.console_text()) >= len(run.report["console"])

    def _panic(self, failure: BaseException) -> None:
        self._recorder.panic(describe(failure).encode())
        self.panicked = True
        self._next = None

    def _finish(self, panicked: bool) -> None:
        self._ends = True
        status = PANIC if panicked else self._machine.end()
        self._recorder.end(int(status), self._machine.board.cpu.instructions)


def _cause(task: Task, stop: Stop) -> CallEvent | FaultEvent:
    """What a synchronous trap is about; the task's frame holds its registers."""
    number, x = int(task.number), task.frame.x
    syndrome = u64(stop.syndrome)
    if exception_class(syndrome) == CLASS_SUPERVISOR_CALL:
        return CallEvent(number, int(x[8]), tuple(int(x[i]) for i in range(6)), None, int(task.frame.pc))
    address = stop.address if has_fault_address(syndrome) else 0
    return FaultEvent(number, stop.syndrome, address, int(task.frame.pc), int(task.frame.x[30]))
