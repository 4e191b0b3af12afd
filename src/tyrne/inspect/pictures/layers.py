"""A directed graph in columns, so that edges go from left to right; those of cycles that cannot are told apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

Edge = tuple[int, int]
_SWEEPS: Final = 4
"""How often columns are put in order, each by the places of its neighbours."""


@dataclass(frozen=True)
class Layers:
    """The nodes of each column from top to bottom, and the edges that go back."""

    columns: list[list[int]]
    back: frozenset[Edge]


def layers_of(count: int, edges: Sequence[Edge]) -> Layers:
    """The columns for nodes 0 to `count`: each right of all those that lead to it, but for edges that go back."""
    leads: list[list[int]] = [[] for _ in range(count)]
    for start, end in sorted(set(edges)):
        leads[start].append(end)
    order, back = _search(leads)
    column = [0] * count
    for node in order:
        for other in leads[node]:
            if (node, other) not in back:
                column[other] = max(column[other], column[node] + 1)
    columns: list[list[int]] = [[] for _ in range(max(column, default=-1) + 1)]
    for node in range(count):
        columns[column[node]].append(node)
    _order(columns, [*edges, *((end, start) for start, end in edges)])
    return Layers(columns, frozenset(back))


def _search(leads: list[list[int]]) -> tuple[list[int], set[Edge]]:
    """The nodes, each before those that it leads to, and the edges that go back to a node on the way to them."""
    on_way: set[int] = set()
    done: list[int] = []
    seen: set[int] = set()
    back: set[Edge] = set()
    for start in range(len(leads)):
        todo = [] if start in seen else [(start, iter(leads[start]))]
        seen.add(start)
        on_way.update(node for node, _ in todo)
        while todo:
            node, rest = todo[-1]
            other = next(rest, None)
            if other is None:
                todo.pop()
                on_way.discard(node)
                done.append(node)
            elif other in on_way:
                back.add((node, other))
            elif other not in seen:
                seen.add(other)
                on_way.add(other)
                todo.append((other, iter(leads[other])))
    return done[::-1], back


def _order(columns: list[list[int]], both: Sequence[Edge]) -> None:
    """Put each column in the order of the middles of its nodes' neighbours."""
    near: dict[int, list[int]] = {}
    for start, end in both:
        near.setdefault(start, []).append(end)
    for _ in range(_SWEEPS):
        place = {node: i / len(column) for column in columns for i, node in enumerate(column)}
        for column in columns:
            middle = {n: sum(place[other] for other in near.get(n, [n])) / len(near.get(n, [n])) for n in column}
            column.sort(key=lambda node: (middle[node], node))
            place.update({node: i / len(column) for i, node in enumerate(column)})
