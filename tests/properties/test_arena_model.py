"""An arena against a model, retirement included."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from tyrne.kernel.arena import LAST_GENERATION, Arena, SlotId
from tyrne.kernel.notification import Notification
from tyrne.lang import u64
from tyrne.testing.kernels import age, living, slot_id


class Slots(RuleBasedStateMachine):
    """The model is a set of live ids, a stack of free slots, and every id that ever went stale."""

    @initialize(capacity=st.integers(0, 5))
    def build(self, capacity: int) -> None:
        self.arena = Arena(capacity, lambda _: Notification())
        self.generation = [0] * capacity
        self.free = list(reversed(range(capacity)))
        self.live: list[SlotId] = []
        self.stale: list[SlotId] = []

    @rule()
    def allocate(self) -> None:
        made = self.arena.allocate()
        if not self.free:
            assert made is None
            return
        index = self.free.pop()
        assert made == slot_id(index, self.generation[index])
        self.live.append(made)

    @rule(pick=st.integers(0, 100), forged=st.booleans())
    def release(self, pick: int, forged: bool) -> None:
        candidates = [*self.stale, slot_id(pick % 7, pick // 7)] if forged or not self.live else self.live
        tried = candidates[pick % len(candidates)]
        alive = tried in self.live
        assert self.arena.free(tried) is alive
        if not alive:
            return
        self.live.remove(tried)
        self.stale.append(tried)
        index = int(tried.index)
        if tried.generation != LAST_GENERATION:
            self.generation[index] += 1
            self.free.append(index)

    @rule(pick=st.integers(0, 100))
    def age(self, pick: int) -> None:
        """Let a slot in use reach its last generation but one, or its last."""
        if self.live:
            old = self.live.pop(pick % len(self.live))
            if old.generation < 0xFFFF_FFF0:
                self.stale.append(old)
                generation = 0xFFFF_FFFF - pick % 2
                age(self.arena, old.index, generation)
                self.generation[old.index] = generation
                self.live.append(slot_id(int(old.index), generation))
            else:
                self.live.append(old)

    @invariant()
    def agree(self) -> None:
        assert self.arena.population == len(self.live)
        assert self.arena.is_full() == (not self.free)
        for alive in self.live:
            assert self.arena.contains(alive) and living(self.arena, alive) is self.arena.items[alive.index]
            assert self.arena.id_at(u64(alive.index)) == alive
        for old in self.stale:
            assert not self.arena.contains(old) and living(self.arena, old) is None


TestSlots = Slots.TestCase
TestSlots.settings = settings(max_examples=80, stateful_step_count=40)
