"""What holds of the derivation tree between any two traps. Each invariant yields a sentence for each violation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from tyrne.abi import Rights, includes
from tyrne.inspect.slots import all_slots, arenas, object_of, occupied, origins, source_of, tables
from tyrne.kernel.arena import LAST_GENERATION
from tyrne.kernel.cap_slot import CapSlot
from tyrne.kernel.capability import (
    Clock,
    DebugConsole,
    EndpointHandle,
    InterruptHandle,
    MemoryHandle,
    QuotaHandle,
    ReplyHandle,
)
from tyrne.kernel.config import MAX_DEPTH
from tyrne.kernel.kernel import Kernel

Violations = Iterator[str]


def every_capability_names_a_living_object(kernel: Kernel[Any]) -> Violations:
    """Nothing dangles: what an object leaves behind is gone with it. An answer names a client that waits for it."""
    for name, slot in occupied(kernel):
        named = slot.held().object
        if not isinstance(named, DebugConsole | Clock | InterruptHandle) and object_of(kernel, named) is None:
            yield f"{name}: its object is gone"
        if isinstance(named, ReplyHandle):
            client = object_of(kernel, named)
            if client is None or client.reply is not slot:
                yield f"{name}: a reply capability that its client does not know"


def every_object_has_its_origin(kernel: Kernel[Any]) -> Violations:
    """An origin stands for its object as long as that lives, or is not reaped yet; what a task made dies with its last
    capability."""
    for name, origin, thing, alive in origins(kernel):
        if alive and thing.life.listed and origin.capability is None and not origin.is_origin:
            continue
        if (origin.capability is not None) != alive or origin.is_origin != alive:
            yield f"{name}: alive {alive}, its origin {origin.capability}"
        elif alive:
            if object_of(kernel, origin.held().object) is not thing:
                yield f"{name}: its origin names something else"
            made = thing.life.payer not in (None, kernel.quotas.items[0])
            if origin.first_child is None and made and not origin.is_being_revoked():
                yield f"{name}: nobody can name it"


def links_are_symmetric(kernel: Kernel[Any]) -> Violations:
    """Parents know their children, siblings each other, and an empty slot nobody. An answer is in no tree."""
    slots = list(all_slots(kernel))
    names = {id(slot): name for name, slot in slots}
    for name, slot in slots:
        if slot.capability is None:
            if slot.first_child is not None or slot.parent is not None or slot.previous_sibling is not None:
                yield f"{name}: empty, and linked"
            if slot.next_sibling is not None and slot.table is None:
                yield f"{name}: empty, and has a sibling"
            if slot.is_origin or slot.placement is not None:
                yield f"{name}: empty, and still marked"
            continue
        parent = slot.parent
        if isinstance(slot.held().object, ReplyHandle) and (parent is not None or slot.first_child is not None):
            yield f"{name}: a reply capability with a parent or a child"
        if parent is None:
            if slot.next_sibling is not None or slot.previous_sibling is not None:
                yield f"{name}: a root with siblings"
        elif id(parent) not in names or parent.capability is None:
            yield f"{name}: its parent is no occupied slot"
        elif slot.previous_sibling is None and parent.first_child is not slot:
            yield f"{name}: its parent does not know it"
        yield from _children(name, slot, names)


def _children(name: str, slot: CapSlot, names: dict[int, str]) -> Violations:
    previous, child, count = None, slot.first_child, 0
    while child is not None:
        if child.parent is not slot or child.previous_sibling is not previous or id(child) not in names:
            yield f"{name}: child {names.get(id(child), 'outside the kernel')} does not link back"
        previous, child, count = child, child.next_sibling, count + 1
        if count > len(names):
            yield f"{name}: its children form a ring"
            return


def every_branch_ends_at_a_root(kernel: Kernel[Any]) -> Violations:
    """No ring of ancestors; and the roots are the first quota, and capabilities over the console and the clock."""
    for name, slot in occupied(kernel):
        at, steps = slot, 0
        above = source_of(kernel, at)
        while above is not None and steps <= 4 * int(MAX_DEPTH):
            at, steps = above, steps + 1
            above = at.parent
        if above is not None:
            yield f"{name}: its ancestors form a ring"
        elif at is not kernel.quotas.items[0].life.origin and not _has_no_object(at):
            yield f"{name}: it descends from nothing that boot made"


def _has_no_object(slot: CapSlot) -> bool:
    return slot.capability is not None and isinstance(slot.capability.object, DebugConsole | Clock | InterruptHandle)


def depth_counts_derivations(kernel: Kernel[Any]) -> Violations:
    """One more than the source's; the same as an origin's, which its first capabilities stand beside.

    A reply capability may be one deeper than others: nothing is ever derived from it.
    """
    for name, slot in occupied(kernel):
        parent = source_of(kernel, slot)
        beside = parent is None or (parent.is_origin and not slot.is_origin)
        expected = (0 if parent is None else int(parent.depth)) + (0 if beside else 1)
        deepest = int(MAX_DEPTH) + isinstance(slot.held().object, ReplyHandle)
        if slot.depth != expected or slot.depth > deepest:
            yield f"{name}: depth {slot.depth}, not {expected}"


def authority_only_shrinks(kernel: Kernel[Any]) -> Violations:
    """What is derived names the same object, or some of its pages, with at most the rights, and keeps a badge."""
    for name, slot in occupied(kernel):
        parent = source_of(kernel, slot)
        if parent is None or parent.capability is None:
            continue
        mine, above = slot.held(), parent.held()
        if slot.is_origin:
            paid = isinstance(above.object, QuotaHandle) and object_of(kernel, above.object)
            made = object_of(kernel, mine.object)
            if not paid or (made is not None and made.life.payer is not paid):
                yield f"{name}: not a child of what paid for it"
        elif isinstance(mine.object, ReplyHandle):
            if not isinstance(above.object, EndpointHandle) or mine.rights != Rights.TRANSFER:
                yield f"{name}: a reply capability must derive from an endpoint, and only travel"
        else:
            if not includes(above.rights, mine.rights):
                yield f"{name}: {mine.rights!r} from {above.rights!r}"
            if above.badge not in (0, mine.badge):
                yield f"{name}: badge {mine.badge} from {above.badge}"
            if isinstance(mine.object, MemoryHandle) and isinstance(above.object, MemoryHandle):
                if not _within(mine.object, above.object):
                    yield f"{name}: pages outside its parent's"
            elif mine.object != above.object:
                yield f"{name}: another object than its parent's"


def _within(part: MemoryHandle, whole: MemoryHandle) -> bool:
    first, end = int(part.first), int(part.first) + int(part.pages)
    inside = int(whole.first) <= first < end <= int(whole.first) + int(whole.pages)
    return (part.at, part.life) == (whole.at, whole.life) and inside


def each_slot_of_a_table_is_used_free_or_retired(kernel: Kernel[Any]) -> Violations:
    """Occupied, in the list of free ones, never touched, or retired after its last generation: exactly one of them."""
    for name, table in tables(kernel).items():
        if table is kernel.empty_table:
            continue  # sealed: none of its slots was ever used, none will be
        listed: set[int] = set()
        at = table.first_free
        while at is not None:
            if at.capability is not None or at.table is not table or id(at) in listed:
                yield f"{name}: its free list holds what is not free"
                break
            listed.add(id(at))
            at = at.next_sibling
        for i, slot in enumerate(table.slots):
            fresh = i >= table.touched
            used = slot.capability is not None
            retired = not used and id(slot) not in listed and slot.generation == LAST_GENERATION
            if fresh + used + (id(slot) in listed) + retired != 1:
                yield f"{name}, slot {i}: fresh {fresh}, used {used}, free {id(slot) in listed}, retired {retired}"
            if not fresh and (slot.table is not table or slot.index != i):
                yield f"{name}, slot {i}: does not know its place"
            if slot.armed and not used:
                yield f"{name}, slot {i}: empty, and armed"


def each_arena_counts_its_objects(kernel: Kernel[Any]) -> Violations:
    """Population is what is occupied; the free list holds what was freed, once, but for what is retired."""
    for name, arena in arenas(kernel).items():
        if arena.population != sum(arena.occupied):
            yield f"{name}: population {arena.population}, occupied {sum(arena.occupied)}"
        listed: list[int] = []
        link = int(arena.first_free)
        while link != 0 and len(listed) <= len(arena.items):
            listed.append(link - 1)
            link = int(arena.next_free[link - 1])
        for i in range(len(arena.items)):
            life = arena.items[i].life
            retired = life.count == 2 << 32 and not arena.occupied[i] and i not in listed
            if (i >= arena.touched) + arena.occupied[i] + listed.count(i) + retired != 1:
                yield f"{name}, slot {i}: not exactly one of occupied, free, untouched and retired"
            if (life.count % 2 == 1) is not arena.occupied[i] or (arena.occupied[i] and life.index != i):
                yield f"{name}, slot {i}: occupied {arena.occupied[i]}, and life {life.count} of slot {life.index}"


def each_endpoint_counts_who_may_receive(kernel: Kernel[Any]) -> Violations:
    """It knows how many capabilities allow that, beside its origin."""
    found: Counter[int] = Counter()
    for _, slot in occupied(kernel):
        named = slot.held().object
        if isinstance(named, EndpointHandle) and not slot.is_origin and Rights.RECV in slot.held().rights:
            found[id(named.at)] += 1
    for i, endpoint in enumerate(kernel.endpoints.items):
        if endpoint.receivable != found[id(endpoint)]:
            yield f"endpoint {i}: {endpoint.receivable} may receive from it, not {found[id(endpoint)]}"
