"""The invariants of transitions see what they are about: a kernel with the call that shows a seeded bug fails."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tyrne.abi import CallNumber as C
from tyrne.abi import Rights, Status
from tyrne.kernel import capability_calls, messages, task_calls
from tyrne.kernel.cap_slot import CapSlot
from tyrne.kernel.effects import done, refuse
from tyrne.lang import u32
from tyrne.testing import World
from tyrne.testing.board import PAGE
from tyrne.testing.invariants import demand
from tyrne.testing.invariants.transitions import (
    a_pending_poll_found_nothing,
    handles_keep_their_meaning,
    holdings,
    revocation_leaves_no_descendant,
)
from tyrne.testing.kernels import BASE, NULL


def test_what_is_derived_is_found_through_tables_and_messages() -> None:
    """A descendant that is parked in an endpoint, and its copy in another task's table."""
    w = World(2)
    door, channel = w.endpoint(), w.endpoint()
    source = w.give(0, door)
    child = w.ok(0, C.CAP_DERIVE, source, int(Rights.SEND | Rights.TRANSFER | Rights.DUPLICATE), 0)
    w.ok(0, C.SEND, w.give(0, channel), 0, 0, 0, 0, child)
    parked = holdings(w.kernel)
    revoked = w.slot(0, source)
    assert [line.split(":")[0] for line in revocation_leaves_no_descendant(parked, revoked)] == [
        "parked in endpoint 1",
        "the revoked capability has a child",
    ]
    w.ok(0, C.CAP_REVOKE, source)
    assert list(revocation_leaves_no_descendant(parked, revoked)) == []


def forgets_a_descendant(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(capability_calls, "revoke", lambda kernel, caller, call: done())


def frees_without_a_new_generation(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = CapSlot.recycle

    def recycle(slot: CapSlot) -> None:
        generation = slot.generation
        whole(slot)
        slot.generation = generation

    monkeypatch.setattr(CapSlot, "recycle", recycle)


def refuses_too_late(monkeypatch: pytest.MonkeyPatch) -> None:
    def copy(kernel: object, caller: object, call: object) -> object:
        kernel.lives += 1  # type: ignore[attr-defined]
        return refuse(Status.WIDENED_RIGHTS)

    monkeypatch.setattr(capability_calls, "copy", copy)


def keeps_what_a_life_owed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(task_calls, "end_life", lambda kernel, task: None)


def finds_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(messages, "collect", lambda kernel, endpoint, table, polls: None)


def poll_who_waits(w: World) -> None:
    door = w.endpoint()
    w.blocks(0, C.SEND_WAIT, w.give(0, door), 1, 2, 3, 4, NULL)
    w.ok(1, C.RECV, w.give(1, door))


def begin_anew(w: World) -> None:
    door = w.endpoint()
    w.blocks(0, C.CALL, w.give(0, door), 1, 2, 3, 4, NULL)
    w.ok(1, C.WAIT, w.give(1, door))
    it = w.give_task(2, 1)
    w.ok(2, C.TASK_SUSPEND, it)
    w.ok(2, C.TASK_CONFIGURE, it, w.give_space(2, 1), BASE, BASE, BASE + PAGE)


def poll_and_begin_anew(w: World) -> None:
    w.ok(1, C.RECV, w.give(1, w.endpoint()))
    it = w.give_task(2, 1)
    w.ok(2, C.TASK_SUSPEND, it)
    w.ok(2, C.TASK_CONFIGURE, it, w.give_space(2, 1), BASE, BASE, BASE + PAGE)


def revoke_a_child(w: World) -> None:
    source = w.give(0, w.endpoint())
    w.ok(0, C.CAP_DERIVE, source, int(Rights.SEND), 0)
    w.ok(0, C.CAP_REVOKE, source)


def drop_a_copy(w: World) -> None:
    w.ok(0, C.CAP_DROP, w.ok(0, C.CAP_COPY, w.give(0, w.endpoint()), int(Rights.SEND)))


def copy_too_much(w: World) -> None:
    assert w.call(0, C.CAP_COPY, w.give(0, w.endpoint()), 1 << 18) is not None


@pytest.mark.parametrize(
    ("bug", "act", "sentence"),
    [
        (forgets_a_descendant, revoke_a_child, "has outlived the revocation"),
        (frees_without_a_new_generation, drop_a_copy, "emptied, and the next in it"),
        (refuses_too_late, copy_too_much, "a call was refused, and changed"),
        (finds_nothing, poll_who_waits, "a poll is pending, and task 0 waits to send"),
        (keeps_what_a_life_owed, begin_anew, "an answer that a former life owed"),
        (keeps_what_a_life_owed, poll_and_begin_anew, "nobody who lives"),
    ],
)
def test_a_seeded_bug_is_caught_by_the_world(
    bug: Callable[[pytest.MonkeyPatch], None],
    act: Callable[[World], None],
    sentence: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    act(World(3, strict=True))
    bug(monkeypatch)
    with pytest.raises(AssertionError, match=sentence):
        act(World(3, strict=True))


def test_a_poll_that_leaves_a_message_or_names_nothing_is_found() -> None:
    w = World(1)
    door = w.give(0, w.endpoint())
    table = w.task(0).capabilities
    w.ok(0, C.RECV, door)
    assert list(a_pending_poll_found_nothing(w.kernel, table, door)) == []
    w.ok(0, C.SEND, door, 1, 2, 3, 4, NULL)
    assert "a message is left" in next(a_pending_poll_found_nothing(w.kernel, table, door))
    assert "a poll of nothing" in next(a_pending_poll_found_nothing(w.kernel, table, door + 1))


def test_a_handle_that_names_something_else_is_found() -> None:
    w = World(1)
    word = w.give(0, w.endpoint())
    before = holdings(w.kernel)
    slot = w.slot(0, word)
    slot.capability = type(slot.held())(Rights.SEND, slot.held().object)
    with pytest.raises(AssertionError, match="under the handle of"):
        demand(handles_keep_their_meaning(before))
    slot.generation = u32(1)
    before = holdings(w.kernel)
    slot.generation = u32(0)
    with pytest.raises(AssertionError, match="generation 0 after 1"):
        demand(handles_keep_their_meaning(before))


def test_a_refusal_is_demanded_and_compared() -> None:
    w = World(1)
    door = w.give(0, w.endpoint(), Rights.SEND)
    assert w.refused(0, C.RECV, door) is Status.MISSING_RIGHT
    with pytest.raises(AssertionError, match="was not refused"):
        w.refused(0, C.SEND, door, 1, 2, 3, 4, NULL)
