"""Sending, receiving and signalling through capabilities: the checks, then the endpoint's transition."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from tyrne.kernel.abi import CapHandle, IpcError, Rights, SendOutcome, includes
from tyrne.kernel.arena import Arena
from tyrne.kernel.cap_table import CapTable
from tyrne.kernel.capability import EndpointHandle, NotificationHandle
from tyrne.kernel.endpoint import Endpoint, EndpointState, Message
from tyrne.kernel.notification import Notification
from tyrne.lang import u64


class Pending(Enum):
    """The receiver was registered; nothing is there yet. The value is x1 of `recv`, which is 0 with a message."""

    PENDING = 1


@dataclass(frozen=True)
class Received:
    """A message, and the handle of the capability that came with it, in the receiver's table."""

    message: Message
    handle: CapHandle | None


def authorise_endpoint(table: CapTable, handle: CapHandle, right: Rights) -> EndpointHandle | IpcError:
    """The endpoint that a handle names, for a holder of a right over it."""
    capability = table.lookup(handle)
    if capability is None:
        return IpcError.STALE_HANDLE
    named = capability.object
    if not isinstance(named, EndpointHandle):
        return IpcError.WRONG_OBJECT_KIND
    if not includes(capability.rights, right):
        return IpcError.MISSING_RIGHT
    return named


def check_transfer(table: CapTable, handle: CapHandle) -> bool:
    """Whether a capability may travel: it is there, and its holder may transfer it."""
    capability = table.lookup(handle)
    return capability is not None and includes(capability.rights, Rights.TRANSFER)


def ipc_send(
    endpoints: Arena[Endpoint], table: CapTable, handle: CapHandle, message: Message, transfer: CapHandle | None
) -> SendOutcome | IpcError:
    """Offer a message, and a capability with it, to an endpoint."""
    named = authorise_endpoint(table, handle, Rights.SEND)
    if isinstance(named, IpcError):
        return named
    if transfer is not None and not check_transfer(table, transfer):
        return IpcError.INVALID_TRANSFER_CAP
    endpoint = endpoints.get(named.slot)
    if endpoint is None:
        return IpcError.STALE_HANDLE
    if endpoint.holds_message():
        return IpcError.QUEUE_FULL
    if transfer is not None and table.cap_take(transfer, endpoint.parked) is not None:
        return IpcError.INVALID_TRANSFER_CAP
    endpoint.message = message
    if endpoint.state is EndpointState.RECV_WAITING:
        endpoint.state = EndpointState.RECV_COMPLETE
        return SendOutcome.DELIVERED
    endpoint.state = EndpointState.SEND_PENDING
    return SendOutcome.ENQUEUED


def endpoint_to_receive(endpoints: Arena[Endpoint], table: CapTable, handle: CapHandle) -> Endpoint | IpcError:
    """The living endpoint that a handle names, for a holder of RECV."""
    named = authorise_endpoint(table, handle, Rights.RECV)
    if isinstance(named, IpcError):
        return named
    endpoint = endpoints.get(named.slot)
    return IpcError.STALE_HANDLE if endpoint is None else endpoint


def ipc_recv(endpoints: Arena[Endpoint], table: CapTable, handle: CapHandle) -> Received | Pending | IpcError:
    """Take the message of an endpoint, or register as its receiver."""
    endpoint = endpoint_to_receive(endpoints, table, handle)
    if isinstance(endpoint, IpcError):
        return endpoint
    if endpoint.state is EndpointState.RECV_WAITING:
        return IpcError.QUEUE_FULL
    if endpoint.state is EndpointState.IDLE:
        endpoint.state = EndpointState.RECV_WAITING
        return Pending.PENDING
    arrived: CapHandle | None = None
    if endpoint.parked.capability is not None:
        put = table.cap_put(endpoint.parked)
        if not isinstance(put, CapHandle):
            return IpcError.RECEIVER_TABLE_FULL
        arrived = put
    received = Received(endpoint.message, arrived)
    endpoint.reset()
    return received


def ipc_cancel_recv(endpoints: Arena[Endpoint], table: CapTable, handle: CapHandle) -> IpcError | None:
    """Withdraw the registered receiver, if there is one; a message in flight stays."""
    endpoint = endpoint_to_receive(endpoints, table, handle)
    if isinstance(endpoint, IpcError):
        return endpoint
    if endpoint.state is EndpointState.RECV_WAITING:
        endpoint.state = EndpointState.IDLE
    return None


def ipc_notify(
    notifications: Arena[Notification], table: CapTable, handle: CapHandle, bits: u64
) -> IpcError | None:
    """Signal bits to a notification."""
    capability = table.lookup(handle)
    if capability is None:
        return IpcError.STALE_HANDLE
    named = capability.object
    if not isinstance(named, NotificationHandle):
        return IpcError.WRONG_OBJECT_KIND
    if not includes(capability.rights, Rights.NOTIFY):
        return IpcError.MISSING_RIGHT
    notification = notifications.get(named.slot)
    if notification is None:
        return IpcError.STALE_HANDLE
    notification.set(bits)
    return None
