"""Revoking at any root of a random derivation tree leaves none of its descendants, wherever they are.

The tree spreads over six tasks: derived and copied capabilities, moved and sent ones, some parked in endpoints, some in
the registers of senders that wait, endpoints with calls that await their answers, mapped memory, supervisors, homes of
tasks, and objects made by quotas, whose capabilities spread in their turn.
"""

from __future__ import annotations

import random
from collections import Counter

import pytest

from first_of import first_of
from tyrne.abi import KNOWN_RIGHTS, CapKind, Rights, TaskState, pack_handle, rights_over
from tyrne.abi import CallNumber as C
from tyrne.inspect.slots import arenas, occupied
from tyrne.kernel.cap_slot import CapSlot
from tyrne.kernel.capability import ReplyHandle, kind_of
from tyrne.kernel.deletion import delete_one
from tyrne.kernel.kernel import Kernel
from tyrne.kernel.mapping import unmap_placed
from tyrne.system.parts import Quota
from tyrne.testing.board import PAGE, MemoryBoard
from tyrne.testing.invariants import check_system
from tyrne.testing.kernels import BASE, NULL
from tyrne.testing.world import World

TASKS = 6
CLAIMS = Quota(tasks=1, endpoints=2, notifications=1, spaces=1, memory=3, quotas=1, frames=24)


class Forest:
    """A world whose tasks spread what they hold, at random."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)
        self.world = World(TASKS, slots=40, quota=CLAIMS, pages=400)
        world = self.world
        shared, memory, signals = world.endpoint(), world.memory(3), world.notification()
        for task in range(TASKS):
            world.give_quota(task)
            world.give(task, shared)
            world.give_space(task, task)
            for other in range(TASKS):
                world.give_task(task, other)
        world.give(0, memory)
        world.give(1, signals)
        world.give_space(2, 3)

    def ready(self) -> list[int]:
        return [task for task in range(TASKS) if self.world.state(task) is TaskState.READY]

    def words(self, task: int, *kinds: CapKind) -> list[int]:
        slots = self.world.task(task).capabilities.slots
        held = [slot for slot in slots if slot.capability is not None]
        return [int(pack_handle(slot.handle())) for slot in held if not kinds or kind_of(slot.held().object) in kinds]

    def pick(self, task: int, *kinds: CapKind) -> int:
        found = self.words(task, *kinds)
        return self.dice.choice(found) if found else NULL

    def grow(self, steps: int) -> None:
        for _ in range(steps):
            self.step()

    def step(self) -> None:
        """One call of a ready task; refusals do not matter. The last ready task never waits."""
        dice, world = self.dice, self.world
        ready = self.ready()
        task = dice.choice(ready)
        every = int(rights_over(CapKind.QUOTA) | Rights(int(KNOWN_RIGHTS)))
        word = self.pick(task)
        end = self.pick(task, CapKind.ENDPOINT)
        match dice.randrange(13):
            case 0 | 1 | 2:
                rights = int(world.slot(task, word).held().rights) if word != NULL else every
                made = world.call(task, C.CAP_DERIVE, word, rights & ~(Rights.WRITE if dice.random() < 0.2 else 0), 0)
                if made is not None and made[0] == 0 and dice.random() < 0.7:
                    world.call(task, C.CAP_MOVE, made[1], self.pick(task, CapKind.TASK))
            case 3:
                rights = int(world.slot(task, word).held().rights) if word != NULL else every
                world.call(task, C.CAP_COPY, word, rights)
            case 4 | 5:
                world.call(task, C.CAP_MOVE, word, self.pick(task, CapKind.TASK))
            case 6:
                world.call(task, C.SEND, end, 1, 2, 3, 4, word)
            case 7 if len(ready) > 2:
                world.call(task, dice.choice([C.SEND_WAIT, C.CALL]), end, 1, 2, 3, 4, dice.choice([word, NULL]))
            case 8 if len(ready) > 3 and dice.random() < 0.5:
                self.serve(task, dice.choice([other for other in ready if other != task]), end)
            case 8 if len(ready) > 2:
                world.call(task, C.WAIT, dice.choice([end, self.pick(task, CapKind.NOTIFICATION)]))
            case 9 | 10:
                kind = dice.choice([2, 3, 4, 5, 6, 6, 7])
                world.call(task, C.CREATE, self.pick(task, CapKind.QUOTA), kind, dice.choice([1, 2, 3]))
            case 11:
                address = dice.choice([0x100_0000, 0x4000_0000, 0x80_0000_0000]) + dice.randrange(8) * PAGE
                space, memory = self.pick(task, CapKind.ADDRESS_SPACE), self.pick(task, CapKind.MEMORY)
                if memory != NULL and dice.random() < 0.5:
                    rights = int(world.slot(task, memory).held().rights)
                    world.call(task, C.MEMORY_DERIVE, memory, rights, dice.randrange(2), 1)
                world.call(task, C.MAP, space, memory, address, 0)
            case 12:
                other = self.pick(task, CapKind.TASK)
                world.call(task, C.TASK_CONFIGURE, other, self.pick(task, CapKind.ADDRESS_SPACE), BASE, BASE, BASE)
                world.call(task, C.TASK_SUPERVISE, other, end)

    def serve(self, server: int, client: int, end: int) -> None:
        """The client calls by a capability that the server derived for it, and its answer is awaited."""
        world = self.world
        own = world.call(server, C.CREATE, self.pick(server, CapKind.QUOTA), CapKind.ENDPOINT.value)
        end = own[1] if own is not None and own[0] == 0 else end
        made = world.call(server, C.CAP_DERIVE, end, int(Rights.SEND | Rights.TRANSFER), 0)
        if made is None or made[0] != 0:
            return
        moved = world.call(server, C.CAP_MOVE, made[1], world.give_task(server, client))
        if moved is not None and moved[0] == 0 and world.call(server, C.WAIT, end) is None:
            world.call(client, C.CALL, moved[1], 1, 2, 3, 4, NULL)


def descendants(kernel: Kernel[MemoryBoard], slot: CapSlot) -> list[CapSlot]:
    """What was derived from a capability, and from that, with the answers to calls by any of it."""
    answers = {id(task.through): task.reply for task in kernel.tasks.items}
    found, at = [], slot.first_child
    while at is not None:
        answer = answers.get(id(at))
        found += [at, *([] if answer is None else [answer]), *descendants(kernel, at)]
        at = at.next_sibling
    return found


def identity(slot: CapSlot) -> tuple[CapKind, object]:
    """The object that a slot's capability names."""
    named = slot.held().object
    return kind_of(named), (getattr(named, "at", None), getattr(named, "life", None))


