"""The invariants see what they are about: each is broken behind the kernel's back, and the violation is named."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tyrne.hal.descriptors import MappingFlags, page_descriptor
from tyrne.kernel.abi import CapKind, Rights, TaskState, rights_over
from tyrne.kernel.calls import CallNumber as C
from tyrne.kernel.capability import Capability
from tyrne.kernel.page_table import _leaf
from tyrne.kernel.task import Offer
from tyrne.lang import u8, u16, u64
from tyrne.testing.invariants import INVARIANTS, violations
from tyrne.testing.kernels import BASE, NULL
from tyrne.testing.world import World

MAPPED = 0x100_0000


class Busy(World):
    """Something of everything: tasks 1 to 3 wait to send, for a message and for an answer; memory is mapped."""

    def __init__(self) -> None:
        super().__init__(5)
        origin, other = self.endpoint(), self.endpoint()
        self.door = self.give(0, origin)
        self.child = self.ok(0, C.CAP_DERIVE, self.door, int(Rights.SEND), 7)
        self.pages = self.give(0, self.memory(2))
        self.ok(0, C.MAP, self.give_space(0, 0), self.pages, MAPPED, 1)
        self.blocks(1, C.CALL, self.give(1, other), 1, 2, 3, 4, NULL)
        self.ok(0, C.WAIT, self.give(0, other))
        self.blocks(2, C.SEND_WAIT, self.give(2, origin), 1, 2, 3, 4, NULL)
        self.signals = self.notification()
        self.blocks(3, C.WAIT, self.give(3, self.signals))
        assert not violations(self.kernel)


Break = Callable[[Busy], None]
BREAKS: dict[str, Break] = {}


def breaks(name: str) -> Callable[[Break], Break]:
    def note(do: Break) -> Break:
        BREAKS[name] = do
        return do

    return note


@breaks("every_capability_names_a_living_object")
def _(w: Busy) -> None:
    w.kernel.notifications.occupied[0] = False


@breaks("every_object_has_its_origin")
def _(w: Busy) -> None:
    w.signals.is_origin = False


@breaks("links_are_symmetric")
def _(w: Busy) -> None:
    w.slot(0, w.child).parent = w.signals


@breaks("every_branch_ends_at_a_root")
def _(w: Busy) -> None:
    w.kernel.quotas.items[0].origin.parent = w.slot(0, w.child)


@breaks("depth_counts_derivations")
def _(w: Busy) -> None:
    w.slot(0, w.child).depth = u8(1)


@breaks("authority_only_shrinks")
def _(w: Busy) -> None:
    slot = w.slot(0, w.child)
    slot.capability = Capability(rights_over(CapKind.ENDPOINT) | Rights.NOTIFY, slot.held().object)


@breaks("each_slot_of_a_table_is_used_free_or_retired")
def _(w: Busy) -> None:
    w.task(4).capabilities.allocate()


@breaks("each_arena_counts_its_objects")
def _(w: Busy) -> None:
    w.kernel.endpoints.population = u16(9)


@breaks("each_frame_has_one_owner")
def _(w: Busy) -> None:
    w.kernel.frames.allocate(w.board)


@breaks("claims_only_move")
def _(w: Busy) -> None:
    w.quotas[0].claims[CapKind.TASK.value] += 1


def leaf(w: Busy, address: int) -> u64:
    space = w.kernel.context().space
    entry = _leaf(w.board, space.root, u64(address))
    assert isinstance(entry, u64)
    return entry


@breaks("what_is_mapped_is_recorded")
def _(w: Busy) -> None:
    w.slot(0, w.pages).placement = None


@breaks("pages_are_what_a_task_may_have")
def _(w: Busy) -> None:
    entry = leaf(w, BASE)
    flags = MappingFlags.USER | MappingFlags.EXECUTE | MappingFlags.OWNED
    writable = int(page_descriptor(w.board.read64(entry), flags)) & ~(1 << 7)
    w.board.write64(entry, u64(writable))


@breaks("spaces_have_tags_of_their_own")
def _(w: Busy) -> None:
    w.kernel.spaces.items[1].asid = w.kernel.spaces.items[2].asid


@breaks("queues_are_whole")
def _(w: Busy) -> None:
    w.task(2).queue = None


@breaks("the_ready_are_queued_by_priority")
def _(w: Busy) -> None:
    w.kernel.scheduler.levels = u64(0)


@breaks("each_task_waits_for_what_it_says")
def _(w: Busy) -> None:
    w.task(2).offer = Offer.NOTHING


@breaks("nobody_waits_for_what_is_there")
def _(w: Busy) -> None:
    w.notification_at(w.signals).word = u64(1)


@breaks("tasks_are_bound_whole")
def _(w: Busy) -> None:
    w.task(4).window = None


@breaks("the_cpu_holds_the_current_task")
def _(w: Busy) -> None:
    w.kernel.entered = w.task(3)


@pytest.mark.parametrize("name", BREAKS)
def test_an_invariant_names_what_breaks_it(name: str) -> None:
    world = Busy()
    BREAKS[name](world)
    assert any(found.startswith(f"{name}:") for found in violations(world.kernel)), violations(world.kernel)


def test_every_invariant_can_be_broken() -> None:
    assert set(BREAKS) == {invariant.__name__ for invariant in INVARIANTS}


@pytest.mark.parametrize("state", [TaskState.SUSPENDED, TaskState.SENDING, TaskState.CALLING, TaskState.EXITED])
def test_a_task_in_a_state_that_its_queue_denies_is_found(state: TaskState) -> None:
    world = Busy()
    world.task(4).state = state
    assert violations(world.kernel)
