"""Boot: the lines, the objects of the manifest, handle words, and what stops the machine."""

from __future__ import annotations

import pytest

from boot.altered import Altered
from tyrne.abi import CapKind, Rights, Status, TaskState
from tyrne.boot.start import start_system
from tyrne.hal.manifest import MAX_CAPS
from tyrne.hal.pages import MappingFlags
from tyrne.kernel.cap_table import CapTable
from tyrne.kernel.capability import (
    Capability,
    Clock,
    DebugConsole,
    InterruptHandle,
    MemoryHandle,
    NotificationHandle,
    QuotaHandle,
    TaskHandle,
)
from tyrne.kernel.config import MAX_ENDPOINTS, MAX_QUOTAS, MAX_SPACES, MAX_TASKS
from tyrne.kernel.kernel import Kernel
from tyrne.kernel.page_table import Mapping, translate
from tyrne.kernel.quota import FRAMES
from tyrne.kernel.user_memory import UserWindow
from tyrne.lang import u32, u64
from tyrne.system.manifest import Task as TaskRecord
from tyrne.system.parts import CONSOLE_CAP, Cap, Quota, Region, Supervisor
from tyrne.system.parts import Mapping as Mapped
from tyrne.system.program import Program, Segment
from tyrne.testing.board import PAGE, RAM, MemoryBoard
from tyrne.testing.kernels import (
    ALL,
    BASE,
    IMAGE,
    PANIC,
    boot,
    booted,
    context_of,
    current,
    endpoint_object,
    held,
    life,
    program,
    slim_kernel,
    space_object,
    system_call,
    task_record,
)


def test_the_lines_of_a_boot() -> None:
    kernel = booted()
    assert kernel.board.lines() == [
        "tyrne: hello from kernel_main",
        "tyrne: pmm initialized (60 frames available; 4 reserved)",
        "tyrne: address-space-arena ready (1 / 17 slots used; bootstrap AS root = 0x40004000)",
        "tyrne: timer ready (62500000 Hz, resolution 16 ns)",
        "tyrne: syscall smoke ok (gate #3 fail-closed \N{EM DASH} no current task: "
        "console_write status=0x102; bad-number status=0x1)",
        "tyrne: starting cooperative scheduler",
    ]


def test_a_release_kernel_says_that_it_has_no_console() -> None:
    assert booted(debug_console=False).board.lines()[1] == "tyrne: release kernel, no debug console"


def test_the_first_task_is_entered_with_its_context() -> None:
    kernel = booted()
    task = current(kernel)
    assert task is kernel.tasks.items[0]
    assert (task.frame.pc, task.frame.sp, task.frame.pstate) == (BASE, BASE + 2 * PAGE, 0)
    assert set(task.frame.x) == {0}
    assert context_of(task).window == UserWindow(u64(BASE), u64(2 * PAGE))
    assert bytes(task.name).rstrip(b"\0") == b"one"
    assert kernel.context().has_current_task


@pytest.mark.promise("When the kernel boots, before any task runs, it traps into itself and insists on the refusals")
def test_no_task_exists_during_the_check_of_the_gate() -> None:
    seen: list[int] = []

    class Watching(MemoryBoard):
        def call_from_kernel(self, frame: object) -> None:
            assert self.kernel is not None
            seen.append(int(self.kernel.tasks.population))
            super().call_from_kernel(frame)  # type: ignore[arg-type]

    boot(slim_kernel(Watching()), task_record("one"))
    assert seen == [0, 0]


def test_capabilities_stand_at_handle_words_from_0_in_the_order_of_the_record() -> None:
    caps = (Cap(1, Rights.SEND), CONSOLE_CAP, Cap(0, Rights.RECV | Rights.DUPLICATE))
    kernel = booted(task_record("one", *caps), endpoints=2)
    table = current(kernel).capabilities
    expected = [
        Capability(Rights.SEND, endpoint_object(1, 0, kernel)),
        Capability(Rights.CONSOLE_WRITE, DebugConsole()),
        Capability(Rights.RECV | Rights.DUPLICATE, endpoint_object(0, 0, kernel)),
        None,
    ]
    assert [slot.capability for slot in table.slots][:4] == expected
    assert [int(slot.generation) for slot in table.slots] == [0] * 6


