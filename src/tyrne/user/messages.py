"""Messages through endpoints: four words and at most one capability.

`send` and `recv` never wait. `send_wait`, `wait`, `call` and `reply_wait` do, until the other side is there; they are
refused with ABORTED when it can no longer come.
"""

from __future__ import annotations

from dataclasses import dataclass

from tyrne.abi import NULL_HANDLE, CallNumber, SendOutcome, Status
from tyrne.lang import u64
from tyrne.lang.machine import Reply
from tyrne.user.calls import is_ok, request, status_of
from tyrne.user.handles import Cap, EndpointCap, ReplyCap


@dataclass(frozen=True)
class Message:
    """What is sent. The label and the words mean what the programs agree on.

    The capability moves with the message: the sender's handle is stale afterwards. `Cap(handle.word)` makes one of any
    handle, and `EndpointCap(message.cap.word)` is how a receiver says what it expects it to be.
    """

    label: u64
    word0: u64 = u64(0)
    word1: u64 = u64(0)
    word2: u64 = u64(0)
    cap: Cap | None = None


@dataclass(frozen=True)
class Pending:
    """No message is there; the endpoint now remembers that somebody waits."""


@dataclass(frozen=True)
class Arrival:
    """What ended a wait: a message, and who sent it.

    `badge` is that of the sender's capability. `reply` is there if the sender awaits an answer. Signals of a
    notification that is bound to the endpoint come as badge SIGNAL_BADGE with their bits in `word0`.
    """

    badge: u64
    label: u64
    word0: u64
    word1: u64
    word2: u64
    cap: Cap | None
    reply: ReplyCap | None


def send(endpoint: EndpointCap, message: Message) -> SendOutcome | Status:
    """Send without waiting; refused with QUEUE_FULL while the message before is still there."""
    reply = _offer(CallNumber.SEND, endpoint.word, message)
    if not is_ok(reply):
        return status_of(reply)
    return SendOutcome.DELIVERED if reply.x1 == u64(SendOutcome.DELIVERED.value) else SendOutcome.ENQUEUED


def recv(endpoint: EndpointCap) -> Message | Pending | Status:
    """Take a message without waiting for it."""
    reply = request(CallNumber.RECV, endpoint.word)
    if not is_ok(reply):
        return status_of(reply)
    if reply.x1 != 0:
        return Pending()
    return _message(reply)


def cancel(endpoint: EndpointCap) -> Status:
    """Take back what a pending `recv` has left at the endpoint."""
    return status_of(request(CallNumber.CANCEL, endpoint.word))


def send_wait(endpoint: EndpointCap, message: Message) -> Status:
    """Send, and wait until somebody has received it."""
    return status_of(_offer(CallNumber.SEND_WAIT, endpoint.word, message))


def wait(endpoint: EndpointCap) -> Arrival | Status:
    """Wait for a message, or for the signals of a notification that is bound to the endpoint."""
    reply = request(CallNumber.WAIT, endpoint.word)
    return _arrival(reply) if is_ok(reply) else status_of(reply)


def call(endpoint: EndpointCap, message: Message) -> Message | Status:
    """Send, and wait for the answer of whoever receives it."""
    reply = _offer(CallNumber.CALL, endpoint.word, message)
    return _message(reply) if is_ok(reply) else status_of(reply)


def reply(caller: ReplyCap, message: Message) -> Status:
    """Answer a call, once: the reply capability is gone afterwards."""
    return status_of(_offer(CallNumber.REPLY, caller.word, message))


def reply_wait(
    caller: ReplyCap, endpoint: EndpointCap, label: u64, word0: u64 = u64(0), word1: u64 = u64(0), word2: u64 = u64(0)
) -> Arrival | Status:
    """Answer a call with words, and wait for the next message: the whole life of a server in one call."""
    answered = request(CallNumber.REPLY_WAIT, caller.word, label, word0, word1, word2, endpoint.word)
    return _arrival(answered) if is_ok(answered) else status_of(answered)


def _offer(number: CallNumber, target: u64, message: Message) -> Reply:
    """A call that sends: all of them have the same registers."""
    cap = message.cap
    transfer = NULL_HANDLE if cap is None else cap.word
    return request(number, target, message.label, message.word0, message.word1, message.word2, transfer)


def _cap(word: u64) -> Cap | None:
    return None if word == NULL_HANDLE else Cap(word)


def _message(reply: Reply) -> Message:
    return Message(reply.x2, reply.x3, reply.x4, reply.x5, _cap(reply.x6))


def _arrival(reply: Reply) -> Arrival:
    caller = None if reply.x7 == NULL_HANDLE else ReplyCap(reply.x7)
    return Arrival(reply.x1, reply.x2, reply.x3, reply.x4, reply.x5, _cap(reply.x6), caller)
