"""The kernel in CPython as the running task would like to know it: what it holds, and what that is good for now."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Final

from tyrne.abi import NULL_HANDLE, CallNumber, CapKind, Rights
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
)
from tyrne.kernel.endpoint import Endpoint
from tyrne.kernel.kernel import Kernel
from tyrne.kernel.task import Task
from tyrne.testing.lockstep.journal_board import JournalBoard

NULL: Final = int(NULL_HANDLE)

KINDS: Final[dict[type, int]] = {
    DebugConsole: CapKind.DEBUG_CONSOLE.value,
    EndpointHandle: CapKind.ENDPOINT.value,
    NotificationHandle: CapKind.NOTIFICATION.value,
    TaskHandle: CapKind.TASK.value,
    AddressSpaceHandle: CapKind.ADDRESS_SPACE.value,
    MemoryHandle: CapKind.MEMORY.value,
    QuotaHandle: CapKind.QUOTA.value,
    ReplyHandle: CapKind.REPLY.value,
    Clock: CapKind.CLOCK.value,
    InterruptHandle: CapKind.INTERRUPT.value,
}
"""The value of its kind by the class of a capability's object."""
ENDPOINT: Final = CapKind.ENDPOINT.value
NOTIFICATION: Final = CapKind.NOTIFICATION.value
TASK: Final = CapKind.TASK.value
ADDRESS_SPACE: Final = CapKind.ADDRESS_SPACE.value
MEMORY: Final = CapKind.MEMORY.value
QUOTA: Final = CapKind.QUOTA.value
REPLY: Final = CapKind.REPLY.value

_EVERY_KIND: Final = tuple(kind.value for kind in CapKind)
_and: Final = int.__and__  # of two rights: several times as fast as their own operator


class Scene:
    """The running task, what it holds by kind, and the words and slots chosen so far for its call."""

    def __init__(
        self,
        random: Random,
        kernel: Kernel[JournalBoard],
        task: Task,
        stale: list[int],
        others: int,
        favourite: int,
    ) -> None:
        self.random: Final = random
        self.kernel: Final = kernel
        self.task: Final = task
        self.stale: Final = stale
        """Handle words that once were good, here or in another table."""
        self.others: Final = others
        """How many tasks are ready besides this one."""
        self.held: Final[dict[int, list[CapSlot]]] = {kind: [] for kind in _EVERY_KIND}
        """By the values of their kinds."""
        for slot in task.capabilities.slots:
            capability = slot.capability
            if capability is not None:
                self.held[KINDS[type(capability.object)]].append(slot)
        self.favourite: Final = favourite
        """The kind that grows deep now."""
        self.count: Final = sum(map(len, self.held.values()))
        self.at_rest: Final = all(other.work is None for other in kernel.tasks.items)
        """Whether no task has work left that was interrupted."""
        self.words: list[int] = []
        self.slots: list[CapSlot | None] = []

    def waited_through(self) -> set[int]:
        """The identities of all capabilities above those by which tasks wait."""
        found = set()
        for task in self.kernel.tasks.items:
            at = task.through
            while at is not None:
                found.add(id(at))
                at = at.parent
        return found

    def any_slot(self) -> CapSlot | None:
        everything = [slot for slots in self.held.values() for slot in slots]
        return self.random.choice(everything) if everything else None

    def named(self) -> CapObject | None:
        """What the capability that was chosen first names."""
        slot = self.slots[0] if self.slots else None
        return None if slot is None else slot.held().object

    def use(self, slot: CapSlot | None) -> int:
        """The word that names a slot, which is remembered; a wild one without a slot."""
        self.slots.append(slot)
        return self.wild() if slot is None else word_of(slot)

    def wild(self) -> int:
        random = self.random
        if self.stale and random.random() < 0.5:
            return random.choice(self.stale)
        return random.choice((0, 1, 2, 63, 64, 0xFFFF, NULL, 1 << 63, random.getrandbits(8), random.getrandbits(64)))


Preference = Callable[[Scene, CapSlot], bool]


def word_of(slot: CapSlot) -> int:
    """As the kernel packs handles."""
    return int(slot.generation) << 16 | int(slot.index)


def has(slot: CapSlot, right: Rights) -> bool:
    """Whether a slot that is filled has all of some rights."""
    capability = slot.capability
    return capability is not None and _and(capability.rights, right) == right


