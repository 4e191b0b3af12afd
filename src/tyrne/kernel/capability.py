"""Capability values: what a holder may do, and to which object."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tyrne.abi import CapKind, Rights
from tyrne.lang import u32, u64

if TYPE_CHECKING:
    from tyrne.kernel.address_space import AddressSpace
    from tyrne.kernel.endpoint import Endpoint
    from tyrne.kernel.life import Life
    from tyrne.kernel.line import Line
    from tyrne.kernel.memory import Region
    from tyrne.kernel.notification import Notification
    from tyrne.kernel.quota import Quota
    from tyrne.kernel.task import Task


@dataclass(frozen=True)
class TaskHandle:
    """Names a task, and the life that it lives: what is named is there as long as that lasts.

    Handles of one kind of object cannot be passed for those of another.
    """

    at: Task
    life: u64


@dataclass(frozen=True)
class EndpointHandle:
    """Names an endpoint."""

    at: Endpoint
    life: u64


@dataclass(frozen=True)
class NotificationHandle:
    """Names a notification."""

    at: Notification
    life: u64


@dataclass(frozen=True)
class AddressSpaceHandle:
    """Names an address space."""

    at: AddressSpace
    life: u64


@dataclass(frozen=True)
class MemoryHandle:
    """Names some pages of a memory region."""

    at: Region
    life: u64
    first: u32
    pages: u32


@dataclass(frozen=True)
class QuotaHandle:
    """Names a quota."""

    at: Quota
    life: u64


@dataclass(frozen=True)
class ReplyHandle:
    """Names the task that waits for an answer."""

    at: Task
    life: u64


@dataclass(frozen=True)
class DebugConsole:
    """The debug console; there is one."""


@dataclass(frozen=True)
class Clock:
    """The clock; there is one."""


@dataclass(frozen=True)
class InterruptHandle:
    """Names an interrupt line, which the kernel keeps as long as it runs."""

    at: Line


CapObject = (
    TaskHandle
    | EndpointHandle
    | NotificationHandle
    | AddressSpaceHandle
    | MemoryHandle
    | QuotaHandle
    | ReplyHandle
    | DebugConsole
    | Clock
    | InterruptHandle
)


def kind_of(named: CapObject) -> CapKind:
    """The kind of the object that a handle names."""
    match named:
        case TaskHandle(): return CapKind.TASK
        case EndpointHandle(): return CapKind.ENDPOINT
        case NotificationHandle(): return CapKind.NOTIFICATION
        case AddressSpaceHandle(): return CapKind.ADDRESS_SPACE
        case MemoryHandle(): return CapKind.MEMORY
        case QuotaHandle(): return CapKind.QUOTA
        case ReplyHandle(): return CapKind.REPLY
        case DebugConsole(): return CapKind.DEBUG_CONSOLE
        case Clock(): return CapKind.CLOCK
        case InterruptHandle(): return CapKind.INTERRUPT


def life_of(named: CapObject) -> Life | None:
    """The life that a capability keeps going while it is there. An answer keeps none; console, clock and
    interrupts have none."""
    match named:
        case TaskHandle(at): return at.life
        case EndpointHandle(at): return at.life
        case NotificationHandle(at): return at.life
        case AddressSpaceHandle(at): return at.life
        case MemoryHandle(at): return at.life
        case QuotaHandle(at): return at.life
        case ReplyHandle() | DebugConsole() | Clock() | InterruptHandle(): return None


@dataclass(frozen=True)
class Capability:
    """Rights over one object, and the badge that messages sent with it carry. Only table slots hold capabilities."""

    rights: Rights
    object: CapObject
    badge: u64 = u64(0)

    def __repr__(self) -> str:
        """Rights in full, the object only by kind: a log shows no handle that could be forged."""
        return f"Capability({self.rights!r}, <{kind_of(self.object).name.lower()}>)"
