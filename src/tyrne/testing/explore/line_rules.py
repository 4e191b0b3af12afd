"""What becomes of each interrupt line in one transition: the table of kernel/line.py, and how long the processor rests.

| a line           | is afterwards                                                                     |
|------------------|-----------------------------------------------------------------------------------|
| that is bound    | bound by what the call named, to its bits, open                                   |
| acknowledged     | bound as before, open                                                             |
| raised           | bound as before, closed, and its bits have come                                   |
| any other        | as before; unbound, once a capability by which it was bound goes or moves         |

The processor rests only while a deadline counts or somebody waits for the bits of a line that is open.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tyrne.abi import NULL_HANDLE, CallNumber, unpack_handle
from tyrne.kernel.cap_slot import CapSlot
from tyrne.kernel.capability import InterruptHandle, NotificationHandle
from tyrne.kernel.kernel import Kernel
from tyrne.kernel.line import Line, LineBinding
from tyrne.lang import u64
from tyrne.testing.board import MemoryBoard
from tyrne.testing.explore.alphabet import NULL, Action, Call, Raise
from tyrne.testing.explore.deadline_rules import Kept, answers
from tyrne.testing.invariants.deadlines import counts

BIND, ACK = int(CallNumber.INTERRUPT_BIND.value), int(CallNumber.INTERRUPT_ACK.value)


@dataclass(frozen=True)
class _Bound:
    """A line before the transition."""

    line: Line
    bound: LineBinding | None
    open: bool
    by: tuple[Kept, ...]


class Lines:
    """The interrupt lines before a transition."""

    def __init__(self, kernel: Kernel[MemoryBoard], action: Action) -> None:
        self.kernel = kernel
        self.action = action
        self.by, self.signals = self._slot(0), self._slot(1)
        """What a call about interrupts names, as far as it is there."""
        self.found = [
            _Bound(line, line.bound, line.open, _kept(line.bound)) for line in list(kernel.lines)[: kernel.named_lines]
        ]

    def wrong(self, status: int | None, traces: list[tuple[object, ...]]) -> Iterator[str]:
        """What does not hold afterwards. The caller's call was answered at once with `status`."""
        for one in self.found:
            yield from self._wrong(one, status, traces)
        kernel = self.kernel
        if kernel.scheduler.core.current is None and kernel.waits() is not self._may_rest():
            yield f"the processor rests {kernel.waits()}, and somebody may be woken {self._may_rest()}"

    def _slot(self, argument: int) -> CapSlot | None:
        action, task = self.action, self.kernel.scheduler.core.current
        if not isinstance(action, Call) or action.number not in (BIND, ACK) or task is None:
            return None
        word = NULL_HANDLE if argument >= len(action.words) else u64(action.words[argument])
        return task.capabilities.resolve(unpack_handle(word))

    def _is_named(self, line: Line) -> bool:
        """Whether it is the line that a call about interrupts names."""
        named = None if self.by is None or self.by.capability is None else self.by.held().object
        return isinstance(named, InterruptHandle) and named.at is line

    def _wrong(self, one: _Bound, status: int | None, traces: list[tuple[object, ...]]) -> Iterator[str]:
        line, action, name = one.line, self.action, f"line {int(one.line.number)}"
        bound, opened = one.bound, one.open
        if status == 0 and isinstance(action, Call) and self._is_named(line):
            opened = action.number == ACK or action.words[1] != NULL
            if action.number == BIND:
                yield from self._bound_anew(line, action)
                bound = line.bound
        elif isinstance(action, Raise) and action.line == line.number:
            opened = False
            if bound is not None and not self._have_come(int(bound.bits), traces):
                yield f"{name}: raised, and its bits have not come"
        if not all(kept.is_there() for kept in one.by) and bound is one.bound:
            bound, opened = None, False
        if (line.bound, line.open) != (bound, opened):
            yield f"{name}: bound {line.bound is not None}, open {line.open}; not {bound is not None}, {opened}"

    def _bound_anew(self, line: Line, action: Call) -> Iterator[str]:
        bound, asked, name = line.bound, action.words[1] != NULL, f"line {int(line.number)}"
        if (bound is not None) is not asked:
            yield f"{name}: bound {bound is not None}, and was to be {asked}"
        elif bound is not None and (bound.by, bound.signals, bound.bits) != (self.by, self.signals, action.words[2]):
            yield f"{name}: bound by what the call did not name"

    def _have_come(self, bits: int, traces: list[tuple[object, ...]]) -> bool:
        arrived = [int(answer[3]) for _, answer in answers(traces)]
        arrived += [int(notification.word) for notification in self.kernel.notifications.items._items]
        return any(word & bits == bits for word in arrived)

    def _may_rest(self) -> bool:
        kernel = self.kernel
        if kernel.limit_reached or not kernel.anybody_left():
            return False
        if any(task.deadline is not None and counts(task) for task in kernel.tasks.items._items):
            return True
        for line in kernel.lines:
            named = None if line.bound is None or not line.open else line.bound.signals.held().object
            if isinstance(named, NotificationHandle):
                queues = [named.at.waiters, *([] if named.at.bound is None else [named.at.bound.receivers])]
                if any(queue.head is not None for queue in queues):
                    return True
        return False


def _kept(bound: LineBinding | None) -> tuple[Kept, ...]:
    return () if bound is None else tuple(Kept(slot, int(slot.generation)) for slot in (bound.by, bound.signals))
