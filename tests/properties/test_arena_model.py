"""An arena against a model, retirement included."""

from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from tyrne.kernel.arena import LAST_GENERATION, Arena
from tyrne.kernel.notification import Notification
from tyrne.lang import u16
from tyrne.testing.kernels import PANIC, age, life
from tyrne.testing.state import state


class Slots(RuleBasedStateMachine):
    """The model is the generation of each slot in use, a stack of free slots, and every use that is over."""

    @initialize(capacity=st.integers(0, 5))
    def build(self, capacity: int) -> None:
        self.arena = Arena(capacity, lambda _: Notification())
        self.generation = [0] * capacity
        self.free = list(reversed(range(capacity)))
        self.live: list[int] = []
        self.stale: list[tuple[int, int]] = []

    @rule()
    def allocate(self) -> None:
        made = self.arena.allocate()
        if not self.free:
            assert made is None
            return
        index = self.free.pop()
        assert made is self.arena.items[index]
        self.live.append(index)

    @rule(pick=st.integers(0, 100), forged=st.booleans())
    def release(self, pick: int, forged: bool) -> None:
        index = pick % 7 if forged or not self.live else self.live[pick % len(self.live)]
        if index not in self.live:
            before = state(self.arena)
            with pytest.raises(PANIC):
                self.arena.free(u16(index))
            assert state(self.arena) == before
            return
        self.arena.free(u16(index))
        self.live.remove(index)
        self.stale.append((index, self.generation[index]))
        if self.generation[index] != LAST_GENERATION:
            self.generation[index] += 1
            self.free.append(index)

    @rule(pick=st.integers(0, 100))
    def age(self, pick: int) -> None:
        """Let a slot in use reach its last generation but one, or its last."""
        if self.live:
            index = self.live[pick % len(self.live)]
            if self.generation[index] < 0xFFFF_FFF0:
                self.stale.append((index, self.generation[index]))
                self.generation[index] = 0xFFFF_FFFF - pick % 2
                age(self.arena, index, self.generation[index])

    @invariant()
    def agree(self) -> None:
        assert self.arena.population == len(self.live)
        assert self.arena.is_full() == (not self.free)
        for index in self.live:
            lived = self.arena.items[index].life
            assert self.arena.occupied[index] and lived.index == index
            assert lived.lasts(life(self.generation[index])) and lived.generation() == self.generation[index]
        for index, generation in self.stale:
            assert not self.arena.items[index].life.lasts(life(generation))


TestSlots = Slots.TestCase
TestSlots.settings = settings(max_examples=80, stateful_step_count=40)
