"""The report of a kernel panic: what failed and where, and every register. Then the machine ends with status 3.

A panic is a defect of the kernel. It may come at any time, also before the MMU is on: names from tables, which the
compiler reaches by pointers to the high half, are then given as numbers. A second panic, from within a report, is not
reported; the machine stops where it is.
"""

from __future__ import annotations

from typing import Final

from tyrne.boards.qemu_virt.board import QemuVirt
from tyrne.boards.qemu_virt.checks import FailedCheck, failed_check
from tyrne.boards.qemu_virt.layout import image_layout
from tyrne.boards.qemu_virt.memory_map import DIRECT_MAP
from tyrne.hal.aarch64.syndrome import exception_class
from tyrne.hal.exit_status import PANIC
from tyrne.hal.frame import TrapFrame
from tyrne.hal.pages import PAGE_SIZE
from tyrne.lang import irange, u8, u32, u64
from tyrne.lang.machine import source_name

NEWLINE: Final = u8(0x0A)
CURRENT_SYNCHRONOUS: Final = u32(4)
"""The vector of synchronous exceptions at EL1 with SP_EL1."""
BREAKPOINT: Final = u64(0x3C)
"""ESR_EL1.EC: a breakpoint instruction; its number is in bits 15 to 0."""
DATA_ABORT: Final = u64(0x25)
"""ESR_EL1.EC: a data abort without a change of exception level."""


def report(board: QemuVirt, vector: u32, frame: TrapFrame, syndrome: u64, address: u64) -> None:
    """An exception came through one of the 16 vectors that must not be taken; `frame.pc` is where."""
    if not _begin(board):
        return
    check = _check(vector, frame, syndrome)
    if check is not None:
        _describe_check(board, check)
    else:
        if board.uart.is_low():
            _text(board, b"exception before the MMU is on")
        else:
            _describe(board, vector, syndrome, address)
        board.put_panic(NEWLINE)
        _named(board, b"esr", syndrome)
        _named(board, b"far", address)
    board.put_panic(NEWLINE)
    _registers(board, frame)
    board.stop(PANIC)


def _check(vector: u32, frame: TrapFrame, syndrome: u64) -> FailedCheck | None:
    """The check of the language whose failure an exception is."""
    if vector != CURRENT_SYNCHRONOUS or exception_class(syndrome) != BREAKPOINT:
        return None
    return failed_check(frame, syndrome & 0xFFFF)


def _describe_check(board: QemuVirt, check: FailedCheck) -> None:
    if board.uart.is_low():
        _text(board, b"check ")
        _decimal(board, check.kind)
        _text(board, b" failed at file ")
        _decimal(board, check.file)
    else:
        _text(board, check_name(check.kind))
        _text(board, b" at ")
        _source_name(board, check.file)
    _text(board, b":")
    _decimal(board, check.line)


def _describe(board: QemuVirt, vector: u32, syndrome: u64, address: u64) -> None:
    _text(board, vector_name(vector))
    if vector == CURRENT_SYNCHRONOUS:
        _text(board, b": ")
        _text(board, class_name(syndrome))
        if exception_class(syndrome) == DATA_ABORT and _is_guard(address):
            _text(board, b" in the guard page: the kernel stack has overflowed")


def check_name(kind: u32) -> bytes:
    """A failed check, by its number in `tyrne.lang.panics`."""
    match kind:
        case 1:
            return b"overflow"
        case 2:
            return b"index out of range"
        case 3:
            return b"division by zero"
        case 4:
            return b"assertion failed"
        case 5:
            return b"stale narrowing"
        case 6:
            return b"unreachable statement"
    return b"failed check"


def vector_name(vector: u32) -> bytes:
    """One of the 16 vectors, in the order of the table."""
    match vector:
        case 0 | 1 | 2 | 3:
            return b"exception on the stack of EL0"
        case 4:
            return b"exception in the kernel"
        case 5:
            return b"IRQ in the kernel"
        case 6:
            return b"FIQ in the kernel"
        case 7:
            return b"SError in the kernel"
        case 11:
            return b"SError while a task ran"
    return b"exception from AArch32"


def class_name(syndrome: u64) -> bytes:
    """ESR_EL1.EC of an exception at EL1."""
    match exception_class(syndrome):
        case 0x00:
            return b"undefined instruction"
        case 0x07:
            return b"FP/SIMD access"
        case 0x0E:
            return b"illegal execution state"
        case 0x18:
            return b"trapped system instruction"
        case 0x21:
            return b"instruction abort"
        case 0x22:
            return b"misaligned pc"
        case 0x25:
            return b"data abort"
        case 0x26:
            return b"misaligned sp"
        case 0x3C:
            return b"breakpoint"
    return b"unexpected exception"


def _begin(board: QemuVirt) -> bool:
    """The first words of the report; false when one has begun already."""
    if board.panicking:
        return False
    board.panicking = True
    _text(board, b"!! tyrne panic: ")
    return True


def _source_name(board: QemuVirt, file: u32) -> None:
    position = u64(0)
    # audit: U-14
    byte = source_name(file, position)
    while byte != 0:
        board.put_panic(byte)
        position += 1
        # audit: U-14
        byte = source_name(file, position)


def _is_guard(address: u64) -> bool:
    guard = image_layout(DIRECT_MAP).kernel_guard + DIRECT_MAP
    return guard <= address < guard + PAGE_SIZE


def _registers(board: QemuVirt, frame: TrapFrame) -> None:
    _named(board, b"pc", frame.pc)
    _named(board, b"sp", frame.sp)
    _named(board, b"pstate", frame.pstate)
    for i in irange(31):
        if i % 4 == 0:
            board.put_panic(NEWLINE)
        _text(board, b" x")
        _decimal(board, u32(i))
        _text(board, b"=")
        _hex(board, frame.x[i])
    board.put_panic(NEWLINE)


def _named(board: QemuVirt, name: bytes, value: u64) -> None:
    _text(board, b" ")
    _text(board, name)
    _text(board, b"=")
    _hex(board, value)


def _text(board: QemuVirt, text: bytes) -> None:
    for i in irange(len(text)):
        board.put_panic(u8(text[i]))


def _hex(board: QemuVirt, value: u64) -> None:
    """Sixteen digits."""
    for i in irange(16):
        digit = (value >> (60 - i * 4)) & 15
        board.put_panic(u8(digit + 0x30) if digit < 10 else u8(digit + 0x57))


def _decimal(board: QemuVirt, value: u32) -> None:
    divisor = u32(1)
    while value // divisor >= 10:
        divisor = divisor * 10
    while divisor > 0:
        board.put_panic(u8(value // divisor % 10 + 0x30))
        divisor = divisor // 10
