"""The derivation tree: every slot that holds a capability, in tables, in objects and in what travels between them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tyrne.abi import includes, pack_handle, rights_over
from tyrne.inspect.held import kind_word, name_of
from tyrne.inspect.objects import Capability
from tyrne.inspect.slots import object_of
from tyrne.inspect.view import View
from tyrne.kernel.cap_slot import CapSlot
from tyrne.kernel.capability import MemoryHandle, kind_of, life_of
from tyrne.kernel.life import Life
from tyrne.system.capabilities import right_names
from tyrne.system.history import Arrival


@dataclass(frozen=True)
class Spot:
    """Where a slot is: `place` and `holder` of the Capability in it; of a message, the life of its endpoint."""

    place: str
    holder: str
    slot: CapSlot
    life: Life | None = None


def spots(view: View) -> Iterator[Spot]:
    """Every slot that holds a capability, once."""
    kernel = view.kernel
    for slot in kernel.bootstrap_table.slots:
        yield Spot("kernel", "kernel", slot)
    for kind in ("endpoint", "notification", "space", "region", "quota"):
        yield from (Spot("origin", view.name(thing), thing.life.origin) for thing in view.living(kind))
    for task in view.tasks():
        name = view.task(task)
        yield Spot("origin", name, task.life.origin)
        yield Spot("home", name, task.home)
        yield Spot("supervisor", name, task.supervisor)
        yield from (Spot("table", name, slot) for slot in task.capabilities.slots)
    for endpoint in view.living("endpoint"):
        yield Spot("message", view.name(endpoint), endpoint.parked, endpoint.life)


def read_tree(view: View) -> tuple[tuple[Capability, ...], dict[int, int]]:
    """The capabilities in the order of the tree, siblings by age; and the number of each slot, by its identity."""
    found = [spot for spot in spots(view) if spot.slot.capability is not None]
    by_slot = {id(spot.slot): spot for spot in found}
    below = [spot for spot in reversed(found) if spot.slot.parent is None]
    numbers: dict[int, int] = {}
    capabilities: list[Capability] = []
    while below:
        spot = below.pop()
        numbers[id(spot.slot)] = len(numbers)
        parent = spot.slot.parent
        capabilities.append(_capability(view, spot, len(capabilities), None if parent is None else numbers[id(parent)]))
        child = spot.slot.first_child  # the youngest, which is taken last
        while child is not None:
            below.append(by_slot[id(child)])
            child = child.next_sibling
    return tuple(capabilities), numbers


def _capability(view: View, spot: Spot, number: int, parent: int | None) -> Capability:
    slot = spot.slot
    held, placement = slot.held(), slot.placement
    named = held.object
    arrival = _arrival(view, spot)
    space = None if placement is None else object_of(view.kernel, placement.space)
    memory = named if isinstance(named, MemoryHandle) else None
    return Capability(
        number=number,
        place=spot.place,
        holder=spot.holder,
        handle=int(pack_handle(slot.handle())) if spot.place == "table" else None,
        kind=kind_word(kind_of(named)),
        object=name_of(view.kernel, named, view.names),
        rights=tuple(right_names(held.rights)),
        badge=int(held.badge),
        depth=int(slot.depth),
        parent=parent,
        how=_how(spot, arrival),
        giver=None if arrival is None or arrival.giver is None else view.names.task(arrival.giver),
        transition=None if arrival is None else arrival.position,
        first_page=None if memory is None else int(memory.first),
        pages=None if memory is None else int(memory.pages),
        mapped_in=None if space is None else view.name(space),
        address=None if space is None or placement is None else int(placement.address),
        being_revoked=slot.is_being_revoked(),
        has_all_rights=includes(held.rights, rights_over(kind_of(named))),
    )


def _arrival(view: View, spot: Spot) -> Arrival | None:
    history = view.history
    if history is None:
        return None
    if spot.life is not None:
        return history.sender(spot.life)
    life = life_of(spot.slot.held().object) if spot.place == "origin" else None
    return history.arrival(spot.slot) if life is None else history.maker(life)


def _how(spot: Spot, arrival: Arrival | None) -> str:
    """Without history one sees what is derived."""
    if arrival is not None:
        return arrival.how
    if spot.place != "table":
        return "kernel"
    parent = spot.slot.parent
    return "derived" if parent is not None and not parent.is_origin else "description"
