"""A random walk: what runs makes random calls with arguments that mostly fit, and what comes about is watched."""

from __future__ import annotations

from random import Random
from typing import Final

from tyrne.abi import CallNumber as C
from tyrne.abi import Status, unpack_handle
from tyrne.inspect.reach.facts import Thing
from tyrne.kernel.capability import TaskHandle
from tyrne.kernel.kernel import Kernel
from tyrne.kernel.task import Task
from tyrne.lang import u64
from tyrne.testing.board import MemoryBoard
from tyrne.testing.explore.alphabet import (
    ALARM,
    FAULTS,
    NULL,
    TICK,
    Action,
    Call,
    Fewer,
    Holdings,
    Raise,
    Template,
    alarms,
    perform,
)
from tyrne.testing.explore.model import ExplorationBoard, Model
from tyrne.testing.reach.watch import TAG, Watch
from tyrne.testing.snapshot import Snapshot

STEPS: Final = 300
BEFORE: Final = (0, 0, 0, 20, 60)
"""How many steps there are before the state from which `reach` reasons."""
OTHERWISE: Final = 0.08
"""The share of steps that are a tick, an alarm, an interrupt or a fault."""
LAST: Final = 0.2
"""How often a call that may wait is made when nobody else is ready."""
UNHEARD: Final = 0.1
"""How often a task may fault of which nobody hears: it ends by that."""
MISFITS: Final = 0.05
"""The share of arguments that are any capability of the caller's."""
_DRAWS: Final = 6
"""Of calls, until one is found for which the caller holds something."""
_SAYING: Final = {call.value for call in (C.SEND, C.SEND_WAIT, C.CALL, C.REPLY, C.REPLY_WAIT)}
_OFTEN: Final = {
    **{call.value: 0.1 for call in (C.TASK_EXIT, C.TASK_END, C.CAP_DROP, C.CAP_REVOKE, C.TASK_SUSPEND)},
    **{call.value: 0.5 for call in (C.SEND_WAIT, C.CALL, C.WAIT)},
}
"""Of calls after which there is less, or that wait: how often they are made when they are drawn."""
_WAITING: Final = {call.value for call in (C.SEND_WAIT, C.CALL, C.WAIT, C.REPLY_WAIT, C.TASK_EXIT)}
_LOOKS: Final = {C.TASK_READ.value, C.TASK_STATE.value}
_CHANGES: Final = {
    call.value for call in (C.TASK_WRITE, C.TASK_RESUME, C.TASK_SUSPEND, C.TASK_END, C.TASK_CONFIGURE)
}  # fmt: skip
_SIGNALS: Final = {C.NOTIFY.value: 1, C.CLOCK_ARM.value: 3, C.INTERRUPT_BIND.value: 2}
"""Calls that signal bits, and the register that says which."""


def walk(model: Model, random: Random, steps: int = STEPS, without: frozenset[str] = frozenset()) -> Watch:
    """So many steps of a model, or until something is wrong: from its start, or a state that is soon reached, and anew
    from there whenever nobody runs any more."""
    kernel = model.build()
    for _ in range(random.choice(BEFORE)):
        action = _action(model, kernel, random, says=False)
        if action is not None:
            _perform(kernel, action)
    if kernel.scheduler.core.current is None:
        kernel = model.build()
    floating = [task.thread.q for task in kernel.tasks.items]
    names = [task.name for task in kernel.tasks.items]
    snapshot = Snapshot(kernel, without=(kernel.loading, kernel.boot_frame, *names, *floating))
    first = snapshot.save()
    watch = Watch(kernel, without)
    while watch.steps < steps and not watch.wrong:
        _run(model, watch, random, steps)
        snapshot.restore(first)
        watch.again()
    return watch


def _run(model: Model, watch: Watch, random: Random, steps: int) -> None:
    """One run, until nobody runs."""
    kernel = watch.kernel
    while watch.steps < steps and not watch.wrong:
        watch.steps += 1
        task = kernel.scheduler.core.current
        action = _action(model, kernel, random)
        if action is None and task is None:
            return
        if action is not None:
            overseen = _overseen(watch, action, task)
            done = _perform(kernel, action)
            if done or not isinstance(action, Call):  # a call that is refused changes nothing
                if overseen is not None and done:
                    watch.tell(*overseen, "registers")
                watch.hear(done)
                watch.look()


def _perform(kernel: Kernel[MemoryBoard], action: Action) -> list[tuple[object, ...]]:
    """Let it happen; what the board was told, without calls that were not answered with Ok."""
    board = kernel.board
    assert isinstance(board, ExplorationBoard)
    board.forget()
    perform(kernel, action)
    return [trace for trace in board.traces if trace[0] != "call" or trace[3][0] == Status.OK.value]


def _overseen(watch: Watch, action: Action, task: Task | None) -> tuple[Thing, Thing] | None:
    """From which task to which something is told if a call about a task succeeds."""
    if task is None or not isinstance(action, Call) or action.number not in _LOOKS | _CHANGES:
        return None
    slot = task.capabilities.resolve(unpack_handle(u64(action.words[0])))
    if slot is None or not isinstance(slot.held().object, TaskHandle):
        return None
    one, other = watch.meaning.task(task), watch.meaning.thing(slot.held().object)
    return (other, one) if action.number in _LOOKS else (one, other)


def _action(model: Model, kernel: Kernel[MemoryBoard], random: Random, says: bool = True) -> Action | None:
    """What happens next; nothing when nothing was found, or nothing can. `says`: what tasks say has their numbers."""
    task = kernel.scheduler.core.current
    if task is not None and random.random() >= OTHERWISE:
        return _call(model, kernel, task, random, says)
    if task is None and not kernel.waits():
        return None
    listed: list[Action] = [Raise(line) for line in sorted(kernel.board.unmasked)]
    listed += [ALARM] if list(alarms(kernel)) else []
    if task is not None:
        listed += [TICK] * 4
        listed += [FAULTS] if task.supervisor.capability is not None or random.random() < UNHEARD else []
    return random.choice(listed) if listed else None


def _call(model: Model, kernel: Kernel[MemoryBoard], task: Task, random: Random, says: bool) -> Action | None:
    """A call whose arguments the caller has, as far as it is found."""
    holdings = Holdings(kernel, every=False)
    others = any(queue.head is not None for queue in kernel.scheduler.core.ready)
    word, bit = (TAG | int(task.number), 1 << min(63, int(task.number))) if says else (0, 1 << 63)
    for _ in range(_DRAWS):
        template = random.choice(model.calls)
        call = template.call.value
        if random.random() < (_OFTEN.get(call, 1) if call not in _WAITING or others else LAST):
            words = _words(template, holdings, random)
            if words is not None:
                if call in _SAYING:
                    words[1:5] = [word] * 4
                if call in _SIGNALS:
                    words[_SIGNALS[call]] = bit
                if template.call is C.TASK_EXIT:
                    words[0] = word
                return Call(call, tuple(words))
    return None


def _words(template: Template, holdings: Holdings, random: Random) -> list[int] | None:
    """Arguments for a call; nothing when the caller lacks one."""
    words: list[int] = []
    for argument in template.arguments:
        fitting = holdings.fitting(argument, words[0] if words else NULL)
        if isinstance(argument, Fewer) and words:
            fitting = [*fitting, fitting[0]]
        if random.random() < MISFITS:
            fitting = holdings.all
        if not fitting:
            return None
        words.append(random.choice(fitting))
    return words
