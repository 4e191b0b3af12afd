"""One state of a model, and everything that can happen next: what each worker of a search does.

Each transition is checked as it is made: the kernel does not stop; a call with a stale handle, a capability of another
kind or wider rights is refused; a call that is refused changes nothing but x0 to x7 of its caller, which hold no
payload, and tells the machine nothing; no handle that was ever given out names anything else afterwards; a revocation
leaves nothing of what was derived; a new life owes nothing; a poll that is pending leaves no message; no task changes
its state as the table has not; each deadline goes or stays as the table of them says; what the fast path does, the
general path does as well, to the last field. A revocation counts when its work is done, in whatever transition that is.
Each state is checked once, when it is expanded: every invariant of `tyrne.testing.invariants`.

After each step of long work the kernel asks whether an interrupt is pending, and the answer is an input. So an action
during which it asks n times is 2n + 1 transitions: one without an interrupt, and one each with a tick, or an alarm,
after the first to the n-th step; an alarm only where the board is to raise one. One interrupt in a transition is all
that is tried: what it leaves over is resumed in later transitions, which are interrupted in turn. Left out is therefore
only a second one before any task makes a trap of its own: after one that gives the CPU to another task that has work as
well, that work is done to its end.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import count

from tyrne.abi import CallNumber
from tyrne.kernel.cap_slot import CapSlot
from tyrne.kernel.cap_table import CapTable
from tyrne.kernel.kernel import Kernel
from tyrne.kernel.task import Task
from tyrne.lang import Trap
from tyrne.testing.board import MemoryBoard
from tyrne.testing.explore.alphabet import Action, Alarm, Call, Fault, Raise, Tick, actions, perform, prepare
from tyrne.testing.explore.canonical import Canonical, Key
from tyrne.testing.explore.deadline_rules import Standing
from tyrne.testing.explore.line_rules import Lines
from tyrne.testing.explore.long_work import Before, Steps
from tyrne.testing.explore.model import ExplorationBoard, Model
from tyrne.testing.general import fast_trap, general_trap
from tyrne.testing.invariants import violations
from tyrne.testing.invariants.task_states import NO_CALL, StateChanges, changes_are_in_the_table
from tyrne.testing.invariants.transitions import (
    Holding,
    a_new_life_owes_nothing,
    a_pending_poll_found_nothing,
    table_of_a_life,
)
from tyrne.testing.snapshot import Saved, Snapshot

Trace = tuple[int, ...]
"""How a state is reached from the first one: in each state on the way, the place of the action in the list of all; for
one with a tick after its k-th step, 2k - 1 times the length of the list more; with an alarm, 2k times."""
STOPS = (Exception, Trap)
"""What a kernel raises that stops, or that is broken in a way that only CPython notices."""

NAMES = {Tick: "tick", Alarm: "alarm", Raise: "device heard", Fault: "fault made"}
RECV = int(CallNumber.RECV.value)
CONFIGURE = int(CallNumber.TASK_CONFIGURE.value)


@dataclass(frozen=True)
class Violation:
    """What does not hold, and how to get there."""

    trace: Trace
    what: tuple[str, ...]


@dataclass
class Expansion:
    """What came of some states."""

    found: list[tuple[Key, Trace]] = field(default_factory=list)
    """States that follow, by one of the traces that lead there."""
    states: int = 0
    transitions: int = 0
    refusals: int = 0
    """Calls that the current task made and that were refused. Those that end a wait otherwise than with Ok are none."""
    met: Counter[str] = field(default_factory=Counter)
    """What happened: the number of a call and its status in hexadecimal, `tick`, `alarm`, `fault made`, or what a
    tracer is told of a task: `exit`, `fault`, `end`, `waiting`; `rest` for what leaves nobody ready while a deadline is
    to come; for what the fast path did `fast`, with the number of the call or `fault`; and for work that an interrupt
    has stopped `preempted`, with its kind, which long_work.py lists."""
    violation: Violation | None = None


def chosen(choice: int, listed: list[Action]) -> tuple[Action, int]:
    """What an element of a trace stands for in a state of which all actions are listed: an action, and what interrupts
    it: a tick after the k-th step, which is k; an alarm then, which is -k; or nothing, which is 0."""
    turn, place = divmod(choice, len(listed))
    return listed[place], interruption(turn)


def interruption(turn: int) -> int:
    """Nothing, a tick after the first step, an alarm then, a tick after the second, and so on."""
    return (turn + 1) // 2 if turn % 2 else -(turn // 2)


class Stepper:
    """A model's kernel, and steps of it that are checked."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.kernel: Kernel[MemoryBoard] = model.build()
        board = self.kernel.board
        assert isinstance(board, ExplorationBoard)
        self.board = board
        self.changes = StateChanges(self.kernel)
        names = [task.name for task in self.kernel.tasks.items]
        floating = [task.thread.q for task in self.kernel.tasks.items]
        kernel = self.kernel
        self.snapshot = Snapshot(kernel, without=(kernel.loading, kernel.boot_frame, *names, *floating), ram=model.ram)
        self.canonical = Canonical(kernel, ram=model.ram, ends=model.ends())
        index = self.snapshot.index
        self.registers = {id(task): index[id(task.frame.x)] for task in kernel.tasks.items}
        """Where in a saved state the registers of a task stand."""
        self.table_slots = [
            index[id(slot)]
            for table in (kernel.bootstrap_table, *(task.capabilities for task in kernel.tasks.items))
            for slot in table.slots
        ]
        fields = list(vars(CapSlot()))
        self.capability_at, self.generation_at = fields.index("capability"), fields.index("generation")
        self.first = self.snapshot.save()
        self.fast = False
        """Whether the fast path did the last step."""
        self.steps = Steps(self.kernel, self.canonical.fixed)
        self.held: tuple[Saved, list[Holding]] = ([], [])
        """A state, and what is held in it, if that was needed."""

    def actions(self) -> list[Action]:
        model = self.model
        return list(actions(model.calls, model.ticks, model.faults, self.kernel))

    def step(self, action: Action, before: Saved, interrupted: int = 0) -> tuple[Saved, bool, list[str]]:
        """One transition from the present state, `before`: the state after it, whether it has changed, what is wrong.

        What interrupts its long work is as `chosen` says. x0 to x8 of the caller do not count as a change.
        """
        task = self.kernel.scheduler.core.current
        self._begin(action, before)
        self.board.interrupted = interrupted
        self.changes.take()
        if self.held[0] is not before:
            self.held = before, []
        work = Before(self.steps, task, action, self.held[1])
        standing, lines = Standing(self.kernel, action), Lines(self.kernel, action)
        configured = self._configured(task, action)
        try:
            after, wrong = self._both_ways(action, before, 0 if task is None else self.registers[id(task)])
        except STOPS as stop:
            return before, True, [f"the kernel stops: {type(stop).__name__}: {stop}"]
        made = CallNumber(action.number) if isinstance(action, Call) else NO_CALL
        wrong += changes_are_in_the_table(self.changes.take(), made)
        wrong += self.steps.wrong
        status = self.status(task) if isinstance(action, Call) and task is not None else None
        wrong += standing.wrong(status, self.board.traces, self.board.rang)
        wrong += lines.wrong(status, self.board.traces)
        if task is None:
            return after, after != before, wrong
        at = self.registers[id(task)]
        registers = after[at]
        after[at] = before[at]
        changed = after != before
        after[at] = registers
        if status is not None and status != 0:
            if changed:
                wrong.append(f"refused with {status:#x}, and changed: {self._changes(before, after, at)}")
            if self.board.events or self.board.console:
                wrong.append(f"refused with {status:#x}, and told the machine: {self.board.events}")
            if any(registers[1:8]) or registers[9:] != before[at][9:]:
                wrong.append(f"refused with {status:#x}, and a payload")
        if isinstance(action, Call) and action.refused and (status is None or status == 0):
            wrong.append("a call is not refused, although one of its arguments is not as it must be")
        wrong += work.wrong(status, self.board.events)
        if configured is not None and status == 0:
            wrong += a_new_life_owes_nothing(self.kernel, configured)
        if isinstance(action, Call) and action.number == RECV and status == 0 and registers[1] == 1:
            wrong += a_pending_poll_found_nothing(self.kernel, task.capabilities, action.words[0])
        if changed:
            wrong += self._renamed(before, after)
        return after, changed, wrong

    def _both_ways(self, action: Action, before: Saved, at: int) -> tuple[Saved, list[str]]:
        """The transition by the general path, and if the fast path does it as well, by that: where the two differ.

        `at` is where in a saved state the caller's registers stand.
        """
        trap = prepare(self.kernel, action)
        self.fast = fast_trap(self.kernel, *trap)
        if isinstance(action, Tick | Alarm | Raise):
            general_trap(self.kernel, *trap)
            return self.snapshot.save(), []
        after, told = self.snapshot.save(), self.board.told()
        if not self.fast:
            after[at] = before[at]
            wrong = "the fast path changes something, and leaves the call to the general one"
            touched = after != before
            general_trap(self.kernel, *trap)
            return self.snapshot.save(), [wrong] if touched else []
        self.snapshot.restore(before, after)
        self._begin(action, before)
        general_trap(self.kernel, *prepare(self.kernel, action))
        general = self.snapshot.save()
        if general != after:
            return general, [f"the fast path comes to something else: {self._changes(general, after, -1)}"]
        return general, [] if told == self.board.told() else ["the fast path tells the machine something else"]

    def _begin(self, action: Action, before: Saved) -> None:
        """Nothing has come of an action yet, in the state `before`."""
        self.board.forget()
        self.steps.begin(action, before)

    def _configured(self, task: Task | None, action: Action) -> CapTable | None:
        """The table of the task whose life a call is to end."""
        if task is None or not isinstance(action, Call) or action.number != CONFIGURE:
            return None
        return table_of_a_life(self.kernel, task.capabilities, action.words[0])

    def status(self, task: Task) -> int | None:
        """x0 of the answer that the current task's call had at once, None when it waited, or had no one to answer."""
        for trace in self.board.traces:
            if trace[0] == "call" and trace[1] == task.number and trace[4]:
                status: int = trace[3][0]
                return status
        return None

    def _changes(self, before: Saved, after: Saved, without: int) -> str:
        names = [type(place).__name__ for place in self.snapshot.places] + ["RAM"]
        differ = [i for i in range(len(before)) if i != without and before[i] != after[i]]
        return ", ".join(f"{names[i]} {i}" for i in differ)

    def _renamed(self, before: Saved, after: Saved) -> list[str]:
        """A slot that has lost its capability, or has another one, must be in a later generation: what
        `handles_keep_their_meaning` says, of saved states."""
        capability, generation = self.capability_at, self.generation_at
        wrong = []
        for i in self.table_slots:
            old, new = before[i], after[i]
            held = old[capability]
            if held is not None and old is not new:
                kept = new[capability] is held
                if (new[generation] > old[generation]) is kept:
                    wrong.append(f"a handle of slot {old[2]} names something else than before")
        return wrong


