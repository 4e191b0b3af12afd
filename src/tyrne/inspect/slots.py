"""Every capability slot of a kernel, by the name that a message about it uses."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tyrne.kernel.arena import Arena
from tyrne.kernel.cap_slot import CapSlot
from tyrne.kernel.cap_table import CapTable
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
)
from tyrne.kernel.kernel import Kernel


def arenas(kernel: Kernel[Any]) -> dict[str, Arena[Any]]:
    """Every arena, by what it holds; the objects all have an origin and a payer."""
    return {
        "task": kernel.tasks,
        "endpoint": kernel.endpoints,
        "notification": kernel.notifications,
        "space": kernel.spaces,
        "region": kernel.regions,
        "quota": kernel.quotas,
    }


def arena_of(kernel: Kernel[Any], named: CapObject) -> Arena[Any] | None:
    """Where the object that a capability names is kept; None for console, clock and interrupts."""
    match named:
        case TaskHandle() | ReplyHandle():
            return kernel.tasks
        case EndpointHandle():
            return kernel.endpoints
        case NotificationHandle():
            return kernel.notifications
        case AddressSpaceHandle():
            return kernel.spaces
        case MemoryHandle():
            return kernel.regions
        case QuotaHandle():
            return kernel.quotas
        case DebugConsole() | Clock() | InterruptHandle():
            return None


def object_of(kernel: Kernel[Any], named: CapObject) -> Any:
    """The living object that a capability names; None when there is none, and for console, clock and interrupts."""
    arena = arena_of(kernel, named)
    if arena is None or isinstance(named, DebugConsole | Clock | InterruptHandle) or named.at.life.count != named.life:
        return None
    index = named.at.life.index
    return named.at if arena.occupied[index] and arena.items[index] is named.at else None


def source_of(kernel: Kernel[Any], slot: CapSlot) -> CapSlot | None:
    """What a capability was derived from: its parent, and for an answer what its client has called through."""
    capability = slot.capability
    if capability is None or not isinstance(capability.object, ReplyHandle):
        return slot.parent
    client = object_of(kernel, capability.object)
    return None if client is None else client.through


def tables(kernel: Kernel[Any]) -> dict[str, CapTable]:
    """The capability tables: the kernel's own, the empty one, and one for each task that could be."""
    found = {"bootstrap": kernel.bootstrap_table, "empty": kernel.empty_table}
    return found | {f"task {i}": task.capabilities for i, task in enumerate(kernel.tasks.items)}


def origins(kernel: Kernel[Any]) -> Iterator[tuple[str, CapSlot, Any, bool]]:
    """Every object that could be: its name, its origin, itself, and whether it exists."""
    for kind, arena in arenas(kernel).items():
        for i, (thing, alive) in enumerate(zip(arena.items, arena.occupied, strict=True)):
            yield f"{kind} {i}", thing.life.origin, thing, alive


def slots_in_objects(kernel: Kernel[Any]) -> Iterator[tuple[str, CapSlot]]:
    """The slots outside tables: origins, homes, supervisors, and what travels in parked messages."""
    return ((f"{what} {i}", slot) for what, i, slot in _in_objects(kernel))


def _in_objects(kernel: Kernel[Any]) -> Iterator[tuple[str, int, CapSlot]]:
    """The same without the text of the name, which takes longer to make than all else."""
    for kind, arena in arenas(kernel).items():
        what = f"origin of {kind}"
        for i, thing in enumerate(arena.items):
            yield what, i, thing.life.origin
    for i, task in enumerate(kernel.tasks.items):
        yield "home of task", i, task.home
        yield "supervisor of task", i, task.supervisor
    for i, endpoint in enumerate(kernel.endpoints.items):
        yield "parked in endpoint", i, endpoint.parked


def all_slots(kernel: Kernel[Any]) -> Iterator[tuple[str, CapSlot]]:
    """Every slot that was ever used, occupied or not."""
    for name, table in tables(kernel).items():
        for i, slot in enumerate(list(table.slots)[: table.touched]):
            yield f"{name}, slot {i}", slot
    yield from slots_in_objects(kernel)


def occupied(kernel: Kernel[Any]) -> Iterator[tuple[str, CapSlot]]:
    """Every slot that holds a capability."""
    for name, table in tables(kernel).items():
        for slot in list(table.slots)[: table.touched]:
            if slot.capability is not None:
                yield f"{name}, slot {slot.index}", slot
    yield from ((f"{what} {i}", slot) for what, i, slot in _in_objects(kernel) if slot.capability is not None)
