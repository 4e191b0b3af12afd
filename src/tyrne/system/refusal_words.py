"""Why a call was refused, by the names of the description: which capability it named, and which right that lacks.

What the kernel checks is its own; this reads the call's table and the capabilities that the task began with. Of one
that it got or made since, only that is known.
"""

from __future__ import annotations

import re
from typing import Final

from tyrne.abi import CALLS, NULL_HANDLE, CallLayout, CapKind, Rights, Status, includes, unpack_handle
from tyrne.hosted.happened import CallEvent
from tyrne.lang import u64
from tyrne.linux.told import is_told
from tyrne.system.names import Names, called
from tyrne.system.policy import refusal_told
from tyrne.system.task_view import FirstCap, TaskView

_S = Status
_LAYOUTS: Final = {layout.number.value: layout for layout in CALLS}
_KINDS: Final = {
    "console": CapKind.DEBUG_CONSOLE,
    "endpoint": CapKind.ENDPOINT,
    "notification": CapKind.NOTIFICATION,
    "task": CapKind.TASK,
    "address space": CapKind.ADDRESS_SPACE,
    "memory": CapKind.MEMORY,
    "quota": CapKind.QUOTA,
    "reply capability": CapKind.REPLY,
    "clock": CapKind.CLOCK,
    "interrupt": CapKind.INTERRUPT,
}
"""The kinds, as the table of calls names them; each is an argument too."""
_UNNAMED: Final = {CapKind.DEBUG_CONSOLE: "the console", CapKind.CLOCK: "the clock", CapKind.INTERRUPT: "the interrupt"}
_TRANSFERRED: Final = "capability to transfer"
_ANY_KIND: Final = ("source", "target", "handle", _TRANSFERRED)
_NEEDED: Final = re.compile(r"(source|both quotas|debug console|[a-z]+(?: space)?) with ([A-Z_]+)")
_GONE: Final = (_S.INVALID_HANDLE.value, _S.STALE_HANDLE.value, _S.INVALID_TRANSFER_CAP.value)
_WRONG: Final = (_S.WRONG_KIND.value, _S.WRONG_OBJECT_KIND.value)
_LACKING: Final = (_S.INSUFFICIENT_RIGHTS.value, _S.MISSING_RIGHT.value, _S.INVALID_TRANSFER_CAP.value)

OTHERS: Final[dict[int, str]] = {
    _S.CAPS_EXHAUSTED.value: "its table of capabilities is full; drop some",
    _S.DERIVATION_TOO_DEEP.value: "{cap} is derived through too many others; derive from one nearer to the first",
    _S.BEING_REVOKED.value: "{cap} is being taken back by who it comes from",
    _S.HAS_CHILDREN.value: "others are derived from {cap}; revoke them first",
    _S.QUOTA_EXCEEDED.value: "the quota is used up; write larger numbers in quota = {{ … }} of the task that has it",
    _S.QUEUE_FULL.value: "a message that nobody has taken is at {cap}",
    _S.RECEIVER_TABLE_FULL.value: "the receiver's table of capabilities has no room for what comes with it",
    _S.ABORTED.value: "what it waited for at {cap} cannot come any more",
    _S.FAULT_ADDRESS.value: "the bytes are not all in the task's own memory",
    _S.WIDENED_RIGHTS.value: "it asks for rights that {cap} does not have",
    _S.BAD_SYSCALL_NUMBER.value: "this kernel has no such call",
}
"""Of statuses that say nothing about one capability."""


