"""Spec 4.3: what sending, receiving, cancelling and signalling check, in which order, and what a refusal leaves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import v1
from v1 import Pending, Received

from tyrne.abi import FULL_CONTROL, CapKind, Rights, SendOutcome, Status, rights_over, unpack_handle
from tyrne.abi import CallNumber as C
from tyrne.kernel.cap_slot import CapSlot
from tyrne.kernel.capability import Capability, DebugConsole
from tyrne.lang import u64
from tyrne.testing.kernels import ALL, held, run
from tyrne.testing.state import kernel_state
from tyrne.testing.world import World as Kernels

R = Rights
HELLO = v1.message(11, 22, 33, 44)


class World:
    """One task, an endpoint and a notification; `cap` names the endpoint with all rights."""

    def __init__(self) -> None:
        self.kernels = Kernels(1, slots=9)
        self.table = self.kernels.task(0).capabilities
        self.origins: dict[CapKind, CapSlot] = {
            CapKind.ENDPOINT: self.kernels.endpoint(),
            CapKind.NOTIFICATION: self.kernels.notification(),
        }
        self.endpoint = self.kernels.endpoint_at(self.origins[CapKind.ENDPOINT])
        self.notification = self.kernels.notification_at(self.origins[CapKind.NOTIFICATION])
        self.cap = self.give(CapKind.ENDPOINT)
        self.give(CapKind.NOTIFICATION)

    def give(self, kind: CapKind, rights: Rights = ALL) -> int:
        return self.kernels.give(0, self.origins[kind], rights & rights_over(kind))

    def parent(self) -> int:
        """A capability from which another is derived."""
        made = self.kernels.give_console(0, FULL_CONTROL)
        self.kernels.ok(0, C.CAP_DERIVE, made, 0, 0)
        return made

    def send(self, named: int, transfer: int | None = None) -> SendOutcome | Status:
        return v1.send(self.kernels, 0, named, HELLO, transfer)

    def recv(self, named: int) -> Received | Pending | Status:
        return v1.recv(self.kernels, 0, named)

    def cancel(self, named: int) -> Status | None:
        return v1.cancel(self.kernels, 0, named)

    def notify(self, named: int) -> Status | None:
        return v1.notify(self.kernels, 0, named, 6)

    def refuses(self, status: Status, operate: Callable[[World, int], object], *arguments: Any) -> None:
        """Refused so, and nothing changes but the caller's x0 to x8."""
        task = self.kernels.task(0)
        run(self.kernels.kernel, task)
        task.frame.x[8] = u64(NUMBERS[operate.__name__].value)
        before = kernel_state(self.kernels.kernel)
        assert operate(self, *arguments) is status
        assert kernel_state(self.kernels.kernel) == before


NUMBERS = {"send": C.SEND, "recv": C.RECV, "cancel": C.CANCEL, "notify": C.NOTIFY}
OPERATIONS: dict[str, tuple[Callable[[World, int], object], Rights, CapKind]] = {
    "send": (World.send, R.SEND, CapKind.ENDPOINT),
    "recv": (World.recv, R.RECV, CapKind.ENDPOINT),
    "cancel": (World.cancel, R.RECV, CapKind.ENDPOINT),
    "notify": (World.notify, R.NOTIFY, CapKind.NOTIFICATION),
}
every = pytest.mark.parametrize("name", OPERATIONS)


@every
def test_spec_4_3_1_an_unresolved_handle_is_stale_handle(name: str) -> None:
    world = World()
    for stale in (1 << 16, 8, 9, 0xFFFF_FFFF_FFFF):
        world.refuses(Status.STALE_HANDLE, OPERATIONS[name][0], stale)


@every
def test_spec_4_3_2_another_kind_is_wrong_object_kind_even_without_the_right(name: str) -> None:
    world = World()
    operate, _, kind = OPERATIONS[name]
    other = CapKind.NOTIFICATION if kind is CapKind.ENDPOINT else CapKind.ENDPOINT
    for rights in (ALL, R.NONE):
        world.refuses(Status.WRONG_OBJECT_KIND, operate, world.give(other, rights))


@every
def test_spec_4_3_3_without_the_right_is_missing_right(name: str) -> None:
    world = World()
    operate, right, kind = OPERATIONS[name]
    world.refuses(Status.MISSING_RIGHT, operate, world.give(kind, ALL & ~right))


@every
def test_spec_4_3_the_one_right_suffices(name: str) -> None:
    world = World()
    operate, right, kind = OPERATIONS[name]
    assert not isinstance(operate(world, world.give(kind, right)), Status)


