"""Long work in an exploration: which kind of it is interrupted, that its steps are small, and that it leaves nothing
out.

A step is what the kernel does between two questions whether an interrupt is pending. Each deletes one capability, with
the origin of its object if it was the last; or clears one page, or cleans one; or ends one object; or frees the tables
of one way from a root. The answers that an ended task owed go in one step, because its table bounds them. Pages are
measured in all steps, what is deleted in all but the first of a call that may have deleted something itself.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Final

from tyrne.abi import CallNumber, CapKind, unpack_handle
from tyrne.hal.pages import MappingFlags
from tyrne.kernel.cap_slot import CapSlot
from tyrne.kernel.capability import MemoryHandle, ReplyHandle
from tyrne.kernel.kernel import Kernel
from tyrne.kernel.life import Life
from tyrne.kernel.mapping import is_placed, memory_at
from tyrne.kernel.task import Task
from tyrne.kernel.work import Preparation, Reaping, Revocation, Work
from tyrne.lang import u64
from tyrne.testing.board import MemoryBoard
from tyrne.testing.explore.alphabet import Action, Call
from tyrne.testing.explore.fixed_places import FixedPlaces
from tyrne.testing.explore.model import ExplorationBoard
from tyrne.testing.invariants.transitions import Holding, holdings, revocation_leaves_no_descendant

MOST_CAPABILITIES: Final = 2
"""A capability, and the origin of its object."""
MOST_FRAMES: Final = 4
"""A page, and the three tables below the root that led to it; or memory of as many pages, in the models."""
REVOKE = int(CallNumber.CAP_REVOKE.value)
DELETE_LATER = {int(call.value) for call in (CallNumber.CAP_REVOKE, CallNumber.TASK_END, CallNumber.TASK_EXIT)}
"""Calls that leave all that they delete to later steps."""
MAPS = {int(CallNumber.MAP.value): 3, int(CallNumber.PROTECT.value): 2}
"""Calls that give flags to the pages of the memory in x1, and the register with the flags."""
ENDS: Final = {
    CapKind.TASK: "end of a task",
    CapKind.ENDPOINT: "end of an endpoint",
    CapKind.NOTIFICATION: "end of a notification",
    CapKind.ADDRESS_SPACE: "end of an address space",
    CapKind.MEMORY: "end of memory",
    CapKind.QUOTA: "end of a quota",
}
KINDS: Final = ("revocation", "clearing", "cleaning", *ENDS.values())
"""Each kind of work that can be interrupted when a part of it is done, or before it is begun."""


def kind_of_work(kernel: Kernel[MemoryBoard], work: Work) -> str | None:
    """What is next of some work; None when only that is left to find out that nothing is."""
    match work:
        case Revocation(slot):
            return None if slot.first_child is None else "revocation"
        case Preparation(slot, flags, page):
            named = None if slot.capability is None else slot.capability.object
            if not isinstance(named, MemoryHandle) or not is_placed(slot):
                return None
            if named.at.cleared < named.at.pages:
                return "clearing"
            return "cleaning" if flags & MappingFlags.EXECUTE and page < named.pages else None
        case Reaping():
            top = kernel.ending.top
            return None if top is None or top.kind is None else ENDS[top.kind]


def _below(slot: CapSlot) -> int:
    """How many capabilities are derived from one, and from these, to the last."""
    count, at = 0, slot.first_child
    while at is not None:
        count += 1
        following = at.first_child or at.next_sibling
        while following is None and at is not None and at.parent is not slot:
            at = at.parent
            following = None if at is None else at.next_sibling
        at = following
    return count


class Steps:
    """What the steps of one transition do. It is told when the transition begins, and after each step."""

    def __init__(self, kernel: Kernel[MemoryBoard], places: FixedPlaces) -> None:
        self.kernel = kernel
        self.slots = list(places.holders)
        self.arenas = places.arenas
        assert isinstance(kernel.board, ExplorationBoard)
        self.board = kernel.board
        self.board.stepped = self.stepped
        self.interrupted: tuple[Task, str] | None = None
        """Whose work has been interrupted, and what of it was next."""
        self.wrong: list[str] = []
        self.last = self._counts()
        self.counted: tuple[object, tuple[int, int, int, int]] = (None, self.last)
        """A state, and what was counted in it."""
        self.all_measured = False
        """Whether all that the step deletes is measured: not where the trap itself may have deleted something."""
        self.before: tuple[Task, Work, Life] | None = None
        """Who has made the last step, its work then, and what was on top of the stack."""

    def begin(self, action: Action, before: object) -> None:
        """A transition begins, in the state `before`."""
        self.interrupted = None
        self.wrong = []
        if self.counted[0] is not before:
            self.counted = before, self._counts()
        self.last = self.counted[1]
        self.all_measured = not isinstance(action, Call) or action.number in DELETE_LATER
        self.before = None

    def _counts(self) -> tuple[int, int, int, int]:
        """Capabilities that are no answers; objects; pages and tables in use; pages cleared or cleaned so far."""
        held = [slot.capability for slot in self.slots if slot.capability is not None]
        capabilities = sum(type(one.object) is not ReplyHandle for one in held)
        objects = sum(int(arena.population) for arena in self.arenas)
        pages = sum(int(region.cleared) for region in self.kernel.regions.items._items)
        pages += sum(event[0] == "code_written" for event in self.board.events)
        return capabilities, objects, int(self.kernel.frames.allocated), pages

    def stepped(self) -> None:
        """A step is done; the board is about to say whether an interrupt is pending."""
        task, top = self.kernel.scheduler.core.entered, self.kernel.ending.top
        counts, last = self._counts(), self.last
        gone, ended, freed = (before - now for before, now in zip(last[:3], counts[:3], strict=True))
        prepared = counts[3] - last[3]
        deletes_much = gone > MOST_CAPABILITIES or ended > 1 or freed > MOST_FRAMES
        if prepared > 1 or (self.all_measured and deletes_much):
            self.wrong.append(
                f"a step deletes {gone} capabilities, ends {ended} objects, frees {freed} frames and prepares "
                f"{prepared} pages"
            )
        self.last, self.all_measured = counts, True
        work = None if task is None else task.work
        if task is not None and work is not None and self.board.steps + 1 == abs(self.board.interrupted):
            kind = kind_of_work(self.kernel, work)
            self.interrupted = None if kind is None else (task, kind)
        self._check_origin(task, work, top)

    def _check_origin(self, task: Task | None, work: Work | None, top: Life | None) -> None:
        """While an endpoint from which nobody can receive goes, step by step, nothing is added to what is over it."""
        before = self.before
        self.before = None if task is None or work is None or top is None else (task, work, top)
        if before is None or before != self.before or top is None or not isinstance(work, Reaping):
            return
        if top.kind is CapKind.ENDPOINT and top.origin.capability is not None and not top.origin.revoked:
            self.wrong.append("an endpoint goes, and what is derived from what is over it may grow")

    def preempted(self) -> str | None:
        """What has been interrupted, if another task goes on instead."""
        if self.interrupted is None:
            return None
        task, kind = self.interrupted
        return None if task is self.kernel.scheduler.core.current or task.work is None else kind


class Before:
    """What was to be done when a transition began, and what must have come of it when the transition is over."""

    def __init__(self, steps: Steps, task: Task | None, action: Action, held: list[Holding]) -> None:
        """`held` is what the kernel holds, or empty, and then filled if it is needed."""
        kernel = steps.kernel
        self.task = task
        self.revocations: list[tuple[Task, CapSlot | None]] = []
        self.cleanings: list[tuple[Task, CapSlot, MemoryHandle, int]] = []
        """Who cleans pages by which capability, of what memory, and from which on."""
        for one in kernel.tasks.items._items:
            match one.work:
                case Revocation(slot):
                    self.revocations.append((one, slot))
                case Preparation(slot, flags, page) if flags & MappingFlags.EXECUTE and is_placed(slot):
                    self.cleanings.append((one, slot, memory_at(slot), int(page)))
        if task is not None and isinstance(action, Call) and action.number == REVOKE:
            self.revocations.append((task, self._named(action.words[0])))
        flags_at = MAPS.get(action.number) if isinstance(action, Call) else None
        if isinstance(action, Call) and flags_at is not None and action.words[flags_at] & MappingFlags.EXECUTE.value:
            memory = self._named(action.words[1])
            if task is not None and memory is not None and isinstance(memory.held().object, MemoryHandle):
                self.cleanings.append((task, memory, memory_at(memory), 0))
        if self.revocations and not held:
            held += holdings(kernel)
        self.held = held
        self.marked = {slot: _below(slot) for slot in steps.slots if slot.revoked and slot.capability is not None}

    def _named(self, word: int) -> CapSlot | None:
        task = self.task
        return None if task is None else task.capabilities.resolve(unpack_handle(u64(word)))

    def wrong(self, status: int | None, events: list[tuple[object, ...]]) -> Iterator[str]:
        """What does not hold of the state that it has come to, if the call was answered with a status."""
        for task, slot in self.revocations:
            mine = task is self.task
            over = not isinstance(task.work, Revocation) and not task.has_ended()
            if over and not (mine and status != 0):
                yield from revocation_leaves_no_descendant(self.held, slot)
        for slot, count in self.marked.items():
            if _below(slot) > count:
                yield "something is derived from what is being revoked"
        cleaned = [event[1] for event in events if event[0] == "code_written"]
        if cleaned or self.cleanings:
            yield from self._wrongly_cleaned(status, Counter(cleaned))

    def _wrongly_cleaned(self, status: int | None, cleaned: Counter[object]) -> Iterator[str]:
        """Pages are cleaned in a row, each once; all of them, unless it is given up because the memory goes."""
        must: Counter[object] = Counter()
        may: Counter[object] = Counter()
        for task, slot, named, first in self.cleanings:
            work = task.work
            if task is self.task and status != 0:
                continue  # the call that would have begun it was refused
            left = isinstance(work, Preparation) and work.slot is slot
            over = not left and slot.capability is not None and slot.capability.object is named and is_placed(slot)
            last = work.page if left and isinstance(work, Preparation) else u64(named.pages if over else first)
            pages = [int(named.at.address(u64(named.first) + page)) for page in range(int(named.pages))]
            must.update(pages[first : int(last)])
            if not left and not over:
                may.update(pages[first:])
        if must - cleaned or cleaned - must - may:
            yield f"cleaned pages: {cleaned}, those that must be: {must}, those that may be: {may}"
