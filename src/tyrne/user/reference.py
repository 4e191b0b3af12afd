"""Generates docs/abi.md, the reference of the system calls, from the kernel's table: python -m tyrne.user.reference."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from enum import Enum
from typing import Final

from tyrne.kernel.abi import (
    NULL_HANDLE,
    SIGNAL_BADGE,
    CapKind,
    Notice,
    Rights,
    Status,
    TaskState,
    includes,
    rights_over,
)
from tyrne.kernel.calls import CALLS, CallLayout
from tyrne.user.header import sentence
from tyrne.user.memory import Access

INTRODUCTION: Final = """\
# The system call interface

Generated from `calls.py` and `abi.py` in `src/tyrne/kernel/`: `python -m tyrne.user.reference > docs/abi.md`.

A call is `svc #0`, with its number in x8 and its arguments in x0 to x5; the immediate, x6 and x7 are ignored. When it
returns, x0 is the status and x1 to x7 are the results. All eight are rewritten; x1 to x7 are zero if the status is not
Ok. x8 to x30, sp, the flags and the FP/SIMD registers come back as they were. A call that is refused changes nothing.

A handle word names a capability of the caller: its generation in bits 16 to 47, its index in bits 0 to 15; the rest is
ignored. `{null:#x}` is the null handle, where a capability is optional. The capabilities that a
description gives to a task have generation 0, so their handle words are 0, 1 and so on.

A badge tells the receiver at an endpoint through which capability a message was sent; 0 is none. The badge
`{signal:#x}` stands for signals: word 0 is their bits.

C and assembly have all of this in `tyrne.h`, Kernel Python in `tyrne.user`.
"""
STATUS_BLOCKS: Final = """\
`0x1` and on are of the call itself, `0x101` of capabilities, `0x201` of messages, `0x301` of memory.
"""
KINDS: Final = """\
What `cap_query` tells, `create` makes and a quota counts; 0 stands for frames in `quota_move`. `create` makes the kinds
2 to 7. The maker of an object has all the rights over it; a reply capability comes with a call, and can only be used,
moved or dropped.
"""
RIGHTS: Final = """\
The first four are over the capability itself, the others over its object. Bits without a name are ignored.
"""
MAPPINGS: Final = """\
What `map` and `protect` take as flags. Nothing can be written and executed; the registers of a device are never
executed, and are mapped as device memory.
"""
NOTICES: Final = """\
What the kernel sends to a task's supervisor; the badge is that of the supervisor's capability (`task_supervise`).
"""
STATES: Final = {
    TaskState.INACTIVE: "made, perhaps configured; `task_resume` starts it",
    TaskState.READY: "runs, or is in the queue to run",
    TaskState.SENDING: "waits for a receiver",
    TaskState.RECEIVING: "waits for a message or for signals",
    TaskState.CALLING: "its call, or its fault, awaits an answer",
    TaskState.SUSPENDED: "stopped; `task_resume` lets it go on",
    TaskState.EXITED: "ended, by itself or by another; it has a code",
    TaskState.FAULTED: "ended by a fault; the other results tell which",
}
NOTICE_WORDS: Final = {
    Notice.EXITED: "0: exit code. No answer is awaited.",
    Notice.FAULTED: "0: ESR_EL1; 1: FAR_EL1, 0 where the class has none; 2: ELR_EL1. "
    "An answer lets the task go on at its PC; dropping the reply capability ends it.",
}


def reference() -> str:
    """The text of docs/abi.md."""
    index = ((str(layout.number.value), f"`{_name(layout)}`", layout.purpose) for layout in CALLS)
    parts = [INTRODUCTION.format(null=int(NULL_HANDLE), signal=int(SIGNAL_BADGE))]
    parts += ["## Calls\n", _table(("x8", "name", "what it does"), index), *map(_call, CALLS)]
    parts += ["## Statuses\n", STATUS_BLOCKS, _table(("x0", "name"), map(_member, Status))]
    parts += ["## Kinds of objects\n", KINDS, _table(("kind", "name", "rights over it"), map(_kind, CapKind))]
    rights = (
        (f"`{right.value:#07x}`", name, _kinds_with(right)) for name, right in Rights.__members__.items() if right
    )
    parts += ["## Rights\n", RIGHTS, _table(("bit", "name", "kinds"), rights)]
    parts += ["## Mappings\n", MAPPINGS, _table(("flags", "name"), map(_member, Access))]
    parts += ["## States of tasks\n", _table(("x1 of `task_state`", "name", "meaning"), map(_state, TaskState))]
    parts += ["## Notices\n", NOTICES, _table(("label", "name", "words"), map(_notice, Notice))]
    return "\n".join(parts)


def _name(layout: CallLayout) -> str:
    return layout.number.name.lower()


def _member(member: Enum) -> tuple[str, str]:
    return f"`{member.value:#x}`", member.name


def _kind(kind: CapKind) -> tuple[str, str, str]:
    own = rights_over(kind)
    names = [name for name, right in Rights.__members__.items() if right and includes(own, right)]
    return str(kind.value), kind.name, ", ".join(names)


def _kinds_with(right: Rights) -> str:
    without = [kind.name for kind in CapKind if not includes(rights_over(kind), right)]
    if len(without) < 2:
        return " but ".join(("all", *without))
    return ", ".join(kind.name for kind in CapKind if kind.name not in without)


def _state(state: TaskState) -> tuple[str, str, str]:
    return str(state.value), state.name, STATES[state]


def _notice(notice: Notice) -> tuple[str, str, str]:
    return str(notice.value), notice.name, NOTICE_WORDS[notice]


def _call(layout: CallLayout) -> str:
    """One call: its heading, and a row for each register that it uses."""
    rows = [(f"x{i}", "in", what) for i, what in enumerate(layout.arguments)]
    rows += [(f"x{i}", "out", what) for i, what in enumerate(layout.results, 1)]
    head = f"### {layout.number.value}: {_name(layout)}\n\n{sentence(layout.purpose)}.\n"
    head += f"Authority: {layout.authority}.\n"
    return head + ("\n" + _table(("register", "", "meaning"), rows) if rows else "")


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


if __name__ == "__main__":
    sys.stdout.write(reference())
