"""Each call and each way in which it can be refused, in the order of its checks.

A row has everything wrong that is checked later, so it also pins the order. After a refusal the whole kernel is as it
was, byte for byte; so one scene serves all rows.
"""

from __future__ import annotations

import pytest

from kernel.scene import BLOCKS_AT, GARBAGE, PLACE, Scene
from tyrne.abi import CallNumber as C
from tyrne.abi import CapKind, Rights, Status
from tyrne.kernel.config import MAX_PIECES
from tyrne.kernel.quota import CLAIMS
from tyrne.lang import u64
from tyrne.rows import check_rows
from tyrne.testing.board import PAGE
from tyrne.testing.kernels import BASE, NULL, system_call
from tyrne.testing.state import kernel_state

K, R, S = CapKind, Rights, Status
TOP = 1 << 48
Argument = str | int


@pytest.fixture(scope="module")
def scene() -> Scene:
    return Scene()


@pytest.fixture(scope="module")
def full_scene() -> Scene:
    """The caller's table is full."""
    made = Scene()
    made.fill_table(0)
    return made


def refused(scene: Scene, call: C, arguments: tuple[Argument, ...]) -> Status:
    return scene.refused(0, call, *(scene.word(argument) for argument in arguments))


# --- handles: every argument that names a capability, and the right that it needs

OF_CAPABILITIES = (S.INVALID_HANDLE, S.WRONG_KIND, S.INSUFFICIENT_RIGHTS)
OF_MESSAGES = (S.STALE_HANDLE, S.WRONG_OBJECT_KIND, S.MISSING_RIGHT)
"""How the calls about messages and signals name the same refusals."""

HANDLES: list[tuple[C, int, str, tuple[Argument, ...], tuple[Status, Status, Status]]] = [
    # call, position of the handle, name of a bare one, what stands before it, statuses
    (C.SEND, 0, "bare endpoint", (), OF_MESSAGES),
    (C.RECV, 0, "bare endpoint", (), OF_MESSAGES),
    (C.CONSOLE_WRITE, 0, "bare console", (), OF_CAPABILITIES),
    (C.CAP_MOVE, 1, "bare task", ("badged",), OF_CAPABILITIES),
    (C.SEND_WAIT, 0, "bare endpoint", (), OF_MESSAGES),
    (C.WAIT, 0, "bare endpoint", (), OF_MESSAGES),
    (C.WAIT, 0, "bare notification", (), OF_MESSAGES),
    (C.CALL, 0, "bare endpoint", (), OF_MESSAGES),
    (C.REPLY, 0, "", (), OF_MESSAGES),
    (C.REPLY_WAIT, 0, "", (), OF_MESSAGES),
    (C.REPLY_WAIT, 5, "bare endpoint", ("reply", 1, 2, 3, 4), OF_MESSAGES),
    (C.CANCEL, 0, "bare endpoint", (), OF_MESSAGES),
    (C.NOTIFY, 0, "bare notification", (), OF_MESSAGES),
    (C.POLL, 0, "bare notification", (), OF_MESSAGES),
    (C.BIND, 0, "bare endpoint", (), OF_MESSAGES),
    (C.BIND, 1, "bare notification", ("bound endpoint",), OF_MESSAGES),
    (C.CREATE, 0, "bare quota", (), OF_CAPABILITIES),
    (C.QUOTA_MOVE, 0, "bare quota", (), OF_CAPABILITIES),
    (C.QUOTA_MOVE, 1, "bare quota", ("quota",), OF_CAPABILITIES),
    (C.MEMORY_DERIVE, 0, "", (), OF_CAPABILITIES),
    (C.MAP, 0, "bare space", (), OF_CAPABILITIES),
    (C.MAP, 1, "", ("space",), OF_CAPABILITIES),
    (C.UNMAP, 0, "bare space", (), OF_CAPABILITIES),
    (C.UNMAP, 1, "", ("space",), OF_CAPABILITIES),
    (C.PROTECT, 0, "bare space", (), OF_CAPABILITIES),
    (C.PROTECT, 1, "", ("space",), OF_CAPABILITIES),
    (C.TASK_CONFIGURE, 0, "bare task", (), OF_CAPABILITIES),
    (C.TASK_CONFIGURE, 1, "bare space", ("caller",), OF_CAPABILITIES),
    (C.TASK_SUPERVISE, 0, "bare task", (), OF_CAPABILITIES),
    (C.TASK_SUPERVISE, 1, "bare endpoint", ("caller",), OF_MESSAGES),
    (C.TASK_PRIORITY, 0, "bare task", (), OF_CAPABILITIES),
    (C.TASK_RESUME, 0, "bare task", (), OF_CAPABILITIES),
    (C.TASK_SUSPEND, 0, "bare task", (), OF_CAPABILITIES),
    (C.TASK_READ, 0, "bare task", (), OF_CAPABILITIES),
    (C.TASK_WRITE, 0, "bare task", (), OF_CAPABILITIES),
    (C.TASK_END, 0, "bare task", (), OF_CAPABILITIES),
    (C.TASK_STATE, 0, "bare task", (), OF_CAPABILITIES),
    (C.CLOCK_READ, 0, "bare clock", (), OF_CAPABILITIES),
    (C.CLOCK_ARM, 0, "bare clock", (), OF_CAPABILITIES),
    (C.CLOCK_ARM, 2, "bare notification", ("clock", "garbage"), OF_MESSAGES),
    (C.CLOCK_ARM, 2, "bare notification", ("clock", "null"), OF_MESSAGES),
    (C.INTERRUPT_BIND, 0, "bare interrupt", (), OF_CAPABILITIES),
    (C.INTERRUPT_BIND, 1, "bare notification", ("interrupt",), OF_MESSAGES),
    (C.INTERRUPT_ACK, 0, "bare interrupt", (), OF_CAPABILITIES),
]
WITHOUT_A_RIGHT_OF_THE_OBJECT = {C.CAP_COPY, C.CAP_DERIVE, C.CAP_REVOKE, C.CAP_DROP, C.CAP_QUERY}
WITHOUT_A_HANDLE = {C.TASK_YIELD, C.TASK_EXIT}
MAY_BE_NULL = {(C.BIND, 1), (C.TASK_SUPERVISE, 1), (C.CAP_MOVE, 1), (C.CLOCK_ARM, 2), (C.INTERRUPT_BIND, 1)}


