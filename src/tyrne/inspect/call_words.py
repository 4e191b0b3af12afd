"""System calls in words: what their arguments and results name, by the names of the description.

A handle word has a generation, so in one task's table it names one capability for ever. What it names is learned while
the capability is there, for it may be gone when its call has returned.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from tyrne.abi import CALLS, NULL_HANDLE, CapKind, Rights, Status, pack_handle, unpack_handle
from tyrne.hosted.happened import CallEvent
from tyrne.inspect.held import kind_word, name_of
from tyrne.inspect.words import TEXT, clean, of_kind
from tyrne.kernel.cap_slot import CapSlot
from tyrne.kernel.capability import ReplyHandle, kind_of
from tyrne.kernel.kernel import Kernel
from tyrne.kernel.task import Task
from tyrne.lang import u64
from tyrne.system.names import Names

_LAYOUTS: Final = {layout.number.value: layout for layout in CALLS}
_NULL: Final = int(NULL_HANDLE)
_NEVER: Final = (1 << 64) - 1
_HANDLES: Final = frozenset(
    (
        *("console", "endpoint", "notification", "task", "memory", "quota", "clock", "interrupt", "address space"),
        *("endpoint or notification", "source", "target", "handle", "handle in the table that holds it now"),
        *("reply capability", "capability to transfer", "capability"),
    )
)
"""Arguments and results that are handle words."""
_DECIMAL: Final = frozenset(
    (
        *("exit code", "number of bytes", "pages", "pages, for memory", "first page", "priority", "amount", "depth"),
        *("0 delivered to a receiver, 1 enqueued", "first register", "register number"),
    )
)
_KINDS: Final = {kind.value: kind_word(kind) for kind in CapKind}


class CallWords:
    """Learns what the handle words of tasks name."""

    def __init__(self, names: Names) -> None:
        self._names: Final = names
        self._known: Final[dict[tuple[int, int], str]] = {}

    def learn_tables(self, kernel: Kernel[Any], tasks: Mapping[int, Task]) -> None:
        """All that the tables of tasks hold."""
        for number, task in tasks.items():
            for slot in task.capabilities.slots:
                if slot.capability is not None:
                    self._thing(kernel, number, task, int(pack_handle(slot.handle())))

    def learn(self, kernel: Kernel[Any], event: CallEvent, tasks: Mapping[int, Task]) -> None:
        """What a call has brought into a table."""
        results, layout = event.results, _LAYOUTS.get(event.number)
        if results is None or layout is None or results[0] != Status.OK.value:
            return
        for what, word in zip(layout.results, results[1:], strict=False):
            if _is_handle(what) and word != _NULL:
                for number in self._holders(what, event, tasks):
                    self._thing(kernel, number, tasks.get(number), word)

    def text(self, kernel: Kernel[Any], event: CallEvent, task: Task | None) -> str:
        """`call(endpoint table, 0x1, 0x0, 0x0, 0x0, none)`."""
        layout = _LAYOUTS.get(event.number)
        if layout is None:
            return event.text
        shown = (
            self._word(kernel, event.task, task, *pair) for pair in zip(layout.arguments, event.arguments, strict=False)
        )
        return clean(f"{event.name}({', '.join(shown)})", TEXT)

    def outcome(self, kernel: Kernel[Any], event: CallEvent, task: Task | None) -> str:
        """`OK (0x0, 0x7, none)`; the name of another status; `does not return`."""
        results, layout = event.results, _LAYOUTS.get(event.number)
        if results is None or event.refusal is not None or layout is None or not layout.results:
            return event.outcome
        pairs = zip(layout.results, results[1:], strict=False)
        return clean(f"OK ({', '.join(self._word(kernel, event.task, task, *pair) for pair in pairs)})", TEXT)

    def named(self, kernel: Kernel[Any], task: Task, slot: CapSlot) -> str:
        """What a slot of a task holds."""
        return self._thing(kernel, int(task.number), task, int(pack_handle(slot.handle())))

    def gift(self, kernel: Kernel[Any], task: Task, word: int) -> str:
        """What a task has received, and what it may do with it: `endpoint vault TRANSFER|SEND`."""
        slot = task.capabilities.resolve(unpack_handle(u64(word)))
        thing = self._thing(kernel, int(task.number), task, word)
        if slot is None or slot.capability is None:
            return thing
        rights = slot.capability.rights
        words = "|".join(right.name or "" for right in Rights if right in rights) or "no rights"
        return clean(f"{thing} {words}", TEXT)

    def _holders(self, what: str, event: CallEvent, tasks: Mapping[int, Task]) -> Iterator[int]:
        """In whose tables a result may be: of `cap_move` in the caller's, or in that of any task."""
        yield event.task
        if "that holds it" in what and event.arguments[1] != _NULL:
            yield from (number for number in tasks if number != event.task)

    def _word(self, kernel: Kernel[Any], number: int, task: Task | None, what: str, word: int) -> str:
        if _is_handle(what):
            return "none" if word == _NULL else self._thing(kernel, number, task, word)
        if what == "rights":
            return "|".join(right.name or "" for right in Rights if word & right.value) or "no rights"
        if what in ("kind", "kind, or 0 for frames"):
            return _KINDS.get(word, hex(word)) if word or what == "kind" else "frames"
        if what.startswith("nanoseconds"):
            return "never" if word == _NEVER else f"{word:,} ns"
        return str(word) if what in _DECIMAL else hex(word)

    def _thing(self, kernel: Kernel[Any], number: int, task: Task | None, word: int) -> str:
        """What a handle word of a task names; the word itself where nobody knows."""
        known = self._known.get((number, word))
        if known is not None:
            return known
        slot = None if task is None else task.capabilities.resolve(unpack_handle(u64(word)))
        if slot is None or slot.capability is None:
            return hex(word)
        named = slot.capability.object
        name, kind = name_of(kernel, named, self._names), kind_word(kind_of(named))
        reply = isinstance(named, ReplyHandle)
        words = f"answer to {name}" if reply else kind if name == kind else of_kind(kind, name)
        self._known[number, word] = words
        return words


def _is_handle(what: str) -> bool:
    return what.removesuffix(", or null").partition(", or null to ")[0] in _HANDLES
