"""The texts of the kernel's objects: short, of every class, in every state, and looking changes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Any

import pytest

from tyrne.abi import CallNumber as C
from tyrne.abi import Rights
from tyrne.hal.frame import Call
from tyrne.kernel.arena import Arena
from tyrne.kernel.endpoint import Endpoint
from tyrne.kernel.life import Life
from tyrne.kernel.task import Task, TaskQueue
from tyrne.lang import Array, u8, u16, u32, u64
from tyrne.testing import LiveSystem, boot_system
from tyrne.testing.state import state
from tyrne.testing.world import World

SYSTEMS = Path(__file__).parents[2] / "systems"
LONGEST = 640


@pytest.fixture
def stopped() -> LiveSystem:
    """In the middle of a message with a capability in it."""
    system = boot_system(SYSTEMS / "grant.toml")
    system.until(call="send_wait", task="grantor")
    return system


def reachable(start: object) -> Iterator[Any]:
    """An object, and all that its fields lead to within the kernel and the interface of its boards."""
    seen: set[int] = set()
    waiting = [start]
    while waiting:
        found = waiting.pop()
        if id(found) in seen or isinstance(found, (Enum, type, str)):
            continue
        seen.add(id(found))
        module = type(found).__module__
        if isinstance(found, Array):
            waiting += list(found)
        elif module.startswith(("tyrne.kernel", "tyrne.hal")):
            yield found
            waiting += vars(found).values()


def test_every_object_of_a_kernel_has_a_text_of_its_own(stopped: LiveSystem) -> None:
    before = state(stopped.kernel, without=(stopped.machine.board,))
    classes = set()
    for found in reachable(stopped.kernel):
        text = repr(found)
        assert " object at 0x" not in text, f"src/tyrne/hosted/shown.py: TEXTS has no row for {type(found).__name__}"
        assert len(text) < LONGEST and "\n" not in text
        classes.add(type(found).__name__)
    assert {"Kernel", "Task", "CapSlot", "CapTable", "Endpoint", "Arena", "Quota", "Frames", "Capability"} <= classes
    assert state(stopped.kernel, without=(stopped.machine.board,)) == before


def test_what_somebody_needs_to_see_is_there(stopped: LiveSystem) -> None:
    kernel = stopped.kernel
    grantor, grantee = (kernel.tasks.items[i] for i in range(2))
    assert repr(grantee).startswith("<Task 1 'grantee': ")
    assert f"pc {int(grantee.frame.pc):#x}" in repr(grantee)
    assert repr(grantor.capabilities.slots[0]) == "<CapSlot 0: console, CONSOLE_WRITE>"
    assert repr(kernel.tasks) == "<Arena of Task: 2 of 16>"
    assert repr(kernel).startswith("<Kernel: runs task ")
    assert repr(Call(*map(u64, (5, 0, 0x80_2008, 21, 0, 0, 0)))) == (
        "<Call: console_write(0x0, 0x802008, 0x15, 0x0, 0x0, 0x0)>"
    )
    assert repr(Call(*map(u64, (999, 0, 0, 0, 0, 0, 0)))).startswith("<Call: call 999(")


def test_who_waits_stands_in_the_text_of_what_is_waited_for() -> None:
    w = World(2)
    door = w.endpoint()
    w.blocks(1, C.WAIT, w.give(1, door))
    endpoint = w.kernel.endpoints.items[0]
    assert repr(endpoint) == f"<Endpoint 0: idle, receivers 1 {_name(w.task(1))!r}>"
    handed = w.give(0, door, Rights.SEND, badge=0x1_0005)
    slot = w.task(0).capabilities.slots[handed & 0xFFFF]
    assert repr(slot) == "<CapSlot 0: endpoint 0, SEND, badge 0x10005>"
    slots = len(w.task(0).capabilities.slots)
    assert repr(w.task(0).capabilities) == f"<CapTable, 1 of {slots} used: 0 endpoint 0, SEND, badge 0x10005>"


def _name(task: Task) -> str:
    return bytes(map(int, task.name)).rstrip(b"\0").decode()


def test_a_place_that_is_half_made_or_damaged_still_has_a_text() -> None:
    assert " object at 0x" in repr(Task.__new__(Task))
    assert repr(Endpoint()) == "<Endpoint unused: idle>"
    queue, task = TaskQueue(), Task()
    queue.head = task
    task.next = task  # it runs in a circle
    assert repr(queue).endswith("…>")
    task.name[0] = u8(0xFF)
    task.name[1] = u8(0x1B)
    assert "\x1b" not in repr(task)
    assert repr(Arena(0, lambda _: Task())) == "<Arena of nothing: 0 of 0>"


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (u8(255), "u8(255)"),
        (u16(4095), "u16(4095)"),
        (u16(4096), "u16(0x1000)"),
        (u32(0xFFFF_FFFF), "u32(0xffffffff)"),
        (u64(0), "u64(0)"),
        (u64(0x80_2008), "u64(0x802008)"),
    ],
)
def test_a_large_number_is_shown_as_an_address(number: int, expected: str) -> None:
    assert repr(number) == expected
    assert str(number) == f"{int(number)}"


def test_an_array_shows_its_length_and_its_first_elements() -> None:
    assert repr(Array([u8(1)])) == "Array(1: u8(1))"
    assert repr(Array.filled(9, u64(4096))) == "Array(9: u64(0x1000), u64(0x1000), u64(0x1000), u64(0x1000), …)"
    life = Life()
    assert repr(life) == "<Life of place 0: free, generation 0>"
    life.index, life.count = u16(3), u64(5)
    assert repr(life) == "<Life of place 3: lives, generation 2>"
