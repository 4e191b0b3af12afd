"""The fast path leaves who has a deadline that ends a wait to the general one, and nobody else."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hall import (
    ENDS,
    KINDS,
    SIGNALS,
    Hall,
    at_the_door,
    called,
    fault_is_received,
    for_signals,
)

from tyrne.abi import CallNumber as C
from tyrne.hal.cause import Cause
from tyrne.lang import u64
from tyrne.testing.general import fast_trap
from tyrne.testing.kernels import NULL, STORE_FAULT, SVC, run
from tyrne.testing.state import kernel_state


def fast(w: Hall, task: int, number: C | None, *arguments: int) -> bool:
    """Whether the fast path does a call, or a fault without a number; if not, nothing has changed."""
    run(w.kernel, w.task(task))
    frame = w.task(task).frame
    cause, what = (Cause.FAULT, STORE_FAULT) if number is None else (Cause.CALL, SVC)
    if number is not None:
        for register in range(6):
            frame.x[register] = u64(arguments[register] if register < len(arguments) else 0)
        frame.x[8] = u64(number.value)
    before = kernel_state(w.kernel)
    done = fast_trap(w.kernel, cause, u64(what), u64(0))
    assert done or kernel_state(w.kernel) == before
    return done


def calls_by_the_fast_path(w: Hall, kind: str, gift: bool) -> bool:
    w.blocks(1, C.WAIT, w.doors)
    w.arm(kind)
    return fast(w, 0, C.CALL, w.door, 1, 2, 3, 4, w.give_console(0) if gift else NULL)


def is_called_by_the_fast_path(w: Hall, kind: str, gift: bool) -> bool:
    w.arm(kind)
    at_the_door(w)
    return fast(w, 1, C.CALL, w.doors, 1, 2, 3, 4, w.give_console(1) if gift else NULL)


def answers_by_the_fast_path(w: Hall, kind: str) -> bool:
    w.blocks(1, C.CALL, w.doors, 1, 2, 3, 4, NULL)
    w.ok(0, C.WAIT, w.door)
    reply = w.x(0)[7]
    w.arm(kind)
    return fast(w, 0, C.REPLY_WAIT, reply, 1, 2, 3, 4, w.door)


def is_answered_by_the_fast_path(w: Hall, kind: str) -> bool:
    w.arm(kind)
    called(w)
    return fast(w, 1, C.REPLY_WAIT, w.x(1)[7], 1, 2, 3, 4, w.doors)


def is_repaired_by_the_fast_path(w: Hall, kind: str) -> bool:
    w.supervise(0, w.slot(1, w.doors).parent)  # type: ignore[arg-type]
    w.arm(kind)
    fault_is_received(w)
    return fast(w, 1, C.REPLY_WAIT, w.x(1)[7], 0, 0, 0, 0, w.doors)


def hears_of_a_fault_by_the_fast_path(w: Hall, kind: str) -> bool:
    w.supervise(1, w.slot(1, w.doors).parent)  # type: ignore[arg-type]
    w.arm(kind)
    at_the_door(w)
    return fast(w, 1, None)


FAST: dict[str, Callable[[Hall, str], bool]] = {
    "calls": lambda w, kind: calls_by_the_fast_path(w, kind, False),
    "calls with a gift": lambda w, kind: calls_by_the_fast_path(w, kind, True),
    "is called": lambda w, kind: is_called_by_the_fast_path(w, kind, False),
    "is called with a gift": lambda w, kind: is_called_by_the_fast_path(w, kind, True),
    "answers": answers_by_the_fast_path,
    "is answered": is_answered_by_the_fast_path,
    "is repaired": is_repaired_by_the_fast_path,
    "hears of a fault": hears_of_a_fault_by_the_fast_path,
}


@KINDS
@pytest.mark.parametrize("way", FAST)
def test_the_fast_path_leaves_who_may_time_out_to_the_general_one(way: str, kind: str) -> None:
    w = Hall()
    assert FAST[way](w, kind) is (kind == SIGNALS)
    assert w.stands()


def test_the_fast_path_lets_go_on_who_faults_with_a_deadline_and_who_is_woken_by_notify() -> None:
    w = Hall()
    w.supervise(0, w.slot(1, w.doors).parent)  # type: ignore[arg-type]
    w.blocks(1, C.WAIT, w.doors)
    w.arm(ENDS)
    assert fast(w, 0, None) and w.stands() and w.board.alarm_at is None
    w = Hall()
    w.arm(ENDS)
    for_signals(w)
    assert fast(w, 1, C.NOTIFY, w.bells, 1) and not w.stands() and w.board.alarm_at is None