class Expander(Stepper):
    """Goes from state to state along traces that share their beginnings."""

    def __init__(self, model: Model) -> None:
        super().__init__(model)
        self.path: list[tuple[int, Saved]] = []
        """The actions that led to the present state, each with the state that it led to."""
        self.listed: dict[int, list[Action]] = {}
        """What can happen in the states on that path, by their places on it, as far as it was asked."""

    def go(self, trace: Trace) -> Saved:
        """Be in the state that a trace leads to."""
        shared = 0
        while shared < min(len(trace), len(self.path)) and self.path[shared][0] == trace[shared]:
            shared += 1
        del self.path[shared:]
        for place in [place for place in self.listed if place > shared]:
            del self.listed[place]
        state = self.path[-1][1] if self.path else self.first
        self.snapshot.restore(state)
        for place, choice in enumerate(trace[shared:], shared):
            if place not in self.listed:
                self.listed[place] = self.actions()
            action, self.board.interrupted = chosen(choice, self.listed[place])
            self._begin(action, state)
            perform(self.kernel, action)
            state = self.snapshot.save()
            self.path.append((choice, state))
        return state

    def expand(self, trace: Trace, result: Expansion, known: set[Key]) -> None:
        """Check the state that a trace leads to, and make every step from it. `known` are the keys already reported."""
        base = self.go(trace)
        result.states += 1
        wrong = violations(self.kernel)
        if wrong:
            result.violation = Violation(trace, tuple(wrong))
            return
        caller = self.kernel.scheduler.core.current
        listed = self.actions()
        asked = [0] * len(listed)
        """How often the kernel asks for an interrupt during each action."""
        rings = self.board.alarm_at is not None
        for turn in count():
            interrupted = interruption(turn)
            for place, action in enumerate(listed):
                if abs(interrupted) > asked[place] or (interrupted < 0 and not rings):
                    continue
                choice = turn * len(listed) + place
                after, changed, wrong = self.step(action, base, interrupted)
                if turn == 0:
                    asked[place] = self.board.steps
                status = self.status(caller) if isinstance(action, Call) and caller is not None else None
                self.note(action, status, result)
                if wrong:
                    result.violation = Violation((*trace, choice), tuple(wrong))
                    return
                if changed:
                    key = self.canonical.key()
                    if key not in known:
                        known.add(key)
                        result.found.append((key, (*trace, choice)))
                    self.snapshot.restore(base, after)
            if turn >= 2 * max(asked, default=0):
                break
        self.snapshot.restore(base)

    def note(self, action: Action, status: int | None, result: Expansion) -> None:
        """Count an action, what its own call was answered, and whatever else came of it."""
        result.transitions += 1
        result.refusals += status not in (None, 0)
        if self.fast:
            result.met[f"fast {action.number if isinstance(action, Call) else 'fault'}"] += 1
        preempted = self.steps.preempted()
        if preempted is not None:
            result.met[f"preempted {preempted}"] += 1
        for trace in self.board.traces:
            if trace[0] == "call":
                result.met[f"{int(trace[2].number)}:{trace[3][0]:x}"] += 1
            else:
                result.met[trace[0]] += 1
        if not isinstance(action, Call):
            result.met[NAMES[type(action)]] += 1
        if self.kernel.scheduler.core.current is None and self.kernel.waits():
            result.met["rest"] += 1


class _Expanders(threading.local):
    """Each thread that works for others keeps the kernel of its model."""

    def __init__(self) -> None:
        self.latest: Expander | None = None

    def of(self, model: Model) -> Expander:
        if self.latest is None or self.latest.model != model:
            self.latest = Expander(model)
        return self.latest


_EXPANDERS = _Expanders()


def expand(model: Model, traces: Iterable[Trace]) -> Expansion:
    """Everything that can happen next in some states; sorted traces are gone along most quickly."""
    return expand_with(_EXPANDERS.of(model), traces)


def expand_with(worker: Expander, traces: Iterable[Trace]) -> Expansion:
    result = Expansion()
    known: set[Key] = set()
    for trace in traces:
        if result.violation is None:
            worker.expand(trace, result, known)
        elif len(trace) < len(result.violation.trace):  # a state that is wrong is nearer than a step that is
            worker.go(trace)
            wrong = violations(worker.kernel)
            if wrong:
                result.violation = Violation(trace, tuple(wrong))
    return result
