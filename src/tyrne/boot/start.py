"""From a machine with nothing but memory to the first task that runs; the lines that say so."""

from __future__ import annotations

from typing import Final

from tyrne.abi import CallNumber, CapHandle, CapKind, Status
from tyrne.boot.first_system import keep, make, make_system
from tyrne.hal.board import B, PhysicalMemory
from tyrne.hal.boot_info import BootInfo
from tyrne.hal.manifest import (
    MAGIC,
    REGION_ADDRESS,
    WORD_MAGIC,
    WORD_MAX_INSTRUCTIONS,
    WORD_REGIONS,
    WORD_SLICE,
    read_word,
    region_record,
)
from tyrne.hal.text import log_decimal, log_hex, log_line, log_text
from tyrne.hal.timer import resolution_ns
from tyrne.kernel.capability import QuotaHandle
from tyrne.kernel.creation import begin_life
from tyrne.kernel.frames import FrameRange
from tyrne.kernel.kernel import Kernel
from tyrne.kernel.quota import FRAMES
from tyrne.kernel.task import Task
from tyrne.lang import cold, irange, u64

UNUSED_NUMBER: Final = u64(0x3F)
"""A call number that no kernel has."""


@cold
def start_system(kernel: Kernel[B], info: BootInfo) -> Task | None:
    """Take over memory, check the gate, and make what the manifest says; returns the first task to run."""
    board = kernel.board
    kernel.started = board.ticks()
    kernel.empty_table.seal()
    log_line(board, b"tyrne: hello from kernel_main")
    if not kernel.debug_console:
        log_line(board, b"tyrne: release kernel, no debug console")
    assert read_word(board, info.manifest, WORD_MAGIC) == MAGIC, "the manifest is missing"
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
        kernel.scheduler.slice = board.prepare_turns(slice_length)
        log_text(board, b"tyrne: starting preemptive scheduler (slice of ")
        log_decimal(board, slice_length)
        log_line(board, b" instructions)")
    kernel.scheduler.preempt()
    return kernel.leave()


def start_memory(kernel: Kernel[B], info: BootInfo) -> None:
    """Manage RAM: what lies below the image is the firmware's, the image is the kernel's, what the manifest puts at its
    end devices may write to, the rest is free."""
    frames = kernel.frames
    frames.manage(FrameRange(info.ram_start, info.ram_end))
    frames.reserve(FrameRange(info.ram_start, info.image_start))
    frames.reserve(FrameRange(info.image_start, info.image_end))
    board = kernel.board
    shared = shared_with_devices(board, info)
    if shared.start != shared.end:
        frames.reserve(shared)
    log_text(board, b"tyrne: pmm initialized (")
    log_decimal(board, frames.available())
    log_text(board, b" frames available; ")
    log_decimal(board, frames.reserved_frames)
    log_line(board, b" reserved)")


def shared_with_devices(memory: PhysicalMemory, info: BootInfo) -> FrameRange:
    """The end of RAM in which the manifest has put memory regions. It is nobody else's, ever: a device may write there
    when its driver has ended."""
    first = info.ram_end
    for number in irange(read_word(memory, info.manifest, WORD_REGIONS)):
        address = read_word(memory, region_record(memory, info.manifest, number), REGION_ADDRESS)
        if info.ram_start <= address < first:
            first = address
    return FrameRange(first, info.ram_end)


def start_quota(kernel: Kernel[B]) -> CapHandle:
    """Make the quota that all others come from: everything that the arenas and RAM have room for."""
    root = kernel.quotas.allocate()
    assert root is not None
    origin = begin_life(QuotaHandle(root, root.life.count), None, None)
    root.claims[FRAMES] = kernel.frames.available()
    root.claims[u64(CapKind.TASK.value)] = u64(len(kernel.tasks.items))
    root.claims[u64(CapKind.ENDPOINT.value)] = u64(len(kernel.endpoints.items))
    root.claims[u64(CapKind.NOTIFICATION.value)] = u64(len(kernel.notifications.items))
    root.claims[u64(CapKind.ADDRESS_SPACE.value)] = u64(len(kernel.spaces.items))
    root.claims[u64(CapKind.MEMORY.value)] = u64(len(kernel.regions.items))
    root.claims[u64(CapKind.QUOTA.value)] = u64(len(kernel.quotas.items)) - 1
    handle = kernel.bootstrap_table.insert(origin.held(), origin)
    assert isinstance(handle, CapHandle)
    return handle


def start_spaces(kernel: Kernel[B], root: CapHandle) -> None:
    """Make the bootstrap address space."""
    board = kernel.board
    origin = make(kernel, root, CapKind.ADDRESS_SPACE, u64(0))
    keep(kernel, origin)
    space = kernel.bootstrap_space()
    assert origin is space.life.origin
    log_text(board, b"tyrne: address-space-arena ready (1 / ")
    log_decimal(board, u64(len(kernel.spaces.items)))
    log_text(board, b" slots used; bootstrap AS root = ")
    log_hex(board, space.root)
    log_line(board, b")")


def check_gate(kernel: Kernel[B]) -> None:
    """Trap into the kernel from itself, while no task is current, and insist that both calls are refused."""
    frame = kernel.boot_frame
    frame.set_number(u64(CallNumber.CONSOLE_WRITE.value))
    kernel.board.call_from_kernel(frame)
    console = frame.status()
    expected = Status.INVALID_HANDLE if kernel.debug_console else Status.BAD_SYSCALL_NUMBER
    assert console == u64(expected.value), "console_write without a current task was not refused"
    frame.set_number(UNUSED_NUMBER)
    kernel.board.call_from_kernel(frame)
    number = frame.status()
    assert number == u64(Status.BAD_SYSCALL_NUMBER.value), "a bad call number was not refused"
    board = kernel.board
    log_text(board, b"tyrne: syscall smoke ok (gate #3 fail-closed \xe2\x80\x94 no current task: console_write status=")
    log_hex(board, console)
    log_text(board, b"; bad-number status=")
    log_hex(board, number)
    log_line(board, b")")
