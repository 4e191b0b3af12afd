"""The calls of v1 as v1 names their outcomes: made by tasks of a whole kernel, decoded from their registers."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from tyrne.abi import CallNumber as C
from tyrne.abi import SendOutcome, Status
from tyrne.kernel.endpoint import Message
from tyrne.lang import u64
from tyrne.testing.kernels import NULL
from tyrne.testing.world import World


class Pending(Enum):
    """Nothing is there; the caller is registered as the receiver."""

    PENDING = 1


@dataclass(frozen=True)
class Received:
    """A message, and the handle word of the capability that came with it."""

    message: Message
    handle: int | None


def message(*words: int) -> Message:
    return Message(*map(u64, words))


def call(world: World, task: int, number: C, *arguments: int) -> tuple[int, ...]:
    """x0 to x7; calls of v1 return at once."""
    answer = world.call(task, number, *arguments)
    assert answer is not None
    assert answer[0] == 0 or answer[1:] == (0,) * 7
    return answer


def send(world: World, task: int, word: int, what: Message, transfer: int | None = None) -> SendOutcome | Status:
    words = (int(what.label), int(what.word0), int(what.word1), int(what.word2))
    answer = call(world, task, C.SEND, word, *words, NULL if transfer is None else transfer)
    assert answer[2:] == (0,) * 6
    return Status(answer[0]) if answer[0] else SendOutcome(answer[1])


def recv(world: World, task: int, word: int) -> Received | Pending | Status:
    answer = call(world, task, C.RECV, word)
    if answer[0]:
        return Status(answer[0])
    if answer[1] == Pending.PENDING.value:
        assert answer[2:] == (0,) * 6
        return Pending.PENDING
    return Received(message(*answer[2:6]), None if answer[6] == NULL else answer[6])


def cancel(world: World, task: int, word: int) -> Status | None:
    return refusal(call(world, task, C.CANCEL, word))


def notify(world: World, task: int, word: int, bits: int) -> Status | None:
    return refusal(call(world, task, C.NOTIFY, word, bits))


def refusal(answer: tuple[int, ...]) -> Status | None:
    return Status(answer[0]) if answer[0] else None
