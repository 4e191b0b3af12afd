"""The objects and tasks that a system starts with, as its manifest says."""

from __future__ import annotations

from tyrne.abi import CapHandle, CapKind, Rights, Status, TaskState, rights_at_boot, rights_from_word, rights_over
from tyrne.boot.loader import LoadedImage, LoadFailure, load_image
from tyrne.hal import manifest as layout
from tyrne.hal.board import B, PhysicalMemory
from tyrne.hal.manifest import CapRecord, read_cap, read_image, read_word, region_record, task_record
from tyrne.hal.pages import BLOCK_PAGES, PAGE_SIZE
from tyrne.hal.text import log_decimal, log_hex, log_line, log_name, log_text
from tyrne.kernel.authority import space_at
from tyrne.kernel.cap_slot import CapSlot
from tyrne.kernel.capability import AddressSpaceHandle, Capability, Clock, DebugConsole, InterruptHandle
from tyrne.kernel.config import MAX_PIECES, PRIORITIES
from tyrne.kernel.creation import begin_life, creatable, make_object, new_region
from tyrne.kernel.deletion import cap_drop
from tyrne.kernel.frames import FrameRange
from tyrne.kernel.kernel import Kernel
from tyrne.kernel.line import Line
from tyrne.kernel.mapping import map_memory, prepare
from tyrne.kernel.memory import can_be_made
from tyrne.kernel.quota import FRAMES, Quota
from tyrne.kernel.task import Task
from tyrne.lang import cold, irange, u32, u64


def make(kernel: Kernel[B], root: CapHandle, kind: CapKind, pages: u64) -> CapSlot:
    """An object at the expense of the kernel's own quota, which `root` names; its origin. `pages` is for regions."""
    payer = kernel.bootstrap_table.resolve(root)
    assert payer is not None
    origin = make_object(kernel, payer, kernel.quotas.items[0], kind, pages)
    assert isinstance(origin, CapSlot), "the manifest asks for more than this machine has"
    return origin


def keep(kernel: Kernel[B], origin: CapSlot) -> None:
    """Let an object live as long as the kernel does."""
    kept = kernel.bootstrap_table.insert(origin.held(), origin)
    assert isinstance(kept, CapHandle)


@cold
def make_system(kernel: Kernel[B], manifest: u64, root: CapHandle) -> None:
    """Make every object of the manifest, then give the tasks what they hold: it may name any of them."""
    board = kernel.board
    for _ in irange(read_word(board, manifest, layout.WORD_ENDPOINTS)):
        make(kernel, root, CapKind.ENDPOINT, u64(0))
    for _ in irange(read_word(board, manifest, layout.WORD_NOTIFICATIONS)):
        make(kernel, root, CapKind.NOTIFICATION, u64(0))
    tasks = read_word(board, manifest, layout.WORD_TASKS)
    for number in irange(tasks):
        load_task(kernel, task_record(board, manifest, number), manifest, root)
    for number in irange(read_word(board, manifest, layout.WORD_REGIONS)):
        make_region(kernel, region_record(board, manifest, number), root)
    for number in irange(read_word(board, manifest, layout.WORD_FILLS)):
        fill_region(board, manifest, number)
    for number in irange(tasks):
        equip_task(kernel, task_record(board, manifest, number), root, kernel.tasks.items[number])


def make_region(kernel: Kernel[B], record: u64, root: CapHandle) -> None:
    """A memory region over zeroed frames; or at a physical address, over the registers of a device or the part of RAM
    that is shared with devices. That is kept as long as the kernel runs, and who holds it may know where it lies."""
    pages = read_word(kernel.board, record, layout.REGION_PAGES)
    address = read_word(kernel.board, record, layout.REGION_ADDRESS)
    if address == 0:
        assert can_be_made(pages)
        make(kernel, root, CapKind.MEMORY, pages)
        region = kernel.regions.items[kernel.regions.population - 1]
        while region.cleared < pages:
            region.clear_next(kernel.board, kernel.frames)
        return
    place = FrameRange(address, address + pages * PAGE_SIZE)
    shared = kernel.frames.extent.covers(place)
    assert shared or not place.overlaps(kernel.frames.extent), "a device lies in RAM"
    limit = kernel.board.page_format.physical_limit
    assert pages <= MAX_PIECES * BLOCK_PAGES and place.end <= limit, "a device lies nowhere"
    payer = kernel.bootstrap_table.resolve(root)
    assert payer is not None
    quota = kernel.quotas.items[0]
    quota.take(u64(CapKind.MEMORY.value), u64(1))
    named = new_region(kernel, pages)
    named.at.lie_at(address)
    named.at.device = not shared
    named.at.cleared = pages
    origin = begin_life(named, payer, quota)
    if shared:
        kernel.board.zero(address, pages * PAGE_SIZE)
        origin.capability = Capability(rights_at_boot(CapKind.MEMORY), origin.held().object)
        keep(kernel, origin)


