"""Capability tables against a model: several tables and slots in flight, and every operation on them."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from tyrne.abi import CapHandle, Rights, Status, includes
from tyrne.kernel.arena import LAST_GENERATION
from tyrne.kernel.cap_slot import CapSlot
from tyrne.kernel.cap_table import CapTable
from tyrne.kernel.capability import Capability, CapObject, DebugConsole, TaskHandle
from tyrne.kernel.deletion import cap_drop, cap_revoke, delete_one
from tyrne.kernel.task import Task
from tyrne.lang import u64
from tyrne.testing.board import MemoryBoard
from tyrne.testing.kernels import endpoint_object, handle, held, life, slim_kernel, space_object
from tyrne.testing.state import state

TABLES, SLOTS, PARKED = 3, 7, 2
OBJECTS: list[CapObject] = [endpoint_object(0), TaskHandle(Task(), life()), space_object(0), DebugConsole()]


@dataclass(eq=False)
class Node:
    """A capability in the model: where it is (table and handle, or a parked slot), and what derives from it."""

    capability: Capability
    parent: Node | None
    depth: int
    table: int | None
    handle: CapHandle | None
    parked: int | None = None
    children: list[Node] = field(default_factory=list)

    def descendants(self) -> list[Node]:
        return [below for child in self.children for below in (child, *child.descendants())]


rights = st.sampled_from([Rights(0xFF), Rights(0xFF), Rights(0x7F)]) | st.integers(0, 255).map(Rights)
table = st.integers(0, TABLES - 1)
choice = st.integers(0, 10**6)


class Tables(RuleBasedStateMachine):
    """Each rule does one thing to the tables and to the model, and compares what they say."""

    @initialize()
    def build(self) -> None:
        self.kernel = slim_kernel(MemoryBoard(1))
        self.tables = [CapTable(SLOTS) for _ in range(TABLES)]
        self.parked = [CapSlot() for _ in range(PARKED)]
        self.nodes: list[Node] = []
        self.stale: list[tuple[int, CapHandle]] = []
        for at, named in enumerate(OBJECTS[:TABLES]):
            for _ in range(2):
                self.insert(at, Rights(0xFF), named)

    def pick(self, at: int, pick: int) -> tuple[int, CapHandle, Node | None]:
        """A table and a handle to try on it: mostly a live one, sometimes stale, of another table, or forged."""
        held_nodes = [node for node in self.nodes if node.table is not None]
        if held_nodes and pick % 8 != 7:
            node = held_nodes[pick // 8 % len(held_nodes)]
            assert node.table is not None and node.handle is not None
            return node.table, node.handle, node
        forged = [old for where, old in self.stale if where == at]
        forged += [node.handle for node in self.nodes if node.handle is not None]
        forged += [handle(pick // 8 % (SLOTS + 2), pick // 64 % 3)]
        tried = forged[pick // 8 % len(forged)]
        return at, tried, next((node for node in held_nodes if (node.table, node.handle) == (at, tried)), None)

    def place(self, at: int, made: CapHandle, capability: Capability, parent: Node | None, depth: int) -> None:
        assert all((where, old) != (at, made) for where, old in self.stale), "a handle became valid again"
        node = Node(capability, parent, depth, at, made)
        if parent is not None:
            parent.children.append(node)
        self.nodes.append(node)

    def forget(self, node: Node) -> None:
        """Take a node without children out of the model."""
        assert not node.children
        self.nodes.remove(node)
        if node.handle is not None and node.table is not None:
            self.stale.append((node.table, node.handle))
        if node.parent is not None:
            node.parent.children.remove(node)

    def everything(self) -> object:
        return state(self.tables, self.parked)

    def refused(self, result: object, expected: Status, before: object) -> None:
        assert result is expected
        assert self.everything() == before

    @rule(at=table, allowed=rights, named=st.sampled_from(OBJECTS))
    def insert_one(self, at: int, allowed: Rights, named: CapObject) -> None:
        self.insert(at, allowed, named)

    def insert(self, at: int, allowed: Rights, named: CapObject) -> None:
        before = self.everything()
        full = self.tables[at].is_full()
        made = self.tables[at].insert(Capability(allowed, named), None)
        if full:
            self.refused(made, Status.CAPS_EXHAUSTED, before)
        else:
            assert isinstance(made, CapHandle)
            self.place(at, made, Capability(allowed, named), None, 0)

    def expected_refusal(self, at: int, node: Node | None, right: Rights, wanted: Rights) -> Status | None:
        if node is None:
            return Status.INVALID_HANDLE
        if not includes(node.capability.rights, right):
            return Status.INSUFFICIENT_RIGHTS
        if not includes(node.capability.rights, wanted):
            return Status.WIDENED_RIGHTS
        if right is Rights.DERIVE and node.depth == 16:
            return Status.DERIVATION_TOO_DEEP
        return Status.CAPS_EXHAUSTED if self.tables[at].is_full() else None

    @rule(at=table, source=choice, wanted=rights, narrow=st.booleans())
    def copy(self, at: int, source: int, wanted: Rights, narrow: bool) -> None:
        at, tried, node = self.pick(at, source)
        if narrow and node is not None:
            wanted = wanted & node.capability.rights
        before = self.everything()
        expected = self.expected_refusal(at, node, Rights.DUPLICATE, wanted)
        made = self.tables[at].cap_copy(tried, wanted)
        if expected is not None or node is None:
            assert expected is not None
            self.refused(made, expected, before)
        else:
            assert isinstance(made, CapHandle)
            self.place(at, made, Capability(wanted, node.capability.object), node.parent, node.depth)

    @rule(at=table, source=choice, wanted=rights, narrow=st.booleans())
    def derive(self, at: int, source: int, wanted: Rights, narrow: bool) -> None:
        at, tried, node = self.pick(at, source)
        if narrow and node is not None:
            wanted = wanted & node.capability.rights
        before = self.everything()
        expected = self.expected_refusal(at, node, Rights.DERIVE, wanted)
        badge = u64(0 if node is None else node.capability.badge)
        made = self.tables[at].cap_derive(tried, wanted, self.named(node), badge)
        if expected is not None or node is None:
            assert expected is not None
            self.refused(made, expected, before)
        else:
            assert isinstance(made, CapHandle)
            self.place(at, made, Capability(wanted, node.capability.object), node, node.depth + 1)

    def named(self, node: Node | None) -> CapObject:
        return DebugConsole() if node is None else node.capability.object

    @rule(at=table, source=choice)
    def revoke(self, at: int, source: int) -> None:
        at, tried, node = self.pick(at, source)
        before = self.everything()
        result = cap_revoke(self.kernel, self.tables[at], tried)
        if node is None:
            self.refused(result, Status.INVALID_HANDLE, before)
        elif not includes(node.capability.rights, Rights.REVOKE):
            self.refused(result, Status.INSUFFICIENT_RIGHTS, before)
        else:
            assert result is None
            slot = self.slot_of(node)
            while slot.first_child is not None:
                delete_one(self.kernel, slot)
            slot.revoked = False
            for gone in reversed(node.descendants()):
                self.forget(gone)

    @rule(at=table, source=choice)
    def drop(self, at: int, source: int) -> None:
        at, tried, node = self.pick(at, source)
        before = self.everything()
        result = cap_drop(self.kernel, self.tables[at], tried)
        if node is None:
            self.refused(result, Status.INVALID_HANDLE, before)
        elif node.children:
            self.refused(result, Status.HAS_CHILDREN, before)
        else:
            assert result is None
            self.forget(node)

    @rule(at=table, source=choice, where=st.integers(0, PARKED - 1))
    def take(self, at: int, source: int, where: int) -> None:
        if self.parked[where].capability is not None:
            return
        at, tried, node = self.pick(at, source)
        before = self.everything()
        slot = self.tables[at].leaf(tried)
        if node is None:
            self.refused(slot, Status.INVALID_HANDLE, before)
        elif node.children:
            self.refused(slot, Status.HAS_CHILDREN, before)
        else:
            assert isinstance(slot, CapSlot) and node.handle is not None
            slot.move_to(self.parked[where])
            self.stale.append((at, node.handle))
            node.table, node.handle, node.parked = None, None, where

    @rule(at=table, where=st.integers(0, PARKED - 1))
    def put(self, at: int, where: int) -> None:
        node = next((node for node in self.nodes if node.parked == where), None)
        if node is None:
            return
        if self.tables[at].is_full():
            return
        slot = self.tables[at].allocate()
        self.parked[where].move_to(slot)
        made = slot.handle()
        assert (at, made) not in self.stale, "a handle became valid again"
        node.table, node.handle, node.parked = at, made, None

    @rule(at=table, seldom=st.integers(0, 7))
    def clear(self, at: int, seldom: int) -> None:
        """What becomes of a table whose task ends: everything in it goes, with all that was derived from it."""
        if seldom != 7:
            return
        for slot in self.tables[at].slots:
            while slot.capability is not None:
                delete_one(self.kernel, slot)
        while gone := [node for node in self.nodes if node.table == at]:
            for below in reversed(gone[0].descendants()):
                self.forget(below)
            self.forget(gone[0])
        assert held(self.tables[at]) == []

    @rule(at=table, index=st.integers(0, SLOTS - 1))
    def age(self, at: int, index: int) -> None:
        """Let a slot in use reach its last generation."""
        node = next((n for n in self.nodes if n.table == at and n.handle and n.handle.index == index), None)
        if node is not None and node.handle is not None and node.handle.generation != LAST_GENERATION:
            self.stale.append((at, node.handle))
            self.tables[at].slots[index].generation = LAST_GENERATION
            node.handle = handle(index, 0xFFFF_FFFF)

    @invariant()
    def tables_agree_with_the_model(self) -> None:
        for at, found in enumerate(self.tables):
            expected = {node.handle: node for node in self.nodes if node.table == at}
            assert set(held(found)) == set(expected)
            for tried, node in expected.items():
                assert tried is not None
                assert found.lookup(tried) == node.capability
                slot, parent = found.resolve(tried), node.parent
                assert slot is not None and (slot.first_child is not None) == bool(node.children)
                assert slot.depth == node.depth
                assert slot.parent is (None if parent is None else self.slot_of(parent))
            for where, old in self.stale:
                assert where != at or found.lookup(old) is None
        for where, slot in enumerate(self.parked):
            parked = next((node for node in self.nodes if node.parked == where), None)
            assert slot.capability == (None if parked is None else parked.capability)

    def slot_of(self, node: Node) -> CapSlot:
        if node.parked is not None:
            return self.parked[node.parked]
        assert node.table is not None and node.handle is not None
        return self.tables[node.table].slots[node.handle.index]

    @invariant()
    def siblings_and_free_slots_are_linked_well(self) -> None:
        """Children know their parent and the one before them; a table has room for exactly what is not held."""
        for node in self.nodes:
            slot, before = self.slot_of(node), None
            child = slot.first_child
            linked = []
            while child is not None:
                assert child.parent is slot and child.previous_sibling is before
                linked.append(child)
                before, child = child, child.next_sibling
            assert {id(below) for below in linked} == {id(self.slot_of(below)) for below in node.children}
            assert len(linked) == len(node.children)
        for found in self.tables:
            retired = sum(slot.capability is None and slot.generation == LAST_GENERATION for slot in found.slots)
            room = SLOTS - len(held(found)) - retired
            assert found.has_room(u64(room)) and not found.has_room(u64(room + 1))


TestTables = Tables.TestCase
TestTables.settings = settings(max_examples=40, stateful_step_count=40)


@pytest.mark.parametrize("seed", range(6))
def test_a_long_walk_with_many_siblings_agrees_with_the_model(seed: int) -> None:
    """The rules by weight, so that trees grow wide and deep before they are cut."""
    dice = random.Random(seed)
    machine = Tables()
    machine.build()

    def pick() -> int:
        return dice.randrange(10**6)

    def wanted() -> Rights:
        return Rights(0xFF) if dice.random() < 0.8 else Rights(dice.randrange(256))

    def at() -> int:
        return dice.randrange(TABLES)

    moves: list[tuple[int, Callable[[], None]]] = [
        (20, lambda: machine.insert_one(at(), wanted(), dice.choice(OBJECTS))),
        (100, lambda: machine.copy(at(), pick(), wanted(), dice.random() < 0.8)),
        (260, lambda: machine.derive(at(), pick(), wanted(), dice.random() < 0.8)),
        (40, lambda: machine.revoke(at(), pick())),
        (200, lambda: machine.drop(at(), pick())),
        (150, lambda: machine.take(at(), pick(), dice.randrange(PARKED))),
        (150, lambda: machine.put(at(), dice.randrange(PARKED))),
        (80, lambda: machine.clear(at(), dice.randrange(8))),
        (2, lambda: machine.age(at(), dice.randrange(SLOTS))),
    ]
    weights = [weight for weight, _ in moves]
    for _ in range(800):
        dice.choices(moves, weights)[0][1]()
        machine.tables_agree_with_the_model()
        machine.siblings_and_free_slots_are_linked_well()
