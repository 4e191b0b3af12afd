"""Each line of the kernel that refuses a call is seen to refuse it, and each call is refused with what is documented.

The rows are those of test_refusals.py; what needs a situation of its own is below.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from refusing import Site, Watch, sites
from scene import Scene
from test_refusals import FULL, HANDLES, ROWS

from tyrne.abi import CallNumber as C
from tyrne.abi import CapKind, Rights, Status, pack_handle
from tyrne.kernel.arena import LAST_GENERATION
from tyrne.lang import u16
from tyrne.testing.board import PAGE
from tyrne.testing.kernels import BASE, NULL, age, context_of, move_window, run, system_call
from tyrne.testing.world import World
from tyrne.user.refusals import ENDS_OF_WAITS, REFUSALS

pytestmark = pytest.mark.repeats
K, S = CapKind, Status
Found = set[tuple[C, Site]]

# --- situations: a world, and the call of task 0 that is refused in it

Situation = tuple[World, C, tuple[int, ...], Status]
SITUATIONS: list[Callable[[], Situation]] = []


def situation(make: Callable[[], Situation]) -> Callable[[], Situation]:
    SITUATIONS.append(make)
    return make


def with_full_arena(kind: CapKind) -> Situation:
    w = Scene()
    arenas = (w.kernel.endpoints, w.kernel.notifications, w.kernel.tasks, w.kernel.spaces, w.kernel.regions)
    arena = (*arenas, w.kernel.quotas)[kind.value - K.ENDPOINT.value]
    for index in range(len(arena.items)):
        if not arena.occupied[index]:
            age(arena, index, 1 << 32)  # retired
    arena.touched, arena.first_free = u16(len(arena.items)), u16(0)
    return w, C.CREATE, (w.words["quota"], kind.value, 1), S.QUOTA_EXCEEDED


SITUATIONS += [
    lambda kind=kind: with_full_arena(kind)  # type: ignore[misc]
    for kind in (K.ENDPOINT, K.NOTIFICATION, K.TASK, K.ADDRESS_SPACE, K.MEMORY, K.QUOTA)
]


def with_frames(left: int) -> Scene:
    w = Scene()
    for _ in range(int(w.kernel.frames.available()) - left):
        assert w.kernel.frames.allocate(w.board) is not None
    return w


@situation
def no_frame_for_a_root() -> Situation:
    w = with_frames(0)
    return w, C.CREATE, (w.words["quota"], K.ADDRESS_SPACE.value, 0), S.OUT_OF_FRAMES


@situation
def no_frames_together() -> Situation:
    w = with_frames(1)
    return w, C.CREATE, (w.words["quota"], K.MEMORY.value, 2), S.OUT_OF_FRAMES


@situation
def no_frames_for_tables() -> Situation:
    w = with_frames(2)
    return w, C.MAP, (w.words["space"], w.words["memory"], 1 << 39, 0), S.OUT_OF_FRAMES


@situation
def no_claim_on_frames_for_tables() -> Situation:
    w = Scene()
    payer = w.kernel.spaces.items[2].life.payer
    assert payer is not None
    for claim in range(len(payer.claims)):
        payer.take(type(payer.claims[0])(claim), payer.claims[claim])
    return w, C.MAP, (w.words["space"], w.words["memory"], 1 << 39, 0), S.QUOTA_EXCEEDED


@situation
def a_window_that_reaches_past_what_is_mapped() -> Situation:
    w = Scene()
    task = w.task(0)
    window = context_of(task).window
    move_window(task, int(window.base), 2 * int(window.length))
    return w, C.CONSOLE_WRITE, (w.words["console"], BASE + 2 * int(window.length) - 1, 1), S.FAULT_ADDRESS


@situation
def a_gift_for_a_task_that_awaits_repair() -> Situation:
    w = Scene()
    w.ok(0, C.TASK_SUPERVISE, w.words["task"], w.words["endpoint"])
    w.fault(1)
    w.ok(0, C.WAIT, w.words["endpoint"])
    return w, C.REPLY, (w.x(0)[7], 0, 0, 0, 0, w.words["badged"]), S.INVALID_TRANSFER_CAP


@situation
def a_gift_for_a_full_table() -> Situation:
    w = Scene()
    w.fill_table(2)
    return w, C.REPLY, (w.words["reply"], 0, 0, 0, 0, w.words["badged"]), S.RECEIVER_TABLE_FULL


def while_it_is_revoked(call: C) -> Situation:
    """Task 1 revokes what the caller's capabilities were derived from, and is interrupted before it comes to them."""
    w = Scene()
    kind = {C.CREATE: K.QUOTA, C.MEMORY_DERIVE: K.MEMORY, C.TASK_CONFIGURE: K.ADDRESS_SPACE}.get(call, K.ENDPOINT)
    root = w.give(1, w.space_of(2) if kind is K.ADDRESS_SPACE else w.make(kind, 1))
    caller, rights = w.give_task(1, 0), int(w.slot(1, root).held().rights)
    word, _ = (w.ok(1, C.CAP_MOVE, w.ok(1, C.CAP_DERIVE, root, rights, 0), caller) for _ in range(2))
    w.preempted(1, 1, C.CAP_REVOKE, root)
    arguments: dict[C, tuple[int, ...]] = {
        C.CAP_COPY: (word, 0),
        C.CAP_DERIVE: (word, 0, 0),
        C.MEMORY_DERIVE: (word, 0, 0, 1),
        C.CREATE: (word, K.ENDPOINT.value),
        C.TASK_SUPERVISE: (w.words["task"], word),
        C.TASK_CONFIGURE: (w.words["held"], word, BASE, BASE, BASE + PAGE),
    }
    return w, call, arguments[call], S.BEING_REVOKED