@pytest.mark.promise(
    "The system description is where authority comes from: at the start each task holds what the description gives it",
)
def test_a_task_holds_nothing_that_the_manifest_does_not_give_it() -> None:
    kernel = booted(task_record("one"), task_record("two", CONSOLE_CAP))
    assert [slot.capability for slot in kernel.tasks.items[0].capabilities.slots] == [None] * 6
    for number in (1, 2, 5):
        assert system_call(kernel, number, 0, BASE, 1)[0] in (0x201, 0x102)


def test_the_kernel_keeps_its_quota_its_space_every_task_with_its_quota_and_the_empty_table_stays_empty() -> None:
    kernel = booted(task_record("one"), task_record("two"))
    found = [slot.capability.object for slot in kernel.bootstrap_table.slots if slot.capability is not None]
    tasks, quotas = kernel.tasks.items, kernel.quotas.items
    kept = [named for n in (0, 1) for named in (TaskHandle(tasks[n], life()), QuotaHandle(quotas[n + 1], life()))]
    assert found == [QuotaHandle(quotas[0], life()), space_object(0, 0, kernel), *kept]
    assert held(kernel.empty_table) == [] and kernel.empty_table.is_full()


@pytest.mark.promise("There is no default authority to fall back to")
def test_the_empty_table_is_closed_by_boot_whoever_made_it() -> None:
    kernel = slim_kernel(MemoryBoard())
    kernel.empty_table = CapTable(1)
    boot(kernel, task_record("one"))
    assert kernel.empty_table.is_full()


def test_the_first_quota_has_what_the_arenas_and_ram_have_room_for_less_what_boot_has_made() -> None:
    kernel = booted(task_record("one", quota=Quota(tasks=0, endpoints=3, frames=5)), endpoints=2)
    whole, own = (kernel.quotas.items[i] for i in range(2))
    assert [int(claim) for claim in own.claims] == [5, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0]
    assert whole.claims[FRAMES] == kernel.frames.available() - 5
    assert whole.claims[CapKind.ENDPOINT.value] == MAX_ENDPOINTS - 2 - 3
    assert whole.claims[CapKind.TASK.value] == 0
    assert whole.claims[CapKind.ADDRESS_SPACE.value] == MAX_SPACES - 2
    assert whole.claims[CapKind.QUOTA.value] == MAX_QUOTAS - 2


def test_objects_are_numbered_in_the_order_of_creation() -> None:
    kernel = booted(endpoints=3, notifications=2, memory=[Region("m", 2)])
    assert [int(arena.population) for arena in (kernel.endpoints, kernel.notifications, kernel.regions)] == [3, 2, 1]
    for index in range(3):
        assert kernel.endpoints.items[index].life.origin.held().object == endpoint_object(index, 0, kernel)


@pytest.mark.promise(
    "The system description is where authority comes from: at the start each task holds what the description gives it",
)
def test_every_kind_of_capability_of_a_record_names_its_object_and_a_badge_comes_along() -> None:
    caps = (
        Cap(1, Rights.SEND, 77),
        Cap(1, Rights.WAIT, kind=CapKind.NOTIFICATION),
        Cap(1, Rights.CONTROL, kind=CapKind.TASK),
        Cap(0, Rights.MAP, kind=CapKind.ADDRESS_SPACE),
        Cap(1, Rights.READ, kind=CapKind.MEMORY),
        Cap(0, Rights.CREATE, kind=CapKind.QUOTA),
        Cap(0, Rights.READ, kind=CapKind.CLOCK),
        Cap(48, Rights.ACK, kind=CapKind.INTERRUPT),
    )
    regions = [Region("a", 1), Region("b", 3)]
    kernel = booted(task_record("one", *caps), task_record("two"), notifications=2, memory=regions, slots=8)
    slots = [slot.capability for slot in kernel.tasks.items[0].capabilities.slots]
    assert slots == [
        Capability(Rights.SEND, endpoint_object(1, 0, kernel), u64(77)),
        Capability(Rights.WAIT, NotificationHandle(kernel.notifications.items[1], life())),
        Capability(Rights.CONTROL, TaskHandle(kernel.tasks.items[1], life())),
        Capability(Rights.MAP, space_object(1, 0, kernel)),
        Capability(Rights.READ, MemoryHandle(kernel.regions.items[1], life(), u32(0), u32(3))),
        Capability(Rights.CREATE, QuotaHandle(kernel.quotas.items[1], life())),
        Capability(Rights.READ, Clock()),
        Capability(Rights.ACK, InterruptHandle(kernel.lines[0])),
    ]


