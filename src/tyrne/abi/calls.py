"""The system calls as data: each number, and what goes in and out. Everything else derives from here."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final

from tyrne.lang import Array, u64


class CallNumber(Enum):
    """x8 of a system call. 0 is reserved and always invalid."""

    SEND = 1
    RECV = 2
    TASK_YIELD = 3
    TASK_EXIT = 4
    CONSOLE_WRITE = 5
    """Only kernels with a debug console have it."""
    CAP_COPY = 6
    CAP_DERIVE = 7
    CAP_REVOKE = 8
    CAP_DROP = 9
    CAP_MOVE = 10
    CAP_QUERY = 11
    SEND_WAIT = 12
    WAIT = 13
    CALL = 14
    REPLY = 15
    REPLY_WAIT = 16
    CANCEL = 17
    NOTIFY = 18
    POLL = 19
    BIND = 20
    CREATE = 21
    QUOTA_MOVE = 22
    MEMORY_DERIVE = 23
    MAP = 24
    UNMAP = 25
    PROTECT = 26
    TASK_CONFIGURE = 27
    TASK_SUPERVISE = 28
    TASK_PRIORITY = 29
    TASK_RESUME = 30
    TASK_SUSPEND = 31
    TASK_READ = 32
    TASK_WRITE = 33
    TASK_END = 34
    TASK_STATE = 35
    CLOCK_READ = 36
    CLOCK_ARM = 37
    INTERRUPT_BIND = 38
    INTERRUPT_ACK = 39


@dataclass(frozen=True)
class CallLayout:
    """One call: what it is for, x0 and the registers after it, x1 and those after it when its status is Ok."""

    number: CallNumber
    purpose: str
    arguments: tuple[str, ...]
    results: tuple[str, ...]
    authority: str


def _registers(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(";") if part)


def _row(number: CallNumber, purpose: str, arguments: str, results: str, authority: str) -> CallLayout:
    """A row of the table; registers are parted by semicolons."""
    return CallLayout(number, purpose, _registers(arguments), _registers(results), authority)


_N = CallNumber
_WORDS = "label; word 0; word 1; word 2"
_ARRIVED = f"badge, or all ones for signals; {_WORDS}; capability, or null; reply capability, or null"
_REGISTERS = "; ".join(("the first", *(f"the one {i} after it, 0 past the last" for i in range(1, 7))))

CALLS: Final = (
    _row(_N.SEND, "offer a message, and a capability with it, to an endpoint; never waits",
         f"endpoint; {_WORDS}; capability to transfer, or null", "0 delivered to a receiver, 1 enqueued",
         "endpoint with SEND; TRANSFER on what is transferred"),
    _row(_N.RECV, "take a message that wants no answer, or register as its receiver; never waits", "endpoint",
         f"0 received, 1 pending: then the others are 0; {_WORDS}; capability, or null", "endpoint with RECV"),
    _row(_N.TASK_YIELD, "let the other ready tasks of the same priority run", "", "", "none: the task's own time"),
    _row(_N.TASK_EXIT, "end the task; does not return", "exit code", "", "none: the task's own life"),
    _row(_N.CONSOLE_WRITE, "write bytes to the debug console: all of them, or none and an error; at most 4096",
         "console; address of the bytes; number of bytes", "number of bytes",
         "debug console with CONSOLE_WRITE; only in kernels that have one"),
    _row(_N.CAP_COPY, "make a peer of a capability: same object, same parent, at most the same rights",
         "source; rights", "handle", "source with DUPLICATE"),
    _row(_N.CAP_DERIVE, "make a child of a capability: same object, at most the same rights; gone when it is revoked",
         "source; rights; badge for an endpoint that has none, or 0", "handle", "source with DERIVE"),
    _row(_N.CAP_REVOKE, "drop everything that was derived from a capability, wherever it is", "source", "",
         "source with REVOKE"),
    _row(_N.CAP_DROP, "give a capability up; nothing may be derived from it", "handle", "", "none: its own table"),
    _row(_N.CAP_MOVE, "move a capability to another slot, or into another task's table", "handle; task, or null",
         "handle in the table that holds it now", "TRANSFER; task with CONFIGURE"),
    _row(_N.CAP_QUERY, "what a handle of one's own names", "handle",
         "kind; rights; badge; depth; pages of memory; where it is mapped, or 0; with LOCATE where it lies, or 0",
         "none: its own table"),
    _row(_N.SEND_WAIT, "send a message, and wait until it is received",
         f"endpoint; {_WORDS}; capability to transfer, or null", "",
         "endpoint with SEND; TRANSFER on what is transferred"),
    _row(_N.WAIT, "wait for a message or for signals", "endpoint or notification", _ARRIVED,
         "endpoint with RECV, or notification with WAIT"),
    _row(_N.CALL, "send a message, and wait for its answer", f"endpoint; {_WORDS}; capability to transfer, or null",
         f"0; {_WORDS}; capability, or null", "endpoint with SEND; TRANSFER on what is transferred"),
    _row(_N.REPLY, "answer a call, once", f"reply capability; {_WORDS}; capability to transfer, or null", "",
         "the reply capability; TRANSFER on what is transferred"),
    _row(_N.REPLY_WAIT, "answer a call, and wait for the next message", f"reply capability; {_WORDS}; endpoint",
         _ARRIVED, "the reply capability; endpoint with RECV"),
    _row(_N.CANCEL, "withdraw the receiver that `recv` registered", "endpoint", "", "endpoint with RECV"),
    _row(_N.NOTIFY, "signal bits", "notification; bits", "", "notification with NOTIFY"),
    _row(_N.POLL, "take the bits that are signalled; never waits", "notification", "bits", "notification with WAIT"),
    _row(_N.BIND, "let those who wait at an endpoint take a notification's signals too",
         "endpoint; notification, or null", "", "endpoint with RECV; notification with WAIT"),
    _row(_N.CREATE, "make a kernel object at a quota's expense",
         "quota; kind; pages, for memory: up to 512, or a multiple of 512", "handle", "quota with CREATE"),
    _row(_N.QUOTA_MOVE, "move a claim from one quota to another",
         "source; target; kind, or 0 for frames; amount", "", "both quotas with CREATE"),
    _row(_N.MEMORY_DERIVE, "make a child of a memory capability, over some of its pages",
         "source; rights; first page; pages", "handle", "source with DERIVE"),
    _row(_N.MAP, "map all pages of a memory capability", "address space; memory; address; flags", "",
         "address space with MAP; memory with READ, and WRITE or EXECUTE as the flags say"),
    _row(_N.UNMAP, "take back the mapping of a memory capability", "address space; memory", "",
         "address space with MAP"),
    _row(_N.PROTECT, "change the flags of a memory capability's mapping", "address space; memory; flags", "",
         "address space with MAP; memory with READ, and WRITE or EXECUTE as the flags say"),
    _row(_N.TASK_CONFIGURE, "begin a new life of a task that does not run: all registers zero, no answers owed",
         "task; address space; lowest address of its window; entry; stack top", "",
         "task with CONFIGURE; address space with BIND"),
    _row(_N.TASK_SUPERVISE, "say who is told of a task's faults and end", "task; endpoint, or null", "",
         "task with CONFIGURE; endpoint with SEND"),
    _row(_N.TASK_PRIORITY, "set a priority: 0 is the most urgent, 15 the least; none above the caller's own",
         "task; priority", "", "task with CONFIGURE"),
    _row(_N.TASK_RESUME, "let a suspended task run: at its entry, or where it was suspended", "task", "",
         "task with CONTROL"),
    _row(_N.TASK_SUSPEND, "stop a task; what it waits for is called off", "task", "", "task with CONTROL"),
    _row(_N.TASK_READ, "read registers of a task that does not run: 0 to 30 are x0 to x30, then SP, PC, PSTATE",
         "task; first register", _REGISTERS, "task with INSPECT"),
    _row(_N.TASK_WRITE, "write a register of a task that does not run; of PSTATE only the condition flags",
         "task; register number; value", "", "task with MODIFY"),
    _row(_N.TASK_END, "end a task; it gives back all that it holds", "task; exit code", "", "task with CONTROL"),
    _row(_N.TASK_STATE, "where a task is in its life, and why it ended", "task",
         "state; exit code; syndrome; fault address; PC of the fault", "task with INSPECT"),
    _row(_N.CLOCK_READ, "what time it is, in nanoseconds since boot", "clock", "nanoseconds", "clock with READ"),
    _row(_N.CLOCK_ARM, "set the task's deadline, or unset it: at it bits are signalled, or the task's wait ends",
         "clock; nanoseconds since boot, or all ones for never; notification, or null to end a wait; bits", "",
         "clock with ARM; notification with NOTIFY"),
    _row(_N.INTERRUPT_BIND, "let a device's interrupts signal bits, each but the first after an interrupt_ack",
         "interrupt; notification, or null; bits", "", "interrupt with BIND; notification with NOTIFY"),
    _row(_N.INTERRUPT_ACK, "let the next interrupt of a device come", "interrupt", "", "interrupt with ACK"),
)  # fmt: skip


class NumberTable:
    """The call of each number; number 0 names none and holds the place of `send`."""

    def __init__(self) -> None:
        self.calls: Array[CallNumber] = Array([CallNumber.SEND, *CallNumber])


NUMBERS: Final = NumberTable()


def is_call_number(word: u64) -> bool:
    """Whether a number names a call, which this kernel may yet be without."""
    return word != 0 and word < len(NUMBERS.calls)


def decode_call_number(word: u64, debug_console: bool) -> CallNumber | None:
    """The call that x8 names; None for a number that this kernel does not have."""
    if not is_call_number(word):
        return None
    number = NUMBERS.calls[word]
    return None if number is CallNumber.CONSOLE_WRITE and not debug_console else number
