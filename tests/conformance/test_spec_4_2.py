"""Spec 4.2: the endpoint's states, one test for each cell of state and operation, and the end of an endpoint."""

from __future__ import annotations

from typing import Any

import v1
from v1 import Pending, Received

from tyrne.abi import FULL_CONTROL, Rights, SendOutcome, Status
from tyrne.abi import CallNumber as C
from tyrne.kernel.capability import Capability, DebugConsole
from tyrne.kernel.endpoint import EndpointState, Message
from tyrne.kernel.kernel import Kernel
from tyrne.lang import u64
from tyrne.testing.board import MemoryBoard
from tyrne.testing.kernels import held, run
from tyrne.testing.state import kernel_state
from tyrne.testing.world import World as Kernels

FIRST = v1.message(1, 2, 3, 4)
SECOND = v1.message(5, 6, 7, 2**64 - 1)
SENDER, RECEIVER = 0, 1


class World:
    """One endpoint in a given state, a sender and a receiver; the message in flight, if any, is FIRST."""

    def __init__(self, initial: EndpointState, carry: bool = False) -> None:
        self.kernels = Kernels(2, slots=6)
        origin = self.kernels.endpoint()
        self.endpoint = self.kernels.endpoint_at(origin)
        self.send_cap = self.kernels.give(SENDER, origin, Rights.SEND)
        self.recv_cap = self.kernels.give(RECEIVER, origin, Rights.RECV)
        self.carried = self.kernels.give_console(SENDER, Rights.TRANSFER | Rights.CONSOLE_WRITE)
        if initial in (EndpointState.RECV_WAITING, EndpointState.RECV_COMPLETE):
            assert self.recv() is Pending.PENDING
        if initial in (EndpointState.SEND_PENDING, EndpointState.RECV_COMPLETE):
            assert isinstance(self.send(FIRST, self.carried if carry else None), SendOutcome)
        assert self.endpoint.state is initial

    @property
    def kernel(self) -> Kernel[MemoryBoard]:
        return self.kernels.kernel

    def send(self, message: Message = SECOND, transfer: int | None = None) -> SendOutcome | Status:
        return v1.send(self.kernels, SENDER, self.send_cap, message, transfer)

    def recv(self) -> Received | Pending | Status:
        return v1.recv(self.kernels, RECEIVER, self.recv_cap)

    def cancel(self) -> Status | None:
        return v1.cancel(self.kernels, RECEIVER, self.recv_cap)

    def holds(self, task: int) -> list[Capability | None]:
        table = self.kernels.task(task).capabilities
        return [table.lookup(handle) for handle in held(table)]

    def before(self, task: int, number: C) -> Any:
        """The state of the whole kernel just before a call of a task."""
        run(self.kernel, self.kernels.task(task))
        self.kernels.task(task).frame.x[8] = u64(number.value)
        return kernel_state(self.kernel)

    def everything(self) -> object:
        return kernel_state(self.kernel)


IDLE = EndpointState.IDLE
SEND_PENDING = EndpointState.SEND_PENDING
RECV_WAITING = EndpointState.RECV_WAITING
RECV_COMPLETE = EndpointState.RECV_COMPLETE


# --- send


def test_spec_4_2_idle_send_is_enqueued_and_becomes_send_pending() -> None:
    world = World(IDLE)
    assert world.send(FIRST) is SendOutcome.ENQUEUED
    assert (world.endpoint.state, world.endpoint.message) == (SEND_PENDING, FIRST)


def test_spec_4_2_send_pending_send_is_queue_full_and_changes_nothing() -> None:
    world = World(SEND_PENDING)
    before = world.before(SENDER, C.SEND)
    assert world.send(SECOND, world.carried) is Status.QUEUE_FULL
    assert world.everything() == before


def test_spec_4_2_recv_waiting_send_is_delivered_and_becomes_recv_complete() -> None:
    world = World(RECV_WAITING)
    assert world.send(FIRST) is SendOutcome.DELIVERED
    assert (world.endpoint.state, world.endpoint.message) == (RECV_COMPLETE, FIRST)


def test_spec_4_2_recv_complete_send_is_queue_full_and_changes_nothing() -> None:
    world = World(RECV_COMPLETE)
    before = world.before(SENDER, C.SEND)
    assert world.send(SECOND, world.carried) is Status.QUEUE_FULL
    assert world.everything() == before


# --- recv


def test_spec_4_2_idle_recv_is_pending_and_becomes_recv_waiting() -> None:
    world = World(IDLE)
    assert world.recv() is Pending.PENDING
    assert world.endpoint.state is RECV_WAITING


def test_spec_4_2_send_pending_recv_is_received_and_becomes_idle() -> None:
    world = World(SEND_PENDING)
    assert world.recv() == Received(FIRST, None)
    assert (world.endpoint.state, world.endpoint.message) == (IDLE, Message())