GROWING = (C.CAP_COPY, C.CAP_DERIVE, C.MEMORY_DERIVE, C.CREATE, C.TASK_SUPERVISE, C.TASK_CONFIGURE)
SITUATIONS += [lambda call=call: while_it_is_revoked(call) for call in GROWING]  # type: ignore[misc]


def turned_out(call: C) -> Situation:
    """A caller whose address space is taken away."""
    w = World(3)
    guest, own = w.give_task(1, 0), w.give_space(1, 2)
    lent = w.ok(1, C.CAP_DERIVE, own, Rights.BIND, 0)
    w.ok(1, C.TASK_SUSPEND, guest)
    w.ok(1, C.TASK_CONFIGURE, guest, lent, BASE, BASE, BASE + PAGE)
    w.ok(1, C.TASK_RESUME, guest)
    w.ok(1, C.CAP_REVOKE, own)
    return w, call, (0,), S.INVALID_HANDLE


SITUATIONS += [lambda call=call: turned_out(call) for call in (C.TASK_YIELD, C.TASK_EXIT)]  # type: ignore[misc]


def with_message(call: C) -> Situation:
    """A capability that `send` has left, and a caller whose table is full."""
    w = Scene()
    w.ok(0, C.SEND, w.words["endpoint"], 1, 2, 3, 4, w.words["badged"])
    w.fill_table(0)
    return w, call, (w.words["endpoint"],), S.RECEIVER_TABLE_FULL


SITUATIONS += [lambda call=call: with_message(call) for call in (C.RECV, C.WAIT)]  # type: ignore[misc]


@situation
def a_call_for_whose_answer_there_is_no_room() -> Situation:
    w = Scene()
    w.blocks(1, C.CALL, w.give(1, w.objects["endpoint"]), 1, 2, 3, 4, NULL)
    w.fill_table(0)
    return w, C.WAIT, (w.words["endpoint"],), S.RECEIVER_TABLE_FULL


@situation
def an_answer_whose_slot_will_not_be_used_again() -> Situation:
    w = Scene()
    w.fill_table(0)
    slot = w.slot(0, w.words["reply"])
    slot.generation = LAST_GENERATION
    reply = int(pack_handle(slot.handle()))
    return w, C.REPLY_WAIT, (reply, 0, 0, 0, 0, w.words["endpoint"]), S.RECEIVER_TABLE_FULL


def with_receiver(call: C) -> Situation:
    """A receiver that waits, with room for a message and none for what comes with it."""
    w = Scene()
    endpoint = w.objects["endpoint"]
    word = w.give(1, endpoint)
    w.fill_table(1, leave=1 if call is C.CALL else 0)
    w.blocks(1, C.WAIT, word)
    return w, call, (w.words["endpoint"], 1, 2, 3, 4, w.words["badged"]), S.RECEIVER_TABLE_FULL


SITUATIONS += [lambda call=call: with_receiver(call) for call in (C.SEND, C.SEND_WAIT, C.CALL)]  # type: ignore[misc]


def with_notice(endpoint: str) -> Situation:
    """A fault of a task waits to be told."""
    w = Scene()
    w.ok(0, C.TASK_SUPERVISE, w.words["task"], w.words["endpoint"])
    w.fault(1)
    return w, C.TASK_SUPERVISE, (w.words["task"], w.words[endpoint]), S.BAD_STATE


