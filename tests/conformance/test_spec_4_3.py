"""Spec 4.3: what sending, receiving, cancelling and signalling check, in which order, and what a refusal leaves."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from kernel.support import ALL, endpoint_object, fill, handle, held, insert, slot_id, state
from tyrne.kernel.abi import CapHandle, IpcError, Rights, SendOutcome
from tyrne.kernel.arena import Arena
from tyrne.kernel.cap_table import CapTable
from tyrne.kernel.capability import Capability, DebugConsole, NotificationHandle
from tyrne.kernel.endpoint import Endpoint, EndpointState, Message
from tyrne.kernel.messages import (
    Pending,
    Received,
    ipc_cancel_recv,
    ipc_notify,
    ipc_recv,
    ipc_send,
)
from tyrne.kernel.notification import Notification
from tyrne.lang import u64

R = Rights
HELLO = Message(u64(11), u64(22), u64(33), u64(44))


class World:
    def __init__(self) -> None:
        self.endpoints: Arena[Endpoint] = Arena(2, lambda _: Endpoint())
        self.notifications: Arena[Notification] = Arena(2, lambda _: Notification())
        assert self.endpoints.allocate() == slot_id(0)
        assert self.notifications.allocate() == slot_id(0)
        self.table = CapTable(8)
        self.cap = insert(self.table)

    def everything(self) -> object:
        return state(self)

    @property
    def endpoint(self) -> Endpoint:
        return self.endpoints.items[0]

    def send(self, named: CapHandle, transfer: CapHandle | None = None) -> SendOutcome | IpcError:
        return ipc_send(self.endpoints, self.table, named, HELLO, transfer)

    def recv(self, named: CapHandle) -> Received | Pending | IpcError:
        return ipc_recv(self.endpoints, self.table, named)

    def cancel(self, named: CapHandle) -> IpcError | None:
        return ipc_cancel_recv(self.endpoints, self.table, named)

    def notify(self, named: CapHandle) -> IpcError | None:
        return ipc_notify(self.notifications, self.table, named, u64(6))


Operation = Callable[[World, CapHandle], object]
OPERATIONS = {
    "send": (World.send, R.SEND, endpoint_object, DebugConsole()),
    "recv": (World.recv, R.RECV, endpoint_object, NotificationHandle(slot_id(0))),
    "cancel": (World.cancel, R.RECV, endpoint_object, DebugConsole()),
    "notify": (World.notify, R.NOTIFY, lambda *at: NotificationHandle(slot_id(*at)), endpoint_object()),
}
every = pytest.mark.parametrize("name", OPERATIONS)


@every
def test_spec_4_3_1_an_unresolved_handle_is_stale_handle(name: str) -> None:
    world = World()
    operate = OPERATIONS[name][0]
    before = world.everything()
    for stale in (handle(0, 1), handle(3), handle(8), handle(0xFFFF, 0xFFFF_FFFF)):
        assert operate(world, stale) is IpcError.STALE_HANDLE
    assert world.everything() == before


@every
def test_spec_4_3_2_another_kind_is_wrong_object_kind_even_without_the_right(name: str) -> None:
    world = World()
    operate, _, _, other = OPERATIONS[name]
    for rights in (ALL, R.NONE):
        named = insert(world.table, rights, other)
        before = world.everything()
        assert operate(world, named) is IpcError.WRONG_OBJECT_KIND
        assert world.everything() == before


@every
def test_spec_4_3_3_without_the_right_is_missing_right_even_of_a_destroyed_object(name: str) -> None:
    world = World()
    operate, right, make, _ = OPERATIONS[name]
    for generation in (0, 1):
        named = insert(world.table, R(0xFF & ~int(right)), make(0, generation))
        before = world.everything()
        assert operate(world, named) is IpcError.MISSING_RIGHT
        assert world.everything() == before


@every
def test_spec_4_3_the_one_right_suffices(name: str) -> None:
    world = World()
    operate, right, make, _ = OPERATIONS[name]
    assert not isinstance(operate(world, insert(world.table, right, make(0))), IpcError)


@every
def test_spec_4_3_5_a_destroyed_object_is_stale_handle(name: str) -> None:
    world = World()
    operate, _, make, _ = OPERATIONS[name]
    for at in ((0, 1), (1, 0), (9, 0)):
        named = insert(world.table, ALL, make(*at))
        before = world.everything()
        assert operate(world, named) is IpcError.STALE_HANDLE
        assert world.everything() == before


def test_spec_4_3_4_an_unresolved_transfer_handle_is_invalid_transfer_cap() -> None:
    world = World()
    before = world.everything()
    assert world.send(world.cap, handle(5)) is IpcError.INVALID_TRANSFER_CAP
    assert world.everything() == before


def test_spec_4_3_4_a_transfer_without_the_right_is_invalid_transfer_cap() -> None:
    world = World()
    kept = insert(world.table, R(0xFF & ~int(R.TRANSFER)), DebugConsole())
    before = world.everything()
    assert world.send(world.cap, kept) is IpcError.INVALID_TRANSFER_CAP
    assert world.everything() == before


def test_spec_4_3_4_the_transfer_is_checked_before_the_endpoint_is_known_to_live() -> None:
    world = World()
    dead = insert(world.table, ALL, endpoint_object(0, 1))
    assert world.send(dead, handle(5)) is IpcError.INVALID_TRANSFER_CAP


def test_spec_4_3_3_the_right_is_checked_before_the_transfer() -> None:
    world = World()
    assert world.send(insert(world.table, R.RECV), handle(5)) is IpcError.MISSING_RIGHT


def test_spec_4_3_6_a_full_queue_is_found_before_the_capability_is_taken() -> None:
    world = World()
    assert world.send(world.cap) is SendOutcome.ENQUEUED
    parent = insert(world.table)
    assert isinstance(world.table.cap_derive(parent, R.NONE), CapHandle)
    before = world.everything()
    assert world.send(world.cap, parent) is IpcError.QUEUE_FULL
    assert world.everything() == before


def test_spec_4_3_7_a_parent_is_invalid_transfer_cap_and_the_waiting_receiver_stays() -> None:
    world = World()
    assert world.recv(world.cap) is Pending.PENDING
    parent = insert(world.table)
    assert isinstance(world.table.cap_derive(parent, R.NONE), CapHandle)
    before = world.everything()
    assert world.send(world.cap, parent) is IpcError.INVALID_TRANSFER_CAP
    assert world.everything() == before
    assert world.endpoint.state is EndpointState.RECV_WAITING


def test_spec_4_3_the_very_endpoint_capability_of_the_send_can_travel() -> None:
    world = World()
    assert world.send(world.cap, world.cap) is SendOutcome.ENQUEUED
    assert held(world.table) == []
    other = insert(world.table, R.RECV)
    received = world.recv(other)
    assert isinstance(received, Received) and received.handle is not None
    assert world.table.lookup(received.handle) == Capability(ALL, endpoint_object())


def test_spec_4_3_recv_into_a_full_table_is_receiver_table_full_and_a_retry_succeeds() -> None:
    world = World()
    carried = insert(world.table, ALL, DebugConsole())
    assert world.send(world.cap, carried) is SendOutcome.ENQUEUED
    fill(world.table)
    before = world.everything()
    assert world.recv(world.cap) is IpcError.RECEIVER_TABLE_FULL
    assert world.everything() == before
    assert world.table.cap_drop(held(world.table)[-1]) is None
    received = world.recv(world.cap)
    assert isinstance(received, Received) and received.handle is not None
    assert world.table.lookup(received.handle) == Capability(ALL, DebugConsole())


def test_spec_4_3_a_full_table_receives_a_message_without_a_capability() -> None:
    world = World()
    assert world.send(world.cap) is SendOutcome.ENQUEUED
    fill(world.table)
    assert world.recv(world.cap) == Received(HELLO, None)


def test_spec_4_3_notify_ors_the_bits_and_touches_no_other_notification() -> None:
    world = World()
    assert world.notifications.allocate() == slot_id(1)
    named = insert(world.table, R.NOTIFY, NotificationHandle(slot_id(0)))
    assert ipc_notify(world.notifications, world.table, named, u64(0b0101)) is None
    assert ipc_notify(world.notifications, world.table, named, u64(0b0110)) is None
    assert [int(item.word) for item in world.notifications.items] == [0b0111, 0]