def fill_region(memory: PhysicalMemory, manifest: u64, number: u64) -> None:
    """Copy to the beginning of a region what the manifest has for it: what a file held."""
    record = manifest + read_word(memory, manifest, layout.WORD_FIRST_FILL) + number * layout.FILL_WORDS * 8
    index = read_word(memory, record, layout.FILL_REGION)
    assert index < read_word(memory, manifest, layout.WORD_REGIONS)
    region = region_record(memory, manifest, index)
    length = read_word(memory, record, layout.FILL_LENGTH)
    assert length <= read_word(memory, region, layout.REGION_PAGES) * PAGE_SIZE
    source = manifest + read_word(memory, record, layout.FILL_SOURCE)
    memory.copy(read_word(memory, region, layout.REGION_ADDRESS), source, length)


def load_task(kernel: Kernel[B], record: u64, manifest: u64, root: CapHandle) -> None:
    """Make a task, and load its image into a new address space that lives as long as it does.

    The task's own quota pays for the space, and so for the tables of all that will be mapped there. It is lent all
    frames that there are while the kernel itself maps: what a system starts with costs its tasks nothing.
    """
    board = kernel.board
    origin = make(kernel, root, CapKind.TASK, u64(0))
    keep(kernel, origin)
    task = kernel.tasks.items[kernel.tasks.population - 1]
    assert origin is task.life.origin
    for i in irange(layout.NAME_LENGTH):
        task.name[i] = board.read8(record + layout.TASK_NAME * 8 + i)
    task.set_priority(read_word(board, record, layout.TASK_PRIORITY))
    assert task.priority < PRIORITIES
    read_image(board, manifest, record, kernel.loading)
    payer = make_quota(kernel, root)
    own = kernel.quotas.items[kernel.quotas.population - 1]
    whole = kernel.quotas.items[0]
    move_claim(whole, own, u64(CapKind.ADDRESS_SPACE.value), u64(1))
    move_claim(whole, own, FRAMES, whole.claims[FRAMES])
    loaded = load_image(kernel, kernel.bootstrap_table, payer, rights_over(CapKind.ADDRESS_SPACE), kernel.loading)
    move_claim(own, whole, FRAMES, own.claims[FRAMES])
    if isinstance(loaded, LoadFailure):
        log_text(board, b"tyrne: cannot load ")
        log_name(board, task.name, task.number)
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
    registered = kernel.scheduler.add_user_task(
        task, named, loaded.base, loaded.entry, loaded.stack_top, task.capabilities
    )
    assert registered is Status.OK


