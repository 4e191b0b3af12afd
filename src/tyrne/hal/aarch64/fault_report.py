"""A fault in words: what a thread did, why it was refused, and the three registers that say so."""

from __future__ import annotations

from tyrne.hal.aarch64.syndrome import AbortCause, FaultKind, abort_cause, fault_kind
from tyrne.hal.board import Output
from tyrne.hal.text import log_hex, log_text
from tyrne.lang import u64


def log_fault(output: Output, syndrome: u64, address: u64, pc: u64) -> None:
    """The part of a line that says it: ESR_EL1, FAR_EL1 (0 where the exception has none) and ELR_EL1."""
    log_kind(output, syndrome)
    log_text(output, b" (esr=")
    log_hex(output, syndrome)
    log_text(output, b", far=")
    log_hex(output, address)
    log_text(output, b", pc=")
    log_hex(output, pc)
    log_text(output, b")")


def log_kind(output: Output, syndrome: u64) -> None:
    """What the thread did, in words."""
    match fault_kind(syndrome):
        case FaultKind.UNDEFINED_INSTRUCTION:
            log_text(output, b"undefined instruction")
        case FaultKind.TRAPPED_INSTRUCTION:
            log_text(output, b"trapped instruction")
        case FaultKind.INSTRUCTION_ABORT:
            log_text(output, b"instruction abort, ")
            log_cause(output, syndrome)
        case FaultKind.DATA_ABORT_READ:
            log_text(output, b"data abort on read, ")
            log_cause(output, syndrome)
        case FaultKind.DATA_ABORT_WRITE:
            log_text(output, b"data abort on write, ")
            log_cause(output, syndrome)
        case FaultKind.PC_ALIGNMENT:
            log_text(output, b"misaligned PC")
        case FaultKind.SP_ALIGNMENT:
            log_text(output, b"misaligned SP")
        case FaultKind.BREAKPOINT:
            log_text(output, b"breakpoint or debug exception")
        case FaultKind.SYSTEM_ERROR:
            log_text(output, b"system error")
        case FaultKind.UNKNOWN:
            log_text(output, b"unknown exception class")


def log_cause(output: Output, syndrome: u64) -> None:
    """Why an access was refused, in a word or two."""
    match abort_cause(syndrome):
        case AbortCause.TRANSLATION:
            log_text(output, b"translation")
        case AbortCause.ACCESS_FLAG:
            log_text(output, b"access flag")
        case AbortCause.PERMISSION:
            log_text(output, b"permission")
        case AbortCause.ALIGNMENT:
            log_text(output, b"alignment")
        case AbortCause.OTHER:
            log_text(output, b"other cause")
