"""What goes into each system call: words that reach deep into its handler, as far as the caller's table allows.

A maker looks at the scene, the kernel in CPython as the caller would like to know it, and gives one register.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Final

from tyrne.kernel.abi import NULL_HANDLE, CapKind, Rights, includes, pack_handle
from tyrne.kernel.calls import CallNumber
from tyrne.kernel.cap_slot import CapSlot
from tyrne.kernel.cap_table import CapTable
from tyrne.kernel.capability import EndpointHandle, MemoryHandle, NotificationHandle, QuotaHandle, TaskHandle, kind_of
from tyrne.kernel.endpoint import Endpoint
from tyrne.kernel.kernel import Kernel
from tyrne.kernel.task import Task
from tyrne.system.loading import RAW_BASE

WORD: Final = (1 << 64) - 1
PAGE: Final = 4096
BASES: Final = (0x1000_0000, 0x1020_0000 - 2 * PAGE, 0x4000_0000 - PAGE, 0x80_0000_0000 - PAGE, 0x2000_0000)
"""Where memory is mapped: in reach of each other, and across the borders of tables of each level."""
NULL: Final = int(NULL_HANDLE)


class Scene:
    """The running task, what it holds by kind, and the words and slots chosen so far for its call."""

    def __init__(self, random: Random, kernel: Kernel[object], task: Task, stale: list[int], others: int) -> None:  # type: ignore[type-var]
        self.random: Final = random
        self.kernel: Final = kernel
        self.task: Final = task
        self.stale: Final = stale
        """Handle words that once were good, here or in another table."""
        self.others: Final = others
        """How many tasks are ready besides this one."""
        self.held: Final[dict[CapKind, list[CapSlot]]] = {kind: [] for kind in CapKind}
        table: CapTable = task.capabilities
        for slot in table.slots:
            if slot.capability is not None:
                self.held[kind_of(slot.capability.object)].append(slot)
        self.count: Final = sum(map(len, self.held.values()))
        self.words: list[int] = []
        self.slots: list[CapSlot | None] = []

    def any_slot(self) -> CapSlot | None:
        everything = [slot for slots in self.held.values() for slot in slots]
        return self.random.choice(everything) if everything else None

    def use(self, slot: CapSlot | None) -> int:
        """The word that names a slot, which is remembered; a wild one without a slot."""
        self.slots.append(slot)
        return self.wild() if slot is None else word_of(slot)

    def wild(self) -> int:
        random = self.random
        if self.stale and random.random() < 0.5:
            return random.choice(self.stale)
        return random.choice((0, 1, 2, 63, 64, 0xFFFF, NULL, 1 << 63, random.getrandbits(8), random.getrandbits(64)))


Maker = Callable[[Scene], int]
Preference = Callable[[Scene, CapSlot], bool]


def word_of(slot: CapSlot) -> int:
    return int(pack_handle(slot.handle()))


def held(kind: CapKind, right: Rights = Rights.NONE, prefer: Preference | None = None) -> Maker:
    """A handle of a kind: with the right and as preferred, if there is one."""

    def make(scene: Scene) -> int:
        slots = scene.held[kind]
        if not slots or scene.random.random() < 0.03:
            return scene.use(scene.any_slot())
        if scene.random.random() < 0.93:
            slots = [slot for slot in slots if includes(slot.held().rights, right)] or slots
        if prefer is not None and (scene.others == 0 or scene.random.random() < 0.8):
            slots = [slot for slot in slots if prefer(scene, slot)] or slots
        return scene.use(scene.random.choice(slots))

    return make


def some(right: Rights = Rights.NONE, prefer: Preference | None = None) -> Maker:
    """A handle of any kind."""

    def make(scene: Scene) -> int:
        slots = [slot for slots in scene.held.values() for slot in slots]
        for wanted in (lambda slot: includes(slot.held().rights, right), lambda slot: not prefer or prefer(scene, slot)):
            if scene.random.random() < 0.85:
                slots = [slot for slot in slots if wanted(slot)] or slots
        return scene.use(scene.random.choice(slots) if slots else None)

    return make


def leaf(scene: Scene, slot: CapSlot) -> bool:
    return slot.first_child is None


def parent(scene: Scene, slot: CapSlot) -> bool:
    return slot.first_child is not None


def derivable(scene: Scene) -> int:
    """Often the deepest of those from which something may be derived."""
    if scene.random.random() < 0.5:
        slots = [slot for slots in scene.held.values() for slot in slots if Rights.DERIVE in slot.held().rights]
        if slots:
            return scene.use(max(slots, key=lambda slot: slot.depth))
    return some(Rights.DERIVE)(scene)


def spare(scene: Scene, slot: CapSlot) -> bool:
    """One of several of its kind, so that its loss leaves the task something to do."""
    return slot.first_child is None and len(scene.held[kind_of(slot.held().object)]) > 2


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


def transfer(scene: Scene) -> int:
    """What goes with a message: nothing, a capability that may travel, or what may not."""
    if scene.random.random() < 0.55:
        return NULL
    if scene.random.random() < 0.06:
        return scene.words[0]
    return some(Rights.TRANSFER, spare)(scene)


def or_null(maker: Maker, chance: float) -> Maker:
    return lambda scene: NULL if scene.random.random() < chance else maker(scene)


def word(scene: Scene) -> int:
    random = scene.random
    return random.choice((0, 1, 2, random.getrandbits(8), random.getrandbits(64), WORD, 1 << 63))


def one_of(*words: int) -> Maker:
    return lambda scene: scene.random.choice(words)


def rights(scene: Scene) -> int:
    """Mostly some of those of the source, with those over the capability itself."""
    random = scene.random
    slot = scene.slots[0] if scene.slots else None
    if slot is None or slot.capability is None or random.random() < 0.06:
        return random.choice((0xFF, random.getrandbits(19), random.getrandbits(64)))
    had = int(slot.held().rights)
    return had if random.random() < 0.7 else had & (random.getrandbits(19) | 0x0F)


def badge(scene: Scene) -> int:
    slot = scene.slots[0] if scene.slots else None
    plain = slot is not None and kind_of(slot.held().object) is CapKind.ENDPOINT and slot.held().badge == 0
    if scene.random.random() < (0.6 if plain else 0.03):
        return scene.random.choice((1, 5, 1 << 63, WORD - 1, WORD))
    return 0


def task_behind(scene: Scene, slot: CapSlot) -> Task | None:
    named = slot.held().object
    return scene.kernel.tasks.get(named.slot) if isinstance(named, TaskHandle) else None


def task_that(wanted: Callable[[Task], bool]) -> Preference:
    def prefer(scene: Scene, slot: CapSlot) -> bool:
        task = task_behind(scene, slot)
        return task is not None and task is not scene.task and wanted(task)

    return prefer


def _can_start(task: Task) -> bool:
    return task.stands_still() and task.space is not None and not task.awaits_repair()


def _waits_for_a_life(task: Task) -> bool:
    return task.has_ended() or (task.stands_still() and task.space is None)


def _can_be_given(task: Task) -> bool:
    return not task.has_ended()


def _is_busy(task: Task) -> bool:
    return not task.has_ended() and not task.stands_still()


def space_for(scene: Scene, memory: CapSlot) -> list[CapSlot]:
    """The spaces that a memory capability is mapped in, as far as the caller holds them."""
    placement = memory.placement
    if placement is None:
        return []
    return [slot for slot in scene.held[CapKind.ADDRESS_SPACE] if slot.held().object == placement.space]


def space_with_memory(scene: Scene) -> int:
    """A space in which something is mapped that the caller holds; `memory_in_it` then names that."""
    pairs = [(space, memory) for memory in scene.held[CapKind.MEMORY] for space in space_for(scene, memory)]
    if not pairs or scene.random.random() < 0.08:
        return held(CapKind.ADDRESS_SPACE, Rights.MAP)(scene)
    space, memory = scene.random.choice(pairs)
    scene.use(space)
    scene.slots.append(memory)
    return word_of(space)


def memory_in_it(scene: Scene) -> int:
    if len(scene.slots) > 1 and scene.slots[1] is not None and scene.random.random() < 0.95:
        return word_of(scene.slots[1])
    return held(CapKind.MEMORY)(scene)


def unmapped(scene: Scene, slot: CapSlot) -> bool:
    return slot.placement is None


def map_address(scene: Scene) -> int:
    random = scene.random
    near = random.choice(BASES) + PAGE * random.randrange(24)
    kind = random.random()
    if kind < 0.90:
        return near
    return random.choice((near + random.randrange(PAGE), 0, 1 << 48, (1 << 48) - PAGE, word(scene), RAW_BASE))


def flags(scene: Scene) -> int:
    return scene.random.choice((0, 0, 1, 1, 1, 2, 2, 3, 4, scene.random.getrandbits(64)) if scene.random.random() < 0.3 else (0, 1, 2))


def created_kind(scene: Scene) -> int:
    """What the quota still pays for, mostly."""
    random = scene.random
    slot = scene.slots[0] if scene.slots else None
    named = None if slot is None or slot.capability is None else slot.held().object
    if isinstance(named, QuotaHandle) and random.random() < 0.85:
        claims = scene.kernel.quotas.items[named.slot.index].claims
        paid = [kind for kind in range(2, 8) if claims[kind]]
        if paid:
            return random.choice(paid)
    return random.choice((*range(9), word(scene)))


def created_pages(scene: Scene) -> int:
    random = scene.random
    if random.random() < 0.6:
        return random.choice((1, 2))
    slot = scene.slots[0] if scene.slots else None
    named = None if slot is None or slot.capability is None else slot.held().object
    if isinstance(named, QuotaHandle) and random.random() < 0.5:
        return int(scene.kernel.quotas.items[named.slot.index].claims[0]) // random.choice((1, 2, 2))
    return random.choice((0, 3, 5, 9, random.randrange(40), word(scene)))


def claim(scene: Scene) -> int:
    """A claim that the source has, mostly."""
    random = scene.random
    slot = scene.slots[0] if scene.slots else None
    named = None if slot is None or slot.capability is None else slot.held().object
    if isinstance(named, QuotaHandle) and random.random() < 0.85:
        claims = scene.kernel.quotas.items[named.slot.index].claims
        had = [index for index, amount in enumerate(claims) if amount]
        if had:
            return random.choice(had)
    return random.choice((*range(10), word(scene)))


def pages_of(scene: Scene) -> int:
    slot = scene.slots[0] if scene.slots else None
    named = None if slot is None or slot.capability is None else slot.held().object
    return int(named.pages) if isinstance(named, MemoryHandle) else 1


def first_page(scene: Scene) -> int:
    return scene.random.randrange(pages_of(scene)) if scene.random.random() < 0.93 else word(scene)


def some_pages(scene: Scene) -> int:
    random = scene.random
    rest = pages_of(scene) - scene.words[2]
    if rest < 1 or random.random() < 0.1:
        return random.choice((0, 1, rest + 1 & WORD, word(scene)))
    return random.randint(1, rest)


def priority(scene: Scene) -> int:
    random = scene.random
    own = int(scene.task.priority)
    return random.choice((own, own, random.randrange(16), word(scene))) if random.random() < 0.3 else max(own, 8)


def stack_top(scene: Scene) -> int:
    return scene.random.choice((RAW_BASE + 8 * PAGE,) * 9 + (word(scene),))


def pointer(scene: Scene) -> int:
    random = scene.random
    window = scene.task.window
    base = RAW_BASE if window is None else int(window.base)
    top = base if window is None else int(window.base) + int(window.length)
    near = random.choice((base, base, base, base + PAGE, base + 3 * PAGE, top - PAGE, top))
    if random.random() < 0.7:
        return (near + random.randrange(64)) & WORD
    return random.choice((near - random.randrange(1, 64), random.choice(BASES), word(scene), 0xFFFF_FFFF_4008_0000)) & WORD


def length(scene: Scene) -> int:
    random = scene.random
    return random.randrange(24) if random.random() < 0.8 else random.choice((0, 300, PAGE, PAGE + 1, word(scene)))


def register_number(scene: Scene) -> int:
    return scene.random.randrange(34) if scene.random.random() < 0.95 else word(scene)


def new_table(scene: Scene) -> int:
    """The table of a task that can make use of it, or the caller's own."""
    if scene.random.random() < (0.15 if scene.held[CapKind.TASK] else 0.95):
        return NULL
    return held(CapKind.TASK, Rights.CONFIGURE, task_that(_can_be_given))(scene)