SITUATIONS += [lambda: with_notice("null"), lambda: with_notice("endpoint")]


@situation
def a_release_kernel() -> Situation:
    w = World(1, debug_console=False)
    return w, C.CONSOLE_WRITE, (w.give_console(0), BASE, 1), S.BAD_SYSCALL_NUMBER


# --- what is seen


def seen(watch: Watch, w: World, call: C, arguments: tuple[int, ...]) -> tuple[Status, Site]:
    """Have task 0 make a call that is refused; with what, and by which line."""
    with watch.watching(w.kernel):
        answer = system_call(w.kernel, call.value, *arguments)
    status = Status(answer[0])
    assert answer[1:] == (0,) * 7
    return status, watch.refusing(status)


@pytest.fixture(scope="module")
def refusals() -> Found:
    """Which line refuses which call, of all rows and situations."""
    watch, found = Watch(), set[tuple[C, Site]]()
    scene, full = Scene(), Scene()
    full.fill_table(0)
    rows = [(scene, *row) for row in ROWS] + [(full, *row) for row in FULL]
    for call, position, bare, before, statuses in HANDLES:
        wrong = "notification" if call in (C.TASK_STATE, C.QUOTA_MOVE) else "console"
        wrong = "endpoint" if call is C.CONSOLE_WRITE else wrong
        for named, status in zip(("stale", wrong, bare), statuses, strict=True):
            if named:
                rows.append((scene, call, (*before, named, *["garbage"] * (5 - position)), status))
    made = [(w, call, tuple(w.word(word) for word in words), status) for w, call, words, status in rows]
    for w, call, arguments, status in [*made, *(make() for make in SITUATIONS)]:
        if w.current() != 0:
            run(w.kernel, w.task(0))
        given, site = seen(watch, w, call, arguments)
        assert given is status, f"{call.name} {arguments}: {given.name}"
        found.add((call, site))
    return found


NO_REFUSALS = {
    ("page_table.py", "map_page", ""): "boot maps by it, and calls do not",
    ("page_table.py", "make_tables", ""): "calls have made sure of frames, and that no page is in the way",
    ("page_table.py", "entry_of", ""): "says that there is no page",
    ("page_table.py", "translate", ""): "says that there is no page",
    ("cap_table.py", "insert", "CAPS_EXHAUSTED"): "calls have made sure of room; boot has not",
    ("creation.py", "make_object", "BAD_ARGUMENT"): "`create` lets no other kind through",
    ("deletion.py", "", "ABORTED"): "ends a wait",
    ("rendezvous.py", "collect_sent", "RECEIVER_TABLE_FULL"): "ends a wait",
    ("rendezvous.py", "first_receiver", "RECEIVER_TABLE_FULL"): "ends a wait",
    ("task_calls.py", "suspend", "ABORTED"): "ends a wait",
    ("clock.py", "ring", "TIMED_OUT"): "ends a wait",
    ("fast_path.py", "fast_call", ""): "of a number that names no call",
    ("scheduler.py", "add_user_task", ""): "boot registers each task once",
}
"""File, function and status of lines by which no call of a task is refused, and why."""


def refuses_none(site: Site) -> bool:
    named = (site.file, site.function, site.status)
    return any(all(part in ("", name) for part, name in zip(row, named, strict=True)) for row in NO_REFUSALS)


def test_each_line_that_can_refuse_a_call_is_seen_to(refusals: Found) -> None:
    reached = {site for _, site in refusals}
    expected = {site for site in sites() if not refuses_none(site)}
    assert sorted(map(str, expected - reached)) == sorted(map(str, reached - expected)) == []


def test_each_call_is_refused_with_what_is_documented_and_with_nothing_else(refusals: Found) -> None:
    assert not list(REFUSALS.lacking())
    for call in C:
        given = {Status[site.status] for number, site in refusals if number is call} - {S.BAD_SYSCALL_NUMBER}
        assert given == set(REFUSALS[call]), call.name


def test_the_ends_of_waits_are_those_of_calls_that_wait() -> None:
    assert {status for ends in ENDS_OF_WAITS.values() for status in ends} == {
        *(S.ABORTED, S.RECEIVER_TABLE_FULL, S.TIMED_OUT),
    }
    assert not [call for call, refused in REFUSALS.items() if S.ABORTED in refused or S.TIMED_OUT in refused]