def test_every_call_that_takes_a_handle_is_in_the_table() -> None:
    others = WITHOUT_A_RIGHT_OF_THE_OBJECT | WITHOUT_A_HANDLE
    check_rows(__file__, "HANDLES", {row[0] for row in HANDLES} | others, C)


@pytest.mark.promise(
    "A call needs a capability of the right kind with the rights that docs/abi.md lists for it, or it is refused "
    "and changes nothing"
)
@pytest.mark.parametrize(
    ("call", "position", "bare", "before", "statuses"),
    HANDLES,
    ids=[f"{row[0].name}-{row[1]}-{row[2]}" for row in HANDLES],
)
def test_a_handle_is_checked_for_being_there_then_its_kind_then_its_right_before_later_arguments(
    scene: Scene,
    call: C,
    position: int,
    bare: str,
    before: tuple[Argument, ...],
    statuses: tuple[Status, Status, Status],
) -> None:
    absent, kind, right = statuses
    after = ("garbage",) * (5 - position)
    wrong = "notification" if call in (C.TASK_STATE, C.QUOTA_MOVE) else "console"
    if call is C.CONSOLE_WRITE:
        wrong = "endpoint"
    for named in ("stale", "garbage", "null"):
        if named == "null" and (call, position) in MAY_BE_NULL:
            continue  # there null is an argument
        assert refused(scene, call, (*before, named, *after)) is absent
    assert refused(scene, call, (*before, wrong, *after)) is kind
    if bare:
        assert refused(scene, call, (*before, bare, *after)) is right


# --- what else is checked

MADE = [kind for kind in K if kind not in (K.DEBUG_CONSOLE, K.REPLY, K.CLOCK, K.INTERRUPT)]
"""What `create` makes."""
NOT_MADE = (0, *(k.value for k in K if k not in MADE), CLAIMS, GARBAGE, NULL, 1 << 32 | K.ENDPOINT.value)