def endpoint_or_notification(scene: Scene) -> int:
    if scene.others == 0 or scene.random.random() < 0.75:
        return held(CapKind.ENDPOINT, Rights.RECV, offering)(scene)
    return held(CapKind.NOTIFICATION, Rights.WAIT)(scene)


K = CapKind
R = Rights
_MESSAGE: Final = (word, word, word, word)
_STILL: Final = task_that(Task.stands_still)

ARGUMENTS: Final[dict[CallNumber, tuple[Maker, ...]]] = {
    CallNumber.SEND: (held(K.ENDPOINT, R.SEND, awaited), *_MESSAGE, transfer),
    CallNumber.RECV: (held(K.ENDPOINT, R.RECV, offering),),
    CallNumber.TASK_YIELD: (),
    CallNumber.TASK_EXIT: (one_of(0, 0, 1, 0xFFFF_FFFF),),
    CallNumber.CONSOLE_WRITE: (held(K.DEBUG_CONSOLE, R.CONSOLE_WRITE), pointer, length),
    CallNumber.CAP_COPY: (some(R.DUPLICATE), rights),
    CallNumber.CAP_DERIVE: (derivable, rights, badge),
    CallNumber.CAP_REVOKE: (some(R.REVOKE, parent),),
    CallNumber.CAP_DROP: (some(R.NONE, spare),),
    CallNumber.CAP_MOVE: (some(R.TRANSFER, spare), new_table),
    CallNumber.CAP_QUERY: (some(),),
    CallNumber.SEND_WAIT: (held(K.ENDPOINT, R.SEND, awaited), *_MESSAGE, transfer),
    CallNumber.WAIT: (endpoint_or_notification,),
    CallNumber.CALL: (held(K.ENDPOINT, R.SEND, awaited), *_MESSAGE, transfer),
    CallNumber.REPLY: (held(K.REPLY), *_MESSAGE, transfer),
    CallNumber.REPLY_WAIT: (held(K.REPLY), *_MESSAGE, held(K.ENDPOINT, R.RECV)),
    CallNumber.CANCEL: (held(K.ENDPOINT, R.RECV),),
    CallNumber.NOTIFY: (held(K.NOTIFICATION, R.NOTIFY, awaited), word),
    CallNumber.POLL: (held(K.NOTIFICATION, R.WAIT),),
    CallNumber.BIND: (held(K.ENDPOINT, R.RECV), or_null(held(K.NOTIFICATION, R.WAIT), 0.4)),
    CallNumber.CREATE: (held(K.QUOTA, R.CREATE), created_kind, created_pages),
    CallNumber.QUOTA_MOVE: (held(K.QUOTA, R.CREATE), held(K.QUOTA, R.CREATE), claim, one_of(0, 1, 1, 1, 2, 5, 1 << 40)),
    CallNumber.MEMORY_DERIVE: (held(K.MEMORY, R.DERIVE), rights, first_page, some_pages),
    CallNumber.MAP: (held(K.ADDRESS_SPACE, R.MAP), held(K.MEMORY, R.READ, unmapped), map_address, flags),
    CallNumber.UNMAP: (space_with_memory, memory_in_it),
    CallNumber.PROTECT: (space_with_memory, memory_in_it, flags),
    CallNumber.TASK_CONFIGURE: (
        held(K.TASK, R.CONFIGURE, task_that(_waits_for_a_life)), held(K.ADDRESS_SPACE, R.BIND),
        one_of(RAW_BASE, 0, WORD), one_of(RAW_BASE, RAW_BASE + 4, WORD), stack_top,
    ),
    CallNumber.TASK_SUPERVISE: (held(K.TASK, R.CONFIGURE), or_null(held(K.ENDPOINT, R.SEND), 0.1)),
    CallNumber.TASK_PRIORITY: (held(K.TASK, R.CONFIGURE), priority),
    CallNumber.TASK_RESUME: (held(K.TASK, R.CONTROL, task_that(_can_start)),),
    CallNumber.TASK_SUSPEND: (held(K.TASK, R.CONTROL, task_that(_is_busy)),),
    CallNumber.TASK_READ: (held(K.TASK, R.INSPECT, _STILL), register_number),
    CallNumber.TASK_WRITE: (held(K.TASK, R.MODIFY, _STILL), register_number, word),
    CallNumber.TASK_END: (held(K.TASK, R.CONTROL, task_that(_is_busy)), one_of(0, 1, WORD)),
    CallNumber.TASK_STATE: (held(K.TASK, R.INSPECT),),
}  # fmt: skip

