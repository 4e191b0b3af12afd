"""Notifications: a word of bits. Signals add bits to it; whoever waits takes all of them at once."""

from __future__ import annotations

from tyrne.abi import NULL_HANDLE, CallNumber, Status
from tyrne.lang import u64
from tyrne.user.calls import is_ok, request, status_of
from tyrne.user.handles import EndpointCap, NotificationCap


def notify(notification: NotificationCap, bits: u64) -> Status:
    """Signal bits; those that are signalled already stay so."""
    return status_of(request(CallNumber.NOTIFY, notification.word, bits))


def poll(notification: NotificationCap) -> u64 | Status:
    """Take the bits that are signalled, perhaps none; never waits."""
    reply = request(CallNumber.POLL, notification.word)
    return reply.x1 if is_ok(reply) else status_of(reply)


def wait_signals(notification: NotificationCap) -> u64 | Status:
    """Take the bits that are signalled; while there are none, wait."""
    reply = request(CallNumber.WAIT, notification.word)
    return reply.x3 if is_ok(reply) else status_of(reply)


def bind(endpoint: EndpointCap, notification: NotificationCap | None) -> Status:
    """Let those who wait at an endpoint take a notification's signals too; None ends that."""
    word = NULL_HANDLE if notification is None else notification.word
    return status_of(request(CallNumber.BIND, endpoint.word, word))
