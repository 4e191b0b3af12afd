"""The key of a state: equal for states that no trap can ever tell apart.

The key is a digest of a walk. The derivation tree is walked from the first quota, children in their order, and before
them the answer to a call by their parent; that numbers every capability and, by their origins, every object. Then each
field of each of them is written down, references by these numbers. Fields that repeat what others say are written as
well, so that a state in which they disagree has a key of its own and is checked. Erased is only:

| erased                                    | because                                                                |
|-------------------------------------------|------------------------------------------------------------------------|
| generations                               | a handle is as good as its slot's generation, or stale for ever; words |
|                                           | that count (a waiting sender's x5) are written as the slot or as stale |
| registers x0 to x30, but for x1 to x5 of  | the next call of any other task rewrites those that the kernel reads;  |
| a task whose message waits to be taken    | the others only ever reach registers                                   |
| task numbers, names, `lives`              | only reports use them                                                  |
| that a slot is armed by whose capability  | then what was set by it is looked for when it goes, and there is none  |
| nothing is set                            |                                                                        |
| what is left over in a free slot or place | whoever takes it writes it first; what must be empty in it is looked at|
| the contents of pages that are no tables  | no task of a model runs code, and the kernel reads no page of a task's |
| how much a task has used of its turn, and | it decides only when a tick comes, and in a model one may come at any  |
| when the running one began and is to end  | time                                                                   |
| the time, and when deadlines come, but   | nothing sees the time but an alarm, at which what is due happens in    |
| for their order and which are past        | this order; the alphabet has a time for each place in it               |
| which frame is whose                      | any free one is as good as another: exchanging two, with all that      |
|                                           | leads to them, is the same kernel; they are numbered as they are met   |
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
from typing import Any, Final

from tyrne.abi import NULL_HANDLE, TaskState
from tyrne.hal.aarch64.descriptors import PAGE_ADDRESS
from tyrne.hal.pages import PAGE_SIZE
from tyrne.inspect.page_tables import read_tree
from tyrne.kernel.address_space import AddressSpace
from tyrne.kernel.cap_slot import CapSlot
from tyrne.kernel.cap_table import CapTable
from tyrne.kernel.capability import Clock, DebugConsole, InterruptHandle, MemoryHandle, kind_of
from tyrne.kernel.endpoint import Endpoint
from tyrne.kernel.kernel import Kernel
from tyrne.kernel.line import Line
from tyrne.kernel.memory import Region
from tyrne.kernel.notification import Notification
from tyrne.kernel.quota import Quota
from tyrne.kernel.task import Offer, Task, TaskQueue
from tyrne.kernel.work import Preparation, Revocation, Work
from tyrne.testing.board import MemoryBoard
from tyrne.testing.explore.alphabet import deadline_of, deadlines
from tyrne.testing.explore.fixed_places import FixedPlaces
from tyrne.testing.explore.left_over import is_clean
from tyrne.testing.invariants.work import to_be_reaped

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
        self.fixed: Final = FixedPlaces(kernel)
        self.writers: dict[type, Callable[[Any], None]] = {
            Task: self._task,
            Endpoint: self._endpoint,
            Notification: self._notification,
            AddressSpace: self._space,
            Region: self._region,
            Quota: self._quota,
        }
        self.numbers: dict[Any, int] = {}
        self.answers: dict[CapSlot | None, CapSlot] = {}
        """What answers each call, by what it was made through."""
        self.out: list[int] = []
        self.times: list[int] = []
        """When deadlines come, in their order."""
        self.frames: dict[int, int] = {}
        """The number of each frame that something leads to."""

    def key(self) -> Key:
        """The key of the present state."""
        return blake2b(self.words(), digest_size=DIGEST).digest()

    def words(self) -> bytes:
        """What the key is a digest of."""
        numbers: dict[Any, int] = {None: 0}
        out: list[int] = []
        self.numbers, self.out = numbers, out
        self.frames = {}
        self.times = sorted({int(deadline_of(task)) for task in deadlines(self.kernel)})
        slots = self._number()
        out += (len(slots), len(numbers))  # where the parts end, so that no two states are written alike
        for slot in slots:
            self._slot(slot)
        self._empty_slots()
        for thing in [thing for thing in numbers if type(thing) in self.writers]:
            out.append(self.fixed.indices[thing])
            self.writers[type(thing)](thing)
        self._globals()
        return array("Q", out).tobytes()

    # --- numbers

    def _number(self) -> list[CapSlot]:
        """Number every capability that hangs on the tree, then those that hang on other roots, and their objects."""
        found: list[CapSlot] = []
        self.answers = {task.through: task.reply for task in self.kernel.tasks.items._items if task.reply is not None}
        self._descend(self.fixed.root, found)
        for table in self.fixed.tables:
            roots = [slot for slot in table.slots._items[: table.touched] if slot.capability and slot.parent is None]
            for slot in roots if self.ends or len(roots) < 2 else sorted(roots, key=self._as_root):
                if slot not in self.numbers:
                    self._descend(slot, found)
        for life in to_be_reaped(self.kernel):  # some of them nobody can name any more
            self.numbers.setdefault(self.fixed.object_of_origin[life.origin], len(self.numbers))
        return found

    def _as_root(self, slot: CapSlot) -> tuple[int, int, bool]:
        """By which roots of one table are ordered, where their slots have no names: what was set by them is seen."""
        held = slot.held()
        task = None if slot.table is None else slot.table.owner
        deadline = None if task is None else task.deadline
        sets = deadline is not None and deadline.by is slot
        binds = any(line.bound is not None and line.bound.by is slot for line in self.kernel.lines)
        return kind_of(held.object).value, int(held.rights), not (sets or binds)

    def _descend(self, root: CapSlot, found: list[CapSlot]) -> None:
        numbers = self.numbers
        climbs = 4 * len(self.fixed.holders)  # no sound tree needs as many; a ring of parents would have no end
        at: CapSlot | None = root
        while at is not None and at not in numbers and climbs > 0:
            numbers[at] = len(numbers)
            found.append(at)
            answer = self.answers.get(at)
            if answer is not None and answer not in numbers:
                numbers[answer] = len(numbers)
                found.append(answer)
            if at.is_origin:
                thing = self.fixed.object_of_origin.get(at)
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
        return self.numbers.get(named.at, WRONG) if named.at.life.count == named.life else WRONG

    # --- slots

    def _slot(self, slot: CapSlot) -> None:
        get, out = self.numbers.get, self.out
        held = slot.capability
        if held is None:
            out.append(WRONG)
            return
        named = held.object
        manner, owner = self.fixed.holders.get(slot, (WRONG, None))
        placement = slot.placement
        out += (
            manner,
            get(owner, WRONG),
            held.rights,
            held.badge,
            slot.depth,
            slot.is_origin,
            slot.revoked,
            get(slot.parent, WRONG),
            get(slot.first_child, WRONG),
            get(slot.next_sibling, WRONG),
            get(slot.previous_sibling, WRONG),
            0 if placement is None else 1,
            slot.index if self.ends else 0,
        )
        if placement is not None:
            out += (self._named(placement.space), placement.address)
        if type(named) is DebugConsole or type(named) is Clock:
            out.append(8 if type(named) is DebugConsole else 9)
            return
        if type(named) is InterruptHandle:
            out += (10, named.at.number)
            return
        out += (self.fixed.kinds[type(named)], self._named(named))
        if type(named) is MemoryHandle:
            out += (named.first, named.pages)

    def _empty_slots(self) -> None:
        """What should be empty and is not is written down."""
        numbers, out = self.numbers, self.out
        for i, slot in enumerate(self.fixed.holders):
            if slot not in numbers and (
                slot.capability is not None
                or slot.first_child is not None
                or slot.parent is not None
                or slot.previous_sibling is not None
                or slot.is_origin
                or slot.revoked
                or slot.armed
                or slot.placement is not None
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
        get, out, frame, thread, context, fault = (
            self.numbers.get, self.out, task.frame, task.thread, task.context, task.fault
        )  # fmt: skip
        manner, owner = self.fixed.queues[task.queue]
        out += (
            101,
            _number_of(task.state),
            task.priority,
            task.reach,
            0 if context is None else 1 if context.table is task.capabilities else WRONG,
            get(task.life.payer, WRONG),
            get(task.home, 0),
            get(task.supervisor, 0),
            task.exit_code,
            task.spent,
            _number_of(task.outcome) if task.state is TaskState.ENDING else 0,
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
            0 if fault is None else 1,
        )
        self._work(task.work)
        self._deadline(task)
        if context is not None:
            out += (self._named(context.space), context.window.base, context.window.length)
        if fault is not None:
            out += (fault.what, fault.address, fault.pc)
        if task.state is TaskState.SENDING and (task.offer is Offer.MESSAGE or task.offer is Offer.CALL):
            x = frame.x._items
            out += x[1:5]
            out.append(self._word(task.capabilities, x[5]))

    def _deadline(self, task: Task) -> None:
        """What a task wants to happen at a time, and as what it counts for that."""
        deadline = task.deadline
        self.out += (task.urgency, task.serves, 0 if deadline is None else 1)
        if deadline is not None:
            self.out += (
                self.times.index(deadline.at),
                self.numbers.get(deadline.by, WRONG),
                self.numbers.get(deadline.signals, WRONG),
                deadline.bits,
                deadline.by.armed and (deadline.signals is None or deadline.signals.armed),
            )

    def _line(self, line: Line) -> tuple[int, ...]:
        """By what an interrupt line is bound, and whether it is open: to the kernel, and on the board."""
        get, bound = self.numbers.get, line.bound
        by = (0, 0, 0) if bound is None else (get(bound.by, WRONG), get(bound.signals, WRONG), bound.bits)
        armed = bound is None or (bound.by.armed and bound.signals.armed)
        return line.number, line.open, int(line.number) in self.kernel.board.unmasked, armed, *by

    def _work(self, work: Work | None) -> None:
        """What a task has to do, and how far it is."""
        match work:
            case Revocation(slot):
                self.out += (1, self.numbers.get(slot, WRONG - 1))  # its capability may be gone
            case Preparation(slot, flags, page):
                self.out += (2, self.numbers.get(slot, WRONG - 1), flags, page)
            case _:
                self.out.append(0 if work is None else 3)

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
            get(endpoint.asked_by, WRONG),
            get(endpoint.parked, 0),
            endpoint.receivable,
            get(endpoint.bound, WRONG),
            get(endpoint.life.payer, WRONG),
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
            get(notification.life.payer, WRONG),
        )
        self._queue(notification.waiters)

    def _space(self, space: AddressSpace) -> None:
        items = self.kernel.spaces.items._items
        in_place = 0 < space.asid <= len(items) and items[space.asid - 1] is space
        payer = self.numbers.get(space.life.payer, WRONG)
        self.out += (104, self._frame(space.root), in_place, space.frames, space.released, payer)
        if self.ram and space.root != 0:  # of one that goes, the root is the last that does
            tree = read_tree(self.kernel.board, space.root)
            self.out += (len(tree.tables), len(tree.mapped), len(tree.kept), len(tree.odd), *tree.kept, *tree.odd)
            self.out += map(self._frame, tree.tables)
            for address, entry in tree.mapped.items():
                self.out += (address, entry & ~int(PAGE_ADDRESS), self._frame(entry & int(PAGE_ADDRESS)))

    def _frame(self, address: int) -> int:
        return self.frames.setdefault(int(address), len(self.frames))

    def _region(self, region: Region) -> None:
        payer = self.numbers.get(region.life.payer, WRONG)
        self.out += (105, region.pages, region.held, region.large, region.cleared, region.device, payer)
        count = region.held if region.held or not region.cleared else region.pages
        self.out += (self._frame(piece * int(PAGE_SIZE)) for piece in region.pieces._items[:count])

    def _quota(self, quota: Quota) -> None:
        self.out += (106, self.numbers.get(quota.life.payer, WRONG))
        self.out += quota.claims._items

    # --- the rest

    def _globals(self) -> None:
        kernel, get, out = self.kernel, self.numbers.get, self.out
        scheduler, frames, board = kernel.scheduler, kernel.frames, kernel.board
        out += (
            get(scheduler.core.current, WRONG),
            scheduler.core.levels,
            scheduler.core.reach,
            get(scheduler.core.left, WRONG),
            get(kernel.scheduler.core.entered, WRONG),
            get(kernel.scheduler.core.active, WRONG),
            scheduler.core.untimed and scheduler.slice != 0 and scheduler.core.entered is not None,
            board.turn_end is not None,
            0 if board.alarm_at is None else self.times.index(board.alarm_at) + 1 if board.alarm_at in self.times
            else WRONG,
            sum(at <= board.time for at in self.times),
            kernel.limit_reached,
            *(get(self.fixed.object_of_origin[life.origin], WRONG) for life in to_be_reaped(kernel)),
            WRONG,
            *(word for line in kernel.lines if line.number != 0 for word in self._line(line)),
            WRONG,
            self._room(kernel.bootstrap_table),
            self._room(kernel.empty_table),
        )
        for queue in scheduler.core.ready._items:
            if queue.head is not None or queue.tail is not None:
                out += (self.fixed.queues[queue][0], get(queue.head, WRONG), get(queue.tail, WRONG))
        for arena in self.fixed.arenas:
            listed: list[int] = []
            link = int(arena.first_free)
            while link != 0 and len(listed) <= len(arena.items._items):
                listed.append(link)
                link = int(arena.next_free._items[link - 1])
            out += (arena.population, arena.touched, *listed, WRONG)
            for i, alive in enumerate(arena.occupied._items):
                if not alive:
                    thing = arena.items._items[i]
                    room = self._room(thing.capabilities) if isinstance(thing, Task) else 0
                    if not is_clean(thing, room):
                        out += (WRONG, i)
        out += (frames.allocated, frames.promised, frames.reserved_frames)


def _number_of(member: Enum) -> int:
    number = member._value_
    assert isinstance(number, int)
    return number
