"""What a fault means, for whoever wrote the program: the kernel's line has its registers, this says the mistake."""

from __future__ import annotations

from typing import Final

from tyrne.hal.aarch64.syndrome import AbortCause, FaultKind, abort_cause, exception_class, fault_kind
from tyrne.hosted.happened import FaultEvent
from tyrne.lang import u64
from tyrne.linux.start import OUT
from tyrne.system import limits
from tyrne.system.source_lines import Place
from tyrne.system.task_view import TaskView, Where

_K, _C, _W = FaultKind, AbortCause, Where
_ACCESSES: Final = (_K.DATA_ABORT_READ, _K.DATA_ABORT_WRITE)
_ABORTS: Final = (*_ACCESSES, _K.INSTRUCTION_ABORT)
_NOWHERE_MAPPED: Final = "{does} address {address}, where nothing is mapped"

ABORTS: Final[tuple[tuple[tuple[FaultKind, ...], AbortCause | None, Where | None, str], ...]] = (
    (_ABORTS, _C.TRANSLATION, _W.NULL, "null pointer: {does} address {address}"),
    (_ACCESSES, _C.TRANSLATION, _W.BELOW_STACK, "stack overflow: stack_pages is {pages}; {more}"),
    (_ACCESSES, _C.TRANSLATION, _W.ABOVE_STACK, "{does} address {address}, past the end of its stack"),
    (_ABORTS, None, _W.NOT_ITS_OWN, "{does} address {address}, where no program can be: they end at {limit}"),
    (_ABORTS, _C.TRANSLATION, _W.MEMORY, "{does} memory {name}, which is not mapped there any more"),
    (_ABORTS, _C.TRANSLATION, None, _NOWHERE_MAPPED),
    ((_K.DATA_ABORT_WRITE,), _C.PERMISSION, _W.CODE, "writes to its own code"),
    ((_K.DATA_ABORT_WRITE,), _C.PERMISSION, _W.CONSTANTS, "writes to its own constants"),
    ((_K.DATA_ABORT_WRITE,), _C.PERMISSION, None, "writes to address {address}, which is mapped to be read only"),
    ((_K.INSTRUCTION_ABORT,), _C.PERMISSION, _W.CONSTANTS, "executes its constants"),
    ((_K.INSTRUCTION_ABORT,), _C.PERMISSION, _W.DATA, "executes data"),
    ((_K.INSTRUCTION_ABORT,), _C.PERMISSION, _W.STACK, "executes its stack"),
    ((_K.INSTRUCTION_ABORT,), _C.PERMISSION, None, "executes address {address}, which is not mapped for that"),
    (_ABORTS, _C.ALIGNMENT, None, "{does} address {address}, which is misaligned for this access"),
    (_ABORTS, None, None, "{does} address {address}, and the machine answers with an error"),
)
"""Of aborts, by what was done, why it was refused, and what the address belongs to; None is any. The first that fits
is meant."""

_BREAKPOINT: Final = 0x3C
"""The exception class of `brk`."""
CLASSES: Final[dict[int, str]] = {
    0x01: "waits for an interrupt (wfi, wfe), which only the kernel may: wait by a system call",
    0x07: "uses FP/SIMD registers, which are closed to it",
    0x0E: "enters an illegal state of the processor",
    0x18: "uses a system register or instruction that only the kernel may",
    0x19: "uses SVE, which this processor does not have",
    0x22: "jumps to {address}, which is no multiple of 4",
    0x26: "uses a stack pointer that is no multiple of 16",
    0x2F: "the machine reports an error of an earlier access",
    0x30: "meets a breakpoint of a debugger",
    0x32: "is stepped by a debugger",
    0x34: "meets a watchpoint of a debugger",
    _BREAKPOINT: "stops itself (brk), as a compiler's check or __builtin_trap does",
}
"""Of what is no abort, by the exception class."""
ASKS_KEEPER: Final = "asks its keeper where to go on (brk of the library): a thread begins so, or leaves a handler"
"""What a thread of a program of Linux does that stops itself in the library: no mistake."""
_ASKS: Final = "linux_restore"
"""The function of the library that does it (linux/c/entry.S). What the library adds has no lines of a source."""
_UNDEFINED: Final = "undefined instruction {word}"
_NO_CODE: Final = "undefined instruction: runs into zeros, where no code is"
_DOES: Final = {
    _K.DATA_ABORT_READ: "reads from",
    _K.DATA_ABORT_WRITE: "writes to",
    _K.INSTRUCTION_ABORT: "jumps to",
}


def fault_words(event: FaultEvent, task: TaskView, place: Place | None = None) -> str:
    """What the task did wrong, at a place of its program if that is known."""
    syndrome = u64(event.syndrome)
    kind = fault_kind(syndrome)
    span = task.span(event.address)
    word = task.instruction(event.pc)
    if kind in _ABORTS:
        cause = abort_cause(syndrome)
        words = next(
            words
            for kinds, why, where, words in ABORTS
            if kind in kinds and why in (None, cause) and where in (None, span.where)
        )
    elif kind is _K.UNDEFINED_INSTRUCTION and exception_class(syndrome) == 0:
        words = _NO_CODE if word == 0 else _UNDEFINED
    elif _asks(event, place):
        words = ASKS_KEEPER
    else:
        words = CLASSES.get(int(exception_class(syndrome)), "an exception that no program should meet")
    told = words.format(
        does=_DOES.get(kind, ""),
        address=hex(event.address),
        limit=hex(limits.USER_VA_LIMIT),
        name=f'"{span.name}"',
        pages=task.stack_pages,
        more="write a larger number" if task.stack_pages < limits.STACK_PAGES else "that is the most: use less of it",
        word="" if word is None else f"{word:#010x}",
    ).rstrip()
    return told + (_mapped(task) if words == _NOWHERE_MAPPED and kind in _ACCESSES else "")


def _asks(event: FaultEvent, place: Place | None) -> bool:
    """Whether the library of a program of Linux asks the keeper of its threads."""
    there = place is not None and place.file is None and place.function == _ASKS
    return there and exception_class(u64(event.syndrome)) == _BREAKPOINT


def _mapped(task: TaskView) -> str:
    """Where the memory and the registers of devices lie that a task has from the start: it may have meant one. The
    memory in which a program of Linux leaves its files is its library's."""
    mapped = [span for span in task.spans if span.where is Where.MEMORY and span.start != OUT]
    there = [f'"{span.name}" at {span.start:#x}' for span in mapped]
    return f" (its description maps {', '.join(there)})" if there else ""
