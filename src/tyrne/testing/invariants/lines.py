"""What holds of interrupt lines between any two traps. Each yields a sentence for each violation."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tyrne.abi import Rights
from tyrne.inspect.slots import object_of
from tyrne.kernel.capability import InterruptHandle, NotificationHandle
from tyrne.kernel.kernel import Kernel
from tyrne.kernel.line import Line, LineBinding
from tyrne.testing.board import MemoryBoard
from tyrne.testing.invariants.waiting import tasks

Violations = Iterator[str]


def a_line_stands_by_what_its_driver_holds(kernel: Kernel[Any]) -> Violations:
    """It was bound by two capabilities of one task that lives, which still allow it. One that is unbound is closed."""
    holders = {id(task.capabilities) for _, task, alive in tasks(kernel) if alive}
    for line in kernel.lines:
        bound, name = line.bound, f"line {int(line.number)}"
        if bound is None:
            if line.open:
                yield f"{name}: open for nobody"
        elif bound.by.table is not bound.signals.table or id(bound.by.table) not in holders:
            yield f"{name}: bound by what no task holds"
        elif bound.by.capability is None or bound.signals.capability is None:
            yield f"{name}: bound by a capability that is gone"
        else:
            yield from _allows(kernel, name, line, bound)


def _allows(kernel: Kernel[Any], name: str, line: Line, bound: LineBinding) -> Violations:
    by, signals = bound.by.held(), bound.signals.held()
    if not isinstance(by.object, InterruptHandle) or by.object.at is not line or Rights.BIND not in by.rights:
        yield f"{name}: bound by a capability that does not allow it"
    if not isinstance(signals.object, NotificationHandle) or Rights.NOTIFY not in signals.rights:
        yield f"{name}: signals by a capability that does not allow it"
    elif object_of(kernel, signals.object) is None:
        yield f"{name}: signals what is gone"


def a_line_is_unmasked_while_it_is_open(kernel: Kernel[Any]) -> Violations:
    """The board lets through just what somebody is to hear."""
    board = kernel.board
    if isinstance(board, MemoryBoard):
        open_lines = {int(line.number) for line in kernel.lines if line.open}
        if board.unmasked != open_lines:
            yield f"the board lets {sorted(board.unmasked)} through, and open are {sorted(open_lines)}"
