"""What a hostile task can use up of objects, slots, lines and generations: it does its worst, and what bounds it holds.

That these tests notice when a bound is gone is tested by `test_seeded_faults.py`.
"""

from __future__ import annotations

import pytest

from promises.hostile import HOSTILE, SERVER, VICTIM, room
from tyrne.abi import CallNumber as C
from tyrne.abi import CapKind, Rights, Status, pack_handle
from tyrne.kernel.arena import LAST_GENERATION
from tyrne.lang import u32, u64
from tyrne.system.parts import Quota
from tyrne.testing.board import PAGE
from tyrne.testing.kernels import BASE, NULL, context_of, move_window
from tyrne.testing.world import World

# --- objects and frames


@pytest.mark.promise("objects, frames, bounded by: its quota: claims are set aside at boot, for each quota")
def test_a_task_that_makes_all_it_can_leaves_to_each_other_quota_all_that_it_was_given() -> None:
    w = World(2, slots=40)
    mine, its = w.give_quota(HOSTILE), w.give_quota(VICTIM)
    before = w.claims(VICTIM)
    kinds = [kind for kind in CapKind if kind.name in before]
    for kind in kinds:
        while w.call(HOSTILE, C.CREATE, mine, kind.value, 1) == (0, w.x(HOSTILE)[1], 0, 0, 0, 0, 0, 0):
            pass
    assert w.claims(VICTIM) == before
    for kind in kinds:
        for _ in range(before[kind.name]):
            w.ok(VICTIM, C.CREATE, its, kind.value, 1)
        assert w.refused(VICTIM, C.CREATE, its, kind.value, 1) is Status.QUOTA_EXCEEDED


@pytest.mark.promise("objects, frames, bounded by: its quota: claims are set aside at boot, for each quota")
def test_who_has_no_claim_makes_nothing_and_takes_none_from_a_quota_that_it_may_not_use() -> None:
    w = World(2, quota=Quota(endpoints=1))
    mine, its = w.give_quota(HOSTILE), w.give(HOSTILE, w.quota_of(VICTIM), Rights.DUPLICATE | Rights.DERIVE)
    assert w.refused(HOSTILE, C.CREATE, mine, CapKind.MEMORY.value, 1) is Status.QUOTA_EXCEEDED
    assert w.refused(HOSTILE, C.CREATE, its, CapKind.ENDPOINT.value, 0) is Status.INSUFFICIENT_RIGHTS
    assert w.refused(HOSTILE, C.QUOTA_MOVE, its, mine, CapKind.ENDPOINT.value, 1) is Status.INSUFFICIENT_RIGHTS


@pytest.mark.promise(
    "objects, frames, what it can still do: hold scattered frames, so that memory of whole blocks, more than 512 "
    "pages, is refused to others with OUT_OF_FRAMES while their claims last"
)
def test_scattered_frames_refuse_others_whole_blocks_and_no_page_that_they_were_promised() -> None:
    w = World(2, pages=3 * 512 + 200, quota=Quota(memory=4, frames=800))
    mine, its, space = w.give_quota(HOSTILE), w.give_quota(VICTIM), w.give_space(HOSTILE, HOSTILE)
    w.ok(HOSTILE, C.QUOTA_MOVE, mine, w.give(HOSTILE, w.quota_of(VICTIM)), 0, 230)
    assert w.kernel.frames.has_blocks(u64(2)) and not w.kernel.frames.has_blocks(u64(3))
    all_but = w.ok(HOSTILE, C.CREATE, mine, CapKind.MEMORY.value, 512 - int(w.kernel.frames.in_block[0]))
    one = w.ok(HOSTILE, C.CREATE, mine, CapKind.MEMORY.value, 1)
    for number, word in enumerate((all_but, one)):
        w.ok(HOSTILE, C.MAP, space, word, (number + 1) << 30, 0)
    w.ok(HOSTILE, C.CAP_DROP, all_but)
    assert w.claims(VICTIM)["FRAMES"] >= 1024
    assert w.refused(VICTIM, C.CREATE, its, CapKind.MEMORY.value, 1024) is Status.OUT_OF_FRAMES
    for _ in range(2):
        w.ok(VICTIM, C.CREATE, its, CapKind.MEMORY.value, 512)


# --- its own table, and a server's


@pytest.mark.promise("its own table, bounded by: 64 capabilities")
def test_a_task_holds_64_capabilities_and_none_more_however_it_comes_by_them() -> None:
    w = World(2, slots=64)
    door = w.endpoint()
    source, send, get = w.give(0, door), w.give(1, door), w.give(0, door)
    while room(w, 0):
        w.ok(0, C.CAP_COPY, source, int(Rights.SEND))
    assert sum(slot.capability is not None for slot in w.task(0).capabilities.slots) == 64
    assert w.refused(0, C.CAP_COPY, source, 0) is Status.CAPS_EXHAUSTED
    assert w.refused(0, C.CAP_DERIVE, source, 0, 0) is Status.CAPS_EXHAUSTED
    assert w.refused(1, C.CAP_MOVE, w.give_console(1), w.give_task(1, 0)) is Status.CAPS_EXHAUSTED
    w.ok(1, C.SEND, send, 1, 2, 3, 4, w.give_console(1, Rights.TRANSFER))
    assert w.refused(0, C.RECV, get) is Status.RECEIVER_TABLE_FULL


