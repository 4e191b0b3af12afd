"""Capability values: kinds, equality, and what printing one shows."""

from __future__ import annotations

import pytest

from tyrne.abi import Rights
from tyrne.kernel.capability import (
    AddressSpaceHandle,
    Capability,
    CapKind,
    CapObject,
    DebugConsole,
    EndpointHandle,
    MemoryHandle,
    NotificationHandle,
    QuotaHandle,
    ReplyHandle,
    TaskHandle,
    kind_of,
)
from tyrne.lang import u32
from tyrne.rows import check_rows
from tyrne.testing.kernels import slot_id

SLOT = slot_id(13, 77)
OBJECTS: dict[CapKind, CapObject] = {
    CapKind.TASK: TaskHandle(SLOT),
    CapKind.ENDPOINT: EndpointHandle(SLOT),
    CapKind.NOTIFICATION: NotificationHandle(SLOT),
    CapKind.ADDRESS_SPACE: AddressSpaceHandle(SLOT),
    CapKind.MEMORY: MemoryHandle(SLOT, u32(131), u32(771)),
    CapKind.QUOTA: QuotaHandle(SLOT),
    CapKind.REPLY: ReplyHandle(SLOT),
    CapKind.DEBUG_CONSOLE: DebugConsole(),
}


def test_every_kind_has_its_object() -> None:
    check_rows(__file__, "OBJECTS", OBJECTS, CapKind)
    for kind, named in OBJECTS.items():
        assert kind_of(named) is kind


def test_handles_of_different_kinds_or_uses_are_never_equal() -> None:
    assert len(set(OBJECTS.values())) == len(OBJECTS)
    assert EndpointHandle(SLOT) != EndpointHandle(slot_id(13, 78)) != EndpointHandle(slot_id(12, 78))


@pytest.mark.parametrize("kind", CapKind)
def test_printing_a_capability_shows_rights_and_kind_but_neither_slot_nor_generation(kind: CapKind) -> None:
    text = repr(Capability(Rights.SEND | Rights.RECV, OBJECTS[kind]))
    assert "SEND" in text and "RECV" in text and kind.name.lower() in text
    assert "13" not in text and "77" not in text