_TASK_CALLS: Final = (
    CallNumber.TASK_CONFIGURE, CallNumber.TASK_SUPERVISE, CallNumber.TASK_PRIORITY, CallNumber.TASK_RESUME,
    CallNumber.TASK_SUSPEND, CallNumber.TASK_READ, CallNumber.TASK_WRITE, CallNumber.TASK_END, CallNumber.TASK_STATE,
)  # fmt: skip
NEEDED_BY: Final[dict[CapKind, tuple[CallNumber, ...]]] = {
    K.DEBUG_CONSOLE: (CallNumber.CONSOLE_WRITE,),
    K.ENDPOINT: (
        CallNumber.SEND, CallNumber.RECV, CallNumber.SEND_WAIT, CallNumber.CALL, CallNumber.CANCEL, CallNumber.BIND,
    ),
    K.REPLY: (CallNumber.REPLY, CallNumber.REPLY_WAIT),
    K.NOTIFICATION: (CallNumber.NOTIFY, CallNumber.POLL, CallNumber.BIND),
    K.QUOTA: (CallNumber.CREATE, CallNumber.QUOTA_MOVE),
    K.MEMORY: (CallNumber.MEMORY_DERIVE, CallNumber.MAP, CallNumber.UNMAP, CallNumber.PROTECT),
    K.ADDRESS_SPACE: (CallNumber.MAP, CallNumber.UNMAP, CallNumber.PROTECT, CallNumber.TASK_CONFIGURE),
    K.TASK: _TASK_CALLS,
}  # fmt: skip
"""The calls that get no further than their first checks without a capability of a kind."""


