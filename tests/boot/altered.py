"""A board on which a manifest is not what was built."""

from __future__ import annotations

from tyrne.testing.board import MemoryBoard
from tyrne.testing.kernels import IMAGE


class Altered(MemoryBoard):
    """A board whose manifest has other words than the one that was built: word number to value."""

    def __init__(self, words: dict[int, int]) -> None:
        super().__init__()
        self.words = words

    def put(self, address: int, data: bytes) -> None:
        if address == IMAGE:
            for word, value in self.words.items():
                data = data[: word * 8] + value.to_bytes(8, "little") + data[word * 8 + 8 :]
        super().put(address, data)
