"""From a machine with nothing but memory to the first ready task."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tyrne.hal.board import B, Output
from tyrne.hal.boot_info import BootInfo
from tyrne.hal.descriptors import PAGE_SIZE
from tyrne.hal.manifest import (
    MAGIC,
    MAPPING_WORDS,
    MAX_CAPS,
    MAX_MAPPINGS,
    NAME_LENGTH,
    QUOTA_WORDS,
    REGION_ADDRESS,
    REGION_PAGES,
    TASK_CAPS,
    TASK_FIRST_MAPPING,
    TASK_HELD,
    TASK_MAPPINGS,
    TASK_NAME,
    TASK_PRIORITY,
    TASK_QUOTA,
    TASK_SUPERVISOR,
    TASK_SUPERVISOR_BADGE,
    WORD_ENDPOINTS,
    WORD_MAGIC,
    WORD_MAX_INSTRUCTIONS,
    WORD_NOTIFICATIONS,
    WORD_REGIONS,
    WORD_SLICE,
    WORD_TASKS,
    CapRecord,
    read_cap,
    read_image,
    read_word,
    region_record,
    task_record,
)
from tyrne.hal.timer import resolution_ns, ticks_to_ns
from tyrne.kernel.abi import CapHandle, CapKind, Rights, Status, rights_from_word, rights_over
from tyrne.kernel.calls import CallNumber
from tyrne.kernel.cap_slot import CapSlot
from tyrne.kernel.capability import AddressSpaceHandle, Capability, DebugConsole, QuotaHandle
from tyrne.kernel.creation import begin_region, make_object
from tyrne.kernel.deletion import cap_drop
from tyrne.kernel.frames import FrameRange
from tyrne.kernel.loader import LoadedImage, LoadFailure, load_image
from tyrne.kernel.log import log_decimal, log_hex, log_line, log_name, log_text
from tyrne.kernel.mapping import map_memory
from tyrne.kernel.quota import FRAMES, Quota
from tyrne.kernel.scheduler import PRIORITIES
from tyrne.kernel.task import Task, TaskState
from tyrne.lang import irange, u64

if TYPE_CHECKING:
    from tyrne.kernel.kernel import Kernel

UNUSED_NUMBER: Final = u64(0x3F)
"""A call number that no kernel has."""


def start_system(kernel: Kernel[B], info: BootInfo) -> None:
    """Take over memory, check the gate, make what the manifest says, and choose the first task."""
    board = kernel.board
    kernel.started = board.ticks()
    kernel.empty_table.seal()
    log_line(board, b"tyrne: hello from kernel_main")
    if not kernel.debug_console:
        log_line(board, b"tyrne: release kernel, no debug console")
    start_memory(kernel, info)
    root = start_quota(kernel)
    start_spaces(kernel, root)
    log_text(board, b"tyrne: timer ready (")
    log_decimal(board, board.frequency())
    log_text(board, b" Hz, resolution ")
    log_decimal(board, resolution_ns(board.frequency()))
    log_line(board, b" ns)")
    check_gate(kernel)
    make_system(kernel, info.manifest, root)
    limit = read_word(board, info.manifest, WORD_MAX_INSTRUCTIONS)
    if limit != 0:
        board.arm_limit(limit)
    slice_length = read_word(board, info.manifest, WORD_SLICE)
    if slice_length == 0:
        log_line(board, b"tyrne: starting cooperative scheduler")
    else:
        board.arm_tick(slice_length)
        log_text(board, b"tyrne: starting preemptive scheduler (slice of ")
        log_decimal(board, slice_length)
        log_line(board, b" instructions)")
    kernel.scheduler.start()


def start_memory(kernel: Kernel[B], info: BootInfo) -> None:
    """Manage RAM: what lies below the image is the firmware's, the image is the kernel's, the rest is free."""
    frames = kernel.frames
    refused = frames.manage(FrameRange(info.ram_start, info.ram_end))
    assert refused is None
    refused = frames.reserve(FrameRange(info.ram_start, info.image_start))
    assert refused is None
    refused = frames.reserve(FrameRange(info.image_start, info.image_end))
    assert refused is None
    stats = frames.stats()
    board = kernel.board
    log_text(board, b"tyrne: pmm initialized (")
    log_decimal(board, stats.free)
    log_text(board, b" frames available; ")
    log_decimal(board, stats.reserved)
    log_line(board, b" reserved)")


def start_quota(kernel: Kernel[B]) -> CapHandle:
    """Make the quota that all others come from: everything that the arenas and RAM have room for."""
    slot = kernel.quotas.allocate()
    assert slot is not None
    root = kernel.quotas.items[slot.index]
    root.origin.become_origin(Capability(rights_over(CapKind.QUOTA), QuotaHandle(slot)), None)
    root.claims[FRAMES] = kernel.frames.available()
    root.claims[u64(CapKind.TASK.value)] = u64(len(kernel.tasks.items))
    root.claims[u64(CapKind.ENDPOINT.value)] = u64(len(kernel.endpoints.items))
    root.claims[u64(CapKind.NOTIFICATION.value)] = u64(len(kernel.notifications.items))
    root.claims[u64(CapKind.ADDRESS_SPACE.value)] = u64(len(kernel.spaces.items))
    root.claims[u64(CapKind.MEMORY.value)] = u64(len(kernel.regions.items))
    root.claims[u64(CapKind.QUOTA.value)] = u64(len(kernel.quotas.items)) - 1
    handle = kernel.bootstrap_table.insert(root.origin.held(), root.origin)
    assert isinstance(handle, CapHandle)
    return handle


def make(kernel: Kernel[B], root: CapHandle, kind: CapKind, pages: u64) -> CapSlot:
    """An object of the first system; its origin."""
    payer = kernel.bootstrap_table.resolve(root)
    assert payer is not None
    origin = make_object(kernel, payer, kernel.quotas.items[0], kind, pages)
    assert isinstance(origin, CapSlot), "the manifest asks for more than this machine has"
    return origin


def keep(kernel: Kernel[B], origin: CapSlot) -> None:
    """Let an object live as long as the kernel does."""
    kept = kernel.bootstrap_table.insert(origin.held(), origin)
    assert isinstance(kept, CapHandle)


def start_spaces(kernel: Kernel[B], root: CapHandle) -> None:
    """Make the bootstrap address space."""
    board = kernel.board
    origin = make(kernel, root, CapKind.ADDRESS_SPACE, u64(0))
    keep(kernel, origin)
    space = kernel.bootstrap_space()
    assert origin is space.origin
    log_text(board, b"tyrne: address-space-arena ready (1 / ")
    log_decimal(board, u64(len(kernel.spaces.items)))
    log_text(board, b" slots used; bootstrap AS root = ")
    log_hex(board, space.root)
    log_line(board, b")")


def check_gate(kernel: Kernel[B]) -> None:
    """Trap into the kernel from EL1, where no task is current, and insist that both calls are refused."""
    frame = kernel.boot_frame
    frame.x[8] = u64(CallNumber.CONSOLE_WRITE.value)
    kernel.board.call_from_kernel(frame)
    console = frame.x[0]
    expected = Status.INVALID_HANDLE if kernel.debug_console else Status.BAD_SYSCALL_NUMBER
    assert console == u64(expected.value), "console_write without a current task was not refused"
    frame.x[8] = UNUSED_NUMBER
    kernel.board.call_from_kernel(frame)
    number = frame.x[0]
    assert number == u64(Status.BAD_SYSCALL_NUMBER.value), "a bad call number was not refused"
    board = kernel.board
    log_text(board, b"tyrne: syscall smoke ok (gate #3 fail-closed \xe2\x80\x94 no current task: console_write status=")
    log_hex(board, console)
    log_text(board, b"; bad-number status=")
    log_hex(board, number)
    log_line(board, b")")


def make_system(kernel: Kernel[B], manifest: u64, root: CapHandle) -> None:
    """Make every object of the manifest, then give the tasks what they hold: it may name any of them."""
    board = kernel.board
    assert read_word(board, manifest, WORD_MAGIC) == MAGIC, "the manifest is missing"
    for _ in irange(read_word(board, manifest, WORD_ENDPOINTS)):
        make(kernel, root, CapKind.ENDPOINT, u64(0))
    for _ in irange(read_word(board, manifest, WORD_NOTIFICATIONS)):
        make(kernel, root, CapKind.NOTIFICATION, u64(0))
    tasks = read_word(board, manifest, WORD_TASKS)
    for number in irange(tasks):
        load_task(kernel, task_record(board, manifest, number), manifest, root)
    for number in irange(read_word(board, manifest, WORD_REGIONS)):
        make_region(kernel, region_record(board, manifest, number), root)
    for number in irange(tasks):
        equip_task(kernel, task_record(board, manifest, number), root, kernel.tasks.items[number])


def make_region(kernel: Kernel[B], record: u64, root: CapHandle) -> None:
    pages = read_word(kernel.board, record, REGION_PAGES)
    address = read_word(kernel.board, record, REGION_ADDRESS)
    if address == 0:
        make(kernel, root, CapKind.MEMORY, pages)
        return
    device = FrameRange(address, address + pages * PAGE_SIZE)
    assert not device.overlaps(kernel.frames.extent), "a device lies in RAM"
    payer = kernel.bootstrap_table.resolve(root)
    assert payer is not None
    quota = kernel.quotas.items[0]
    quota.take(u64(CapKind.MEMORY.value), u64(1))
    begin_region(kernel, payer, quota, address, pages)


def load_task(kernel: Kernel[B], record: u64, manifest: u64, root: CapHandle) -> None:
    """Make a task, and load its image into a new address space that lives as long as it does."""
    board = kernel.board
    origin = make(kernel, root, CapKind.TASK, u64(0))
    keep(kernel, origin)
    task = kernel.tasks.items[kernel.tasks.population - 1]
    assert origin is task.origin
    for i in irange(NAME_LENGTH):
        task.name[i] = board.read8(record + TASK_NAME * 8 + i)
    task.priority = read_word(board, record, TASK_PRIORITY)
    assert task.priority < PRIORITIES
    read_image(board, manifest, record, kernel.loading)
    loaded = load_image(kernel, kernel.bootstrap_table, root, rights_over(CapKind.ADDRESS_SPACE), kernel.loading)
    if isinstance(loaded, LoadFailure):
        log_text(board, b"tyrne: cannot load ")
        log_name(board, task)
        log_text(board, b": error ")
        log_decimal(board, u64(loaded.error.value))
        log_text(board, b", wanted ")
        log_hex(board, loaded.wanted)
        log_text(board, b", limit ")
        log_hex(board, loaded.limit)
        log_line(board, b"")
    assert isinstance(loaded, LoadedImage), "a task of the manifest does not fit this machine"
    slot = kernel.bootstrap_table.resolve(loaded.space)
    assert slot is not None
    named = slot.held().object
    assert isinstance(named, AddressSpaceHandle)
    task.home.fill(slot.held(), slot.parent, slot.depth)
    refused = cap_drop(kernel, kernel.bootstrap_table, loaded.space)
    assert refused is None
    task.bind(named, loaded.base, loaded.entry, loaded.stack_top, task.capabilities)


def equip_task(kernel: Kernel[B], record: u64, root: CapHandle, task: Task) -> None:
    """Give a task its quota, its capabilities and its supervisor, and hand it to the scheduler unless it is held."""
    board = kernel.board
    own = make_quota(kernel, record, root)
    count = read_word(board, record, TASK_CAPS)
    assert count <= MAX_CAPS
    for i in irange(count):
        give_capability(kernel, read_cap(board, record, i), task, own)
    mappings = read_word(board, record, TASK_MAPPINGS)
    assert mappings <= MAX_MAPPINGS
    for i in irange(mappings):
        at = TASK_FIRST_MAPPING + i * MAPPING_WORDS
        memory = task.capabilities.slots[read_word(board, record, at)]
        refused = map_memory(kernel, task.home, memory, read_word(board, record, at + 1), read_word(board, record, at + 2))
        assert refused is None, "a mapping of the manifest is refused"
    supervisor = read_word(board, record, TASK_SUPERVISOR)
    if supervisor != 0:
        origin = kernel.endpoints.items[supervisor - 1].origin
        badge = read_word(board, record, TASK_SUPERVISOR_BADGE)
        task.supervisor.fill(Capability(Rights.SEND, origin.held().object, badge), origin, origin.depth)
    if read_word(board, record, TASK_HELD) == 0:
        kernel.scheduler.make_ready(task)


def make_quota(kernel: Kernel[B], record: u64, root: CapHandle) -> Quota:
    """A quota with the claims of a task's record, taken from the kernel's own. Without a capability to it, it is inert."""
    origin = make(kernel, root, CapKind.QUOTA, u64(0))
    named = origin.held().object
    assert isinstance(named, QuotaHandle)
    own = kernel.quotas.items[named.slot.index]
    whole = kernel.quotas.items[0]
    for i in irange(QUOTA_WORDS):
        claim = claim_of(i)
        amount = read_word(kernel.board, record, TASK_QUOTA + i)
        assert amount <= whole.claims[claim], "the quotas of the manifest ask for more than this machine has"
        whole.take(claim, amount)
        own.claims[claim] = amount
    return own


def claim_of(word: u64) -> u64:
    """Which claim a word of a record's quota is."""
    match word:
        case 0:
            return u64(CapKind.TASK.value)
        case 1:
            return u64(CapKind.ENDPOINT.value)
        case 2:
            return u64(CapKind.NOTIFICATION.value)
        case 3:
            return u64(CapKind.ADDRESS_SPACE.value)
        case 4:
            return u64(CapKind.MEMORY.value)
        case 5:
            return u64(CapKind.QUOTA.value)
    return FRAMES


