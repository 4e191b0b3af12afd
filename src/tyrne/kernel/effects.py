"""What a system call comes to. What its caller finds in its registers is an `Answer`."""

from __future__ import annotations

from dataclasses import dataclass

from tyrne.abi import NULL_HANDLE, SIGNAL_BADGE, CapHandle, Status, pack_handle
from tyrne.hal.frame import Answer
from tyrne.kernel.address_space import AddressSpace
from tyrne.kernel.cap_table import CapTable
from tyrne.kernel.endpoint import Message
from tyrne.kernel.task import Task
from tyrne.kernel.user_memory import UserWindow
from tyrne.lang import apart, u32, u64


@dataclass(frozen=True)
class SyscallContext:
    """Who calls, as one snapshot: table, window and address space of the running task, or none of the three.

    Without a current task the table is the empty one and the window is empty; the address space is never used.
    """

    table: CapTable
    window: UserWindow
    space: AddressSpace
    task: u32
    """The caller's number, for the console and traces."""
    has_current_task: bool


@dataclass(frozen=True)
class Return:
    """The caller goes on with its answer."""

    answer: Answer


@dataclass(frozen=True)
class Block:
    """The caller does not go on: its state and its queue say what it waits for. The partner that it released does."""

    partner: Task | None


@dataclass(frozen=True)
class Reschedule:
    """The caller goes behind its equals and gets status Ok when its turn comes."""


@dataclass(frozen=True)
class Terminate:
    """The caller ends with a code."""

    code: u64


Effect = Return | Block | Reschedule | Terminate


@apart
def refuse(status: Status) -> Effect:
    return Return(Answer(u64(status.value)))


def done(r1: u64 = u64(0)) -> Effect:
    """Status Ok, with one word of payload at most."""
    return Return(Answer(u64(Status.OK.value), r1))


def outcome(refusal: Status | None) -> Effect:
    """Status Ok, or why not."""
    return done() if refusal is None else refuse(refusal)


def handed(handle: CapHandle | Status) -> Effect:
    """The handle of a new capability, or why there is none."""
    return refuse(handle) if isinstance(handle, Status) else done(pack_handle(handle))


def receipt(badge: u64, message: Message, arrived: u64, reply: u64) -> Answer:
    """What a receiver finds: who sent, four words, and the handles of what came with them."""
    return Answer(
        u64(Status.OK.value), badge, message.label, message.word0, message.word1, message.word2, arrived, reply
    )


def signal_receipt(bits: u64) -> Answer:
    """What a receiver finds when it is woken by signals."""
    return receipt(SIGNAL_BADGE, Message(u64(0), bits), NULL_HANDLE, NULL_HANDLE)