@pytest.mark.promise("When cap_revoke returns, nothing is left of what was derived, wherever it was:")
@first_of("shard", range(4))
def test_revocation_at_any_root_leaves_no_descendant_and_frees_what_they_held(shard: int) -> None:
    seen: Counter[str] = Counter()
    for seed in range(shard, 56, 4):
        forest = Forest(seed)
        forest.grow(180)
        seen += cut(forest)
    enough = {"cut": 120, "in other tables": 30, "in flight": 1, "replies": 1, "mapped": 3, "objects": 20}
    assert all(seen[what] >= least for what, least in enough.items()), f"the trees were too simple: {seen}"


def cut(forest: Forest) -> Counter[str]:
    """Revoke at some root, and count what went."""
    world, kernel = forest.world, forest.world.kernel
    check_system(kernel)
    roots = [(task, word) for task in forest.ready() for word in forest.words(task)]
    roots = [at for at in roots if world.slot(*at).first_child and Rights.REVOKE in world.slot(*at).held().rights]
    if not roots:
        return Counter()
    largest = max(roots, key=lambda at: len(descendants(kernel, world.slot(*at))))
    task, word = forest.dice.choice([largest, forest.dice.choice(roots)])
    root = world.slot(task, word)
    doomed = descendants(kernel, root)
    names = {id(slot): name for name, slot in occupied(kernel)}
    were = {id(slot): slot.generation for slot in doomed}
    waiting = [each for each in kernel.tasks.items if each.through is not None and id(each.through) in were]
    objects = {identity(slot) for slot in doomed if slot.is_origin}
    seen = Counter(
        {
            "cut": len(doomed),
            "in other tables": sum(slot.table not in (None, root.table) for slot in doomed),
            "in flight": sum("parked" in names[id(slot)] for slot in doomed),
            "replies": sum(isinstance(slot.held().object, ReplyHandle) for slot in doomed),
            "mapped": sum(slot.placement is not None for slot in doomed),
            "objects": len(objects),
        }
    )
    others = {id(slot): slot.held() for _, slot in occupied(kernel) if id(slot) not in were and slot is not root}
    world.call(task, C.CAP_REVOKE, word)
    assert root.first_child is None
    for slot in doomed:
        assert slot.capability is None or slot.generation != were[id(slot)], f"{names[id(slot)]} is still there"
    assert not objects & {identity(slot) for _, slot in occupied(kernel)}, "an object outlived what paid for it"
    for waiter in waiting:
        assert waiter.state in (TaskState.READY, TaskState.EXITED, TaskState.FAULTED), "a wait outlived its capability"
    if not objects:
        assert {id(slot): slot.held() for _, slot in occupied(kernel) if slot is not root} == others, "more went"
    check_system(kernel)
    return seen


@pytest.mark.parametrize("seed", range(12))
def test_when_every_quota_capability_goes_all_that_was_made_since_boot_is_given_back(seed: int) -> None:
    """Objects, frames and claims are as they were: nothing that a quota paid for outlives its capabilities."""
    forest = Forest(500 + seed)
    world, kernel = forest.world, forest.world.kernel
    before = inventory(kernel)
    forest.grow(200)
    assert inventory(kernel) != before
    kept = set(map(id, kernel.bootstrap_table.slots))  # those by which the kernel has paid for the tasks' spaces
    for quota in world.quotas:
        for slot in [slot for _, slot in occupied(kernel) if slot.parent is quota.life.origin and id(slot) not in kept]:
            while slot.capability is not None:
                delete_one(kernel, slot)
    kernel.leave()
    for _, slot in occupied(kernel):
        if slot.placement is not None:
            unmap_placed(kernel, slot)
    check_system(kernel)
    assert inventory(kernel) == before


def inventory(kernel: Kernel[MemoryBoard]) -> dict[str, object]:
    """How many objects there are of each kind, how many frames are taken, and every claim."""
    counts: dict[str, object] = {name: int(arena.population) for name, arena in arenas(kernel).items()}
    counts["frames"] = int(kernel.frames.allocated + kernel.frames.promised)
    counts["claims"] = [tuple(map(int, quota.claims)) for quota in list(kernel.quotas.items)[: TASKS + 1]]
    return counts