ROWS: list[tuple[C, tuple[Argument, ...], Status]] = [
    (C.CONSOLE_WRITE, ("console", BASE - 1, 1), S.FAULT_ADDRESS),
    (C.CONSOLE_WRITE, ("console", BASE - 1, 4097), S.FAULT_ADDRESS),
    (C.CONSOLE_WRITE, ("console", BASE + 2 * PAGE - 1, 2), S.FAULT_ADDRESS),
    (C.CONSOLE_WRITE, ("console", BASE, 4097), S.BAD_ARGUMENT),
    (C.CAP_COPY, ("stale", NULL), S.INVALID_HANDLE),
    (C.CAP_COPY, ("bare endpoint", NULL), S.INSUFFICIENT_RIGHTS),
    (C.CAP_COPY, ("endpoint", NULL), S.WIDENED_RIGHTS),
    (C.CAP_DERIVE, ("stale", NULL, NULL), S.INVALID_HANDLE),
    (C.CAP_DERIVE, ("bare notification", NULL, 1), S.BAD_ARGUMENT),
    (C.CAP_DERIVE, ("badged", NULL, 1), S.BAD_ARGUMENT),
    (C.CAP_DERIVE, ("bare endpoint", NULL, NULL), S.BAD_ARGUMENT),
    (C.CAP_DERIVE, ("bare endpoint", NULL, 1), S.INSUFFICIENT_RIGHTS),
    (C.CAP_DERIVE, ("deep endpoint", NULL, 1), S.WIDENED_RIGHTS),
    (C.CAP_DERIVE, ("deep endpoint", 0, 1), S.DERIVATION_TOO_DEEP),
    (C.CAP_REVOKE, ("stale",), S.INVALID_HANDLE),
    (C.CAP_REVOKE, ("bare endpoint",), S.INSUFFICIENT_RIGHTS),
    (C.CAP_DROP, ("stale",), S.INVALID_HANDLE),
    (C.CAP_DROP, ("parent",), S.HAS_CHILDREN),
    (C.CAP_MOVE, ("stale", "garbage"), S.INVALID_HANDLE),
    (C.CAP_MOVE, ("parent", "garbage"), S.HAS_CHILDREN),
    (C.CAP_MOVE, ("bare endpoint", "garbage"), S.INSUFFICIENT_RIGHTS),
    (C.CAP_MOVE, ("badged", "ended"), S.BAD_STATE),
    (C.CAP_QUERY, ("stale",), S.INVALID_HANDLE),
    (C.SEND, ("full endpoint", 1, 2, 3, 4, "garbage"), S.INVALID_TRANSFER_CAP),
    (C.SEND, ("full endpoint", 1, 2, 3, 4, "bare endpoint"), S.INVALID_TRANSFER_CAP),
    (C.SEND, ("full endpoint", 1, 2, 3, 4, "parent"), S.QUEUE_FULL),
    (C.SEND, ("endpoint", 1, 2, 3, 4, "parent"), S.INVALID_TRANSFER_CAP),
    *[
        (call, ("endpoint", 1, 2, 3, 4, gift), S.INVALID_TRANSFER_CAP)
        for call in (C.SEND_WAIT, C.CALL)
        for gift in ("garbage", "stale", "bare endpoint", "parent", "endpoint")
    ],
    *[
        (C.REPLY, ("reply", 1, 2, 3, 4, gift), S.INVALID_TRANSFER_CAP)
        for gift in ("garbage", "stale", "bare endpoint", "parent", "reply")
    ],
    (C.BIND, ("bound endpoint", "notification"), S.BAD_STATE),
    (C.INTERRUPT_ACK, ("interrupt",), S.BAD_STATE),
    (C.BIND, ("endpoint", "bound notification"), S.BAD_STATE),
    *[(C.CREATE, ("deep quota", kind, 1), S.BAD_ARGUMENT) for kind in NOT_MADE],
    *[(C.CREATE, ("deep quota", K.MEMORY.value, pages), S.BAD_ARGUMENT) for pages in (0, MAX_PIECES + 1, NULL)],
    *[(C.CREATE, ("deep quota", kind.value, 1), S.DERIVATION_TOO_DEEP) for kind in MADE],
    *[(C.CREATE, ("poor quota", kind.value, 1), S.QUOTA_EXCEEDED) for kind in MADE],
    (C.CREATE, ("quota", K.MEMORY.value, 21), S.QUOTA_EXCEEDED),
    (C.CREATE, ("quota", K.MEMORY.value, MAX_PIECES), S.QUOTA_EXCEEDED),
    (C.QUOTA_MOVE, ("quota", "poor quota", CLAIMS, NULL), S.BAD_ARGUMENT),
    (C.QUOTA_MOVE, ("quota", "poor quota", NULL, 0), S.BAD_ARGUMENT),
    *[(C.QUOTA_MOVE, ("quota", "poor quota", kind, 21), S.QUOTA_EXCEEDED) for kind in range(CLAIMS)],
    (C.QUOTA_MOVE, ("quota", "poor quota", 0, NULL), S.QUOTA_EXCEEDED),
    (C.QUOTA_MOVE, ("poor quota", "quota", 0, 1), S.QUOTA_EXCEEDED),
    *[
        (C.MEMORY_DERIVE, ("bare memory", NULL, first, pages), S.OUT_OF_RANGE)
        for first, pages in ((0, 0), (2, 1), (1, 2), (0, 3), (NULL, 1), (NULL, 2), (1, NULL), (0, 1 << 32))
    ],
    (C.MEMORY_DERIVE, ("bare memory", NULL, 0, 2), S.INSUFFICIENT_RIGHTS),
    (C.MEMORY_DERIVE, ("deep memory", NULL, 0, 2), S.WIDENED_RIGHTS),
    (C.MEMORY_DERIVE, ("deep memory", 0, 1, 1), S.DERIVATION_TOO_DEEP),
    *[(C.MAP, ("space", "bare memory", GARBAGE, flags), S.INVALID_FLAGS) for flags in (4, 8, 16, 32, 64, NULL)],
    *[(C.MAP, ("space", "bare memory", GARBAGE, flags), S.INSUFFICIENT_RIGHTS) for flags in range(4)],
    (C.MAP, ("space", "readable", GARBAGE, 1), S.INSUFFICIENT_RIGHTS),
    (C.MAP, ("space", "readable", GARBAGE, 2), S.INSUFFICIENT_RIGHTS),
    (C.MAP, ("space", "readable", GARBAGE, 3), S.INSUFFICIENT_RIGHTS),
    (C.MAP, ("space", "unreadable", GARBAGE, 1), S.INSUFFICIENT_RIGHTS),
    (C.MAP, ("space", "mapped", GARBAGE, 3), S.INVALID_FLAGS),
    (C.MAP, ("space", "device", GARBAGE, 2), S.INVALID_FLAGS),
    (C.MAP, ("space", "mapped", GARBAGE, 0), S.ALREADY_MAPPED),
    (C.MAP, ("other space", "mapped", GARBAGE, 0), S.ALREADY_MAPPED),
    (C.MAP, ("space", "huge", GARBAGE, 0), S.BAD_ARGUMENT),
    (C.MAP, ("space", "blocks", PAGE, 0), S.MISALIGNED_ADDRESS),
    (C.MAP, ("space", "memory", BLOCKS_AT + PAGE, 0), S.ALREADY_MAPPED),
    (C.MAP, ("space", "memory", PLACE + 8, 0), S.MISALIGNED_ADDRESS),
    (C.MAP, ("space", "memory", NULL, 0), S.MISALIGNED_ADDRESS),
    *[
        (C.MAP, ("space", "memory", address, 0), S.OUT_OF_RANGE)
        for address in (0, TOP - PAGE, TOP, 1 << 63, (1 << 64) - PAGE)
    ],
    *[
        (C.MAP, ("space", "memory", address, 0), S.ALREADY_MAPPED)
        for address in (PLACE, PLACE + PAGE, PLACE - PAGE, BASE, BASE - PAGE)
    ],
    (C.UNMAP, ("space", "memory"), S.NOT_MAPPED),
    (C.UNMAP, ("other space", "mapped"), S.NOT_MAPPED),
    (C.PROTECT, ("space", "memory", NULL), S.NOT_MAPPED),
    (C.PROTECT, ("other space", "mapped", NULL), S.NOT_MAPPED),
    *[(C.PROTECT, ("space", "mapped", flags), S.INVALID_FLAGS) for flags in (3, 4, 8, NULL)],
    (C.TASK_CONFIGURE, ("task", "space", 0, 0, 8), S.BAD_ARGUMENT),
    *[
        (C.TASK_CONFIGURE, (task, "space", BASE, BASE, BASE + PAGE), S.BAD_STATE)
        for task in ("task", "caller", "waiting")
    ],
    (C.TASK_SUPERVISE, ("task", "deep endpoint"), S.DERIVATION_TOO_DEEP),
    *[(C.TASK_PRIORITY, ("task", priority), S.BAD_ARGUMENT) for priority in (16, GARBAGE, NULL)],
    *[(C.TASK_PRIORITY, (task, 7), S.INSUFFICIENT_RIGHTS) for task in ("task", "caller", "held")],
    *[(C.TASK_RESUME, (task,), S.BAD_STATE) for task in ("task", "caller", "waiting", "ended")],
    *[(C.TASK_SUSPEND, (task,), S.BAD_STATE) for task in ("held", "ended")],
    *[
        (call, (task, 34, 0), S.BAD_ARGUMENT)
        for call in (C.TASK_READ, C.TASK_WRITE)
        for task in ("task", "caller", "waiting", "held", "ended")
    ],
    *[
        (call, (task, 0, 0), S.BAD_STATE)
        for call in (C.TASK_READ, C.TASK_WRITE)
        for task in ("task", "caller", "waiting", "ended")
    ],
    *[(C.TASK_END, (task, 1), S.BAD_STATE) for task in ("caller", "ended")],
]  # fmt: skip


