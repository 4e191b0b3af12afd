"""The kernel in CPython as the running task would like to know it: what it holds, and what that is good for now."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Final

from tyrne.kernel.abi import NULL_HANDLE, CapKind, Rights, pack_handle
from tyrne.kernel.calls import CallNumber
from tyrne.kernel.cap_slot import CapSlot
from tyrne.kernel.capability import CapObject, EndpointHandle, NotificationHandle, TaskHandle, kind_of
from tyrne.kernel.endpoint import Endpoint
from tyrne.kernel.kernel import Kernel
from tyrne.kernel.task import Task
from tyrne.testing.lockstep.journal_board import JournalBoard

NULL: Final = int(NULL_HANDLE)


class Scene:
    """The running task, what it holds by kind, and the words and slots chosen so far for its call."""

    def __init__(
        self,
        random: Random,
        kernel: Kernel[JournalBoard],
        task: Task,
        stale: list[int],
        others: int,
        favourite: CapKind,
    ) -> None:
        self.random: Final = random
        self.kernel: Final = kernel
        self.task: Final = task
        self.stale: Final = stale
        """Handle words that once were good, here or in another table."""
        self.others: Final = others
        """How many tasks are ready besides this one."""
        self.held: Final[dict[CapKind, list[CapSlot]]] = {kind: [] for kind in CapKind}
        for slot in task.capabilities.slots:
            if slot.capability is not None:
                self.held[kind_of(slot.capability.object)].append(slot)
        self.favourite: Final = favourite
        """The kind that grows deep now."""
        self.count: Final = sum(map(len, self.held.values()))
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
    return int(pack_handle(slot.handle()))


def leaf(scene: Scene, slot: CapSlot) -> bool:
    return slot.first_child is None


def parent(scene: Scene, slot: CapSlot) -> bool:
    return slot.first_child is not None


def spare(scene: Scene, slot: CapSlot) -> bool:
    """One of several of its kind, so that its loss leaves the task something to do."""
    kind = kind_of(slot.held().object)
    return slot.first_child is None and (kind is CapKind.REPLY or len(scene.held[kind]) > 2)


def waited_through(scene: Scene, slot: CapSlot) -> bool:
    """Whether somebody waits by something that was derived from this."""
    return slot.first_child is not None and id(slot) in scene.waited_through()


def endpoint_behind(scene: Scene, slot: CapSlot) -> Endpoint | None:
    named = slot.held().object
    return scene.kernel.endpoints.get(named.slot) if isinstance(named, EndpointHandle) else None


def awaited(scene: Scene, slot: CapSlot) -> bool:
    """An endpoint where somebody waits for a message, or a notification where somebody waits for signals."""
    endpoint = endpoint_behind(scene, slot)
    if endpoint is not None:
        return endpoint.receivers.head is not None
    named = slot.held().object
    notification = scene.kernel.notifications.get(named.slot) if isinstance(named, NotificationHandle) else None
    return notification is not None and notification.waiters.head is not None


def offering(scene: Scene, slot: CapSlot) -> bool:
    """An endpoint where there is something to receive."""
    endpoint = endpoint_behind(scene, slot)
    return endpoint is not None and (endpoint.holds_message() or endpoint.senders.head is not None)


def silent(scene: Scene, slot: CapSlot) -> bool:
    return not offering(scene, slot)


def task_behind(scene: Scene, slot: CapSlot) -> Task | None:
    named = slot.held().object
    return scene.kernel.tasks.get(named.slot) if isinstance(named, TaskHandle) else None


def task_that(wanted: Callable[[Task], bool]) -> Preference:
    def prefer(scene: Scene, slot: CapSlot) -> bool:
        task = task_behind(scene, slot)
        return task is not None and task is not scene.task and wanted(task)

    return prefer


def can_start(task: Task) -> bool:
    return task.stands_still() and task.space is not None and not task.awaits_repair()


def waits_for_a_life(task: Task) -> bool:
    return task.has_ended() or (task.stands_still() and task.space is None)


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
    return [slot for slot in scene.held[CapKind.ADDRESS_SPACE] if slot.held().object == placement.space]


def unmapped(scene: Scene, slot: CapSlot) -> bool:
    return slot.placement is None


_TASK_CALLS: Final = (
    CallNumber.TASK_CONFIGURE, CallNumber.TASK_SUPERVISE, CallNumber.TASK_PRIORITY, CallNumber.TASK_RESUME,
    CallNumber.TASK_SUSPEND, CallNumber.TASK_READ, CallNumber.TASK_WRITE, CallNumber.TASK_END, CallNumber.TASK_STATE,
)  # fmt: skip
NEEDED_BY: Final[dict[CapKind, tuple[CallNumber, ...]]] = {
    CapKind.DEBUG_CONSOLE: (CallNumber.CONSOLE_WRITE,),
    CapKind.ENDPOINT: (
        CallNumber.SEND, CallNumber.RECV, CallNumber.SEND_WAIT, CallNumber.CALL, CallNumber.CANCEL, CallNumber.BIND,
    ),
    CapKind.REPLY: (CallNumber.REPLY, CallNumber.REPLY_WAIT),
    CapKind.NOTIFICATION: (CallNumber.NOTIFY, CallNumber.POLL, CallNumber.BIND),
    CapKind.QUOTA: (CallNumber.CREATE, CallNumber.QUOTA_MOVE),
    CapKind.MEMORY: (CallNumber.MEMORY_DERIVE, CallNumber.MAP, CallNumber.UNMAP, CallNumber.PROTECT),
    CapKind.ADDRESS_SPACE: (CallNumber.MAP, CallNumber.UNMAP, CallNumber.PROTECT, CallNumber.TASK_CONFIGURE),
    CapKind.TASK: _TASK_CALLS,
}  # fmt: skip
"""The calls that get no further than their first checks without a capability of a kind."""


def dead_ends(scene: Scene) -> set[CallNumber]:
    """Calls for which no object that the caller can name is in the right state."""
    found: set[CallNumber] = set()
    if not any(space_for(scene, slot) for slot in scene.held[CapKind.MEMORY] if slot.placement is not None):
        found |= {CallNumber.UNMAP, CallNumber.PROTECT}
    tasks = [task for task in (task_behind(scene, slot) for slot in scene.held[CapKind.TASK]) if task is not None]
    if not any(map(Task.stands_still, tasks)):
        found |= {CallNumber.TASK_READ, CallNumber.TASK_WRITE}
    if not any(map(can_start, tasks)):
        found.add(CallNumber.TASK_RESUME)
    if not any(task.stands_still() or task.has_ended() for task in tasks):
        found.add(CallNumber.TASK_CONFIGURE)
    if not any(is_busy(task) for task in tasks if task is not scene.task):
        found |= {CallNumber.TASK_END, CallNumber.TASK_SUSPEND}
    if not scene.held[CapKind.ENDPOINT] and not scene.held[CapKind.NOTIFICATION]:
        found.add(CallNumber.WAIT)
    return found


def opportunities(scene: Scene) -> set[CallNumber]:
    """Calls by which the caller can let another task go on."""
    found: set[CallNumber] = set()
    if scene.held[CapKind.REPLY]:
        found |= {CallNumber.REPLY, CallNumber.REPLY_WAIT}
    for slot in scene.held[CapKind.ENDPOINT]:
        if Rights.SEND in slot.held().rights and awaited(scene, slot):
            found |= {CallNumber.SEND, CallNumber.SEND_WAIT, CallNumber.CALL}
        if Rights.RECV in slot.held().rights and offering(scene, slot):
            found |= {CallNumber.RECV, CallNumber.WAIT}
    if any(Rights.NOTIFY in slot.held().rights and awaited(scene, slot) for slot in scene.held[CapKind.NOTIFICATION]):
        found.add(CallNumber.NOTIFY)
    for slot in scene.held[CapKind.TASK]:
        if Rights.CONTROL in slot.held().rights and task_that(can_start)(scene, slot):
            found.add(CallNumber.TASK_RESUME)
        can_configure = Rights.CONFIGURE in slot.held().rights and scene.held[CapKind.ADDRESS_SPACE]
        if can_configure and task_that(waits_for_a_life)(scene, slot):
            found.add(CallNumber.TASK_CONFIGURE)
    return found
