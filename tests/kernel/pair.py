"""Two tasks that talk, and a third one: what tests of messages are made of."""

from __future__ import annotations

from tyrne.abi import CallNumber as C
from tyrne.testing.kernels import NULL
from tyrne.testing.world import World

WORDS = (0xAAAA, 2**64 - 1, 3, 2**63)
ANSWER = (0xBBBB, 5, 2**64 - 2, 7)
BADGE = 0x1234_5678_9ABC


class Pair(World):
    """Task 0 may send with a badge, task 1 may receive and send, at one endpoint; task 2 is there too."""

    def __init__(self, tasks: int = 3) -> None:
        super().__init__(tasks)
        self.door = self.endpoint()
        self.client = self.give(0, self.door, badge=BADGE)
        self.server = self.give(1, self.door)
        self.other = self.give(2, self.door, badge=2)

    def serve(self) -> int:
        """Task 1 takes a call of task 0; the handle of its reply capability."""
        self.blocks(0, C.CALL, self.client, *WORDS, NULL)
        self.ok(1, C.WAIT, self.server)
        return self.x(1)[7]


def arrived(words: tuple[int, ...], badge: int = BADGE, cap: int = NULL, reply: int = NULL) -> tuple[int, ...]:
    return (0, badge, *words, cap, reply)