@pytest.mark.promise(
    "A device's registers are memory that the description names",
    "they are mapped as device memory, never executable",
)
def test_the_memory_of_a_description_is_clear_when_the_system_starts_so_that_nothing_clears_it_again() -> None:
    kernel = booted(memory=[Region("a", 1), Region("b", 3)])
    for region, pages in zip(kernel.regions.items, (1, 3), strict=False):
        assert region.cleared == pages
        assert all(kernel.board.get(region.address(u64(page)), PAGE) == bytes(PAGE) for page in range(pages))


def test_a_device_region_costs_no_frames_and_is_mapped_as_device_memory() -> None:
    cap = Cap(0, Rights.READ | Rights.WRITE, kind=CapKind.MEMORY)
    record = task_record("one", cap, mappings=(Mapped(0, 0x100_0000, True, False),))
    free = booted(task_record("one")).frames.available()
    kernel = booted(record, memory=[Region("uart", 1, 0x901_0000)])
    found = translate(kernel.board, kernel.context().space.root, u64(0x100_0000))
    assert found == Mapping(u64(0x901_0000), MappingFlags.USER | MappingFlags.WRITE | MappingFlags.DEVICE)
    assert kernel.regions.items[0].device
    assert kernel.frames.available() == free - 1  # one level 3 table: the others are there for the image


def test_a_device_region_is_claimed_from_the_kernels_own_quota_as_memory_is() -> None:
    claims = [booted(memory=regions).quotas.items[0].claims for regions in ([], [Region("uart", 1, 0x901_0000)])]
    for claim, (without, with_device) in enumerate(zip(*claims, strict=True)):
        assert without - with_device == (claim == CapKind.MEMORY.value)


@pytest.mark.promise(
    "memory: the pages that its address space maps for it: its image and its stack, and what somebody with the "
    "right to do so has mapped there"
)
def test_each_mapping_of_a_record_is_made() -> None:
    cap = Cap(0, Rights.READ | Rights.WRITE, kind=CapKind.MEMORY)
    other = Cap(1, Rights.READ, kind=CapKind.MEMORY)
    mappings = (Mapped(0, 0x100_0000, True, False), Mapped(1, 0x200_0000, False, False))
    kernel = booted(task_record("one", cap, other, mappings=mappings), memory=[Region("m", 1), Region("n", 1)])
    flags = [MappingFlags.USER | MappingFlags.WRITE, MappingFlags.USER]
    for mapped, region, flag in zip(mappings, kernel.regions.items, flags, strict=False):
        found = translate(kernel.board, kernel.context().space.root, u64(mapped.address))
        assert found == Mapping(region.address(u64(0)), flag)


def test_memory_of_the_manifest_is_zeroed_shared_and_mapped_as_said() -> None:
    cap = Cap(0, Rights.READ | Rights.WRITE | Rights.EXECUTE, kind=CapKind.MEMORY)
    records = (
        task_record("one", cap, mappings=(Mapped(0, 0x100_0000, True, False),)),
        task_record("two", cap, mappings=(Mapped(0, 0x200_0000, False, True),)),
    )
    kernel = booted(*records, memory=[Region("m", 2)])
    start = int(kernel.regions.items[0].address(u64(0)))
    assert kernel.board.get(start, 2 * PAGE) == bytes(2 * PAGE)
    user = MappingFlags.USER
    for task, address, flags in (
        (0, 0x100_0000, user | MappingFlags.WRITE),
        (1, 0x200_0000, user | MappingFlags.EXECUTE),
    ):
        space = kernel.spaces.items[task + 1]
        for page in range(2):
            found = translate(kernel.board, space.root, u64(address + page * PAGE))
            assert found == Mapping(u64(start + page * PAGE), flags)


