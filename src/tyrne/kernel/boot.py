"""From a machine with nothing but memory to the first ready task."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeVar

from tyrne.hal.board import Board
from tyrne.hal.boot_info import BootInfo
from tyrne.hal.timer import resolution_ns, ticks_to_ns
from tyrne.kernel.abi import CallNumber, CapHandle, Rights, Status
from tyrne.kernel.address_space import space_named
from tyrne.kernel.capability import AddressSpaceHandle, Capability, CapObject, DebugConsole, EndpointHandle, TaskHandle
from tyrne.kernel.frames import FrameRange
from tyrne.kernel.loader import LoadedImage, LoadFailure, load_image
from tyrne.kernel.log import log_decimal, log_hex, log_line, log_name, log_text
from tyrne.kernel.manifest import (
    CAP_CONSOLE,
    CAP_ENDPOINT,
    MAGIC,
    MAX_CAPS,
    TASK_CAPS,
    WORD_ENDPOINTS,
    WORD_MAGIC,
    WORD_MAX_INSTRUCTIONS,
    WORD_TASKS,
    cap_kind,
    cap_object,
    cap_rights,
    read_image,
    read_name,
    read_word,
    task_record,
)
from tyrne.kernel.task import Task
from tyrne.lang import irange, u32, u64

if TYPE_CHECKING:
    from tyrne.kernel.kernel import Kernel

B = TypeVar("B", bound=Board)

BOOTSTRAP_RIGHTS: Final = Rights.DUPLICATE | Rights.DERIVE | Rights.REVOKE | Rights.TRANSFER
TASK_RIGHTS: Final = Rights.DUPLICATE | Rights.DERIVE | Rights.REVOKE
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
    authority = start_spaces(kernel)
    log_text(board, b"tyrne: timer ready (")
    log_decimal(board, board.frequency())
    log_text(board, b" Hz, resolution ")
    log_decimal(board, resolution_ns(board.frequency()))
    log_line(board, b" ns)")
    check_gate(kernel)
    assert read_word(board, info.manifest, WORD_MAGIC) == MAGIC, "the manifest is missing"
    for number in irange(read_word(board, info.manifest, WORD_ENDPOINTS)):
        make_endpoint(kernel, number)
    for number in irange(read_word(board, info.manifest, WORD_TASKS)):
        make_task(kernel, info.manifest, number, authority)
    limit = read_word(board, info.manifest, WORD_MAX_INSTRUCTIONS)
    if limit != 0:
        board.arm_limit(limit)
    log_line(board, b"tyrne: starting cooperative scheduler")
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


def start_spaces(kernel: Kernel[B]) -> CapHandle:
    """Make the bootstrap address space; the handle names the authority by which all others are made."""
    board = kernel.board
    slot = kernel.spaces.allocate()
    root = kernel.frames.allocate(board)
    assert slot is not None and root is not None
    assert slot.index == 0
    kernel.bootstrap_space().begin(slot, root)
    authority = kernel.bootstrap_table.insert_root(Capability(BOOTSTRAP_RIGHTS, AddressSpaceHandle(slot)))
    assert isinstance(authority, CapHandle)
    log_text(board, b"tyrne: address-space-arena ready (1 / ")
    log_decimal(board, u64(len(kernel.spaces.items)))
    log_text(board, b" slots used; bootstrap AS root = ")
    log_hex(board, root)
    log_line(board, b")")
    return authority


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


def make_endpoint(kernel: Kernel[B], number: u64) -> None:
    slot = kernel.endpoints.allocate()
    assert slot is not None and u64(slot.index) == number
    kernel.endpoints.items[slot.index].id = u32(number)


def make_task(kernel: Kernel[B], manifest: u64, number: u64, authority: CapHandle) -> None:
    """Load one task's image, give it its capabilities, and hand it to the scheduler."""
    board = kernel.board
    record = task_record(board, manifest, number)
    slot = kernel.tasks.allocate()
    assert slot is not None
    task = kernel.tasks.items[slot.index]
    task.number = u32(number)
    read_name(board, record, task)
    made = kernel.bootstrap_table.insert_root(Capability(TASK_RIGHTS, TaskHandle(slot)))
    assert isinstance(made, CapHandle)
    read_image(board, manifest, record, kernel.loading)
    loaded = load_image(
        board, kernel.frames, kernel.spaces, kernel.bootstrap_table, authority, Rights.NONE, kernel.loading
    )
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
    give_capabilities(kernel, record, task)
    space = space_named(kernel.bootstrap_table, loaded.space)
    assert isinstance(space, AddressSpaceHandle)
    refused = kernel.scheduler.add_user_task(
        task, space, loaded.base, loaded.entry, loaded.stack_top, task.capabilities
    )
    assert refused is None


def give_capabilities(kernel: Kernel[B], record: u64, task: Task) -> None:
    """Fill the first slots of a task's table in the order of its record: handle words 0, 1, and so on."""
    board = kernel.board
    count = read_word(board, record, TASK_CAPS)
    assert count <= MAX_CAPS
    for i in irange(count):
        named = object_of(kernel, cap_kind(board, record, i), cap_object(board, record, i))
        handle = task.capabilities.insert_root(Capability(cap_rights(board, record, i), named))
        assert isinstance(handle, CapHandle) and u64(handle.index) == i


def object_of(kernel: Kernel[B], kind: u64, number: u64) -> CapObject:
    if kind == CAP_CONSOLE:
        return DebugConsole()
    assert kind == CAP_ENDPOINT and number < u64(kernel.endpoints.population)
    return EndpointHandle(kernel.endpoints.id_at(number))


def log_end(kernel: Kernel[B]) -> None:
    """The last lines of a run whose tasks have all ended."""
    board = kernel.board
    log_line(board, b"tyrne: all tasks complete")
    log_text(board, b"tyrne: boot-to-end elapsed = ")
    log_decimal(board, ticks_to_ns(board.ticks() - kernel.started, board.frequency()))
    log_line(board, b" ns")
