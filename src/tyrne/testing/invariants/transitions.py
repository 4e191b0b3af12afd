"""What holds of a transition: of a kernel before and after one trap. Each yields a sentence for each violation.

before = holdings(kernel)
kernel.trap(…)
found = [*handles_keep_their_meaning(before), *revocation_leaves_no_descendant(before, revoked)]
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from tyrne.abi import CapHandle, TaskState, unpack_handle
from tyrne.inspect.slots import object_of, occupied, source_of
from tyrne.kernel.arena import LAST_GENERATION
from tyrne.kernel.cap_slot import CapSlot
from tyrne.kernel.cap_table import CapTable
from tyrne.kernel.capability import Capability, ReplyHandle, TaskHandle
from tyrne.kernel.kernel import Kernel
from tyrne.kernel.task import Offer
from tyrne.lang import u32, u64
from tyrne.testing.state import changes

Violations = Iterator[str]


class Holding(NamedTuple):
    """A slot that was occupied, and what stood in it."""

    name: str
    slot: CapSlot
    generation: u32
    capability: Capability
    source: CapSlot | None
    """What it was derived from."""

    def is_named(self, table: CapTable, handle: CapHandle) -> bool:
        """Whether a handle of a table named this."""
        return self.slot.table is table and (self.slot.index, self.generation) == (handle.index, handle.generation)

    def is_still_there(self) -> bool:
        """Whether the slot holds a capability under the same handle. Outside tables there is but one generation."""
        return self.slot.capability is not None and self.slot.generation == self.generation


def holdings(kernel: Kernel[Any]) -> list[Holding]:
    """Every capability of a kernel, in tables, in objects and on its way."""
    return [
        Holding(name, slot, slot.generation, slot.held(), source_of(kernel, slot)) for name, slot in occupied(kernel)
    ]


def slot_named(before: Sequence[Holding], table: CapTable, word: int) -> CapSlot | None:
    """The slot that a handle word named in a table; None if it named nothing."""
    handle = unpack_handle(u64(word))
    return next((one.slot for one in before if one.is_named(table, handle)), None)


def table_of_a_life(kernel: Kernel[Any], table: CapTable, word: int) -> CapTable | None:
    """The table of the task that a handle word names in another, if that task has run since it was configured."""
    slot = table.resolve(unpack_handle(u64(word)))
    named = None if slot is None else slot.held().object
    task = object_of(kernel, named) if isinstance(named, TaskHandle) else None
    return None if task is None or task.state is TaskState.INACTIVE else task.capabilities


def descendants(before: Sequence[Holding], slot: CapSlot) -> list[Holding]:
    """What was derived from the capability in a slot, and from that, to the last."""
    children: dict[int, list[Holding]] = defaultdict(list)
    for one in before:
        children[id(one.source)].append(one)
    found = list(children[id(slot)])
    for one in found:  # which grows on the way
        found += children[id(one.slot)]
    return found


def handles_keep_their_meaning(before: Sequence[Holding]) -> Violations:
    """A handle word that names something names the same until it names nothing, and never anything again.

    That is: as long as the generation of a slot of a table is the same, so are object, rights and badge; it grows when
    the slot is emptied, or has been the last; and it never goes back.
    """
    for one in before:
        slot = one.slot
        if slot.table is None:
            continue  # no handle names it
        if slot.generation < one.generation:
            yield f"{one.name}: generation {slot.generation} after {one.generation}"
        elif slot.generation == one.generation and slot.capability not in (None, one.capability):
            yield f"{one.name}: {slot.capability!r} under the handle of {one.capability!r}"
        elif slot.capability is None and slot.generation == one.generation != LAST_GENERATION:
            yield f"{one.name}: emptied, and the next in it has the handle of {one.capability!r}"


def revocation_leaves_no_descendant(before: Sequence[Holding], revoked: CapSlot | None) -> Violations:
    """After a revoke that succeeded nothing is left of what was derived, in tables, objects and messages on their way.

    `before` are the `holdings` before it; `revoked` the slot of the capability whose descendants were to go.
    """
    if revoked is None:
        yield "a revoke of nothing has succeeded"
        return
    for one in descendants(before, revoked):
        if one.is_still_there():
            yield f"{one.name}: {one.capability!r} has outlived the revocation of what it was derived from"
    if revoked.first_child is not None:
        yield "the revoked capability has a child"


def a_new_life_owes_nothing(kernel: Kernel[Any], table: CapTable | None) -> Violations:
    """After a configure that succeeded, the task that had run before holds no answer, and has no poll registered.

    `table` is that of the task; None for one that has not run since it was made or configured.
    """
    if table is None:
        return
    for slot in table.slots:
        if slot.capability is not None and isinstance(slot.held().object, ReplyHandle):
            yield f"slot {slot.index}: an answer that a former life owed"
    for i, endpoint in enumerate(kernel.endpoints.items):
        if endpoint.asked_by is not None and endpoint.asked_by.table is table:
            yield f"endpoint {i}: a poll of a former life"


def a_pending_poll_found_nothing(kernel: Kernel[Any], table: CapTable, word: int) -> Violations:
    """A `recv` that says pending has left no message that wants no answer. `word` is its x0, in the caller's table."""
    slot = table.resolve(unpack_handle(u64(word)))
    endpoint = None if slot is None else object_of(kernel, slot.held().object)
    if endpoint is None:
        yield "a poll of nothing is pending"
        return
    if endpoint.holds_message():
        yield f"a poll is pending, and a message is left: {endpoint.state}"
    sender = endpoint.senders.head
    while sender is not None:
        if sender.offer is Offer.MESSAGE:
            yield f"a poll is pending, and task {sender.number} waits to send"
        sender = sender.next


def a_failed_call_changes_nothing(before: object, after: object) -> Violations:
    """A call that was refused left everything as it was, byte for byte, but x0 to x7 of its caller.

    `before` and `after` are what `tyrne.testing.state.kernel_state` says of the kernel.
    """
    found = changes(before, after)
    if found:
        yield f"a call was refused, and changed\n{found}"