def test_a_task_serves_if_its_record_says_so_whether_or_not_it_is_held() -> None:
    terms = [{"held": held, "serves": serves} for held in (False, True) for serves in (False, True)]
    kernel = booted(*[task_record(f"t{i}", **each) for i, each in enumerate(terms)])
    for task, each in zip(kernel.tasks.items, terms, strict=True):
        assert (task.state is TaskState.INACTIVE, task.serves) == (each["held"], each["serves"])


def test_a_held_task_is_inactive_and_the_others_run() -> None:
    kernel = booted(task_record("held", held=True), task_record("runs"))
    assert [task.state for task in kernel.tasks.items] == [TaskState.INACTIVE, TaskState.READY]
    assert current(kernel) is kernel.tasks.items[1]


def test_the_most_urgent_task_starts() -> None:
    kernel = booted(task_record("a", priority=9), task_record("b", priority=3), task_record("c", priority=3))
    assert current(kernel) is kernel.tasks.items[1]


def test_a_supervisor_of_the_manifest_is_a_capability_to_send_with_its_badge() -> None:
    kernel = booted(task_record("one", supervisor=Supervisor(1, 42)), endpoints=2)
    slot = current(kernel).supervisor
    assert slot.capability == Capability(Rights.SEND, endpoint_object(1, 0, kernel), u64(42))
    assert slot.parent is kernel.endpoints.items[1].life.origin


@pytest.mark.parametrize("slice", [0, 10_000])
def test_a_slice_arms_the_tick_and_0_leaves_tasks_alone(slice: int) -> None:
    kernel = booted(slice=slice)
    assert kernel.board.slice == slice
    words = f"preemptive scheduler (slice of {slice} instructions)" if slice else "cooperative scheduler"
    assert kernel.board.lines()[-1] == f"tyrne: starting {words}"


def test_tasks_start_in_the_order_of_the_manifest() -> None:
    kernel = booted(task_record("a"), task_record("b"), task_record("c"))
    assert [(int(task.number), task.state) for task in kernel.tasks.items] == [
        (number, TaskState.READY) for number in range(3)
    ]


@pytest.mark.parametrize("limit", [0, 1, 12345])
def test_a_limit_of_the_manifest_arms_the_timer_and_0_does_not(limit: int) -> None:
    board = MemoryBoard()
    boot(slim_kernel(board), task_record("one"), limit=limit)
    assert board.armed == limit


def test_a_full_manifest_of_16_tasks_16_endpoints_and_16_capabilities_boots() -> None:
    board = MemoryBoard(256)
    kernel = Kernel(board)
    caps = [Cap(index, Rights.SEND) for index in range(MAX_CAPS)]
    tasks = [task_record(f"t{index}", *caps) for index in range(MAX_TASKS)]
    assert boot(kernel, *tasks, endpoints=MAX_ENDPOINTS) is kernel.tasks.items[0]
    assert kernel.tasks.is_full() and kernel.endpoints.is_full() and kernel.spaces.is_full()
    for task in kernel.tasks.items:
        assert len([1 for slot in task.capabilities.slots if slot.capability]) == 16
    for _ in range(MAX_TASKS):
        system_call(kernel, 4, 0)
    assert kernel.frames.allocated == 1


def test_segments_of_a_program_are_mapped_with_their_flags_and_the_guard_page_is_not() -> None:
    segments = (
        Segment(0x40_0000, False, True, b"x" * 5000, 5000),
        Segment(0x60_0000, True, False, b"data", 0x1800),
        Segment(0x70_0000, False, False, b"constant", 8),
    )
    record = TaskRecord("elf", Program(0x40_0008, segments, 0x70_2000), 2, ())
    kernel = booted(record)
    space = kernel.context().space
    user = MappingFlags.USER | MappingFlags.OWNED
    expected = {
        0x40_0000: user | MappingFlags.EXECUTE,
        0x40_1000: user | MappingFlags.EXECUTE,
        0x60_0000: user | MappingFlags.WRITE,
        0x60_1000: user | MappingFlags.WRITE,
        0x70_0000: user,
        0x70_2000: user | MappingFlags.WRITE,
        0x70_3000: user | MappingFlags.WRITE,
    }
    for address, flags in expected.items():
        found = translate(kernel.board, space.root, u64(address))
        assert isinstance(found, Mapping) and found.flags == flags
    for address, content in ((0x60_0000, b"data"), (0x60_1000, b""), (0x70_0000, b"constant")):
        page = translate(kernel.board, space.root, u64(address))
        assert isinstance(page, Mapping)
        assert kernel.board.get(int(page.frame), PAGE) == content.ljust(PAGE, b"\0")
    for address in (0x3F_F000, 0x40_2000, 0x60_2000, 0x70_1000, 0x70_4000):
        assert translate(kernel.board, space.root, u64(address)) is Status.NOT_MAPPED
    assert current(kernel).frame.pc == 0x40_0008
    assert context_of(current(kernel)).window == UserWindow(u64(0x40_0000), u64(0x30_4000))


