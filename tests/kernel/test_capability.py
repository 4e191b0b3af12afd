"""Capability values: kinds, equality, and what printing one shows."""

from __future__ import annotations

import pytest

from tyrne.abi import Rights
from tyrne.kernel.address_space import AddressSpace
from tyrne.kernel.capability import (
    AddressSpaceHandle,
    Capability,
    CapKind,
    CapObject,
    Clock,
    DebugConsole,
    EndpointHandle,
    InterruptHandle,
    MemoryHandle,
    NotificationHandle,
    QuotaHandle,
    ReplyHandle,
    TaskHandle,
    kind_of,
    life_of,
)
from tyrne.kernel.endpoint import Endpoint
from tyrne.kernel.line import Line
from tyrne.kernel.memory import Region
from tyrne.kernel.notification import Notification
from tyrne.kernel.quota import Quota
from tyrne.kernel.task import Task
from tyrne.lang import u16, u32, u64
from tyrne.rows import check_rows

LIFE = u64(77)
TASK, ENDPOINT = Task(), Endpoint()
ENDPOINT.life.index = u16(13)
OBJECTS: dict[CapKind, CapObject] = {
    CapKind.TASK: TaskHandle(TASK, LIFE),
    CapKind.ENDPOINT: EndpointHandle(ENDPOINT, LIFE),
    CapKind.NOTIFICATION: NotificationHandle(Notification(), LIFE),
    CapKind.ADDRESS_SPACE: AddressSpaceHandle(AddressSpace(), LIFE),
    CapKind.MEMORY: MemoryHandle(Region(), LIFE, u32(131), u32(771)),
    CapKind.QUOTA: QuotaHandle(Quota(), LIFE),
    CapKind.REPLY: ReplyHandle(TASK, LIFE),
    CapKind.DEBUG_CONSOLE: DebugConsole(),
    CapKind.CLOCK: Clock(),
    CapKind.INTERRUPT: InterruptHandle(Line()),
}


def test_every_kind_has_its_object() -> None:
    check_rows(__file__, "OBJECTS", OBJECTS, CapKind)
    for kind, named in OBJECTS.items():
        assert kind_of(named) is kind


def test_handles_of_different_kinds_or_uses_are_never_equal() -> None:
    assert len(set(OBJECTS.values())) == len(OBJECTS)
    assert EndpointHandle(ENDPOINT, LIFE) != EndpointHandle(ENDPOINT, u64(79)) != EndpointHandle(Endpoint(), u64(79))


@pytest.mark.parametrize("kind", CapKind)
def test_printing_a_capability_shows_rights_and_kind_but_neither_slot_nor_generation(kind: CapKind) -> None:
    text = repr(Capability(Rights.SEND | Rights.RECV, OBJECTS[kind]))
    assert "SEND" in text and "RECV" in text and kind.name.lower() in text
    assert "13" not in text and "77" not in text


def test_an_answer_the_console_the_clock_and_an_interrupt_keep_no_life_going() -> None:
    lifeless = InterruptHandle(Line()), DebugConsole(), Clock(), ReplyHandle(Task(), u64(1))
    assert [life_of(named) for named in lifeless] == [None] * 4
    endpoint = Endpoint()
    assert life_of(EndpointHandle(endpoint, u64(1))) is endpoint.life
