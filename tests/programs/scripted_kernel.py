"""A kernel that is a script of replies, for the user library in CPython."""

from __future__ import annotations

from dataclasses import dataclass, field

from tyrne.lang import Array, u8, u64
from tyrne.lang.machine import Reply
from tyrne.user import printing


def reply(*words: int) -> Reply:
    """Registers from x0 on; 0 in those that are left out."""
    return Reply(*(u64(word) for word in (*words, *[0] * (8 - len(words)))))


@dataclass
class ScriptedKernel:
    """Remembers the calls and answers each with the next reply; without one, with Ok."""

    replies: list[Reply] = field(default_factory=list)
    calls: list[tuple[int, ...]] = field(default_factory=list)
    console: bytearray = field(default_factory=bytearray)

    def supervisor_call(self, *words: u64) -> Reply:
        number, *arguments = map(int, words)
        self.calls.append((number, *arguments))
        if number == 5:
            text: Array[u8] = printing.LINE.text
            self.console += bytes(text[i] for i in range(arguments[2]))
        return self.replies.pop(0) if self.replies else reply()
