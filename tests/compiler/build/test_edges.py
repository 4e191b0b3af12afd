"""A library that counts its edges says where each is, and counts what was taken."""

from __future__ import annotations

from pathlib import Path

import pytest

from tyrne.compiler.build.host import CompiledTrap, build_counting_library

SOURCE = """\
from __future__ import annotations

from tyrne.lang import export, u64


def larger(a: u64, b: u64) -> u64:
    if a < b:
        return b
    return a


@export
def main(a: u64, b: u64) -> u64:
    assert a != 7
    if larger(a, b) == 9:
        a = larger(b, a) + 1
    return a
"""


def test_edges_are_counted_where_they_stand(tmp_path: Path) -> None:
    source = tmp_path / "branches.py"
    source.write_text(SOURCE)
    library = build_counting_library(source)
    assert len(library.counters) == len(library.edges)

    def taken(a: int, b: int) -> dict[tuple[int, bool], int]:
        library.counters[:] = bytes(len(library.counters))
        library.call("main", a, b)
        return counted()

    def counted() -> dict[tuple[int, bool], int]:
        pairs = zip(library.edges, library.counters, strict=True)
        return {(edge.line, edge.fails): n for edge, n in pairs if n and edge.file.endswith("branches.py")}

    in_larger = {edge.line for edge in library.edges if edge.function == "larger"}
    assert in_larger <= {6, 7, 8, 9} and in_larger
    assert not any(fails for _, fails in taken(1, 2))
    assert 16 not in {line for line, _ in taken(1, 2)}
    twice = taken(9, 2)
    assert twice[16, False] == 1
    assert max(n for (line, _), n in twice.items() if line in in_larger) == 2
    with pytest.raises(CompiledTrap, match="assertion"):
        taken(7, 1)
    assert any(fails and line == 14 for line, fails in counted())
