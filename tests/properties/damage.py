"""Ways to break a kernel behind its back, each with the invariant that must say so and a part of its sentence."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from tyrne.abi import CallNumber as C
from tyrne.abi import CapHandle, CapKind, Rights, TaskState, pack_handle, rights_over
from tyrne.hal.aarch64.descriptors import page_descriptor, table_descriptor
from tyrne.hal.pages import MappingFlags
from tyrne.kernel.arena import Arena
from tyrne.kernel.cap_slot import CapSlot, Placement
from tyrne.kernel.capability import Capability, Clock, DebugConsole, MemoryHandle
from tyrne.kernel.deadline import NOT_AT_ONCE
from tyrne.kernel.endpoint import Endpoint, EndpointState
from tyrne.kernel.life import Life
from tyrne.kernel.notification import Notification
from tyrne.kernel.page_table import entry_of
from tyrne.kernel.task import Offer
from tyrne.kernel.work import Preparation, Reaping, Revocation
from tyrne.lang import u8, u16, u32, u64
from tyrne.testing.board import RAM
from tyrne.testing.invariants import violations
from tyrne.testing.kernels import BASE, NULL, context_of, endpoint_object
from tyrne.testing.world import World

MAPPED: Final = 0x100_0000
U, W, X, OWNED = MappingFlags.USER, MappingFlags.WRITE, MappingFlags.EXECUTE, MappingFlags.OWNED


class Busy(World):
    """A kernel with something of everything, of which every invariant holds.

    Task 0 runs, and holds the answer for task 1, which called; task 2 waits to send, task 3 for signals until a time;
    task 4 is ready. Task 0 has mapped memory, derived from what it holds, and made an endpoint through its own quota;
    it has a deadline that signals, before the other.
    """

    def __init__(self) -> None:
        super().__init__(5, slice=1000)
        self.origin, other = self.endpoint(), self.endpoint()
        self.door = self.give(0, self.origin)
        self.child = self.ok(0, C.CAP_DERIVE, self.door, int(Rights.SEND), 7)
        self.grandchild = self.ok(0, C.CAP_DERIVE, self.give(0, self.origin), int(Rights.SEND | Rights.DERIVE), 7)
        self.pages = self.give(0, self.memory(2))
        self.part = self.ok(0, C.MEMORY_DERIVE, self.pages, int(Rights.READ), 1, 1)
        self.ok(0, C.MAP, self.give_space(0, 0), self.pages, MAPPED, 1)
        self.made = self.ok(0, C.CREATE, self.give_quota(0), CapKind.ENDPOINT.value)
        self.blocks(1, C.CALL, self.give(1, other), 1, 2, 3, 4, NULL)
        received = self.call(0, C.WAIT, self.give(0, other))
        assert received is not None
        self.answer = received[7]
        self.blocks(2, C.SEND_WAIT, self.give(2, self.origin), 1, 2, 3, 4, NULL)
        self.signals = self.notification()
        self.bell = self.give(0, self.notification())
        self.ok(0, C.CLOCK_ARM, self.clock(0), 10**9, self.bell, 1)
        self.ok(3, C.CLOCK_ARM, self.clock(3), 2 * 10**9, NULL, 0)
        self.blocks(3, C.WAIT, self.give(3, self.signals))
        self.irq = self.give_interrupt(0)
        self.ok(0, C.INTERRUPT_BIND, self.irq, self.bell, 2)
        assert not violations(self.kernel)

    def clock(self, task: int) -> int:
        """A capability over the clock, for a task; its handle word."""
        made = self.task(task).capabilities.insert(Capability(rights_over(CapKind.CLOCK), Clock()), None)
        assert isinstance(made, CapHandle)
        return int(pack_handle(made))

    def arm(self, task: int, **changes: Any) -> None:
        """Let a task's deadline be another one."""
        deadline = self.task(task).deadline
        assert deadline is not None
        put(self.task(task), deadline=replace(deadline, **changes))

    def by(self, task: int) -> CapSlot:
        """The capability by which a task has set its deadline."""
        deadline = self.task(task).deadline
        assert deadline is not None
        return deadline.by

    def bound(self, **changes: Any) -> None:
        """Let the interrupt line be bound by something else."""
        line = self.kernel.lines[0]
        assert line.bound is not None
        put(line, bound=replace(line.bound, **changes))

    def at(self, word: int) -> CapSlot:
        """The slot of one of task 0's capabilities."""
        return self.slot(0, word)

    def root(self, task: int) -> u64:
        """The level 0 table of a task's space."""
        return context_of(self.task(task)).space.at.root

    def descriptor(self, address: int, word: u64) -> None:
        """Let an address of task 0 have another level 3 descriptor."""
        entry = entry_of(self.board, self.root(0), u64(address), u64(3))
        assert isinstance(entry, u64)
        self.board.write64(entry, word)

    def page(self, address: int, frame: int, flags: MappingFlags) -> None:
        """Let a page of task 0 be another frame, or be mapped otherwise."""
        self.descriptor(address, page_descriptor(u64(frame), flags))

    def frame(self, address: int) -> int:
        """The frame of a page of task 0."""
        entry = entry_of(self.board, self.root(0), u64(address), u64(3))
        assert isinstance(entry, u64)
        return int(self.board.read64(entry)) & 0xFFFF_FFFF_F000