def equip_task(kernel: Kernel[B], record: u64, root: CapHandle, task: Task) -> None:
    """Give a task its quota, its capabilities and its supervisor, and hold it back if somebody else is to start it."""
    board = kernel.board
    own = quota_of_space(kernel, task)
    count = read_word(board, record, layout.TASK_CAPS)
    assert count <= layout.MAX_CAPS
    for i in irange(count):
        give_capability(kernel, read_cap(board, record, i), task, own)
    whole = kernel.quotas.items[0]
    move_claim(whole, own, FRAMES, whole.claims[FRAMES])
    mappings = read_word(board, record, layout.TASK_MAPPINGS)
    assert mappings <= layout.MAX_MAPPINGS
    for i in irange(mappings):
        at = layout.TASK_FIRST_MAPPING + i * layout.MAPPING_WORDS
        memory = task.capabilities.slots[read_word(board, record, at)]
        address = read_word(board, record, at + 1)
        work = map_memory(kernel, task.home, memory, address, read_word(board, record, at + 2))
        assert not isinstance(work, Status), "a mapping of the manifest is refused"
        while work is not None:
            work = prepare(kernel, work)
    move_claim(own, whole, FRAMES, own.claims[FRAMES])
    for i in irange(layout.QUOTA_WORDS):
        move_claim(whole, own, FRAMES if i == 0 else i + 1, read_word(board, record, layout.TASK_QUOTA + i))
    supervisor = read_word(board, record, layout.TASK_SUPERVISOR)
    if supervisor != 0:
        origin = kernel.endpoints.items[supervisor - 1].life.origin
        badge = read_word(board, record, layout.TASK_SUPERVISOR_BADGE)
        task.supervisor.fill(Capability(Rights.SEND, origin.held().object, badge), origin, origin.depth)
    standing = read_word(board, record, layout.TASK_STANDING)
    task.serves = standing & layout.SERVES != 0
    if standing & layout.HELD != 0:
        kernel.scheduler.withdraw(task)
        task.become(TaskState.INACTIVE)


def make_quota(kernel: Kernel[B], root: CapHandle) -> CapHandle:
    """A quota without claims, which lives as long as the kernel does; the kernel's capability over it."""
    origin = make(kernel, root, CapKind.QUOTA, u64(0))
    kept = kernel.bootstrap_table.insert(origin.held(), origin)
    assert isinstance(kept, CapHandle)
    return kept


def quota_of_space(kernel: Kernel[B], task: Task) -> Quota:
    """The quota that pays for the address space of a task: its own."""
    slot = task.home
    payer = space_at(slot).life.payer
    assert payer is not None
    return payer


def move_claim(source: Quota, target: Quota, claim: u64, amount: u64) -> None:
    assert amount <= source.claims[claim], "the quotas of the manifest ask for more than this machine has"
    source.take(claim, amount)
    target.claims[claim] += amount


def give_capability(kernel: Kernel[B], cap: CapRecord, task: Task, own: Quota) -> None:
    """Fill the next slot of a task's table: handle words 0, 1, and so on."""
    rights = rights_from_word(cap.rights)
    if cap.kind == u64(CapKind.DEBUG_CONSOLE.value):
        handle = task.capabilities.insert(Capability(rights, DebugConsole()), None)
    elif cap.kind == u64(CapKind.CLOCK.value):
        handle = task.capabilities.insert(Capability(rights, Clock()), None)
    elif cap.kind == u64(CapKind.INTERRUPT.value):
        line = line_of(kernel, u32(cap.number))
        handle = task.capabilities.insert(Capability(rights, InterruptHandle(line)), None)
    else:
        origin = origin_of(kernel, cap, own)
        handle = task.capabilities.insert(Capability(rights, origin.held().object, cap.badge), origin)
    assert isinstance(handle, CapHandle)


def line_of(kernel: Kernel[B], number: u32) -> Line:
    """The interrupt line of a number, which may have been named before."""
    for i in irange(kernel.named_lines):
        if kernel.lines[i].number == number:
            return kernel.lines[i]
    line = kernel.lines[kernel.named_lines]
    line.number = number
    kernel.named_lines += 1
    return line


def origin_of(kernel: Kernel[B], cap: CapRecord, own: Quota) -> CapSlot:
    """The origin of the object that a capability of a record names."""
    kind = creatable(cap.kind)
    assert kind is not None, "a capability of the manifest has no kind"
    match kind:
        case CapKind.ENDPOINT: return kernel.endpoints.items[cap.number].life.origin
        case CapKind.NOTIFICATION: return kernel.notifications.items[cap.number].life.origin
        case CapKind.TASK: return kernel.tasks.items[cap.number].life.origin
        case CapKind.ADDRESS_SPACE: return kernel.spaces.items[cap.number + 1].life.origin  # after the bootstrap space
        case CapKind.MEMORY: return kernel.regions.items[cap.number].life.origin
    return own.life.origin
