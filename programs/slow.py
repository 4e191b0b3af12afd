"""Answers questions, one of which takes long. Who asked it may have gone on: the answer is refused, and that is all.

It serves: it waits for the next question for ever, and the run ends without it.
"""

from __future__ import annotations

from typing import Final

from tyrne.abi import Status
from tyrne.lang import export, handle, irange, u64
from tyrne.user import EndpointCap, Message, granted, print_bytes, print_status, reply, wait

QUESTIONS: Final = EndpointCap(handle("questions"))
HARD: Final = u64(1)
EASY_ANSWER: Final = u64(42)


def think() -> u64:
    """Takes several milliseconds: how often numbers are to be halved, or tripled and one more, until they are 1."""
    steps = u64(0)
    for i in irange(10_000):
        n = i + 1
        while n != 1:
            n = n // 2 if n % 2 == 0 else 3 * n + 1
            steps += 1
    return steps


@export
def main() -> u64:
    while True:
        question = granted(wait(QUESTIONS))
        caller = question.reply
        assert caller is not None, "questions are calls"
        answer = think() if question.label == HARD else EASY_ANSWER
        answered = reply(caller, Message(question.label, answer))
        if answered is not Status.OK:
            print_bytes(b"slow: nobody wants the answer any more: ")
            print_status(answered)
            print_bytes(b"\n")