# --- what stops the machine: each is a fault of the image, not of a task


def booting(*tasks: TaskRecord, pages: int = 64, endpoints: int = 1) -> None:
    boot(slim_kernel(MemoryBoard(pages)), *tasks, endpoints=endpoints)


@pytest.mark.parametrize(("first", "pages"), [(RAM - PAGE, 2), (RAM, 1), (RAM + 63 * PAGE, 2), (RAM - PAGE, 66)])
def test_a_device_that_reaches_into_ram_is_a_panic(first: int, pages: int) -> None:
    with pytest.raises(PANIC):
        booted(memory=[Region("device", pages, first)])


def test_a_manifest_without_its_magic_is_a_panic() -> None:
    class Blank(MemoryBoard):
        def put(self, address: int, data: bytes) -> None:
            super().put(address, bytes(len(data)) if address == IMAGE else data)

    with pytest.raises(PANIC):
        boot(slim_kernel(Blank()), task_record("one"))


def test_a_capability_over_an_endpoint_that_is_not_there_is_a_panic() -> None:
    with pytest.raises(PANIC):
        booting(task_record("one", Cap(1, ALL)))


def test_more_tasks_than_the_kernel_has_is_a_panic() -> None:
    with pytest.raises(PANIC):
        booting(*[task_record("t") for _ in range(4)])


def test_a_task_that_does_not_fit_is_named_with_the_reason_before_the_panic() -> None:
    board = MemoryBoard(16)
    with pytest.raises(PANIC):
        boot(slim_kernel(board), TaskRecord("big", program(), 99, ()))
    line = 'tyrne: cannot load "big": error 6, wanted 0x68, limit 0xb'
    assert board.lines()[-1] == line  # frame budget exceeded: root, page, 99 of stack, 3 tables of 11 free


def test_a_program_that_is_writable_and_executable_is_a_panic() -> None:
    segment = Segment(BASE, True, True, b"x", 1)
    with pytest.raises(PANIC):
        booting(TaskRecord("wx", Program(BASE, (segment,), BASE + PAGE), 1, ()))


FIRST_TASK = 128
"""Offset of the first task record in an encoded manifest."""
SEGMENT_FLAGS_WORD, SEGMENT_OFFSET_WORD = 10, 11


@pytest.mark.parametrize("offset", [2**64 - PAGE, 2 * PAGE, 2**63], ids=["before it", "after it", "past RAM"])
def test_a_segment_whose_bytes_are_not_in_the_manifest_is_a_panic(offset: int) -> None:
    kernel = slim_kernel(Altered({FIRST_TASK // 8 + SEGMENT_OFFSET_WORD: offset}))
    with pytest.raises(PANIC):
        boot(kernel, task_record("one"))
    assert kernel.scheduler.core.levels == 0


@pytest.mark.parametrize("flags", [0, 1, 2, 4 | 8, 4 | 16, 4 | 1 << 32])
def test_a_segment_that_is_not_ram_of_one_user_program_is_a_panic(flags: int) -> None:
    kernel = slim_kernel(Altered({FIRST_TASK // 8 + SEGMENT_FLAGS_WORD: flags}))
    with pytest.raises(PANIC):
        boot(kernel, task_record("one"))
    assert kernel.spaces.population == 1


def test_ram_that_does_not_start_at_a_page_is_a_panic() -> None:
    from tyrne.hal.boot_info import BootInfo

    with pytest.raises(PANIC):
        start_system(slim_kernel(MemoryBoard()), BootInfo(u64(RAM + 1), u64(RAM + PAGE), u64(RAM), u64(RAM), u64(RAM)))