def give_capability(kernel: Kernel[B], cap: CapRecord, task: Task, own: Quota) -> None:
    """Fill the next slot of a task's table: handle words 0, 1, and so on."""
    rights = rights_from_word(cap.rights)
    if cap.kind == u64(CapKind.DEBUG_CONSOLE.value):
        handle = task.capabilities.insert(Capability(rights, DebugConsole()), None)
    else:
        origin = origin_of(kernel, cap, own)
        handle = task.capabilities.insert(Capability(rights, origin.held().object, cap.badge), origin)
    assert isinstance(handle, CapHandle)


def origin_of(kernel: Kernel[B], cap: CapRecord, own: Quota) -> CapSlot:
    """The origin of the object that a capability of a record names."""
    match cap.kind:
        case 2:
            return kernel.endpoints.items[cap.number].origin
        case 3:
            return kernel.notifications.items[cap.number].origin
        case 4:
            return kernel.tasks.items[cap.number].origin
        case 5:
            return kernel.spaces.items[cap.number + 1].origin
        case 6:
            return kernel.regions.items[cap.number].origin
    assert cap.kind == u64(CapKind.QUOTA.value), "a capability of the manifest has no kind"
    return own.origin


def log_end(kernel: Kernel[B]) -> None:
    """The last lines of a run: whether all tasks have ended, or who waits for ever."""
    board = kernel.board
    waiting = False
    for i in irange(len(kernel.tasks.items)):
        task = kernel.tasks.items[i]
        if not kernel.tasks.occupied[i] or task.has_ended() or task.state is TaskState.READY:
            continue
        waiting = True
        board.trace_waiting(task.number)
        if not kernel.limit_reached:
            log_text(board, b"tyrne: deadlock: task ")
            log_name(board, task)
            log_wait(board, task.state)
    if not waiting and not kernel.limit_reached:
        log_line(board, b"tyrne: all tasks complete")
    log_text(board, b"tyrne: boot-to-end elapsed = ")
    log_decimal(board, ticks_to_ns(board.ticks() - kernel.started, board.frequency()))
    log_line(board, b" ns")


def log_wait(output: Output, state: TaskState) -> None:
    match state:
        case TaskState.SENDING:
            log_line(output, b" waits for a receiver")
        case TaskState.RECEIVING:
            log_line(output, b" waits for a message or signals")
        case TaskState.CALLING:
            log_line(output, b" waits for an answer")
        case TaskState.INACTIVE:
            log_line(output, b" was never started")
        case _:
            log_line(output, b" is suspended")
