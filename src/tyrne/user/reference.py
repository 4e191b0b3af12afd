"""Generates docs/abi.md, the reference of the system calls, from the kernel's table: python -m tyrne.user.reference."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from enum import Enum
from typing import Final

from tyrne.abi import (
    CALLS,
    NULL_HANDLE,
    SIGNAL_BADGE,
    VERSION,
    CallLayout,
    CapKind,
    Notice,
    Rights,
    Status,
    TaskState,
    includes,
    rights_at_boot,
)
from tyrne.abi.version import NOTE_INTERFACE, NOTE_OWNER, UNSTATED
from tyrne.rows import MissingRowError, Rows
from tyrne.user.header import sentence
from tyrne.user.memory import Access
from tyrne.user.refusals import ENDS_OF_WAITS, REFUSALS

INTRODUCTION: Final = """\
# The system call interface

Generated from `src/tyrne/abi/`: `python -m tyrne.user.reference > docs/abi.md`. This is version {version}.

A call is `svc #0`, with its number in x8 and its arguments in x0 to x5; the immediate, x6 and x7 are ignored. When it
returns, x0 is the status and x1 to x7 are the results. All eight are rewritten; x1 to x7 are zero if the status is not
Ok. x8 to x30, sp, the flags and the FP/SIMD registers come back as they were. A call that is refused changes nothing.

A handle word names a capability of the caller: its generation in bits 16 to 47, its index in bits 0 to 15; the rest is
ignored. `{null:#x}` is the null handle, where a capability is optional. The capabilities that a
description gives to a task have generation 0, so their handle words are 0, 1 and so on.

A badge tells the receiver at an endpoint through which capability a message was sent; 0 is none. The badge
`{signal:#x}` stands for signals: word 0 is their bits.

C and assembly have all of this in `tyrne.h`, Kernel Python in `tyrne.user`.

## Versions

The version rises with every change that a program can see: a new call, right, kind, status, state, notice, register. No
number is moved or used again, so a program of an older version runs, and means what it meant; it takes a status that it
does not know as a refusal. What is built with `tyrne.h` or by `tyrne` carries its version in an ELF note:

| owner, type | `{owner}`, {note}, in `.note.tyrne` |
| --- | --- |
| content, little-endian | 32 bits: version; 32 bits: a bit for each kind; 64 bits: a bit for each right; maybe more |

