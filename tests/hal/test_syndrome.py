"""The exception syndrome in words, each class as the Arm ARM numbers it."""

from __future__ import annotations

import pytest

from tyrne.hal.aarch64.syndrome import (
    CLASS_FLOATING,
    CLASS_SUPERVISOR_CALL,
    AbortCause,
    FaultKind,
    abort_cause,
    exception_class,
    fault_kind,
    has_fault_address,
)
from tyrne.lang import u64

KINDS = {
    0x00: FaultKind.UNDEFINED_INSTRUCTION,
    0x01: FaultKind.TRAPPED_INSTRUCTION,
    0x07: FaultKind.TRAPPED_INSTRUCTION,
    0x0E: FaultKind.UNDEFINED_INSTRUCTION,
    0x18: FaultKind.TRAPPED_INSTRUCTION,
    0x19: FaultKind.TRAPPED_INSTRUCTION,
    0x20: FaultKind.INSTRUCTION_ABORT,
    0x22: FaultKind.PC_ALIGNMENT,
    0x24: FaultKind.DATA_ABORT_READ,
    0x26: FaultKind.SP_ALIGNMENT,
    0x2F: FaultKind.SYSTEM_ERROR,
    0x30: FaultKind.BREAKPOINT,
    0x32: FaultKind.BREAKPOINT,
    0x34: FaultKind.BREAKPOINT,
    0x3C: FaultKind.BREAKPOINT,
}


def syndrome(exception: int, specific: int = 0) -> u64:
    """ESR_EL1 of a class with IL set and these 25 bits."""
    return u64(exception << 26 | 1 << 25 | specific)


@pytest.mark.parametrize("exception", range(64))
def test_every_class_has_a_kind(exception: int) -> None:
    assert exception_class(syndrome(exception, 0x1FF_FFBF)) == exception
    assert fault_kind(syndrome(exception, 0x1FF_FFBF)) is KINDS.get(exception, FaultKind.UNKNOWN)


def test_bits_above_the_class_do_not_change_it() -> None:
    assert exception_class(u64(int(syndrome(0x15)) | 0xFFFF_FFFF << 32)) == CLASS_SUPERVISOR_CALL == 0x15
    assert CLASS_FLOATING == 0x07


def test_a_data_abort_is_a_write_when_bit_6_says_so() -> None:
    assert fault_kind(syndrome(0x24, 0x0F)) is FaultKind.DATA_ABORT_READ
    assert fault_kind(syndrome(0x24, 0x4F)) is FaultKind.DATA_ABORT_WRITE


@pytest.mark.parametrize(
    ("codes", "cause"),
    [
        ((0x04, 0x05, 0x06, 0x07), AbortCause.TRANSLATION),
        ((0x08, 0x09, 0x0A, 0x0B), AbortCause.ACCESS_FLAG),
        ((0x0C, 0x0D, 0x0E, 0x0F), AbortCause.PERMISSION),
        ((0x21,), AbortCause.ALIGNMENT),
        ((0x00, 0x03, 0x10, 0x14, 0x18, 0x20, 0x22, 0x30, 0x35, 0x3F), AbortCause.OTHER),
    ],
    ids=lambda value: value.name if isinstance(value, AbortCause) else "",
)
def test_the_fault_status_code_names_the_cause(codes: tuple[int, ...], cause: AbortCause) -> None:
    for code in codes:
        for more in (0, 0x40, 0x80):
            assert abort_cause(syndrome(0x24, code | more)) is cause


@pytest.mark.parametrize("exception", range(64))
def test_only_aborts_and_a_misaligned_pc_have_a_fault_address(exception: int) -> None:
    assert has_fault_address(syndrome(exception)) is (exception in (0x20, 0x22, 0x24))


FAR_NOT_VALID = 1 << 10


@pytest.mark.parametrize("exception", [0x20, 0x24])
def test_an_external_abort_may_say_that_it_has_no_address_and_nothing_else_may(exception: int) -> None:
    for code in range(64):
        for more in (0, 0x40, 0x200):
            assert has_fault_address(syndrome(exception, code | more))
            told = has_fault_address(syndrome(exception, code | more | FAR_NOT_VALID))
            assert told is (code != 0x10)