@pytest.mark.parametrize(
    ("call", "arguments", "status"), ROWS, ids=[f"{row[0].name}-{'-'.join(map(str, row[1]))}" for row in ROWS]
)
def test_a_refused_call_gives_the_reason_that_is_checked_first_and_changes_nothing(
    scene: Scene, call: C, arguments: tuple[Argument, ...], status: Status
) -> None:
    assert refused(scene, call, arguments) is status


FULL: list[tuple[C, tuple[Argument, ...], Status]] = [
    (C.CAP_COPY, ("endpoint", NULL), S.WIDENED_RIGHTS),
    (C.CAP_COPY, ("endpoint", 0), S.CAPS_EXHAUSTED),
    (C.CAP_DERIVE, ("deep endpoint", 0, 0), S.DERIVATION_TOO_DEEP),
    (C.CAP_DERIVE, ("endpoint", 0, 0), S.CAPS_EXHAUSTED),
    (C.CAP_MOVE, ("badged", "null"), S.CAPS_EXHAUSTED),
    (C.CAP_MOVE, ("badged", "caller"), S.CAPS_EXHAUSTED),
    (C.MEMORY_DERIVE, ("memory", 0, 0, 1), S.CAPS_EXHAUSTED),
    *[(C.CREATE, ("poor quota", kind.value, 1), S.CAPS_EXHAUSTED) for kind in MADE],
]