def put(place: object, **fields: object) -> None:
    """Set fields of a place."""
    for name, value in fields.items():
        setattr(place, name, value)


def hold(slot: CapSlot, **changes: Any) -> None:
    """Let a slot hold what it does with other rights, another object or another badge."""
    old = slot.held()
    fields: dict[str, Any] = {"rights": old.rights, "object": old.object, "badge": old.badge} | changes
    slot.capability = Capability(**fields)


def last(arena: Arena[Any]) -> Any:
    """An object that does not exist."""
    return arena.items[len(arena.items) - 1]


def first_quota(w: Busy) -> CapSlot:
    return w.kernel.quotas.items[0].life.origin


def unused(w: Busy) -> Any:
    """A slot of an object that does not exist."""
    return last(w.kernel.endpoints).life.origin


def endpoint(w: Busy) -> Endpoint:
    """Where task 2 waits to send."""
    return w.endpoint_at(w.origin)


def notification(w: Busy) -> Notification:
    """What task 3 waits for."""
    return w.notification_at(w.signals)


def reap(w: Busy, life: Life) -> None:
    """Let a life be on the stack of what is to be reaped."""
    w.kernel.ending.push(life)


def forget_a_quota(w: Busy) -> None:
    w.kernel.quotas.occupied[0] = False


def ring_on_the_stack(w: Busy) -> None:
    reap(w, w.task(4).life)
    w.task(4).life.next = w.task(4).life


def end(w: Busy, task: int, *, spent: bool = True) -> None:
    """Let a task be said to have ended."""
    put(w.task(task), state=TaskState.ENDING, spent=spent)


def ring_of_children(w: Busy) -> None:
    child = w.at(w.child)
    put(child, next_sibling=child, previous_sibling=child)


def free_twice(w: Busy) -> None:
    slot = w.task(4).capabilities.allocate()
    put(slot, table=None)
    w.task(4).capabilities.first_free = slot


def half_made(w: Busy) -> None:
    w.task(4).capabilities.allocate()


def bind_here(w: Busy) -> None:
    put(endpoint(w), bound=notification(w))


def poll_by(w: Busy, slot: CapSlot) -> None:
    """Let a receiver be registered by a capability."""
    put(endpoint(w), state=EndpointState.RECV_WAITING, asked_by=slot)


def bind_by(w: Busy, slot: CapSlot) -> None:
    """Bind both ways, by a capability that may not be the one for it."""
    put(endpoint(w), bound=notification(w))
    put(notification(w), bound=endpoint(w), bound_at=slot, bound_by=slot)


def graft(w: Busy) -> None:
    """Let the first entry of task 4's level 0 table lead into task 3's space."""
    w.board.write64(w.root(4), w.board.read64(w.root(3)))


def miscount(w: Busy) -> None:
    """Let the table of the two pages that task 0 has mapped count one more."""
    link = entry_of(w.board, w.root(0), u64(MAPPED), u64(2))
    assert isinstance(link, u64)
    w.board.write64(link, w.board.read64(link) + (1 << 2))