def leaf(scene: Scene, slot: CapSlot) -> bool:
    return slot.first_child is None


def parent(scene: Scene, slot: CapSlot) -> bool:
    return slot.first_child is not None


def children(slot: CapSlot) -> int:
    """How many capabilities are derived from one, without those that are derived from them."""
    count, child = 0, slot.first_child
    while child is not None:
        count, child = count + 1, child.next_sibling
    return count


def spare(scene: Scene, slot: CapSlot) -> bool:
    """One of several of its kind, so that its loss leaves the task something to do."""
    kind = KINDS[type(slot.held().object)]
    return slot.first_child is None and (kind == REPLY or len(scene.held[kind]) > 2)


def waited_through(scene: Scene, slot: CapSlot) -> bool:
    """Whether somebody waits by something that was derived from this."""
    return slot.first_child is not None and id(slot) in scene.waited_through()


def going(scene: Scene, slot: CapSlot) -> bool:
    """Whether it goes with what somebody revokes, or holds and has ended: nothing may be derived from it any more."""
    return not scene.at_rest and slot.is_being_revoked()


def endpoint_behind(scene: Scene, slot: CapSlot) -> Endpoint | None:
    named = slot.held().object
    return named.at if isinstance(named, EndpointHandle) else None


def awaited(scene: Scene, slot: CapSlot) -> bool:
    """An endpoint where somebody waits for a message, or a notification where somebody waits for signals."""
    endpoint = endpoint_behind(scene, slot)
    if endpoint is not None:
        return endpoint.receivers.head is not None
    named = slot.held().object
    if not isinstance(named, NotificationHandle):
        return False
    notification = named.at
    return notification.waiters.head is not None


def offering(scene: Scene, slot: CapSlot) -> bool:
    """An endpoint where there is something to receive."""
    endpoint = endpoint_behind(scene, slot)
    return endpoint is not None and (endpoint.holds_message() or endpoint.senders.head is not None)


def silent(scene: Scene, slot: CapSlot) -> bool:
    return not offering(scene, slot)


def task_behind(scene: Scene, slot: CapSlot) -> Task | None:
    named = slot.held().object
    return named.at if isinstance(named, TaskHandle) else None


def task_that(wanted: Callable[[Task], bool]) -> Preference:
    def prefer(scene: Scene, slot: CapSlot) -> bool:
        task = task_behind(scene, slot)
        return task is not None and task is not scene.task and wanted(task)

    return prefer


def can_start(task: Task) -> bool:
    return task.stands_still() and task.context is not None and not task.awaits_repair()


def waits_for_a_life(task: Task) -> bool:
    return task.has_ended() or (task.stands_still() and task.context is None)


def can_be_given(task: Task) -> bool:
    return not task.has_ended()


def is_busy(task: Task) -> bool:
    return not task.has_ended() and not task.stands_still()


def tells_supervisor(task: Task) -> bool:
    return task.through is task.supervisor


def space_for(scene: Scene, memory: CapSlot) -> list[CapSlot]:
    """The spaces that a memory capability is mapped in, as far as the caller holds them."""
    placement = memory.placement
    if placement is None:
        return []
    return [slot for slot in scene.held[ADDRESS_SPACE] if slot.held().object == placement.space]


def unmapped(scene: Scene, slot: CapSlot) -> bool:
    return slot.placement is None


_TASK_CALLS: Final = (
    CallNumber.TASK_CONFIGURE, CallNumber.TASK_SUPERVISE, CallNumber.TASK_PRIORITY, CallNumber.TASK_RESUME,
    CallNumber.TASK_SUSPEND, CallNumber.TASK_READ, CallNumber.TASK_WRITE, CallNumber.TASK_END, CallNumber.TASK_STATE,
)  # fmt: skip


def numbers(*calls: CallNumber) -> tuple[int, ...]:
    """Calls by their numbers, which are quicker to look up than they are."""
    return tuple(call.value for call in calls)


