"""What a system call comes to, and what of it the caller finds in its registers."""

from __future__ import annotations

from dataclasses import dataclass

from tyrne.abi import NULL_HANDLE, SIGNAL_BADGE, CapHandle, Status, pack_handle
from tyrne.hal.frame import Call, TrapFrame
from tyrne.kernel.address_space import AddressSpace
from tyrne.kernel.cap_table import CapTable
from tyrne.kernel.endpoint import Message
from tyrne.kernel.task import Task
from tyrne.kernel.user_memory import UserWindow
from tyrne.lang import u32, u64


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
class Resume:
    """The caller goes on with x0 to x7 rewritten."""

    status: u64
    x1: u64 = u64(0)
    x2: u64 = u64(0)
    x3: u64 = u64(0)
    x4: u64 = u64(0)
    x5: u64 = u64(0)
    x6: u64 = u64(0)
    x7: u64 = u64(0)


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


Effect = Resume | Block | Reschedule | Terminate


def refuse(status: Status) -> Effect:
    return Resume(u64(status.value))


def done(x1: u64 = u64(0)) -> Effect:
    """Status Ok, with one word of payload at most."""
    return Resume(u64(Status.OK.value), x1)


def outcome(refusal: Status | None) -> Effect:
    """Status Ok, or why not."""
    return done() if refusal is None else refuse(refusal)


def handed(handle: CapHandle | Status) -> Effect:
    """The handle of a new capability, or why there is none."""
    return refuse(handle) if isinstance(handle, Status) else done(pack_handle(handle))


def receipt(badge: u64, message: Message, arrived: u64, reply: u64) -> Resume:
    """What a receiver finds: who sent, four words, and the handles of what came with them."""
    return Resume(
        u64(Status.OK.value), badge, message.label, message.word0, message.word1, message.word2, arrived, reply
    )


def signal_receipt(bits: u64) -> Resume:
    """What a receiver finds when it is woken by signals."""
    return receipt(SIGNAL_BADGE, Message(u64(0), bits), NULL_HANDLE, NULL_HANDLE)


def call_in(frame: TrapFrame) -> Call:
    """The system call that a frame holds."""
    x = frame.x
    return Call(x[8], x[0], x[1], x[2], x[3], x[4], x[5])


def write_reply(frame: TrapFrame, reply: Resume) -> None:
    """Rewrite x0 to x7; every other register comes back as it was trapped."""
    x = frame.x
    x[0] = reply.status
    x[1] = reply.x1
    x[2] = reply.x2
    x[3] = reply.x3
    x[4] = reply.x4
    x[5] = reply.x5
    x[6] = reply.x6
    x[7] = reply.x7
