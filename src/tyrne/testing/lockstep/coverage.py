"""What a game has reached in the compiled kernel: edges, and how often one trap took each of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from tyrne.compiler.build.edges import Edge
from tyrne.compiler.build.host import CountingLibrary

BUCKETS: Final = 8
"""Counts that are told apart: 1, 2, 3, 4 to 7, 8 to 15, 16 to 31, 32 to 127, 128 and more; so many bits for an edge."""
_BOUNDS: Final = (1, 2, 3, 4, 8, 16, 32, 128)
_BUCKET: Final = bytes(0 if n == 0 else 1 << sum(n >= bound for bound in _BOUNDS) - 1 for n in range(256))
_BITS: Final = tuple(tuple(bit for bit in range(BUCKETS) if value >> bit & 1) for value in range(256))

PARTS: Final = ("tyrne/kernel/", "tyrne/hal/")
"""What counts: the sources that a system call runs through, apart from the board."""
GUARDS: Final = "kp_"
"""Functions that the compiler puts around those of the kernel."""

Feature = int
"""An edge and a bucket, which is BUCKETS x the number of the edge plus the number of the bucket; or a path."""


def path_of(taken: int) -> Feature:
    """The feature that stands for all that one trap took together: negative, and hardly ever that of other edges."""
    return -1 - hash(taken)


class Meter:
    """Reads the counters of one library, trap by trap. Edges that do not count are left out."""

    def __init__(self, library: CountingLibrary) -> None:
        self._counters: Final = library.counters
        self._zeros: Final = bytes(len(library.counters))
        self.edges: Final = library.edges
        self.counted: Final = tuple(i for i, edge in enumerate(library.edges) if counts(edge))
        """The edges that should be reached."""
        self._mask: Final = int.from_bytes(bytes(255 * counts(edge) for edge in library.edges), "little")

    def clear(self) -> None:
        """Forget what has run until now."""
        self._counters[:] = self._zeros

    def take(self) -> int:
        """The features since the last time, as a set of bits."""
        taken = int.from_bytes(bytes(self._counters).translate(_BUCKET), "little") & self._mask
        self._counters[:] = self._zeros
        return taken

    def edges_of(self, features: int) -> set[int]:
        """The numbers of the edges among features."""
        return {feature // BUCKETS for feature in members(features, len(self.edges))}

    def never(self, features: int) -> list[Edge]:
        """The edges that count and are in no feature, in the order of their places."""
        reached = self.edges_of(features)
        return sorted(self.edges[i] for i in self.counted if i not in reached)


def counts(edge: Edge) -> bool:
    """Whether an edge should be reached: it is of the kernel, and not the failure of a check, which is a bug."""
    return edge.file.startswith(PARTS) and not edge.fails and not edge.function.startswith(GUARDS)


def members(features: int, edges: int) -> Iterator[Feature]:
    """The features in a set of bits."""
    for at, value in enumerate(features.to_bytes(edges, "little")):
        if value:
            for bit in _BITS[value]:
                yield BUCKETS * at + bit


def bits(features: Iterable[Feature]) -> int:
    """A set of bits of features."""
    found = 0
    for feature in features:
        found |= 1 << feature
    return found