@pytest.mark.parametrize(
    ("call", "arguments", "status"), FULL, ids=[f"{row[0].name}-{'-'.join(map(str, row[1]))}" for row in FULL]
)
def test_a_call_that_makes_a_capability_is_refused_without_room_and_changes_nothing(
    full_scene: Scene, call: C, arguments: tuple[Argument, ...], status: Status
) -> None:
    assert refused(full_scene, call, arguments) is status


def test_a_move_to_a_full_table_of_another_task_is_refused() -> None:
    scene = Scene()
    scene.fill_table(1)
    assert refused(scene, C.CAP_MOVE, ("badged", "task")) is S.CAPS_EXHAUSTED


@pytest.mark.parametrize("call", [C.RECV, C.WAIT])
def test_a_message_with_a_capability_stays_while_its_receiver_has_no_room(call: C) -> None:
    scene = Scene()
    assert scene.ok(0, C.SEND, scene.words["endpoint"], 1, 2, 3, 4, scene.words["badged"]) == 1
    scene.fill_table(0)
    assert refused(scene, call, ("endpoint",)) is S.RECEIVER_TABLE_FULL


@pytest.mark.parametrize(("call", "x5"), [(C.REPLY, "badged"), (C.REPLY, "mapped")])
def test_an_answer_with_a_capability_is_refused_while_the_caller_has_no_room(call: C, x5: str) -> None:
    scene = Scene()
    scene.fill_table(2)
    assert refused(scene, call, ("reply", 1, 2, 3, 4, x5)) is S.RECEIVER_TABLE_FULL