def test_spec_4_2_recv_waiting_recv_is_pending_again_where_v1_says_queue_full() -> None:
    """A difference on purpose: to ask twice is no error, and changes nothing."""
    world = World(RECV_WAITING)
    before = world.before(RECEIVER, C.RECV)
    assert world.recv() is Pending.PENDING
    assert world.everything() == before


def test_spec_4_2_recv_complete_recv_is_received_and_becomes_idle() -> None:
    world = World(RECV_COMPLETE)
    assert world.recv() == Received(FIRST, None)
    assert (world.endpoint.state, world.endpoint.message) == (IDLE, Message())


# --- cancel


def test_spec_4_2_idle_cancel_changes_nothing() -> None:
    world = World(IDLE)
    before = world.before(RECEIVER, C.CANCEL)
    assert world.cancel() is None
    assert world.everything() == before


def test_spec_4_2_send_pending_cancel_keeps_the_message() -> None:
    world = World(SEND_PENDING, carry=True)
    before = world.before(RECEIVER, C.CANCEL)
    assert world.cancel() is None
    assert world.everything() == before
    assert isinstance(world.recv(), Received)


def test_spec_4_2_recv_waiting_cancel_becomes_idle_and_is_idempotent() -> None:
    world = World(RECV_WAITING)
    assert world.cancel() is None
    assert world.endpoint.state is IDLE
    assert world.cancel() is None
    assert world.endpoint.state is IDLE
    assert world.send() is SendOutcome.ENQUEUED


def test_spec_4_2_recv_complete_cancel_keeps_the_message_and_the_capability() -> None:
    world = World(RECV_COMPLETE, carry=True)
    before = world.before(RECEIVER, C.CANCEL)
    assert world.cancel() is None
    assert world.everything() == before
    received = world.recv()
    assert isinstance(received, Received) and received.message == FIRST and received.handle is not None


# --- a capability in flight


CONSOLE = Capability(Rights.TRANSFER | Rights.CONSOLE_WRITE, DebugConsole())


def arrives(world: World) -> None:
    """What was carried is with neither, then with the receiver."""
    assert CONSOLE not in world.holds(SENDER) and CONSOLE not in world.holds(RECEIVER)
    received = world.recv()
    assert isinstance(received, Received) and received.message == FIRST and received.handle is not None
    assert world.kernels.slot(RECEIVER, received.handle).capability == CONSOLE
    assert world.endpoint.parked.capability is None


def test_spec_4_2_a_carried_capability_moves_atomically_sender_first() -> None:
    world = World(IDLE)
    assert world.send(FIRST, world.carried) is SendOutcome.ENQUEUED
    arrives(world)


def test_spec_4_2_a_carried_capability_moves_atomically_receiver_first() -> None:
    world = World(RECV_WAITING)
    assert world.send(FIRST, world.carried) is SendOutcome.DELIVERED
    arrives(world)


def test_spec_4_2_the_next_message_does_not_repeat_the_last_capability() -> None:
    world = World(SEND_PENDING, carry=True)
    assert isinstance(world.recv(), Received)
    assert world.send(SECOND) is SendOutcome.ENQUEUED
    assert world.recv() == Received(SECOND, None)


def test_spec_4_2_an_all_zero_message_is_a_message() -> None:
    world = World(IDLE)
    assert world.send(Message()) is SendOutcome.ENQUEUED
    assert world.recv() == Received(Message(), None)


# --- the end of an endpoint


def test_spec_4_2_when_an_endpoint_goes_its_capabilities_go_first_and_its_successor_starts_idle() -> None:
    """v1 leaves stale capabilities behind; here none outlives its object."""
    world = World(RECV_WAITING)
    kernels = world.kernels
    kernels.ok(RECEIVER, C.CAP_DROP, world.recv_cap)  # nobody can receive any more
    assert world.recv() is Status.STALE_HANDLE
    assert world.send() is Status.STALE_HANDLE
    successor = kernels.endpoint()
    assert kernels.endpoint_at(successor) is world.endpoint and world.endpoint.state is IDLE
    assert v1.recv(kernels, RECEIVER, kernels.give(RECEIVER, successor)) is Pending.PENDING
    assert world.send() is Status.STALE_HANDLE


def test_spec_4_2_the_end_of_an_endpoint_drops_what_is_parked_in_it_from_the_derivation_tree() -> None:
    world = World(IDLE)
    kernels = world.kernels
    root = kernels.give_console(SENDER, FULL_CONTROL)
    child = kernels.ok(SENDER, C.CAP_DERIVE, root, int(Rights.TRANSFER), 0)
    assert world.send(FIRST, child) is SendOutcome.ENQUEUED
    slot = kernels.slot(SENDER, root)
    assert slot.first_child is world.endpoint.parked
    kernels.ok(RECEIVER, C.CAP_DROP, world.recv_cap)
    assert (world.endpoint.state, world.endpoint.message) == (IDLE, Message())
    assert world.endpoint.parked.capability is None and slot.first_child is None
    kernels.ok(SENDER, C.CAP_DROP, root)