NEEDED_BY: Final[dict[int, tuple[int, ...]]] = {
    CapKind.DEBUG_CONSOLE.value: numbers(CallNumber.CONSOLE_WRITE),
    ENDPOINT: numbers(
        CallNumber.SEND, CallNumber.RECV, CallNumber.SEND_WAIT, CallNumber.CALL, CallNumber.CANCEL, CallNumber.BIND,
    ),
    REPLY: numbers(CallNumber.REPLY, CallNumber.REPLY_WAIT),
    NOTIFICATION: numbers(CallNumber.NOTIFY, CallNumber.POLL, CallNumber.BIND),
    QUOTA: numbers(CallNumber.CREATE, CallNumber.QUOTA_MOVE),
    MEMORY: numbers(CallNumber.MEMORY_DERIVE, CallNumber.MAP, CallNumber.UNMAP, CallNumber.PROTECT),
    ADDRESS_SPACE: numbers(CallNumber.MAP, CallNumber.UNMAP, CallNumber.PROTECT, CallNumber.TASK_CONFIGURE),
    TASK: numbers(*_TASK_CALLS),
    CapKind.CLOCK.value: numbers(CallNumber.CLOCK_READ, CallNumber.CLOCK_ARM),
    CapKind.INTERRUPT.value: numbers(CallNumber.INTERRUPT_BIND, CallNumber.INTERRUPT_ACK),
}  # fmt: skip
"""The calls that get no further than their first checks without a capability of a kind."""

_GROWTH: Final = numbers(CallNumber.CAP_COPY, CallNumber.CAP_DERIVE, CallNumber.MEMORY_DERIVE)
_OF_PLACEMENTS: Final = numbers(CallNumber.UNMAP, CallNumber.PROTECT)
_OF_STILL_TASKS: Final = numbers(CallNumber.TASK_READ, CallNumber.TASK_WRITE)
_OF_BUSY_TASKS: Final = numbers(CallNumber.TASK_END, CallNumber.TASK_SUSPEND)
_ANSWERS: Final = numbers(CallNumber.REPLY, CallNumber.REPLY_WAIT)
_SENDS: Final = numbers(CallNumber.SEND, CallNumber.SEND_WAIT, CallNumber.CALL)
_RECEIVES: Final = numbers(CallNumber.RECV, CallNumber.WAIT)


def dead_ends(scene: Scene) -> set[int]:
    """Calls for which no object that the caller can name is in the right state."""
    found: set[int] = set()
    held = scene.held
    if not any(space_for(scene, slot) for slot in held[MEMORY] if slot.placement is not None):
        found.update(_OF_PLACEMENTS)
    tasks = [task for task in (task_behind(scene, slot) for slot in held[TASK]) if task is not None]
    if not any(map(Task.stands_still, tasks)):
        found.update(_OF_STILL_TASKS)
    if not any(map(can_start, tasks)):
        found.add(CallNumber.TASK_RESUME.value)
    if not any(task.stands_still() or task.has_ended() for task in tasks):
        found.add(CallNumber.TASK_CONFIGURE.value)
    if not any(is_busy(task) for task in tasks if task is not scene.task):
        found.update(_OF_BUSY_TASKS)
    if not held[ENDPOINT] and not held[NOTIFICATION]:
        found.add(CallNumber.WAIT.value)
    return found


def chances(scene: Scene) -> tuple[int, ...]:
    """Calls that meet what another task is in the middle of."""
    return _GROWTH if any(going(scene, slot) for slots in scene.held.values() for slot in slots) else ()


def opportunities(scene: Scene) -> set[int]:
    """Calls by which the caller can let another task go on."""
    found: set[int] = set()
    held = scene.held
    if held[REPLY]:
        found.update(_ANSWERS)
    for slot in held[ENDPOINT]:
        endpoint = endpoint_behind(scene, slot)
        if endpoint is None:
            continue
        if endpoint.receivers.head is not None and has(slot, Rights.SEND):
            found.update(_SENDS)
        if (endpoint.senders.head is not None or endpoint.holds_message()) and has(slot, Rights.RECV):
            found.update(_RECEIVES)
    if any(has(slot, Rights.NOTIFY) and awaited(scene, slot) for slot in held[NOTIFICATION]):
        found.add(CallNumber.NOTIFY.value)
    for slot in held[TASK]:
        task = task_behind(scene, slot)
        if task is None or task is scene.task:
            continue
        if can_start(task) and has(slot, Rights.CONTROL):
            found.add(CallNumber.TASK_RESUME.value)
        if held[ADDRESS_SPACE] and waits_for_a_life(task) and has(slot, Rights.CONFIGURE):
            found.add(CallNumber.TASK_CONFIGURE.value)
    return found
