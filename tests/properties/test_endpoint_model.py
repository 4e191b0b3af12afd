"""Endpoints against a model: messages, capabilities in flight, revocation from under them, and full tables."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from kernel.support import endpoint_object, handle, held, insert, slot_id, state
from properties.tree import check_tree, parked_in
from tyrne.kernel.abi import CapHandle, IpcError, Rights, SendOutcome
from tyrne.kernel.arena import Arena
from tyrne.kernel.cap_table import CapTable
from tyrne.kernel.capability import Capability, DebugConsole
from tyrne.kernel.endpoint import Endpoint, EndpointState, Message
from tyrne.kernel.messages import Pending, Received, ipc_cancel_recv, ipc_recv, ipc_send
from tyrne.lang import u64

IDLE, PENDING, WAITING, COMPLETE = EndpointState
words = st.integers(0, 3) | st.just(2**64 - 1)
messages = st.builds(lambda *w: Message(*map(u64, w)), words, words, words, words)
who = st.integers(0, 1)
which = st.integers(0, 1)


class Endpoints(RuleBasedStateMachine):
    """Two tasks with full rights over two endpoints at handles 0 and 1; a console capability travels.

    In each table slots 2 to 4 come and go. The model keeps state, message and the capability in flight.
    """

    @initialize()
    def build(self) -> None:
        self.endpoints: Arena[Endpoint] = Arena(2, lambda _: Endpoint())
        self.tables = [CapTable(5), CapTable(5)]
        for at in range(2):
            assert self.endpoints.allocate() == slot_id(at)
            for table in self.tables:
                insert(table, Rights.SEND | Rights.RECV, endpoint_object(at))
        self.root = insert(self.tables[0], Rights(0xFF), DebugConsole())
        self.states = [IDLE, IDLE]
        self.messages = [Message(), Message()]
        self.carried: list[Capability | None] = [None, None]

    @rule(rights=st.sampled_from([Rights.TRANSFER, Rights.NONE, Rights.TRANSFER | Rights.DERIVE]))
    def derive(self, rights: Rights) -> None:
        self.tables[0].cap_derive(self.root, rights)

    @rule()
    def revoke(self) -> None:
        assert self.tables[0].cap_revoke(self.root) is None
        self.carried = [None, None]

    @rule(at=who, pick=st.integers(0, 20))
    def drop(self, at: int, pick: int) -> None:
        spare = [cap for cap in held(self.tables[at]) if cap.index >= 2 and cap != self.root]
        if spare:
            self.tables[at].cap_drop(spare[pick % len(spare)])

    @rule(at=who, to=which, message=messages, pick=st.integers(0, 20), transfer=st.booleans())
    def send(self, at: int, to: int, message: Message, pick: int, transfer: bool) -> None:
        table = self.tables[at]
        spare = [cap for cap in held(table) if cap.index >= 2 and (at, cap) != (0, self.root)]
        gift: CapHandle | None = None
        if transfer:
            gift = spare[pick % len(spare)] if spare else handle(4, 999)
        capability = None if gift is None else table.lookup(gift)
        slot = None if gift is None else table.resolve(gift)
        before = state(self.endpoints, self.tables)
        result = ipc_send(self.endpoints, table, handle(to), message, gift)
        expected: IpcError | SendOutcome
        if gift is not None and (capability is None or not capability.rights & Rights.TRANSFER):
            expected = IpcError.INVALID_TRANSFER_CAP
        elif self.states[to] in (PENDING, COMPLETE):
            expected = IpcError.QUEUE_FULL
        elif slot is not None and slot.first_child is not None:
            expected = IpcError.INVALID_TRANSFER_CAP
        else:
            expected = SendOutcome.DELIVERED if self.states[to] is WAITING else SendOutcome.ENQUEUED
            self.states[to] = COMPLETE if self.states[to] is WAITING else PENDING
            self.messages[to], self.carried[to] = message, capability
        assert result is expected
        if isinstance(expected, IpcError):
            assert state(self.endpoints, self.tables) == before
        elif gift is not None:
            assert table.lookup(gift) is None

    @rule(at=who, source=which)
    def recv(self, at: int, source: int) -> None:
        table = self.tables[at]
        before, held_before = state(self.endpoints, self.tables), set(held(table))
        result = ipc_recv(self.endpoints, table, handle(source))
        carried = self.carried[source]
        if self.states[source] is IDLE:
            assert result is Pending.PENDING
            self.states[source] = WAITING
            return
        if self.states[source] is WAITING:
            assert result is IpcError.QUEUE_FULL
            assert state(self.endpoints, self.tables) == before
            return
        if carried is not None and len(held_before) == 5:
            assert result is IpcError.RECEIVER_TABLE_FULL
            assert state(self.endpoints, self.tables) == before
            return
        assert isinstance(result, Received) and result.message == self.messages[source]
        if carried is None:
            assert result.handle is None and set(held(table)) == held_before
        else:
            assert result.handle is not None and table.lookup(result.handle) == carried
            assert set(held(table)) == held_before | {result.handle}
        self.states[source], self.messages[source], self.carried[source] = IDLE, Message(), None

    @rule(at=who, source=which)
    def cancel(self, at: int, source: int) -> None:
        assert ipc_cancel_recv(self.endpoints, self.tables[at], handle(source)) is None
        if self.states[source] is WAITING:
            self.states[source] = IDLE

    @invariant()
    def agree(self) -> None:
        for at, endpoint in enumerate(self.endpoints.items):
            assert endpoint.state is self.states[at]
            assert endpoint.parked.capability == self.carried[at]
            assert endpoint.message == self.messages[at]
            assert endpoint.parked.capability is None or endpoint.holds_message()
        check_tree(self.tables, parked_in(self.endpoints))


TestEndpoints = Endpoints.TestCase
TestEndpoints.settings = settings(max_examples=40, stateful_step_count=40)


@pytest.mark.parametrize("seed", range(4))
def test_a_long_walk_of_messages_agrees_with_the_model(seed: int) -> None:
    """The rules by weight: many transfers, few revocations."""
    dice = random.Random(seed)
    machine = Endpoints()
    machine.build()

    def at() -> int:
        return dice.randrange(2)

    def message() -> Message:
        return Message(*[u64(dice.choice([0, 1, 2**64 - 1, dice.getrandbits(64)])) for _ in range(4)])

    transferable = [Rights.TRANSFER, Rights.TRANSFER, Rights.TRANSFER | Rights.DERIVE, Rights.NONE]
    moves: list[tuple[int, Callable[[], None]]] = [
        (20, lambda: machine.derive(dice.choice(transferable))),
        (2, machine.revoke),
        (6, lambda: machine.drop(at(), dice.randrange(20))),
        (30, lambda: machine.send(at(), at(), message(), dice.randrange(20), dice.random() < 0.8)),
        (30, lambda: machine.recv(at(), at())),
        (5, lambda: machine.cancel(at(), at())),
    ]
    weights = [weight for weight, _ in moves]
    for _ in range(500):
        dice.choices(moves, weights)[0][1]()
        machine.agree()