def lose_a_region(w: Busy) -> None:
    put(w.at(w.pages), placement=None)


DAMAGE: Final[tuple[tuple[str, str, Callable[[Busy], object]], ...]] = (
    ("every_capability_names_a_living_object", "its object is gone",
     lambda w: w.kernel.notifications.occupied.__setitem__(0, False)),
    ("every_capability_names_a_living_object", "a reply capability that its client does not know",
     lambda w: put(w.task(1), reply=None)),
    ("every_object_has_its_origin", "alive True, its origin", lambda w: put(w.signals, is_origin=False)),
    ("every_object_has_its_origin", "its origin names something else",
     lambda w: hold(w.origin, object=endpoint_object(1, 0, w.kernel))),
    ("every_object_has_its_origin", "nobody can name it", lambda w: w.at(w.made).clear()),
    ("links_are_symmetric", "empty, and linked", lambda w: put(unused(w), parent=w.origin)),
    ("links_are_symmetric", "empty, and has a sibling", lambda w: put(unused(w), next_sibling=w.origin)),
    ("links_are_symmetric", "empty, and still marked", lambda w: put(unused(w), is_origin=True)),
    ("links_are_symmetric", "a root with siblings", lambda w: put(first_quota(w), next_sibling=w.origin)),
    ("links_are_symmetric", "its parent is no occupied slot", lambda w: put(w.at(w.child), parent=CapSlot())),
    ("links_are_symmetric", "its parent does not know it", lambda w: put(w.at(w.door), first_child=None)),
    ("links_are_symmetric", "does not link back", lambda w: put(w.at(w.child), parent=w.signals)),
    ("links_are_symmetric", "its children form a ring", ring_of_children),
    ("every_branch_ends_at_a_root", "its ancestors form a ring",
     lambda w: put(first_quota(w), parent=w.at(w.child))),
    ("every_branch_ends_at_a_root", "it descends from nothing that boot made", lambda w: put(w.origin, parent=None)),
    ("depth_counts_derivations", "depth 1, not", lambda w: put(w.at(w.child), depth=u8(1))),
    ("authority_only_shrinks", "NOTIFY", lambda w: hold(w.at(w.child), rights=Rights.SEND | Rights.NOTIFY)),
    ("authority_only_shrinks", "badge 0 from 9", lambda w: hold(w.at(w.door), badge=u64(9))
     or hold(w.at(w.child), badge=u64(0))),
    ("authority_only_shrinks", "pages outside its parent's",
     lambda w: hold(w.at(w.part), object=MemoryHandle(w.at(w.part).held().object.at, u64(1), u32(1), u32(2)))),
    ("authority_only_shrinks", "another object than its parent's",
     lambda w: hold(w.at(w.child), object=endpoint_object(1, 0, w.kernel))),
    ("authority_only_shrinks", "only travel", lambda w: hold(w.at(w.answer), rights=Rights.DUPLICATE)),
    ("authority_only_shrinks", "not a child of what paid for it",
     lambda w: put(w.at(w.made).parent, parent=w.origin)),
    ("each_slot_of_a_table_is_used_free_or_retired", "its free list holds what is not free", free_twice),
    ("each_slot_of_a_table_is_used_free_or_retired", "used False, free False", half_made),
    ("each_slot_of_a_table_is_used_free_or_retired", "does not know its place",
     lambda w: put(w.at(w.child), index=u16(9))),
    ("each_arena_counts_its_objects", "endpoint: population 9", lambda w: put(w.kernel.endpoints, population=u16(9))),
    ("each_endpoint_counts_who_may_receive", "9 may receive from it",
     lambda w: put(last(w.kernel.endpoints), receivable=u64(9))),
    ("each_arena_counts_its_objects", "not exactly one of", lambda w: put(w.kernel.endpoints, first_free=u16(1))),
    ("each_frame_has_one_owner", "counts 99 frames", lambda w: put(w.kernel.spaces.items[1], frames=u64(99))),
    ("each_frame_has_one_owner", "2 owners", lambda w: w.page(BASE, w.frame(MAPPED), U | X | OWNED)),
    ("each_frame_has_one_owner", "taken and owned by nobody", lambda w: w.kernel.frames.allocate(w.board)),
    ("each_frame_has_one_owner", "0 frames allocated", lambda w: put(w.kernel.frames, allocated=u64(0))),
    ("each_frame_has_one_owner", "a frame below the hint is free", lambda w: put(w.kernel.frames, hint=u64(250))),
    ("tables_are_reachable_only_by_their_owner", "has the capability table of task 0",
     lambda w: put(w.task(4), capabilities=w.task(0).capabilities)),
    ("tables_are_reachable_only_by_their_owner", "has a slot of task 0",
     lambda w: w.task(4).capabilities.slots.__setitem__(0, w.at(w.child))),
    ("tables_are_reachable_only_by_their_owner", "task 4: calls with the capability table of task 0",
     lambda w: put(w.task(4), context=replace(context_of(w.task(4)), table=w.task(0).capabilities))),
    ("tables_are_reachable_only_by_their_owner", "reaches the table", graft),
    ("tables_are_reachable_only_by_their_owner", "of space 4", lambda w: w.page(MAPPED, int(w.root(3)), U | W)),
    ("tables_are_reachable_only_by_their_owner", "is memory that the kernel keeps",
     lambda w: w.page(MAPPED, RAM, U | W)),
    ("claims_only_move", f"claim {CapKind.TASK.value}:",
     lambda w: w.quotas[0].claims.__setitem__(CapKind.TASK.value, u64(9))),
    ("what_is_mapped_is_recorded", "no memory, and mapped",
     lambda w: put(w.at(w.child), placement=w.at(w.pages).placement)),
    ("what_is_mapped_is_recorded", "is mapped twice", lambda w: put(w.at(w.part), placement=w.at(w.pages).placement)),
    ("what_is_mapped_is_recorded", "is there for nothing", lose_a_region),
    ("what_is_mapped_is_recorded", "is there for task 0", lambda w: w.page(MAPPED, w.frame(BASE), U | W)),
    ("what_is_mapped_is_recorded", "not mapped there",
     lambda w: put(w.at(w.part), placement=Placement(w.at(w.pages).placement.space, u64(0x200_0000)))),
    ("pages_are_what_a_task_may_have", "descriptor 0x", lambda w: w.descriptor(MAPPED, u64(0b01))),
    ("tables_are_counted_right", "has 2 used entries, and 3 are counted", miscount),
    ("pages_are_what_a_task_may_have", "is empty",
     lambda w: w.board.write64(w.root(0) + 8, table_descriptor(w.kernel.frames.allocate(w.board)))),
    ("pages_are_what_a_task_may_have", "WRITE|EXECUTE", lambda w: w.page(BASE, w.frame(BASE), U | W | X | OWNED)),
    ("pages_are_what_a_task_may_have", f"{MAPPED:#x}: <MappingFlags.WRITE",
     lambda w: w.page(MAPPED, w.frame(MAPPED), W)),
    ("pages_are_what_a_task_may_have", f"{MAPPED:#x}: 0x",
     lambda w: w.descriptor(MAPPED, page_descriptor(u64(w.frame(MAPPED)), U | W) & ~u64(1 << 10))),
    ("spaces_have_tags_of_their_own", "2 spaces",
     lambda w: put(w.kernel.spaces.items[1], asid=w.kernel.spaces.items[2].asid)),
    ("queues_are_whole", "a ring, or its tail", lambda w: put(w.task(2), next=w.task(2))),
    ("queues_are_whole", "holds a task that says otherwise", lambda w: put(w.task(2), queue=None)),
    ("queues_are_whole", "links to a queue that does not hold it", lambda w: put(w.task(0), queue=endpoint(w).senders)),
    ("the_ready_are_queued_by_priority", "bitmap", lambda w: put(w.kernel.scheduler.core, levels=u64(0))),
    ("the_ready_are_queued_by_priority", "a task that should not be there", lambda w: put(w.task(4), priority=u64(3))),
    ("the_ready_are_queued_by_priority", "a less urgent one or none runs", lambda w: put(w.task(0), priority=u64(15))),
    ("the_ready_are_queued_by_priority", "neither runs nor is queued", lambda w: put(w.task(3), state=TaskState.READY)
     or put(w.task(3), queue=None)),
    ("the_ready_are_queued_by_priority", "runs in state", lambda w: put(w.task(0), state=TaskState.SUSPENDED)),
    ("the_ready_are_queued_by_priority", "bits for no queue",
     lambda w: put(w.kernel.scheduler.core, levels=w.kernel.scheduler.core.levels | u64(1 << 16))),
    ("the_ready_are_queued_by_priority", "has not begun", lambda w: put(w.kernel.scheduler.core, left=w.task(1))),
    ("each_task_waits_for_what_it_says", "with offer, queue", lambda w: put(w.task(2), offer=Offer.NOTHING)),
    ("each_task_waits_for_what_it_says", "a fault that it does not have", lambda w: put(w.task(2), offer=Offer.FAULT)),
    ("each_task_waits_for_what_it_says", "does not exist, and is queued",
     lambda w: w.kernel.tasks.occupied.__setitem__(2, False)),
    ("each_task_waits_for_what_it_says", "waits by an empty slot", lambda w: put(w.task(2), through=CapSlot())),
    ("each_task_waits_for_what_it_says", "a capability that is not its own",
     lambda w: put(w.task(2), through=w.at(w.door))),
    ("each_task_waits_for_what_it_says", "no living endpoint or notification",
     lambda w: hold(w.task(2).through, object=DebugConsole())),
    ("each_task_waits_for_what_it_says", "does not name it", lambda w: put(w.task(1), reply=w.at(w.door))),
    ("each_task_waits_for_what_it_says", "waits does not lead to it",
     lambda w: put(w.task(1).capabilities, owner=None)),
    ("links_are_symmetric", "a reply capability with a parent", lambda w: put(w.at(w.answer), parent=w.origin)),
    ("tasks_are_bound_whole", "live in its space does not lead to it", lambda w: put(w.task(4).home, index=u16(3))),
    ("each_task_waits_for_what_it_says", "waits in the wrong queue",
     lambda w: put(w.task(2), queue=endpoint(w).receivers)),
    ("each_task_waits_for_what_it_says", "waits without", lambda w: hold(w.task(2).through, rights=Rights.RECV)),
    ("nobody_waits_for_what_is_there", "a receiver waits beside", lambda w: put(endpoint(w).receivers, head=w.task(3))),
    ("nobody_waits_for_what_is_there", "bound to a notification", bind_here),
    ("nobody_waits_for_what_is_there", "bound to an endpoint", lambda w: put(notification(w), bound=endpoint(w))),
    ("nobody_waits_for_what_is_there", "parked without a message",
     lambda w: endpoint(w).parked.fill(w.at(w.child).held(), None, u8(0))),
    ("nobody_waits_for_what_is_there", "does not exist, and is in use",
     lambda w: put(last(w.kernel.endpoints), state=EndpointState.SEND_PENDING)),
    ("nobody_waits_for_what_is_there", "notification 2: does not exist, and is in use",
     lambda w: put(w.kernel.notifications.items[2], word=u64(1))),
    ("nobody_waits_for_what_is_there", "while somebody waits for them", lambda w: put(notification(w), word=u64(1))),
    ("nobody_waits_for_what_is_there", "a binding without a capability",
     lambda w: put(notification(w), bound_at=w.at(w.door))),
    ("nobody_waits_for_what_is_there", "bound by a capability that is gone", lambda w: bind_by(w, unused(w))),
    ("nobody_waits_for_what_is_there", "that does not allow it", lambda w: bind_by(w, w.at(w.child))),
    ("a_poll_stands_by_a_living_capability", "and a poll registered",
     lambda w: put(endpoint(w), asked_by=w.at(w.door))),
    ("a_poll_stands_by_a_living_capability", "that is gone", lambda w: poll_by(w, unused(w))),
    ("a_poll_stands_by_a_living_capability", "is over something else", lambda w: poll_by(w, w.at(w.made))),
    ("a_poll_stands_by_a_living_capability", "does not allow it", lambda w: poll_by(w, w.at(w.child))),
    ("a_poll_stands_by_a_living_capability", "nobody who lives",
     lambda w: poll_by(w, w.at(w.door)) or put(w.task(0), state=TaskState.INACTIVE)),
    ("tasks_are_bound_whole", "another space than it lives in", lambda w: put(w.task(4), context=w.task(3).context)),
    ("tasks_are_bound_whole", "is not given back", lambda w: put(w.task(4), spent=True)),
    ("tasks_are_bound_whole", "and holds", lambda w: put(w.task(3), state=TaskState.EXITED)),
    ("tasks_are_bound_whole", "is ready", lambda w: put(last(w.kernel.tasks), state=TaskState.READY)),
    ("tasks_are_bound_whole", "number 3 of", lambda w: put(w.task(4), number=u32(3))),
    ("tasks_are_bound_whole", "thinks that it is in slot 2", lambda w: put(w.task(4).life, index=u16(2))),
    ("the_cpu_holds_the_current_task", "goes on, and has work left", lambda w: put(w.task(0), work=Reaping())),
    ("the_cpu_holds_the_current_task", "another task's thread state",
     lambda w: put(w.kernel.scheduler.core, entered=w.task(3))),
    ("the_cpu_holds_the_current_task", "nobody is ready, and the CPU holds",
     lambda w: put(w.kernel.scheduler.core, current=None)),
    ("the_cpu_holds_the_current_task", "translates through another space",
     lambda w: put(w.kernel.scheduler.core, active=w.kernel.spaces.items[2])),
    ("the_cpu_holds_the_current_task", "the empty table has room", lambda w: put(w.kernel.empty_table, touched=u16(0))),
    ("what_is_to_be_reaped_is_listed_once", "is a ring", ring_on_the_stack),
    ("what_is_to_be_reaped_is_listed_once", "on the stack False", lambda w: put(w.task(4).life, listed=True)),
    ("what_is_to_be_reaped_is_listed_once", "does not exist, and is to be",
     lambda w: reap(w, last(w.kernel.tasks).life)),
    ("what_is_to_be_reaped_is_listed_once", "nobody will reap it", lambda w: put(w.task(4), state=TaskState.ENDING)),
    ("who_paid_is_still_there", "the quota that paid for it does not", forget_a_quota),
    ("somebody_has_the_work_to_do", "nobody has it to do", lambda w: reap(w, w.task(4).life)),
    ("who_has_work_is_not_done", "and has Reaping", lambda w: put(w.task(2), work=Reaping())),
    ("who_has_work_is_not_done", "not its own", lambda w: put(w.task(4), work=Revocation(w.at(w.door)))),
    ("what_is_revoked_is_marked", "from what it holds may grow", lambda w: end(w, 0, spent=False)),
    ("what_is_revoked_is_marked", "revokes, and what is derived",
     lambda w: put(w.task(0), work=Revocation(w.at(w.door)))),
    ("what_is_revoked_is_marked", "empty, and marked", lambda w: put(unused(w), revoked=True)),
    ("what_is_revoked_is_marked", "nobody revokes it", lambda w: put(w.at(w.door), revoked=True)),
    ("who_has_ended_can_do_nothing", "has context True", lambda w: end(w, 4)),
    ("who_has_ended_can_do_nothing", "has not been released", lambda w: end(w, 0, spent=False)),
    ("what_is_prepared_is_hidden", "can be reached already",
     lambda w: put(w.task(0), work=Preparation(w.at(w.pages), U, u64(0)))),
    ("nobody_sees_what_is_not_cleared", "3 of 2 pages", lambda w: put(w.kernel.regions.items[0], cleared=u64(3))),
    ("nobody_sees_what_is_not_cleared", "which is not cleared",
     lambda w: put(w.kernel.regions.items[0], cleared=u64(1))),
    ("a_line_is_unmasked_while_it_is_open", "the board lets [] through, and open are [48]",
     lambda w: put(w.board, unmasked=set())),
    ("a_line_stands_by_what_its_driver_holds", "open for nobody", lambda w: put(w.kernel.lines[0], bound=None)),
    ("a_line_stands_by_what_its_driver_holds", "bound by what no task holds", lambda w: w.bound(signals=w.by(3))),
    ("a_line_stands_by_what_its_driver_holds", "bound by a capability that is gone",
     lambda w: put(w.at(w.irq), capability=None)),
    ("a_line_stands_by_what_its_driver_holds", "bound by a capability that does not allow it",
     lambda w: hold(w.at(w.irq), rights=Rights.ACK)),
    ("a_line_stands_by_what_its_driver_holds", "signals by a capability that does not allow it",
     lambda w: hold(w.at(w.bell), rights=Rights.WAIT)),
    ("a_line_stands_by_what_its_driver_holds", "signals what is gone",
     lambda w: put(w.kernel.notifications, occupied=w.kernel.notifications.occupied.__class__.filled(
         len(w.kernel.notifications.occupied), False))),
    ("the_alarm_stands_at_the_next_deadline", "stands at None", lambda w: put(w.board, alarm_at=None)),
    ("the_alarm_stands_at_the_next_deadline", "that count at [125000005]", lambda w: put(w.task(0), deadline=None)),
    ("the_alarm_stands_at_the_next_deadline", "that count at [62500005]",
     lambda w: put(w.task(3), state=TaskState.SUSPENDED) or put(w.board, alarm_at=0)),
    ("a_deadline_stands_by_what_its_task_holds", "alive False, and has",
     lambda w: put(last(w.kernel.tasks), deadline=w.task(0).deadline)),
    ("a_deadline_stands_by_what_its_task_holds", "EXITED, alive True, and has", lambda w: put(w.task(3),
     state=TaskState.EXITED)),
    ("a_deadline_stands_by_what_its_task_holds", "INACTIVE, alive True, and has", lambda w: put(w.task(3),
     state=TaskState.INACTIVE)),
    ("a_deadline_stands_by_what_its_task_holds", "by a capability that is not its own", lambda w: w.arm(0, by=w.by(3))),
    ("a_deadline_stands_by_what_its_task_holds", "or is gone", lambda w: put(w.by(0), capability=None)),
    ("a_deadline_stands_by_what_its_task_holds", "a deadline by a capability that does not allow it",
     lambda w: hold(w.by(0), rights=Rights.READ)),
    ("a_deadline_stands_by_what_its_task_holds", "signals by a capability that is not its own",
     lambda w: w.arm(0, signals=w.task(3).through)),
    ("a_deadline_stands_by_what_its_task_holds", "signals by a capability that does not allow it",
     lambda w: hold(w.at(w.bell), rights=Rights.WAIT)),
    ("a_deadline_stands_by_what_its_task_holds", "signals what is gone",
     lambda w: w.kernel.notifications.occupied.__setitem__(1, False)),
    ("what_something_is_set_by_is_armed", "task 0: set by", lambda w: put(w.by(0), armed=False)),
    ("what_something_is_set_by_is_armed", "task 0: set by", lambda w: put(w.at(w.bell), armed=False)),
    ("what_something_is_set_by_is_armed", "line 48: set by", lambda w: put(w.at(w.irq), armed=False)),
    ("what_something_is_set_by_is_armed", "line 48: set by", lambda w: put(w.at(w.bell), armed=False)),
    ("each_slot_of_a_table_is_used_free_or_retired", "empty, and armed", lambda w: put(w.at(w.bell), capability=None)),
    ("who_may_time_out_is_not_let_run_at_once", "urgency 8 of 8, and its deadline ends a wait True",
     lambda w: put(w.task(3), urgency=u64(8))),
    ("who_may_time_out_is_not_let_run_at_once", "urgency 64 of 8, and its deadline ends a wait False",
     lambda w: put(w.task(0), urgency=NOT_AT_ONCE)),
    ("a_turn_passes_while_somebody_waits_for_the_next", "with reach 9 does not pass",
     lambda w: put(w.kernel.scheduler.core, untimed=True)),
    ("a_turn_passes_while_somebody_waits_for_the_next", "interrupted False, and does not pass False",
     lambda w: put(w.board, turn_end=None)),
    ("a_turn_passes_while_somebody_waits_for_the_next", "nobody is ready, and a turn",
     lambda w: put(w.kernel.scheduler.core, current=None)),
)  # fmt: skip
