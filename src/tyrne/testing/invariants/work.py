"""What holds of long work between any two traps. Each yields a sentence for each violation."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tyrne.abi import TaskState
from tyrne.hal.aarch64.descriptors import PAGE_ADDRESS, decode_flags
from tyrne.hal.pages import PAGE_SIZE, MappingFlags
from tyrne.inspect.page_tables import living_spaces
from tyrne.inspect.slots import all_slots, arenas
from tyrne.kernel.cap_slot import CapSlot
from tyrne.kernel.cap_table import CapTable
from tyrne.kernel.capability import MemoryHandle, ReplyHandle
from tyrne.kernel.kernel import Kernel
from tyrne.kernel.life import Life
from tyrne.kernel.work import Preparation, Revocation
from tyrne.lang import u64
from tyrne.testing.invariants.waiting import tasks

Violations = Iterator[str]
MAY_HAVE_WORK = (TaskState.READY, TaskState.ENDING, TaskState.SUSPENDED, TaskState.INACTIVE)
"""Who is READY is stopped with its work, by `task_suspend`, and so it may be configured."""


def to_be_reaped(kernel: Kernel[Any]) -> list[Life]:
    """What is on the stack, the top first; cut off when it is a ring."""
    found: list[Life] = []
    life = kernel.ending.top
    while life is not None and len(found) <= sum(len(arena.items) for arena in arenas(kernel).values()):
        found.append(life)
        life = life.next
    return found


def what_is_to_be_reaped_is_listed_once(kernel: Kernel[Any]) -> Violations:
    """Each life on the stack knows that it is there, and no other does."""
    listed = to_be_reaped(kernel)
    if len({id(life) for life in listed}) != len(listed):
        yield "the stack of what is to be reaped is a ring"
    on_it = {id(life) for life in listed}
    for name, arena in arenas(kernel).items():
        for i, thing in enumerate(arena.items):
            life = thing.life
            if life.listed is not (id(life) in on_it):
                yield f"{name} {i}: listed {life.listed}, and on the stack {id(life) in on_it}"
            if life.listed and not arena.occupied[i]:
                yield f"{name} {i}: does not exist, and is to be reaped"
            ended = name == "task" and thing.state is TaskState.ENDING
            if arena.occupied[i] and not life.listed and (life.origin.capability is None or ended):
                yield f"{name} {i}: is to go, and nobody will reap it"


def who_paid_is_still_there(kernel: Kernel[Any]) -> Violations:
    """No object was paid for by a quota that is gone: its place may be another quota's by then, which the claims of the
    object would return to."""
    for name, arena in arenas(kernel).items():
        for i, thing in enumerate(arena.items):
            payer = thing.life.payer
            if arena.occupied[i] and payer is not None and not kernel.quotas.occupied[payer.life.index]:
                yield f"{name} {i}: lives, and the quota that paid for it does not"


def somebody_has_the_work_to_do(kernel: Kernel[Any]) -> Violations:
    """While something is to be reaped, a task that is not stopped has that to do, at once or after a revocation."""
    if kernel.ending.top is None:
        return
    for _, task, alive in tasks(kernel):
        runs = alive and task.state in (TaskState.READY, TaskState.ENDING)
        if runs and task.work is not None and not isinstance(task.work, Preparation):
            return
    yield "something is to be reaped, and nobody has it to do"


def who_has_work_is_not_done(kernel: Kernel[Any]) -> Violations:
    """Only a task that is between two steps of a call, or ends, has work, and its own: no other can name the slot."""
    for name, task, alive in tasks(kernel):
        work = task.work
        if work is None:
            continue
        if not alive or task.state not in MAY_HAVE_WORK:
            yield f"{name}: alive {alive}, {task.state}, and has {type(work).__name__}"
        if isinstance(work, (Revocation, Preparation)) and work.slot.table is not task.capabilities:
            yield f"{name}: has work on a capability that is not its own"


def what_is_revoked_is_marked(kernel: Kernel[Any]) -> Violations:
    """A slot is marked while a task revokes it, while its holder gives back what it held, and an origin while all that
    is over its object goes; no other is, and no empty slot."""
    expected: dict[int, CapSlot] = {}
    for name, task, alive in tasks(kernel):
        if alive and isinstance(task.work, Revocation):
            expected[id(task.work.slot)] = task.work.slot
        if alive and task.state is TaskState.ENDING and not task.spent:
            for slot in task.capabilities.slots:
                expected[id(slot)] = slot
                if slot.capability is not None and not slot.revoked:
                    yield f"{name}: has ended, and what is derived from what it holds may grow"
    for task_name, task, _ in tasks(kernel):
        slot_of = task.work.slot if isinstance(task.work, Revocation) else None
        if slot_of is not None and slot_of.first_child is not None and not slot_of.revoked:
            yield f"{task_name}: revokes, and what is derived may grow"
    closing = {id(endpoint.life.origin) for endpoint in kernel.endpoints.items if endpoint.life.listed}
    for name, slot in all_slots(kernel):
        if slot.revoked and slot.capability is None:
            yield f"{name}: empty, and marked"
        elif slot.revoked and id(slot) not in expected and id(slot) not in closing:
            yield f"{name}: marked, and nobody revokes it"


def who_has_ended_can_do_nothing(kernel: Kernel[Any]) -> Violations:
    """A task that gives back what it held acts by nothing, waits for nothing, and owes no answer any more."""
    for name, task, alive in tasks(kernel):
        if not alive or task.state is not TaskState.ENDING:
            continue
        if task.context is not None or task.through is not None:
            yield f"{name}: has ended, and has context {task.context is not None}, waits {task.through is not None}"
        if not task.spent and any(isinstance(held, ReplyHandle) for held in _named_in(task.capabilities)):
            yield f"{name}: has ended, and who waits for its answer has not been released"


def _named_in(table: CapTable) -> list[Any]:
    return [slot.capability.object for slot in table.slots if slot.capability is not None]


def what_is_prepared_is_hidden(kernel: Kernel[Any]) -> Violations:
    """No task can reach a page while somebody has it to clear or to clean."""
    entries = {id(space): tree.mapped for _, space, tree in living_spaces(kernel)} if _prepares(kernel) else {}
    for name, task, _ in tasks(kernel):
        work = task.work
        placement = work.slot.placement if isinstance(work, Preparation) else None
        mapped = None if placement is None else entries.get(id(placement.space.at))
        if placement is None or mapped is None or not isinstance(work, Preparation):
            continue
        named = work.slot.held().object
        for page in range(named.pages if isinstance(named, MemoryHandle) else 0):
            entry = mapped.get(int(placement.address) + page * int(PAGE_SIZE), 0)
            if decode_flags(u64(entry)) & MappingFlags.USER:
                yield f"{name}: prepares a page that can be reached already"


def _prepares(kernel: Kernel[Any]) -> bool:
    return any(isinstance(task.work, Preparation) for task in kernel.tasks.items)


def nobody_sees_what_is_not_cleared(kernel: Kernel[Any]) -> Violations:
    """No task can reach a page of a region before every page of the region is cleared."""
    dirty: dict[int, str] = {}
    for i, (region, alive) in enumerate(zip(kernel.regions.items, kernel.regions.occupied, strict=True)):
        if alive and region.cleared > region.pages:
            yield f"region {i}: {region.cleared} of {region.pages} pages cleared"
        if alive and region.cleared < region.pages:
            for page in range(region.pages if region.large else region.held):
                dirty[int(region.address(u64(page)))] = f"region {i}"
    if not dirty:
        return
    for name, _, tree in living_spaces(kernel):
        for address, entry in tree.mapped.items():
            frame = entry & int(PAGE_ADDRESS)
            if frame in dirty and decode_flags(u64(entry)) & MappingFlags.USER:
                yield f"{name}, {address:#x}: is a page of {dirty[frame]}, which is not cleared"