Of several notes the newest counts, with the kinds and rights of all. Before it runs, a program of a newer version is
refused in one line, and so is one that was built with a right or kind that this kernel lacks. An ELF without the note,
and a raw image, is of version {unstated}. A report (`abi`) and a kept game of `make fuzz-calls` carry the version too:
those of an older one, or of none, are read as they are.
"""
STATUS_BLOCKS: Final = """\
`0x1` and on are of the call itself, `0x101` of capabilities, `0x201` of messages, `0x301` of memory. The
calls about messages and signals have names of their own for three causes.
"""
STATUSES: Final = Rows("STATUSES", Status, {
    Status.OK: "done",
    Status.BAD_SYSCALL_NUMBER: "no such call, or none in this kernel: looked at before all else",
    Status.BAD_ARGUMENT: "a number that the call cannot mean",
    Status.FAULT_ADDRESS: "the bytes are not all in the task's window and mapped",
    Status.BAD_STATE: "the object is in a state in which this cannot be done, such as a task that has ended",
    Status.CAPS_EXHAUSTED: "the table that would hold the new capability is full",
    Status.INVALID_HANDLE: "the handle names nothing",
    Status.WIDENED_RIGHTS: "more rights than the source has",
    Status.INSUFFICIENT_RIGHTS: "the capability lacks a right that the call asks for, or the caller is less urgent",
    Status.DERIVATION_TOO_DEEP: "a child of a child of … too often",
    Status.HAS_CHILDREN: "something is derived from the capability: revoke it first",
    Status.WRONG_KIND: "the handle names an object of another kind",
    Status.QUOTA_EXCEEDED: "the quota that pays lacks a claim on such an object, or frames",
    Status.BEING_REVOKED: "somebody is revoking what the capability was derived from, and will come to it",
    Status.STALE_HANDLE: "as INVALID_HANDLE",
    Status.WRONG_OBJECT_KIND: "as WRONG_KIND",
    Status.MISSING_RIGHT: "as INSUFFICIENT_RIGHTS",
    Status.QUEUE_FULL: "the endpoint holds a message already, or somebody waits to send one and nobody has polled",
    Status.INVALID_TRANSFER_CAP: "what is transferred names nothing, lacks TRANSFER, has children, or cannot go there",
    Status.RECEIVER_TABLE_FULL: "who would take the message has no room for what comes with it",
    Status.PENDING_AFTER_RESUME: "not used",
    Status.ABORTED: "the wait is over without what was waited for: somebody or something is gone, or called it off",
    Status.TIMED_OUT: "the wait is over because the time has come at which its task wanted it to end",
    Status.ALREADY_MAPPED: "the capability is mapped already, or something is mapped there",
    Status.NOT_MAPPED: "the capability is not mapped in that address space",
    Status.MISALIGNED_ADDRESS: "not a multiple of 4096; of 2 MiB for memory of more than 512 pages",
    Status.OUT_OF_FRAMES: "the quota would allow it, but no frames are left, or for more than 512 pages no such blocks",
    Status.INVALID_FLAGS: "flags that no mapping of this memory may have",
    Status.BLOCK_MAPPED: "not used for tasks",
    Status.OUT_OF_RANGE: "pages beyond the region, or addresses that are not for tasks",
})  # fmt: skip
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
executed, and are mapped as device memory. With READ_EXECUTE both make fetchable what was written there until then, by
whatever mapping; a task cannot maintain caches itself, so who writes code later asks again.
"""
NOTICES: Final = """\
What the kernel sends to a task's supervisor; the badge is that of the supervisor's capability (`task_supervise`).
"""
STATES: Final = Rows("STATES", TaskState, {
    TaskState.INACTIVE: "made, perhaps configured; `task_resume` starts it",
    TaskState.READY: "runs, or is in the queue to run",
    TaskState.SENDING: "waits for a receiver",
    TaskState.RECEIVING: "waits for a message or for signals",
    TaskState.CALLING: "its call, or its fault, awaits an answer",
    TaskState.SUSPENDED: "stopped; `task_resume` lets it go on",
    TaskState.ENDING: "has ended, and what it held is being given back; next it is EXITED or FAULTED",
    TaskState.EXITED: "ended, by itself or by another; it has a code",
    TaskState.FAULTED: "ended by a fault; the other results tell which",
})  # fmt: skip
NOTICE_WORDS: Final = Rows("NOTICE_WORDS", Notice, {
    Notice.EXITED: "0: exit code. It comes when the task has given back what it held. No answer is awaited. "
    "A task that another ends (`task_end`) is not reported.",
    Notice.FAULTED: "0: ESR_EL1; 1: FAR_EL1, 0 where the class has none; 2: ELR_EL1. "
    "An answer lets the task go on at its PC; dropping the reply capability ends it.",
})  # fmt: skip


def reference() -> str:
    """The text of docs/abi.md."""
    index = ((str(layout.number.value), f"`{_name(layout)}`", layout.purpose) for layout in CALLS)
    words = {"null": int(NULL_HANDLE), "signal": int(SIGNAL_BADGE), "version": VERSION, "unstated": UNSTATED}
    parts = [INTRODUCTION.format(owner=NOTE_OWNER.decode(), note=NOTE_INTERFACE, **words)]
    parts += ["## Calls\n", _table(("x8", "name", "what it does"), index), *map(_call, CALLS)]
    parts += ["## Statuses\n", STATUS_BLOCKS, _table(("x0", "name", "meaning"), map(_status, Status))]
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


def _names(statuses: Iterable[Status]) -> str:
    return ", ".join(status.name for status in statuses)


def _member(member: Enum) -> tuple[str, str]:
    return f"`{member.value:#x}`", member.name


def _status(status: Status) -> tuple[str, str, str]:
    return *_member(status), STATUSES[status]


def _kind(kind: CapKind) -> tuple[str, str, str]:
    own = rights_at_boot(kind)
    names = [name for name, right in Rights.__members__.items() if right and includes(own, right)]
    return str(kind.value), kind.name, ", ".join(names)


def _kinds_with(right: Rights) -> str:
    without = [kind.name for kind in CapKind if not includes(rights_at_boot(kind), right)]
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
    if refusals := REFUSALS[layout.number]:
        head += f"Refused with, each where it is first looked for: {_names(refusals)}.\n"
    if ends := ENDS_OF_WAITS.get(layout.number):
        head += f"Its wait can end with: {_names(ends)}.\n"
    return head + ("\n" + _table(("register", "", "meaning"), rows) if rows else "")


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


if __name__ == "__main__":
    try:
        sys.stdout.write(reference())
    except MissingRowError as error:
        sys.exit(f"tyrne.user.reference: {error}")
