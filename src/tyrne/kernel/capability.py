"""Capability values: what a holder may do, and to which object."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from tyrne.kernel.abi import Rights
from tyrne.kernel.arena import SlotId


@dataclass(frozen=True)
class TaskHandle:
    """Names a task. Handles of one kind of object cannot be passed for those of another."""

    slot: SlotId


@dataclass(frozen=True)
class EndpointHandle:
    """Names an endpoint."""

    slot: SlotId


@dataclass(frozen=True)
class NotificationHandle:
    """Names a notification."""

    slot: SlotId


@dataclass(frozen=True)
class AddressSpaceHandle:
    """Names an address space."""

    slot: SlotId


@dataclass(frozen=True)
class DebugConsole:
    """The debug console; there is one."""


CapObject = TaskHandle | EndpointHandle | NotificationHandle | AddressSpaceHandle | DebugConsole


class CapKind(Enum):
    """The kinds of object that a capability can name."""

    DEBUG_CONSOLE = 1
    ENDPOINT = 2
    NOTIFICATION = 3
    TASK = 4
    ADDRESS_SPACE = 5


def kind_of(named: CapObject) -> CapKind:
    match named:
        case TaskHandle():
            return CapKind.TASK
        case EndpointHandle():
            return CapKind.ENDPOINT
        case NotificationHandle():
            return CapKind.NOTIFICATION
        case AddressSpaceHandle():
            return CapKind.ADDRESS_SPACE
        case DebugConsole():
            return CapKind.DEBUG_CONSOLE


@dataclass(frozen=True)
class Capability:
    """Rights over one object. Only table slots hold capabilities, and only the table's operations move them."""

    rights: Rights
    object: CapObject

    def __repr__(self) -> str:
        """Rights in full, the object only by kind: a log shows no handle that could be forged."""
        return f"Capability({self.rights!r}, <{kind_of(self.object).name.lower()}>)"
