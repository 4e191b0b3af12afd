"""Notifications: bits accumulate until they are consumed."""

from __future__ import annotations

from tyrne.kernel.arena import Arena
from tyrne.kernel.capability import NotificationHandle
from tyrne.kernel.notification import Notification
from tyrne.lang import u16, u64
from tyrne.testing.kernels import NULL, life, living


def test_bits_accumulate_and_consuming_clears_them() -> None:
    notification = Notification()
    assert notification.consume() == 0
    for bits in (0b01, 0b10, 0b10, 1 << 63):
        notification.set(u64(bits))
    assert notification.consume() == 1 << 63 | 0b11
    assert notification.consume() == 0
    notification.set(u64(NULL))
    notification.set(u64(0))
    assert notification.consume() == NULL


def test_a_destroyed_notification_is_gone() -> None:
    notifications = Arena(1, lambda _: Notification())
    made = notifications.allocate()
    assert made is notifications.items[0]
    named = NotificationHandle(made, life())
    assert living(named) is made
    notifications.free(u16(0))
    assert living(named) is None


def test_what_is_bound_to_nothing_is_unbound_as_it_is() -> None:
    notification = Notification()
    notification.unbind()
    assert notification.bound is None and notification.bound_at is None and notification.bound_by is None
