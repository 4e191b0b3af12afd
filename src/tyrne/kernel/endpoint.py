"""Endpoints: where one message meets one receiver.

A queue of depth one. States and what moves between them:

| state         | send                        | recv                | cancel     |
|---------------|-----------------------------|---------------------|------------|
| IDLE          | SEND_PENDING, enqueued      | RECV_WAITING        | -          |
| SEND_PENDING  | refused, queue full         | IDLE, received      | -          |
| RECV_WAITING  | RECV_COMPLETE, delivered    | refused, queue full | IDLE       |
| RECV_COMPLETE | refused, queue full         | IDLE, received      | -          |
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from tyrne.kernel.cap_slot import CapSlot
from tyrne.lang import u32, u64


@dataclass(frozen=True)
class Message:
    """Four words that the kernel does not interpret."""

    label: u64 = u64(0)
    word0: u64 = u64(0)
    word1: u64 = u64(0)
    word2: u64 = u64(0)


class EndpointState(Enum):
    """What an endpoint waits for."""

    IDLE = 0
    SEND_PENDING = 1
    RECV_WAITING = 2
    RECV_COMPLETE = 3


class Endpoint:
    """A message in flight, if any, with the capability that travels in it.

    `parked` holds that capability: while in flight it belongs to no table, but it stays in the derivation tree, so
    revoking an ancestor takes it out of the message.
    """

    def __init__(self) -> None:
        self.id: u32 = u32(0)
        self.state: EndpointState = EndpointState.IDLE
        self.message: Message = Message()
        self.parked: CapSlot = CapSlot()

    def reset(self) -> None:
        """Forget what is in flight, the parked capability included."""
        if self.parked.capability is not None:
            self.parked.clear()
        self.state = EndpointState.IDLE
        self.message = Message()

    def holds_message(self) -> bool:
        return self.state is EndpointState.SEND_PENDING or self.state is EndpointState.RECV_COMPLETE