def refusal_words(event: CallEvent, task: TaskView, names: Names) -> str | None:
    """Why a call was refused; None where its status says it all, or nothing is known."""
    if event.results is None or event.results[0] == Status.OK.value:
        return None
    if is_told(event.number):
        return refusal_told(event)
    status, layout = event.results[0], _LAYOUTS.get(event.number)
    handles = [] if layout is None else _handles(layout, event, task)
    if status == _S.INVALID_TRANSFER_CAP.value:
        handles = [item for item in handles if item[0] == _TRANSFERRED]
    for argument, word, cap in handles:
        if cap is not None and status in _WRONG and not _fits(argument, cap):
            return f"{word:#x} is {_held(cap, names)}, where {_article(argument)} is wanted"
        lacking = [] if cap is None else [r for r in _rights(layout, argument, cap) if not includes(cap.rights, r)]
        if cap is not None and status in _LACKING and lacking:
            return f"{word:#x} is {_held(cap, names)}, and lacks {lacking[0].name}"
    if status in _GONE and len(handles) == 1:
        _, word, cap = handles[0]
        return _gone(word, cap, task, names)
    words = OTHERS.get(status)
    if words is None or ("{cap}" in words and not handles):
        return None
    return words.format(cap=_told(handles[0][1], handles[0][2], names) if handles else "")


def _gone(word: int, cap: FirstCap | None, task: TaskView, names: Names) -> str:
    """Of a handle word that names nothing."""
    if cap is not None:
        deserted = ", or nobody could receive there any more" if cap.kind is CapKind.ENDPOINT else ""
        return f"{word:#x} was {_held(cap, names)}, and is gone: dropped, moved or revoked{deserted}"
    given = f"; its description gives it {len(task.caps)}, from 0x0 on" if task.caps else ""
    return f"no capability stands at {word:#x}{given}"


def _handles(layout: CallLayout, event: CallEvent, task: TaskView) -> list[tuple[str, int, FirstCap | None]]:
    """The arguments that are handle words, those that name nothing left out, each with the capability that the task
    began with there."""
    found = []
    for argument, word in zip(layout.arguments, event.arguments, strict=False):
        plain = argument.partition(", or null")[0]
        named = plain in _ANY_KIND or any(plain in (kind, f"{kind} or notification") for kind in _KINDS)
        if named and word != NULL_HANDLE:
            handle = unpack_handle(u64(word))
            first = handle.generation == 0 and handle.index < len(task.caps)
            found.append((plain, word, task.caps[handle.index] if first else None))
    return found


def _fits(argument: str, cap: FirstCap) -> bool:
    return argument in _ANY_KIND or any(_KINDS[name] is cap.kind for name in argument.split(" or "))


def _rights(layout: CallLayout | None, argument: str, cap: FirstCap) -> list[Rights]:
    """The rights that a call needs of an argument of a kind."""
    if argument == _TRANSFERRED:
        return [Rights.TRANSFER]
    needed = [] if layout is None else _NEEDED.findall(layout.authority)
    kinds = {"source", "both quotas"} if argument in _ANY_KIND else {
        name for name, kind in (*_KINDS.items(), ("debug console", CapKind.DEBUG_CONSOLE)) if kind is cap.kind
    }
    return [Rights[right] for name, right in needed if name in kinds]


def _told(word: int, cap: FirstCap | None, names: Names) -> str:
    return hex(word) if cap is None else _object(cap, names)


def _held(cap: FirstCap, names: Names) -> str:
    """`endpoint "table" with RECV`."""
    rights = "|".join(str(right.name) for right in cap.rights) or "no rights"
    return f"{_object(cap, names)} with {rights}"


def _object(cap: FirstCap, names: Names) -> str:
    known = {
        CapKind.ENDPOINT: names.endpoints,
        CapKind.NOTIFICATION: names.notifications,
        CapKind.MEMORY: names.memory,
        CapKind.TASK: names.tasks,
        CapKind.ADDRESS_SPACE: names.tasks,
    }
    if cap.kind is None:
        return "a capability"
    if cap.kind not in known:
        return _UNNAMED.get(cap.kind, "the task's quota")
    what = "the address space of" if cap.kind is CapKind.ADDRESS_SPACE else cap.kind.name.lower()
    return f"{what} {called(known[cap.kind], cap.object)}"


def _article(argument: str) -> str:
    return f"an {argument}" if argument[0] in "aeiou" else f"a {argument}"