@pytest.mark.promise("a server's table, bounded by: a caller occupies one slot, until it is answered")
def test_a_caller_takes_one_slot_of_its_server_and_gives_it_back_when_it_is_answered() -> None:
    w = World(4)
    door = w.endpoint()
    serve = w.give(SERVER, door)
    clients = [w.give(task, door) for task in (0, 1)]
    before = room(w, SERVER)
    replies = []
    for task, word in enumerate(clients):
        w.blocks(task, C.CALL, word, 1, 2, 3, 4, NULL)
        assert room(w, SERVER) == before - task, "who has not been received takes none"
        w.ok(SERVER, C.WAIT, serve)
        replies.append(w.x(SERVER)[7])
        assert room(w, SERVER) == before - task - 1
    for number, reply in enumerate(replies):
        w.ok(SERVER, C.REPLY, reply, 0, 0, 0, 0, NULL)
        assert room(w, SERVER) == before - 1 + number


@pytest.mark.promise("a server's table, bounded by: a capability that is sent, one until it is dropped")
@pytest.mark.parametrize("way", [C.SEND, C.SEND_WAIT, C.CALL])
def test_a_capability_that_is_sent_takes_one_slot_of_its_receiver_until_it_is_dropped(way: C) -> None:
    w = World(3)
    door = w.endpoint()
    serve, client = w.give(SERVER, door), w.give(HOSTILE, door)
    before = room(w, SERVER)
    w.call(HOSTILE, way, client, 1, 2, 3, 4, w.give_console(HOSTILE, Rights.TRANSFER))
    assert room(w, SERVER) == before
    w.ok(SERVER, C.WAIT, serve)
    got, reply = w.x(SERVER)[6:8]
    assert room(w, SERVER) == before - 1 - (way is C.CALL)
    w.ok(SERVER, C.CAP_DROP, got)
    if way is C.CALL:
        w.ok(SERVER, C.REPLY, reply, 0, 0, 0, 0, NULL)
    assert room(w, SERVER) == before


# --- the console, generations


@pytest.mark.promise("the console and the kernel's log, bounded by: 4096 bytes a call")
@pytest.mark.parametrize("length", [4096, 4097, 8192])
def test_a_call_writes_4096_bytes_at_most_or_none(length: int) -> None:
    w = World(1)
    w.ok(0, C.MAP, w.give_space(0, 0), w.give(0, w.memory(2)), BASE + 2 * PAGE, 0)
    task, console = w.task(0), w.give_console(0)
    window = context_of(task).window
    move_window(task, int(window.base), int(window.length) + 2 * PAGE)
    if length > 4096:
        assert w.refused(0, C.CONSOLE_WRITE, console, BASE, length) is Status.BAD_ARGUMENT
    else:
        w.ok(0, C.CONSOLE_WRITE, console, BASE, length)
    assert len(w.board.console) == (0 if length > 4096 else length)


@pytest.mark.promise("the console and the kernel's log, bounded by: a line for each end of a task")
@pytest.mark.parametrize("end", ["exit", "fault", "repaired fault", "refused calls"])
def test_the_kernel_says_one_line_for_each_end_of_a_task_and_nothing_for_all_else(end: str) -> None:
    w = World(2)
    purse, ear = w.give_quota(VICTIM), w.give(VICTIM, w.endpoint())
    task, space = (w.ok(VICTIM, C.CREATE, purse, kind.value) for kind in (CapKind.TASK, CapKind.ADDRESS_SPACE))
    w.ok(VICTIM, C.TASK_PRIORITY, task, 8)
    before, lives = len(w.board.lines()), 2
    for _ in range(lives):
        w.ok(VICTIM, C.TASK_CONFIGURE, task, space, BASE, BASE, BASE + PAGE)
        w.ok(VICTIM, C.TASK_RESUME, task)
        match end:
            case "exit":
                w.call(2, C.TASK_EXIT, 3)
            case "fault":
                w.fault(2)
            case "repaired fault":
                w.ok(VICTIM, C.TASK_SUPERVISE, task, ear)
                w.fault(2)
                w.ok(VICTIM, C.WAIT, ear)
                w.ok(VICTIM, C.REPLY, w.x(VICTIM)[7], 0, 0, 0, 0, NULL)
                w.ok(VICTIM, C.TASK_SUSPEND, task)
            case "refused calls":
                for number in range(64):
                    w.call_number(2, number if number not in (3, 4) else 0, 1, 2, 3, 4, 5, 6)
                w.ok(VICTIM, C.TASK_SUSPEND, task)
    assert len(w.board.lines()) - before == (lives if end in ("exit", "fault") else 0)


@pytest.mark.promise(
    "generations of 32 bits, what it can still do: in hours or days: retire an object's place by making and dropping "
    "2^32 objects in it, or a slot of a server's table by as many calls"
)
def test_a_place_and_a_slot_that_are_used_up_are_retired_and_the_others_go_on() -> None:
    w = World(2)
    purse = w.give_quota(0)
    made = w.ok(0, C.CREATE, purse, CapKind.ENDPOINT.value)
    place = w.slot(0, made).held().object.at  # type: ignore[union-attr]
    w.ok(0, C.CAP_DROP, made)
    place.life.count = u64(2 * int(LAST_GENERATION))
    last = w.ok(0, C.CREATE, purse, CapKind.ENDPOINT.value)
    slot = w.slot(0, last)
    assert slot.held().object.at is place  # type: ignore[union-attr]
    slot.generation = u32(LAST_GENERATION)
    last = int(pack_handle(slot.handle()))
    w.ok(0, C.CAP_DROP, last)
    for _ in range(2):
        other = w.ok(0, C.CREATE, purse, CapKind.ENDPOINT.value)
        assert w.slot(0, other) is not slot
        assert w.slot(0, other).held().object.at is not place  # type: ignore[union-attr]
        w.ok(0, C.CAP_DROP, other)
    assert w.refused(0, C.CAP_QUERY, last) is Status.INVALID_HANDLE
