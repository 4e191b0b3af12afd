"""Endpoints: where messages meet receivers.

`send` and `recv` never wait; between them one message can be parked:

| state         | send                     | recv             | cancel | the capability that asked goes |
|---------------|--------------------------|------------------|--------|--------------------------------|
| IDLE          | SEND_PENDING, enqueued   | RECV_WAITING     | -      |                                |
| SEND_PENDING  | refused, queue full      | IDLE, received   | -      |                                |
| RECV_WAITING  | RECV_COMPLETE, delivered | RECV_WAITING     | IDLE   | IDLE                           |
| RECV_COMPLETE | refused, queue full      | IDLE, received   | -      |                                |

Tasks that wait stand in two queues, of which one at least is empty. A receiver that waits comes before the state:
it gets what is sent at once. Senders that wait come after a parked message; while there are any, `send` is refused in
IDLE as well, so that it cannot go before them for ever.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from tyrne.kernel.cap_slot import CapSlot
from tyrne.kernel.life import Life
from tyrne.kernel.task import TaskQueue
from tyrne.lang import u64

if TYPE_CHECKING:
    from tyrne.kernel.notification import Notification


@dataclass(frozen=True)
class Message:
    """Four words that the kernel does not interpret."""

    label: u64 = u64(0)
    word0: u64 = u64(0)
    word1: u64 = u64(0)
    word2: u64 = u64(0)


class EndpointState(Enum):
    """What an endpoint holds between `send` and `recv`."""

    IDLE = 0
    SEND_PENDING = 1
    RECV_WAITING = 2
    RECV_COMPLETE = 3


class Endpoint:
    """A parked message with its badge and the capability that travels in it, and who waits.

    While in flight the parked capability belongs to no table, but it stays in the derivation tree, so revoking an
    ancestor takes it out of the message.
    """

    def __init__(self) -> None:
        self.life: Life = Life()
        self.state: EndpointState = EndpointState.IDLE
        self.asked_by: CapSlot | None = None
        """In RECV_WAITING: the capability by which `recv` has asked last. It stands for no longer than that does."""
        self.message: Message = Message()
        self.badge: u64 = u64(0)
        self.parked: CapSlot = CapSlot()
        self.senders: TaskQueue = TaskQueue()
        self.receivers: TaskQueue = TaskQueue()
        self.receivable: u64 = u64(0)
        """How many capabilities allow to receive from it, beside its origin."""
        self.bound: Notification | None = None
        """Whose signals receivers take too."""

    def holds_message(self) -> bool:
        return self.state is EndpointState.SEND_PENDING or self.state is EndpointState.RECV_COMPLETE

    def withdraw(self) -> None:
        """Forget the receiver that `recv` has registered."""
        assert not self.holds_message()
        self.state = EndpointState.IDLE
        self.asked_by = None

    def empty(self) -> None:
        """Forget the parked message, whose capability is gone already."""
        assert self.parked.capability is None
        self.state = EndpointState.IDLE
        self.message = Message()
        self.badge = u64(0)