@every
def test_spec_4_3_5_a_capability_goes_before_its_object_so_that_its_handle_is_stale(name: str) -> None:
    """v1 finds a destroyed object behind a living capability; here there is none, and no capability either."""
    world = World()
    operate, _, kind = OPERATIONS[name]
    named = world.kernels.ok(0, C.CREATE, world.kernels.give_quota(0), kind.value)
    world.kernels.ok(0, C.CAP_REVOKE, held_quota(world))
    world.refuses(Status.STALE_HANDLE, operate, named)


def held_quota(world: World) -> int:
    """The handle word of the task's quota capability."""
    found = [slot for slot in world.table.slots if slot.capability and "quota" in repr(slot.capability)]
    return int(found[0].index) | int(found[0].generation) << 16


def test_spec_4_3_4_an_unresolved_transfer_handle_is_invalid_transfer_cap() -> None:
    world = World()
    world.refuses(Status.INVALID_TRANSFER_CAP, World.send, world.cap, 5)


def test_spec_4_3_4_a_transfer_without_the_right_is_invalid_transfer_cap() -> None:
    world = World()
    kept = world.kernels.give_console(0, ALL & ~R.TRANSFER)
    world.refuses(Status.INVALID_TRANSFER_CAP, World.send, world.cap, kept)


def test_spec_4_3_3_the_right_is_checked_before_the_transfer() -> None:
    world = World()
    world.refuses(Status.MISSING_RIGHT, World.send, world.give(CapKind.ENDPOINT, R.RECV), 5)


def test_spec_4_3_6_a_full_queue_is_found_before_the_capability_is_taken() -> None:
    world = World()
    assert world.send(world.cap) is SendOutcome.ENQUEUED
    world.refuses(Status.QUEUE_FULL, World.send, world.cap, world.parent())


def test_spec_4_3_6_the_queue_is_full_too_while_senders_wait() -> None:
    """A state that v1 does not have: what is sent without waiting does not overtake those who wait."""
    kernels = Kernels(2)
    origin = kernels.endpoint()
    kernels.blocks(1, C.SEND_WAIT, kernels.give(1, origin), 1, 2, 3, 4, 2**64 - 1)
    assert v1.send(kernels, 0, kernels.give(0, origin), HELLO) is Status.QUEUE_FULL


def test_spec_4_3_7_a_parent_is_invalid_transfer_cap_and_the_waiting_receiver_stays() -> None:
    world = World()
    assert world.recv(world.cap) is Pending.PENDING
    world.refuses(Status.INVALID_TRANSFER_CAP, World.send, world.cap, world.parent())
    assert world.send(world.cap) is SendOutcome.DELIVERED


def test_spec_4_3_the_very_endpoint_capability_of_the_send_can_travel() -> None:
    world = World()
    other = world.give(CapKind.ENDPOINT, R.RECV)
    capability = world.table.lookup(unpack_handle(u64(world.cap)))
    assert world.send(world.cap, world.cap) is SendOutcome.ENQUEUED
    assert not world.kernels.holds(0, world.cap)
    received = world.recv(other)
    assert isinstance(received, Received) and received.handle is not None
    assert world.kernels.slot(0, received.handle).capability == capability


def test_spec_4_3_recv_into_a_full_table_is_receiver_table_full_and_a_retry_succeeds() -> None:
    world = World()
    carried = world.kernels.give_console(0)
    assert world.send(world.cap, carried) is SendOutcome.ENQUEUED
    world.kernels.fill_table(0)
    world.refuses(Status.RECEIVER_TABLE_FULL, World.recv, world.cap)
    last = held(world.table)[-1]
    world.kernels.ok(0, C.CAP_DROP, int(last.index) | int(last.generation) << 16)
    received = world.recv(world.cap)
    assert isinstance(received, Received) and received.handle is not None
    assert world.kernels.slot(0, received.handle).capability == Capability(ALL, DebugConsole())


def test_spec_4_3_a_full_table_receives_a_message_without_a_capability() -> None:
    world = World()
    assert world.send(world.cap) is SendOutcome.ENQUEUED
    world.kernels.fill_table(0)
    assert world.recv(world.cap) == Received(HELLO, None)


def test_spec_4_3_notify_ors_the_bits_and_touches_no_other_notification() -> None:
    world = World()
    other = world.kernels.notification_at(world.kernels.notification())
    named = world.give(CapKind.NOTIFICATION, R.NOTIFY)
    assert v1.notify(world.kernels, 0, named, 0b0101) is None
    assert v1.notify(world.kernels, 0, named, 0b0110) is None
    assert (world.notification.word, other.word) == (0b0111, 0)
