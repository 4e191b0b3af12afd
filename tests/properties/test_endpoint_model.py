"""The calls that never wait against a model of endpoints: messages, capabilities in flight, revocation, full tables."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from tyrne.abi import FULL_CONTROL, Rights, Status, pack_handle, unpack_handle
from tyrne.abi import CallNumber as C
from tyrne.kernel.capability import Capability, DebugConsole
from tyrne.kernel.endpoint import EndpointState
from tyrne.lang import u64
from tyrne.testing.invariants import violations
from tyrne.testing.kernels import NULL, held, run
from tyrne.testing.state import kernel_state
from tyrne.testing.world import World

IDLE, PENDING, WAITING, COMPLETE = EndpointState
SLOTS = 5
words = st.integers(0, 3) | st.just(NULL)
messages = st.tuples(words, words, words, words)
who = st.integers(0, 1)
which = st.integers(0, 1)
Words = tuple[int, int, int, int]


class Endpoints(RuleBasedStateMachine):
    """Two tasks with full rights over two endpoints at handles 0 and 1; a console capability travels.

    In each table slots 2 to 4 come and go. The model keeps state, message, badge and the capability in flight.
    """

    @initialize()
    def build(self) -> None:
        self.world = World(2, slots=SLOTS)
        self.ends = []
        for _ in range(2):
            origin = self.world.endpoint()
            self.ends.append(self.world.endpoint_at(origin))
            for task in range(2):
                self.world.give(task, origin, badge=task)
        self.root = self.world.give_console(0, FULL_CONTROL | Rights.CONSOLE_WRITE)
        self.states = [IDLE, IDLE]
        self.messages: list[Words] = [(0, 0, 0, 0)] * 2
        self.carried: list[Capability | None] = [None, None]

    def spare(self, task: int) -> list[int]:
        """What a task could give away."""
        table = self.world.task(task).capabilities
        found = [int(pack_handle(cap)) for cap in held(table) if cap.index >= 2]
        return [word for word in found if (task, word) != (0, self.root)]

    def call(self, task: int, number: C, *arguments: int) -> tuple[int, ...]:
        answer = self.world.call(task, number, *arguments)
        assert answer is not None, f"{number.name} waited"
        return answer

    def refused(self, task: int, status: Status, number: C, *arguments: int) -> None:
        """The call is refused so, and nothing but its caller's registers changes."""
        caller = self.world.task(task)
        run(self.world.kernel, caller)
        caller.frame.x[8] = u64(number.value)
        before = kernel_state(self.world.kernel)
        assert self.call(task, number, *arguments) == (status.value, *[0] * 7)
        assert kernel_state(self.world.kernel) == before

    @rule(rights=st.sampled_from([Rights.TRANSFER, Rights.NONE, Rights.TRANSFER | Rights.DERIVE]))
    def derive(self, rights: Rights) -> None:
        self.call(0, C.CAP_DERIVE, self.root, int(rights), 0)

    @rule()
    def revoke(self) -> None:
        self.world.ok(0, C.CAP_REVOKE, self.root)
        self.carried = [None, None]

    @rule(task=who, pick=st.integers(0, 20))
    def drop(self, task: int, pick: int) -> None:
        spare = self.spare(task)
        if spare:
            self.world.ok(task, C.CAP_DROP, spare[pick % len(spare)])

    @rule(task=who, to=which, message=messages, pick=st.integers(0, 20), transfer=st.booleans())
    def send(self, task: int, to: int, message: Words, pick: int, transfer: bool) -> None:
        spare = self.spare(task)
        table = self.world.task(task).capabilities
        gift = NULL if not transfer else spare[pick % len(spare)] if spare else 4 | 999 << 16
        capability = None if gift == NULL else table.lookup(unpack_handle(u64(gift)))
        if gift != NULL and (capability is None or Rights.TRANSFER not in capability.rights):
            self.refused(task, Status.INVALID_TRANSFER_CAP, C.SEND, to, *message, gift)
        elif self.states[to] in (PENDING, COMPLETE):
            self.refused(task, Status.QUEUE_FULL, C.SEND, to, *message, gift)
        else:
            delivered = self.states[to] is WAITING
            answer = self.call(task, C.SEND, to, *message, gift)
            assert answer == (0, 0 if delivered else 1, *[0] * 6)
            self.states[to] = COMPLETE if delivered else PENDING
            self.messages[to], self.carried[to] = message, capability
            assert gift == NULL or not self.world.holds(task, gift)

    @rule(task=who, source=which)
    def recv(self, task: int, source: int) -> None:
        table = self.world.task(task).capabilities
        before = set(held(table))
        carried = self.carried[source]
        if self.states[source] in (IDLE, WAITING):
            assert self.call(task, C.RECV, source) == (0, 1, *[0] * 6)
            self.states[source] = WAITING
        elif carried is not None and len(before) == SLOTS:
            self.refused(task, Status.RECEIVER_TABLE_FULL, C.RECV, source)
        else:
            answer = self.call(task, C.RECV, source)
            assert answer[:6] == (0, 0, *self.messages[source]) and answer[7] == 0
            if carried is None:
                assert answer[6] == NULL and set(held(table)) == before
            else:
                arrived = unpack_handle(u64(answer[6]))
                assert table.lookup(arrived) == carried and set(held(table)) == before | {arrived}
            self.states[source], self.messages[source], self.carried[source] = IDLE, (0, 0, 0, 0), None

    @rule(task=who, source=which)
    def cancel(self, task: int, source: int) -> None:
        assert self.call(task, C.CANCEL, source) == (0,) * 8
        if self.states[source] is WAITING:
            self.states[source] = IDLE

    @invariant()
    def agree(self) -> None:
        for at, endpoint in enumerate(self.ends):
            assert endpoint.state is self.states[at]
            assert endpoint.parked.capability == self.carried[at]
            held_words = endpoint.message
            assert (held_words.label, held_words.word0, held_words.word1, held_words.word2) == self.messages[at]
        assert all(capability is None or isinstance(capability.object, DebugConsole) for capability in self.carried)
        assert not violations(self.world.kernel)


TestEndpoints = Endpoints.TestCase
TestEndpoints.settings = settings(max_examples=20, stateful_step_count=30)


@pytest.mark.parametrize("seed", range(3))
def test_a_long_walk_of_messages_agrees_with_the_model(seed: int) -> None:
    """The rules by weight: many transfers, few revocations."""
    dice = random.Random(seed)
    machine = Endpoints()
    machine.build()

    def at() -> int:
        return dice.randrange(2)

    def message() -> Words:
        one, two, three, four = (dice.choice([0, 1, NULL, dice.getrandbits(64)]) for _ in range(4))
        return one, two, three, four

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
    for _ in range(400):
        dice.choices(moves, weights)[0][1]()
        machine.agree()
