"""Bugs to put into the kernel, each in a file of its own: what is wrong, and the model that shows it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from tyrne.abi import NULL_HANDLE, CapKind, Rights, Status, TaskState, rights_over, unpack_handle
from tyrne.abi import CallNumber as C
from tyrne.kernel import (
    authority,
    capability_calls,
    clock,
    deletion,
    ending,
    interrupts,
    mapping,
    quota,
    rendezvous,
    signals,
    task_calls,
)
from tyrne.kernel.arena import Arena
from tyrne.kernel.cap_slot import CapSlot
from tyrne.kernel.cap_table import CapTable
from tyrne.kernel.core import Core
from tyrne.kernel.effects import done, handed
from tyrne.kernel.frames import Frames
from tyrne.kernel.task import Offer, TaskQueue
from tyrne.lang import u16, u64
from tyrne.system.parts import Cap, Quota
from tyrne.testing.explore import MODELS, Gift, Holder, Model, Template, Words
from tyrne.testing.explore.parts import (
    ENDPOINT,
    MEMORY,
    MESSAGE,
    NOTHING,
    NOTIFICATION,
    REPLY,
    SOMETHING,
    SPACE,
    TASK,
    YIELD,
)


@dataclass(frozen=True)
class Bug:
    """`original` is a function of a module of the kernel, or (class, method name); `broken` takes its place."""

    what: str
    original: Any
    broken: Callable[..., Any]
    model: Model
    steps: int
    """How long the shortest trace is that shows it."""
    said: str
    """Part of what is said of it."""

    @property
    def place(self) -> str:
        """The file and the function that are broken."""
        function = getattr(*self.original) if isinstance(self.original, tuple) else self.original
        return f"{function.__module__.rsplit('.', 1)[1]}.py: {function.__qualname__}"

    def plant(self, patch: pytest.MonkeyPatch) -> None:
        """Break the kernel of this process, wherever the function was imported to."""
        if isinstance(self.original, tuple):
            patch.setattr(*self.original, self.broken)
            return
        for name, module in list(sys.modules.items()):
            if name.startswith("tyrne.kernel."):
                for attribute, value in list(vars(module).items()):
                    if value is self.original:
                        patch.setattr(module, attribute, self.broken)


def ignores_granted_rights(table: CapTable, source: Any, needed: Rights, granted: Rights) -> Any:
    slot = table.resolve(source)
    if slot is None:
        return Status.INVALID_HANDLE
    return slot if needed in slot.held().rights else Status.INSUFFICIENT_RIGHTS


def skips_grandchildren(kernel: Any, slot: CapSlot) -> bool:
    child = slot.first_child
    while child is not None and child.first_child is not None:
        child = child.next_sibling
    if child is not None:
        deletion._delete_leaf(kernel, child)
    return child is not None


def lets_go_of_what_has_children(kernel: Any, slot: CapSlot) -> bool:
    child = slot.first_child
    if child is not None and child.first_child is None:
        deletion._delete_leaf(kernel, child)
    elif child is not None:
        child._unlink()
    return child is not None


move_to = CapSlot.move_to


def forgets_the_client(kernel: Any, slot: CapSlot, target: CapSlot) -> None:
    rendezvous.lay_down(kernel, slot)
    move_to(slot, target)


def leaves_the_answer(kernel: Any, task: Any) -> None:
    if task.state is TaskState.READY:
        kernel.scheduler.withdraw(task)
    elif task.queue is not None:
        task.queue.remove(task)
    task.forget_offer()


def pays_only_frames_back(payer: Any, claim: u64, amount: u64) -> None:
    if payer is not None and claim == 0:
        payer.claims[claim] += amount


def leaves_the_page(kernel: Any, slot: CapSlot) -> None:
    slot.placement = None


def leaves_the_bit(core: Core, level: u64) -> None:
    pass


bind = signals.bind


def binds_twice(kernel: Any, caller: Any, call: Any) -> Any:
    effect = bind(kernel, caller, call)
    if effect.answer.status != Status.BAD_STATE.value:
        return effect
    endpoint_slot = caller.table.resolve(unpack_handle(call.a0))
    notification_slot = caller.table.resolve(unpack_handle(call.a1))
    endpoint = authority.endpoint_at(endpoint_slot)
    authority.notification_at(notification_slot).bind(endpoint, endpoint_slot, notification_slot)
    return done()


prioritise = task_calls.prioritise


def sets_before_it_checks(kernel: Any, caller: Any, call: Any) -> Any:
    effect = prioritise(kernel, caller, call)
    if effect.answer.status == Status.BAD_ARGUMENT.value:
        task = authority.task_of(caller.table, call.a0, Rights.CONFIGURE)
        task.priority = u64(15)
    return effect


def keeps_the_generation(slot: CapSlot) -> None:
    slot.capability = None
    if slot.table is not None:
        slot.next_sibling = slot.table.first_free
        slot.table.first_free = slot


def asks_for_no_right(table: CapTable, word: u64, kind: Any, right: Rights) -> Any:
    slot = table.resolve(unpack_handle(word))
    if slot is None:
        return Status.INVALID_HANDLE
    return slot if authority.kind_of(slot.held().object) is kind else Status.WRONG_KIND


remove = TaskQueue.remove


def leaves_the_tail(queue: TaskQueue, task: Any) -> None:
    tail = queue.tail
    remove(queue, task)
    queue.tail = tail


def loses_the_badge(kernel: Any, caller: Any, call: Any) -> Any:
    slot = caller.table.resolve(unpack_handle(call.a0))
    if slot is None:
        return handed(Status.INVALID_HANDLE)
    if call.a2 != 0 and (slot.held().badge != 0 or call.a2 == NULL_HANDLE):
        return handed(Status.BAD_ARGUMENT)
    rights = capability_calls.rights_from_word(call.a1)
    return handed(caller.table.cap_derive(unpack_handle(call.a0), rights, slot.held().object, call.a2))


free_frame = Frames.free


def forgets_to_count(frames: Frames, address: u64) -> None:
    free_frame(frames, address)
    frames.allocated += 1


free_place = Arena.free


def counts_what_is_gone(arena: Arena[Any], index: u16) -> None:
    free_place(arena, index)
    arena.population += 1


def lets_wait(kernel: Any, slot: CapSlot) -> None:
    pass


def keeps(kernel: Any, *places: Any) -> None:
    pass


end_life = deletion.end_life


def keeps_what_a_new_life_owes(kernel: Any, task: Any) -> None:
    if task.state is TaskState.ENDING:
        end_life(kernel, task)


def leaves_who_has_no_room(kernel: Any, place: Any, needed: u64) -> Any:
    receiver = rendezvous.receiver_with_room(place, needed)
    if receiver is not None:
        place.receivers.remove(receiver)
    return receiver


collect = rendezvous.collect


def looks_at_the_first(kernel: Any, place: Any, table: CapTable, polls: bool) -> Any:
    head = place.senders.head
    if polls and head is not None and head.offer is not Offer.MESSAGE:
        return None
    return collect(kernel, place, table, polls)


collect_sent = rendezvous.collect_sent


def refuses_before_it_knows(kernel: Any, place: Any, table: CapTable, polls: bool) -> Any:
    head = place.senders.head
    if head is not None and head.offer is Offer.MESSAGE and not table.has_room(rendezvous.slots_needed(head)):
        rendezvous.end_wait(kernel, head, Status.RECEIVER_TABLE_FULL)
    return collect_sent(kernel, place, table, polls)


arm, bind_line = clock.arm, interrupts.bind


def arms_unmarked(kernel: Any, caller: Any, call: Any) -> Any:
    effect = arm(kernel, caller, call)
    unmark(caller.table)
    return effect


def binds_unmarked(kernel: Any, caller: Any, call: Any) -> Any:
    effect = bind_line(kernel, caller, call)
    unmark(caller.table)
    return effect


def unmark(table: CapTable) -> None:
    for slot in table.slots:
        slot.armed = False


def endpoint(without: Rights = Rights.NONE) -> Cap:
    return Cap(0, rights_over(CapKind.ENDPOINT) & ~without)


def over(kind: CapKind, number: int = 0) -> Cap:
    return Cap(number, rights_over(kind), kind=kind)


WAITS = Model(
    "waits",
    "who waits to send, while who could receive gives that up",
    tasks=(Holder((endpoint(without=Rights.RECV),)), Holder((endpoint(),))),
    calls=(
        Template(C.SEND_WAIT, (ENDPOINT, *MESSAGE, NOTHING)),
        Template(C.WAIT, (ENDPOINT,)),
        Template(C.CAP_DROP, (ENDPOINT,)),
        YIELD,
    ),
    endpoints=1,
)
CALLS = Model(
    "calls",
    "who waits for an answer, while who can give it moves the capability for that, or stops the caller",
    tasks=(Holder((endpoint(),)), Holder((endpoint(), over(CapKind.TASK, 0)))),
    calls=(
        Template(C.CALL, (ENDPOINT, *MESSAGE, NOTHING)),
        Template(C.WAIT, (ENDPOINT,)),
        Template(C.CAP_MOVE, (REPLY, NOTHING)),
        Template(C.TASK_SUSPEND, (TASK,)),
    ),
    endpoints=1,
)
BINDINGS = Model(
    "bindings",
    "two notifications and an endpoint",
    tasks=(Holder((over(CapKind.NOTIFICATION, 0), over(CapKind.NOTIFICATION, 1), endpoint())),),
    calls=(Template(C.BIND, (ENDPOINT, NOTIFICATION)),),
    endpoints=1,
    notifications=2,
)
MAPPINGS = Model(
    "mappings",
    "memory in one's own space",
    tasks=(Holder((over(CapKind.ADDRESS_SPACE), over(CapKind.MEMORY)), quota=Quota(frames=1)),),
    calls=(
        Template(C.MAP, (SPACE, MEMORY, Words((0x100_0000,)), Words((0,)))),
        Template(C.UNMAP, (SPACE, MEMORY)),
        Template(C.CAP_DROP, (MEMORY,)),
    ),
    memory=(1,),
    ram=True,
)
POLLED = Model(
    "polled",
    "a server that polls, and two clients: one waits for an answer, the other to be received",
    tasks=(
        Holder((endpoint(without=Rights.SEND),)),
        Holder((endpoint(without=Rights.RECV),)),
        Holder((endpoint(without=Rights.RECV),)),
    ),
    calls=(
        Template(C.SEND_WAIT, (ENDPOINT, *MESSAGE, NOTHING)),
        Template(C.CALL, (ENDPOINT, *MESSAGE, NOTHING)),
        Template(C.RECV, (ENDPOINT,)),
    ),
    endpoints=1,
)
FULL = Model(
    "full",
    "a server whose table is full, and two clients that send and call",
    tasks=(
        Holder((endpoint(without=Rights.SEND),)),
        Holder((endpoint(without=Rights.RECV), SOMETHING)),
        Holder((endpoint(without=Rights.RECV), SOMETHING)),
    ),
    calls=(
        Template(C.SEND_WAIT, (ENDPOINT, *MESSAGE, Gift())),
        Template(C.CALL, (ENDPOINT, *MESSAGE, NOTHING)),
        Template(C.WAIT, (ENDPOINT,)),
        YIELD,
    ),
    slots=2,
    endpoints=1,
)
PAIR, REVOCATION, BADGES = MODELS["pair"], MODELS["revocation"], MODELS["badges"]
LIFECYCLE, QUOTAS = MODELS["lifecycle"], MODELS["quotas"]
MODELS = {model.name: model for model in (*MODELS.values(), WAITS, CALLS, BINDINGS, MAPPINGS, POLLED, FULL)}

BUGS = (
    Bug("rights that the source does not have are granted", (CapTable, "source"), ignores_granted_rights,
        REVOCATION, 1, "not refused"),
    Bug("a revocation skips what has children of its own", deletion.delete_one, skips_grandchildren,
        REVOCATION, 3, "work has no end"),
    Bug("a revocation lets go of what has children of its own", deletion.delete_one, lets_go_of_what_has_children,
        REVOCATION, 3, "outlived the revocation"),
    Bug("a capability that moves is not found by who waits for its answer", rendezvous.move_capability,
        forgets_the_client, CALLS, 3, "a reply capability that its client does not know"),
    Bug("a call that is called off leaves its reply capability", ending.call_off, leaves_the_answer,
        CALLS, 3, "reply"),
    Bug("claims on objects are not paid back", quota.pay_back, pays_only_frames_back,
        QUOTAS, 2, "claims_only_move"),
    Bug("a mapping is forgotten and stays", mapping.unmap_placed, leaves_the_page,
        MAPPINGS, 2, "is there for nothing"),
    Bug("the bit of a queue that is empty stays set", (Core, "_note"), leaves_the_bit,
        PAIR, 1, "the_ready_are_queued_by_priority"),
    Bug("an endpoint is bound twice", signals.bind, binds_twice,
        BINDINGS, 2, "bound to an endpoint that is not bound to it"),
    Bug("a priority that is refused is set", task_calls.prioritise, sets_before_it_checks,
        LIFECYCLE, 1, "refused with 0x2, and changed"),
    Bug("a slot is used again in the same generation", (CapSlot, "recycle"), keeps_the_generation,
        PAIR, 1, "names something else"),
    Bug("a capability's rights are not asked for", authority.authorise, asks_for_no_right,
        BADGES, 2, "waits without"),
    Bug("who leaves a queue at its end stays its tail", (TaskQueue, "remove"), leaves_the_tail,
        PAIR, 2, "tail"),
    Bug("a derived capability loses its badge", capability_calls.derive, loses_the_badge,
        BADGES, 2, "badge 0 from 1"),
    Bug("a frame that is freed still counts", (Frames, "free"), forgets_to_count,
        MAPPINGS, 1, "frames allocated"),
    Bug("an object that is gone still counts", (Arena, "free"), counts_what_is_gone,
        QUOTAS, 2, "population"),
    Bug("a wait outlives the capability that it is by", deletion.cancel_waits, lets_wait,
        WAITS, 2, "a wait outlived its capability"),
    Bug("a poll outlives the capability that it was made by", rendezvous.withdraw, keeps,
        MODELS["polls"], 2, "polled by a capability that is gone"),
    Bug("a poll looks at the first who waits, and no further", rendezvous.collect, looks_at_the_first,
        POLLED, 4, "a poll is pending, and task"),
    Bug("a new life keeps the answers that the former owed", deletion.end_life,
        keeps_what_a_new_life_owes,
        MODELS["lives"], 5, "a former life"),
    Bug("receivers that have no room wait on beside a sender", rendezvous.first_receiver, leaves_who_has_no_room,
        FULL, 4, "a receiver waits beside senders"),
    Bug("senders are refused, and the receiver is too", rendezvous.collect_sent, refuses_before_it_knows,
        FULL, 7, "refused with 0x206, and changed"),
    Bug("a capability does not know that a deadline was set by it", clock.arm, arms_unmarked,
        MODELS["unheard"], 2, "set by a capability that is not armed"),
    Bug("a capability does not know that an interrupt was bound by it", interrupts.bind, binds_unmarked,
        MODELS["drivers"], 1, "set by a capability that is not armed"),
)  # fmt: skip
