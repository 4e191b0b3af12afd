"""What a task of a booted kernel holds, in the words of its system's description."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from tyrne.abi import CapKind, Rights, pack_handle
from tyrne.kernel.cap_slot import CapSlot
from tyrne.kernel.capability import (
    AddressSpaceHandle,
    CapObject,
    Clock,
    DebugConsole,
    EndpointHandle,
    InterruptHandle,
    MemoryHandle,
    NotificationHandle,
    QuotaHandle,
    ReplyHandle,
    TaskHandle,
    kind_of,
)
from tyrne.kernel.kernel import Kernel
from tyrne.kernel.life import Life
from tyrne.kernel.task import Task
from tyrne.lang import u64
from tyrne.system.names import Names


@dataclass(frozen=True, repr=False)
class HeldCapability:
    """A capability in a task's table.

    `word` is its handle word. `object` is the name of an endpoint, notification, memory region or task; the task whose
    address space, quota or answer it is; `console`. Objects that were made while the system ran are `endpoint 3`, by
    their place in the kernel. `pages` are the first page and their number, of memory; `address` where it is mapped.
    """

    word: int
    kind: CapKind
    object: str
    rights: Rights
    badge: int = 0
    pages: tuple[int, int] | None = None
    address: int | None = None

    @property
    def text(self) -> str:
        """All but the word: `endpoint door, TRANSFER|SEND, badge 0x5`."""
        kind = kind_word(self.kind)
        console = self.kind is CapKind.DEBUG_CONSOLE
        parts = [kind if console else f"{kind} {self.object.removeprefix(f'{kind} ')}"]
        parts += ["|".join(right.name or "" for right in self.rights) or "no rights"]
        parts += [f"badge {self.badge:#x}"] if self.badge else []
        parts += [f"pages {self.pages[0]} to {sum(self.pages) - 1}"] if self.pages else []
        parts += [f"mapped at {self.address:#x}"] if self.address is not None else []
        return ", ".join(parts)

    def __repr__(self) -> str:
        """`<0x2: endpoint door, TRANSFER|SEND, badge 0x5>`."""
        return f"<{self.word:#x}: {self.text}>"


def kind_word(kind: CapKind) -> str:
    """What a kind of object is called."""
    return _WORDS.get(kind) or kind.name.lower()


_WORDS: Final = {CapKind.ADDRESS_SPACE: "space", CapKind.DEBUG_CONSOLE: "console"}


def capabilities_of(kernel: Kernel[Any], task: Task, names: Names) -> list[HeldCapability]:
    """All that a task holds, in the order of its slots."""
    return [_held(kernel, slot, names) for slot in task.capabilities.slots if slot.capability is not None]


def _held(kernel: Kernel[Any], slot: CapSlot, names: Names) -> HeldCapability:
    capability = slot.held()
    named = capability.object
    placement = slot.placement
    return HeldCapability(
        int(pack_handle(slot.handle())),
        kind_of(named),
        name_of(kernel, named, names),
        capability.rights,
        int(capability.badge),
        (int(named.first), int(named.pages)) if isinstance(named, MemoryHandle) else None,
        None if placement is None else int(placement.address),
    )


def name_of(kernel: Kernel[Any], named: CapObject, names: Names) -> str:
    """The name of the object that a capability names: boot makes them in the order of the description."""
    match named:
        case DebugConsole():
            return "console"
        case Clock():
            return "clock"
        case InterruptHandle(line):
            return f"interrupt {int(line.number)}"
        case EndpointHandle(at, life):
            return name_in(at.life, life, "endpoint", names)
        case NotificationHandle(at, life):
            return name_in(at.life, life, "notification", names)
        case MemoryHandle(at, life):
            return name_in(at.life, life, "memory", names)
        case AddressSpaceHandle(at, life):
            return name_in(at.life, life, "space", names)
        case QuotaHandle(at, life):
            return name_in(at.life, life, "quota", names)
        case TaskHandle(at, life) | ReplyHandle(at, life):
            return names.task(int(at.number)) if at.life.count == life else "nobody"


def name_in(place: Life, life: u64, kind: str, names: Names) -> str:
    """The name of the object in a place, of which the description's objects live the first life."""
    known = {
        "endpoint": names.endpoints,
        "notification": names.notifications,
        "memory": names.memory,
        "space": ("bootstrap", *names.tasks),
        "quota": ("kernel", *names.tasks),
    }[kind]
    return known[place.index] if life == 1 and place.index < len(known) else f"{kind} {int(place.index)}"
