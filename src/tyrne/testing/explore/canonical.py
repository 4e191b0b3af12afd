"""The key of a state: equal for states that no trap can ever tell apart.

The key is a digest of a walk. The derivation tree is walked from the first quota, children in their order; that numbers
every capability and, by their origins, every object. Then each field of each of them is written down, references by
these numbers. Fields that repeat what others say are written as well, so that a state in which they disagree has a key
of its own and is checked. Erased is only:

| erased                                    | because                                                                |
|-------------------------------------------|------------------------------------------------------------------------|
| generations                               | a handle is as good as its slot's generation, or stale for ever; words |
|                                           | that count (a waiting sender's x5) are written as the slot or as stale |
| registers x0 to x30, but for x1 to x5 of  | the next call of any other task rewrites those that the kernel reads;  |
| a task whose message waits to be taken    | the others only ever reach registers                                   |
| task numbers, names, `lives`              | only reports use them                                                  |
| what is left over in a free slot or place | whoever takes it writes it first; what must be empty in it is looked at|
| the contents of pages that are no tables  | no task of a model runs code, and the kernel reads no page of a task's |
| the hint of the frame allocator           | the lowest free frame is found from any hint that is not above it      |
| in a model in which no task can end: the  | only when a task ends is its table gone through, slot by slot, which   |
| index of a slot in a task's table, and    | decides who is woken first; else all slots are alike: exchanging two,  |
| the order in which free ones are used     | with all that names them, is the same kernel with other handle words,  |
|                                           | and the alphabet uses every handle word there is                       |

A slot or place at its last generation is outside: no trace is long enough to get there.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable
from enum import Enum
from hashlib import blake2b
from typing import Any

from tyrne.kernel.abi import NULL_HANDLE, TaskState
from tyrne.kernel.address_space import AddressSpace
from tyrne.kernel.cap_slot import CapSlot
from tyrne.kernel.cap_table import CapTable
from tyrne.kernel.capability import (
    AddressSpaceHandle,
    DebugConsole,
    EndpointHandle,
    MemoryHandle,
    NotificationHandle,
    QuotaHandle,
    ReplyHandle,
    TaskHandle,
)
from tyrne.kernel.endpoint import Endpoint, EndpointState
from tyrne.kernel.kernel import Kernel
from tyrne.kernel.memory import Region
from tyrne.kernel.notification import Notification
from tyrne.kernel.quota import Quota
from tyrne.kernel.task import Offer, Task
from tyrne.kernel.task_queue import TaskQueue
from tyrne.testing.board import MemoryBoard
from tyrne.testing.invariants.owners import read_tree

DIGEST = 16
"""Bytes of a key."""
WRONG = 0xFFFF_FFFF
"""Written for what no state without a violation has."""
Key = bytes


class Canonical:
    """Keys of the states of one kernel.

    `ram` says whether translation tables can change, `ends` whether tasks can end.
    """

    def __init__(self, kernel: Kernel[MemoryBoard], *, ram: bool, ends: bool) -> None:
        self.kernel = kernel
        self.ram = ram
        self.ends = ends
        arenas = (kernel.tasks, kernel.endpoints, kernel.notifications, kernel.spaces, kernel.regions, kernel.quotas)
        self.arenas: tuple[Any, ...] = arenas
        self.object_of_origin: dict[CapSlot, Any] = {}
        self.indices: dict[Any, int] = {}
        """Where in its arena an object stands: reap and abort go through these in order."""
        self.writers: dict[type, Callable[[Any], None]] = {
            Task: self._task,
            Endpoint: self._endpoint,
            Notification: self._notification,
            AddressSpace: self._space,
            Region: self._region,
            Quota: self._quota,
        }
        self.kinds: dict[type, tuple[int, Any]] = {
            TaskHandle: (1, kernel.tasks),
            ReplyHandle: (2, kernel.tasks),
            EndpointHandle: (3, kernel.endpoints),
            NotificationHandle: (4, kernel.notifications),
            AddressSpaceHandle: (5, kernel.spaces),
            MemoryHandle: (6, kernel.regions),
            QuotaHandle: (7, kernel.quotas),
        }
        self.places: dict[CapSlot, tuple[int, Any]] = {}
        """What holds a slot: a number for the manner, and the object or None."""
        self.tables: list[CapTable] = [kernel.bootstrap_table, *(task.capabilities for task in kernel.tasks.items)]
        for slot in kernel.bootstrap_table.slots:
            self.places[slot] = (1, None)
        for task in kernel.tasks.items:
            for slot in task.capabilities.slots:
                self.places[slot] = (2, task)
            self.places[task.home] = (3, task)
            self.places[task.supervisor] = (4, task)
        for endpoint in kernel.endpoints.items:
            self.places[endpoint.parked] = (5, endpoint)
        for arena in arenas:
            items: list[Any] = arena.items._items
            for i, thing in enumerate(items):
                self.indices[thing] = i
                self.object_of_origin[thing.origin] = thing
                self.places[thing.origin] = (6, thing)
        self.root = kernel.quotas.items[0].origin
        self.queues: dict[TaskQueue | None, tuple[int, Any]] = {None: (0, None)}
        for priority, queue in enumerate(kernel.scheduler.ready):
            self.queues[queue] = (16 + priority, None)
        for endpoint in kernel.endpoints.items:
            self.queues[endpoint.senders] = (1, endpoint)
            self.queues[endpoint.receivers] = (2, endpoint)
        for notification in kernel.notifications.items:
            self.queues[notification.waiters] = (3, notification)
        self.numbers: dict[Any, int] = {}
        self.out: list[int] = []

    def key(self) -> Key:
        """The key of the present state."""
        return blake2b(self.words(), digest_size=DIGEST).digest()

    def words(self) -> bytes:
        """What the key is a digest of."""
        numbers: dict[Any, int] = {None: 0}
        out: list[int] = []
        self.numbers, self.out = numbers, out
        slots = self._number()
        for slot in slots:
            self._slot(slot)
        self._empty_slots()
        for thing in [thing for thing in numbers if type(thing) in self.writers]:
            out.append(self.indices[thing])
            self.writers[type(thing)](thing)
        self._globals()
        return array("Q", out).tobytes()

    # --- numbers

    def _number(self) -> list[CapSlot]:
        """Number every capability that hangs on the tree, then those that hang on other roots, and their objects."""
        found: list[CapSlot] = []
        self._descend(self.root, found)
        for table in self.tables:
            for slot in table.slots._items[: table.touched]:
                if slot.capability is not None and slot.parent is None and slot not in self.numbers:
                    self._descend(slot, found)
        return found

    def _descend(self, root: CapSlot, found: list[CapSlot]) -> None:
        numbers = self.numbers
        climbs = 4 * len(self.places)  # no sound tree needs as many; a ring of parents would have no end
        at: CapSlot | None = root
        while at is not None and at not in numbers and climbs > 0:
            numbers[at] = len(numbers)
            found.append(at)
            if at.is_origin:
                thing = self.object_of_origin.get(at)
                if thing is not None:
                    numbers[thing] = len(numbers)
            below = at.first_child
            while below is None and at is not None and at is not root and climbs > 0:
                climbs -= 1
                below = at.next_sibling
                if below is None:
                    at = at.parent
            at = below

    def _named(self, named: Any) -> int:
        """The number of the object that a handle of the kernel's names; WRONG when it is stale."""
        arena = self.kinds[type(named)][1]
        index, generation = named.slot.index, named.slot.generation
        if not arena.occupied._items[index] or arena.generations._items[index] != generation:
            return WRONG
        return self.numbers.get(arena.items._items[index], WRONG)

    # --- slots

    def _slot(self, slot: CapSlot) -> None:
        get, out = self.numbers.get, self.out
        held = slot.capability
        if held is None:
            out.append(WRONG)
            return
        named = held.object
        manner, owner = self.places.get(slot, (WRONG, None))
        placement, binding = slot.placement, slot.binding
        out += (
            manner,
            get(owner, WRONG),
            held.rights,
            held.badge,
            slot.depth,
            slot.is_origin,
            get(slot.parent, WRONG),
            get(slot.first_child, WRONG),
            get(slot.next_sibling, WRONG),
            get(slot.previous_sibling, WRONG),
            0 if binding is None else get(binding, WRONG),
            0 if placement is None else 1,
            slot.index if self.ends else 0,
        )
        if placement is not None:
            out += (self._named(placement.space), placement.address)
        if type(named) is DebugConsole:
            out.append(8)
            return
        out += (self.kinds[type(named)][0], self._named(named))
        if type(named) is MemoryHandle:
            out += (named.first, named.pages)

    def _empty_slots(self) -> None:
        """What should be empty and is not is written down."""
        numbers, out = self.numbers, self.out
        for i, slot in enumerate(self.places):
            if slot not in numbers and (
                slot.capability is not None
                or slot.first_child is not None
                or slot.parent is not None
                or slot.previous_sibling is not None
                or slot.is_origin
                or slot.placement is not None
                or slot.binding is not None
                or (slot.next_sibling is not None and slot.table is None)
            ):
                out += (WRONG, i)

    def _room(self, table: CapTable) -> int:
        """How many slots of a table can still be filled; and in which order, where it matters."""
        listed: list[int] = []
        slot = table.first_free
        while slot is not None:
            if slot.capability is not None or len(listed) > len(table.slots._items):
                return WRONG
            listed.append(slot.index)
            slot = slot.next_sibling
        if self.ends:
            self.out += (table.touched, *listed, WRONG)
        return len(table.slots._items) - int(table.touched) + len(listed)

    # --- objects

    def _queue(self, queue: TaskQueue) -> None:
        get = self.numbers.get
        self.out += (get(queue.head, WRONG), get(queue.tail, WRONG))

    def _task(self, task: Task) -> None:
        get, out, frame, thread, window, fault = (
            self.numbers.get, self.out, task.frame, task.thread, task.window, task.fault
        )  # fmt: skip
        manner, owner = self.queues[task.queue]
        table = task.table
        out += (
            101,
            _number_of(task.state),
            task.priority,
            0 if task.space is None else self._named(task.space),
            0 if table is None else 1 if table is task.capabilities else WRONG,
            get(task.payer, WRONG),
            get(task.home, 0),
            get(task.supervisor, 0),
            task.exit_code,
            task.spent,
            get(task.next, WRONG),
            manner,
            get(owner, WRONG),
            _number_of(task.offer),
            get(task.through, WRONG),
            get(task.reply, WRONG),
            frame.sp,
            frame.pc,
            frame.pstate,
            thread.floating,
            self._room(task.capabilities),
            0 if window is None else 1,
            0 if fault is None else 1,
        )
        if window is not None:
            out += (window.base, window.length)
        if fault is not None:
            out += (fault.syndrome, fault.address, fault.pc)
        if task.state is TaskState.SENDING and (task.offer is Offer.MESSAGE or task.offer is Offer.CALL):
            x = frame.x._items
            out += x[1:5]
            out.append(self._word(task.capabilities, x[5]))

    def _word(self, table: CapTable, word: int) -> int:
        """A handle word that still counts: null, the number of what it names in a table, or stale."""
        if word == NULL_HANDLE:
            return 0
        index, generation = word & 0xFFFF, (word >> 16) & 0xFFFF_FFFF
        slots = table.slots._items
        if index < len(slots) and slots[index].generation == generation and slots[index].capability is not None:
            return self.numbers.get(slots[index], WRONG)
        return WRONG - 1

    def _endpoint(self, endpoint: Endpoint) -> None:
        get, message = self.numbers.get, endpoint.message
        self.out += (
            102,
            _number_of(endpoint.state),
            message.label,
            message.word0,
            message.word1,
            message.word2,
            endpoint.badge,
            get(endpoint.parked, 0),
            endpoint.receiver_gone,
            get(endpoint.bound, WRONG),
            get(endpoint.payer, WRONG),
        )
        self._queue(endpoint.senders)
        self._queue(endpoint.receivers)

    def _notification(self, notification: Notification) -> None:
        get = self.numbers.get
        self.out += (
            103,
            notification.word,
            get(notification.bound, WRONG),
            get(notification.bound_at, WRONG),
            get(notification.bound_by, WRONG),
            get(notification.payer, WRONG),
        )
        self._queue(notification.waiters)

    def _space(self, space: AddressSpace) -> None:
        items = self.kernel.spaces.items._items
        in_place = 0 < space.asid <= len(items) and items[space.asid - 1] is space
        self.out += (104, space.root, in_place, space.frames, self.numbers.get(space.payer, WRONG))
        if self.ram:
            tree = read_tree(self.kernel, space.root)
            self.out += (len(tree.tables), len(tree.pages), len(tree.odd), *tree.tables, *tree.odd)
            for address, entry in tree.pages.items():
                self.out += (address, entry)

    def _region(self, region: Region) -> None:
        self.out += (105, region.start, region.pages, region.device, self.numbers.get(region.payer, WRONG))

    def _quota(self, quota: Quota) -> None:
        self.out += (106, self.numbers.get(quota.payer, WRONG))
        self.out += quota.claims._items

    # --- the rest

    def _globals(self) -> None:
        kernel, get, out = self.kernel, self.numbers.get, self.out
        scheduler, frames = kernel.scheduler, kernel.frames
        out += (
            get(scheduler.current, WRONG),
            scheduler.levels,
            get(kernel.entered, WRONG),
            get(kernel.active, WRONG),
            kernel.remains,
            kernel.limit_reached,
            self._room(kernel.bootstrap_table),
            self._room(kernel.empty_table),
        )
        for queue in scheduler.ready._items:
            if queue.head is not None or queue.tail is not None:
                out += (self.queues[queue][0], get(queue.head, WRONG), get(queue.tail, WRONG))
        for arena in self.arenas:
            listed: list[int] = []
            link = int(arena.first_free)
            while link != 0 and len(listed) <= len(arena.items._items):
                listed.append(link)
                link = int(arena.next_free._items[link - 1])
            out += (arena.population, arena.touched, *listed, WRONG)
            for i, alive in enumerate(arena.occupied._items):
                if not alive:
                    self._left_over(i, arena.items._items[i])
        out += (*frames.taken._items, frames.allocated, frames.reserved_frames)
        taken = sum(word << 64 * i for i, word in enumerate(map(int, frames.taken._items)))
        lowest = (~taken & (taken + 1)).bit_length() - 1
        if frames.hint > lowest:
            out += (WRONG, frames.hint)

    def _left_over(self, index: int, thing: Any) -> None:
        """What must be empty in a place that is free, and is not, is written down."""
        match thing:
            case Task():
                clean = thing.queue is None and thing.next is None and not thing.spent and thing.reply is None
                clean = clean and thing.through is None and thing.space is None and thing.table is None
                clean = clean and thing.window is None and thing.offer is Offer.NOTHING
                clean = clean and thing.state is not TaskState.READY
                clean = clean and self._room(thing.capabilities) == len(thing.capabilities.slots)
            case Endpoint():
                clean = thing.senders.head is None and thing.receivers.head is None and not thing.receiver_gone
                clean = clean and thing.senders.tail is None and thing.receivers.tail is None
                clean = clean and thing.bound is None and thing.state is EndpointState.IDLE and thing.badge == 0
            case Notification():
                clean = thing.waiters.head is None and thing.waiters.tail is None and thing.word == 0
                clean = clean and thing.bound is None and thing.bound_at is None and thing.bound_by is None
            case AddressSpace():
                clean = thing.root == 0 and thing.frames == 0
            case Quota():
                clean = not any(thing.claims._items)
            case _:
                clean = True
        if not clean:
            self.out += (WRONG, index)


def _number_of(member: Enum) -> int:
    number = member._value_
    assert isinstance(number, int)
    return number