def dead_ends(scene: Scene) -> set[CallNumber]:
    """Calls for which no object that the caller can name is in the right state."""
    found: set[CallNumber] = set()
    if not any(space_for(scene, slot) for slot in scene.held[K.MEMORY] if slot.placement is not None):
        found |= {CallNumber.UNMAP, CallNumber.PROTECT}
    tasks = [task for task in (task_behind(scene, slot) for slot in scene.held[K.TASK]) if task is not None]
    if not any(map(Task.stands_still, tasks)):
        found |= {CallNumber.TASK_READ, CallNumber.TASK_WRITE}
    if not any(map(_can_start, tasks)):
        found.add(CallNumber.TASK_RESUME)
    if not any(task.stands_still() or task.has_ended() for task in tasks):
        found.add(CallNumber.TASK_CONFIGURE)
    if not any(_is_busy(task) for task in tasks if task is not scene.task):
        found |= {CallNumber.TASK_END, CallNumber.TASK_SUSPEND}
    if not scene.held[K.ENDPOINT] and not scene.held[K.NOTIFICATION]:
        found.add(CallNumber.WAIT)
    return found


def opportunities(scene: Scene) -> set[CallNumber]:
    """Calls by which the caller can let another task go on."""
    found: set[CallNumber] = set()
    if scene.held[K.REPLY]:
        found |= {CallNumber.REPLY, CallNumber.REPLY_WAIT}
    for slot in scene.held[K.ENDPOINT]:
        if R.SEND in slot.held().rights and awaited(scene, slot):
            found |= {CallNumber.SEND, CallNumber.SEND_WAIT, CallNumber.CALL}
        if R.RECV in slot.held().rights and offering(scene, slot):
            found |= {CallNumber.RECV, CallNumber.WAIT}
    if any(R.NOTIFY in slot.held().rights and awaited(scene, slot) for slot in scene.held[K.NOTIFICATION]):
        found.add(CallNumber.NOTIFY)
    for slot in scene.held[K.TASK]:
        if R.CONTROL in slot.held().rights and task_that(_can_start)(scene, slot):
            found.add(CallNumber.TASK_RESUME)
        if R.CONFIGURE in slot.held().rights and task_that(_waits_for_a_life)(scene, slot) and scene.held[K.ADDRESS_SPACE]:
            found.add(CallNumber.TASK_CONFIGURE)
    return found
