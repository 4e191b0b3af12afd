"""Spec 4.2: the endpoint's states, one test for each cell of state and operation, and the end of an endpoint."""

from __future__ import annotations

from kernel.support import ALL, NULL, endpoint_object, handle, held, insert, slot_id, state
from tyrne.kernel.abi import CapHandle, IpcError, Rights, SendOutcome
from tyrne.kernel.arena import Arena
from tyrne.kernel.cap_table import CapTable
from tyrne.kernel.capability import Capability, DebugConsole
from tyrne.kernel.endpoint import Endpoint, EndpointState, Message
from tyrne.kernel.messages import Pending, Received, ipc_cancel_recv, ipc_recv, ipc_send
from tyrne.lang import u64

FIRST = Message(u64(1), u64(2), u64(3), u64(4))
SECOND = Message(u64(5), u64(6), u64(7), u64(NULL))


class World:
    """One endpoint in a given state, a sender and a receiver; the message in flight, if any, is FIRST."""

    def __init__(self, initial: EndpointState, carry: bool = False) -> None:
        self.endpoints: Arena[Endpoint] = Arena(2, lambda _: Endpoint())
        assert self.endpoints.allocate() == slot_id(0)
        self.sender = CapTable(4)
        self.receiver = CapTable(4)
        self.send_cap = insert(self.sender, Rights.SEND)
        self.recv_cap = insert(self.receiver, Rights.RECV)
        self.carried = insert(self.sender, Rights.TRANSFER | Rights.CONSOLE_WRITE, DebugConsole())
        if initial in (EndpointState.RECV_WAITING, EndpointState.RECV_COMPLETE):
            assert self.recv() is Pending.PENDING
        if initial in (EndpointState.SEND_PENDING, EndpointState.RECV_COMPLETE):
            assert isinstance(self.send(FIRST, self.carried if carry else None), SendOutcome)
        assert self.endpoint.state is initial

    @property
    def endpoint(self) -> Endpoint:
        return self.endpoints.items[0]

    def send(self, message: Message = SECOND, transfer: CapHandle | None = None) -> SendOutcome | IpcError:
        return ipc_send(self.endpoints, self.sender, self.send_cap, message, transfer)

    def recv(self) -> Received | Pending | IpcError:
        return ipc_recv(self.endpoints, self.receiver, self.recv_cap)

    def cancel(self) -> IpcError | None:
        return ipc_cancel_recv(self.endpoints, self.receiver, self.recv_cap)

    def everything(self) -> object:
        return state(self.endpoints, self.sender, self.receiver)


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
    before = world.everything()
    assert world.send(SECOND, world.carried) is IpcError.QUEUE_FULL
    assert world.everything() == before


def test_spec_4_2_recv_waiting_send_is_delivered_and_becomes_recv_complete() -> None:
    world = World(RECV_WAITING)
    assert world.send(FIRST) is SendOutcome.DELIVERED
    assert (world.endpoint.state, world.endpoint.message) == (RECV_COMPLETE, FIRST)


def test_spec_4_2_recv_complete_send_is_queue_full_and_changes_nothing() -> None:
    world = World(RECV_COMPLETE)
    before = world.everything()
    assert world.send(SECOND, world.carried) is IpcError.QUEUE_FULL
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


def test_spec_4_2_recv_waiting_recv_is_queue_full_and_stays_recv_waiting() -> None:
    world = World(RECV_WAITING)
    before = world.everything()
    assert world.recv() is IpcError.QUEUE_FULL
    assert world.everything() == before


def test_spec_4_2_recv_complete_recv_is_received_and_becomes_idle() -> None:
    world = World(RECV_COMPLETE)
    assert world.recv() == Received(FIRST, None)
    assert (world.endpoint.state, world.endpoint.message) == (IDLE, Message())


# --- cancel


def test_spec_4_2_idle_cancel_changes_nothing() -> None:
    world = World(IDLE)
    before = world.everything()
    assert world.cancel() is None
    assert world.everything() == before


def test_spec_4_2_send_pending_cancel_keeps_the_message() -> None:
    world = World(SEND_PENDING, carry=True)
    before = world.everything()
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
    before = world.everything()
    assert world.cancel() is None
    assert world.everything() == before
    assert world.recv() == Received(FIRST, handle(1))


# --- a capability in flight


def test_spec_4_2_a_carried_capability_moves_atomically_sender_first() -> None:
    world = World(IDLE)
    assert world.send(FIRST, world.carried) is SendOutcome.ENQUEUED
    assert world.sender.lookup(world.carried) is None
    assert held(world.receiver) == [world.recv_cap]
    received = world.recv()
    assert received == Received(FIRST, handle(1))
    assert world.receiver.lookup(handle(1)) == Capability(Rights.TRANSFER | Rights.CONSOLE_WRITE, DebugConsole())
    assert world.endpoint.parked.capability is None


def test_spec_4_2_a_carried_capability_moves_atomically_receiver_first() -> None:
    world = World(RECV_WAITING)
    assert world.send(FIRST, world.carried) is SendOutcome.DELIVERED
    assert world.sender.lookup(world.carried) is None
    assert held(world.receiver) == [world.recv_cap]
    assert world.recv() == Received(FIRST, handle(1))
    assert world.receiver.references_object(DebugConsole())


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


def test_spec_4_2_a_destroyed_endpoint_is_stale_and_its_successor_starts_idle() -> None:
    world = World(RECV_WAITING)
    assert world.endpoints.free(slot_id(0))
    assert world.send() is IpcError.STALE_HANDLE
    assert world.recv() is IpcError.STALE_HANDLE
    assert world.cancel() is IpcError.STALE_HANDLE
    world.endpoint.reset()
    assert world.endpoints.allocate() == slot_id(0, 1)
    successor = insert(world.receiver, ALL, endpoint_object(0, 1))
    assert world.endpoint.state is IDLE
    assert ipc_recv(world.endpoints, world.receiver, successor) is Pending.PENDING
    assert world.send() is IpcError.STALE_HANDLE


def test_spec_4_2_the_end_of_an_endpoint_drops_what_is_parked_in_it_from_the_derivation_tree() -> None:
    world = World(IDLE)
    root = insert(world.sender, ALL, DebugConsole())
    child = world.sender.cap_derive(root, Rights.TRANSFER)
    assert isinstance(child, CapHandle)
    assert world.send(FIRST, child) is SendOutcome.ENQUEUED
    slot = world.sender.resolve(root)
    assert slot is not None and slot.first_child is world.endpoint.parked
    world.endpoint.reset()
    assert (world.endpoint.state, world.endpoint.message) == (IDLE, Message())
    assert world.endpoint.parked.capability is None
    assert slot.first_child is None
    assert world.sender.cap_drop(root) is None