def test_an_address_space_without_a_frame_for_its_root_is_not_made() -> None:
    scene = Scene()
    scene.scarce(0)
    assert refused(scene, C.CREATE, ("quota", K.ADDRESS_SPACE.value, 0)) is S.OUT_OF_FRAMES


def test_memory_is_not_mapped_where_the_tables_have_no_frames(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = Scene()
    monkeypatch.setattr(type(scene.kernel.frames), "available", lambda _: u64(2))
    assert refused(scene, C.MAP, ("space", "memory", 1 << 39, 0)) is S.OUT_OF_FRAMES


def test_memory_is_made_of_frames_from_wherever_they_are_free() -> None:
    scene = Scene()
    taken = [scene.kernel.frames.allocate(scene.board) for _ in range(int(scene.kernel.frames.available()))]
    for frame in taken[:6:2]:
        assert frame is not None
        scene.kernel.frames.free(frame)
    before = kernel_state(scene.kernel)
    answer = system_call(scene.kernel, C.CREATE.value, scene.words["quota"], K.MEMORY.value, 4)
    assert answer == (S.OUT_OF_FRAMES.value, 0, 0, 0, 0, 0, 0, 0)
    assert kernel_state(scene.kernel) == before
    assert system_call(scene.kernel, C.CREATE.value, scene.words["quota"], K.MEMORY.value, 2)[0] == S.OK.value


@pytest.mark.parametrize("left", range(3))
def test_memory_is_not_mapped_without_frames_for_the_three_tables_that_its_quota_would_pay(left: int) -> None:
    scene = Scene()
    frames = scene.kernel.frames
    taken = [frames.allocate(scene.board) for _ in range(int(frames.available()) - left)]
    assert None not in taken and frames.available() == left
    before = kernel_state(scene.kernel)
    answer = system_call(scene.kernel, C.MAP.value, scene.words["space"], scene.words["memory"], 1 << 39, 0)
    assert answer == (S.OUT_OF_FRAMES.value, 0, 0, 0, 0, 0, 0, 0)
    assert kernel_state(scene.kernel) == before


@pytest.mark.parametrize("number", [0, len(C) + 1, len(C) + 2, 0xFF, 1 << 8 | 1, 1 << 32 | 1, NULL])
def test_a_number_that_no_call_has_is_refused_before_anything_is_looked_at(scene: Scene, number: int) -> None:
    before = kernel_state(scene.kernel)
    assert scene.call_number(0, number, *[GARBAGE] * 6) == (S.BAD_SYSCALL_NUMBER.value, 0, 0, 0, 0, 0, 0, 0)
    assert kernel_state(scene.kernel) == before


@pytest.mark.parametrize("call", C)
def test_no_call_does_anything_without_a_task(scene: Scene, call: C, monkeypatch: pytest.MonkeyPatch) -> None:
    """As from EL1, where only the boot check traps from."""
    kernel = scene.kernel
    monkeypatch.setattr(kernel.scheduler.core, "current", None)
    frame = kernel.boot_frame
    for register in range(8):
        frame.x[register] = u64(0)
    frame.x[8] = u64(call.value)
    before = kernel_state(kernel, frame)
    kernel.trap_from_kernel(frame)
    found = [row[4][0] for row in HANDLES if row[0] is call and row[1] == 0]
    assert Status(int(frame.x[0])) is (found[0] if found else S.INVALID_HANDLE)
    assert kernel_state(kernel, frame) == before
