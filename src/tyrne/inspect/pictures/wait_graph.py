"""The waits-for graph: from who waits, over what it waits at, to those any one of whom could end the wait."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from tyrne.inspect.objects import Inspection, Wait
from tyrne.inspect.pictures import mermaid
from tyrne.inspect.pictures.holdings import ALIKE, names_of
from tyrne.inspect.pictures.layers import Edge, layers_of
from tyrne.inspect.pictures.svg import LINE, Drawing, Svg, shortened, width_of

_TOP, _LEFT, _PAD, _GAP, _BETWEEN, _LETTERS, _LANE = 16, 14, 8, 16, 64, 56, 12


@dataclass(frozen=True)
class Node:
    """A task, several that wait alike, or an object at which tasks wait. `mark` is cycle, stuck or nothing."""

    lines: tuple[str, ...]
    tasks: tuple[str, ...] = ()
    mark: str = ""

    @property
    def kind(self) -> str:
        return "stuckbox" if self.mark else "task" if self.tasks else "object"

    @property
    def colour(self) -> str:
        """The class of it in Mermaid."""
        return self.kind.removesuffix("box")


@dataclass
class Graph:
    """Edges are pairs of places in `nodes`; `red` are those of cycles."""

    nodes: list[Node] = field(default_factory=list)
    edges: list[Edge] = field(default_factory=list)
    red: set[Edge] = field(default_factory=set)
    notes: list[str] = field(default_factory=list)


def graph_of(seen: Inspection, tasks: Collection[str] = ()) -> Graph:
    """The graph of all waits, or of those of the named tasks and of whom they wait for, and so on."""
    graph, waits = Graph(), {wait.task: wait for wait in seen.waits}
    asked = {wait.task for wait in seen.waits if not tasks or wait.task in _reached(waits, tasks)}
    waiting = [wait for wait in seen.waits if wait.task in asked]
    partners = {partner for wait in waiting for partner in wait.partners}
    place: dict[str, int] = {}
    for group in _groups(seen, waiting):
        place |= dict.fromkeys((wait.task for wait in group), len(graph.nodes))
        graph.nodes.append(_waiting(group))
    for task in seen.tasks:
        if task.name in partners and task.name not in place:
            place[task.name] = len(graph.nodes)
            graph.nodes.append(Node((task.name, shortened(task.does, _LETTERS)), (task.name,)))
    _connect(seen, graph, waiting, place)
    idle = [task.name for task in seen.tasks if task.name not in place]
    graph.notes += (
        [f"{names_of(idle)}: {'not part of this' if tasks else 'neither waits nor is waited for'}"] if idle else []
    )
    graph.notes += [
        f"cycle: {' → '.join([*cycle, cycle[0]])}" for cycle in seen.cycles if not tasks or set(cycle) & set(place)
    ]
    return graph


def _reached(waits: dict[str, Wait], tasks: Collection[str]) -> set[str]:
    """The named tasks, whom they wait for, whom these wait for, and so on; and who waits for a named one."""
    found, todo = set[str](), [*tasks, *(wait.task for wait in waits.values() if set(tasks) & set(wait.partners))]
    while todo:
        task = todo.pop()
        if task not in found:
            found.add(task)
            todo += waits[task].partners if task in waits else ()
    return found


def _groups(seen: Inspection, waiting: list[Wait]) -> list[list[Wait]]:
    """Waits in the order of the tasks; those that are alike, of tasks that the same ones wait for, together."""
    alike: dict[object, list[Wait]] = {}
    for wait in waiting:
        heard = tuple(other.task for other in waiting if wait.task in other.partners and other.task != wait.task)
        among = {other.task for other in waiting if (other.does, other.on) == (wait.does, wait.on)}
        key = (wait.does, wait.on, frozenset(wait.partners) - among, wait.others, wait.stuck, heard)
        alike.setdefault(wait.task if wait.cycle is not None else key, []).append(wait)
    return [some for group in alike.values() for some in ([group] if len(group) >= ALIKE else [[one] for one in group])]


def _waiting(group: list[Wait]) -> Node:
    first = group[0]
    mark = "cycle" if first.cycle is not None else "stuck" if first.stuck else ""
    names = tuple(wait.task for wait in group)
    lines = [names_of(names), shortened(first.does, _LETTERS)]
    lines += [f"or {shortened(' or '.join(first.others), _LETTERS)}"] if first.others else []
    lines += [mark] if mark else []
    return Node(tuple(lines), names, mark)


def _connect(seen: Inspection, graph: Graph, waiting: list[Wait], place: dict[str, int]) -> None:
    """Edges, over the object where there is one: one for all who wait there for the same."""
    objects: dict[tuple[str, str], int] = {}
    found: dict[Edge, bool] = {}
    state = {task.name: task.state for task in seen.tasks}
    for wait in waiting:
        start = place[wait.task]
        cycle = () if wait.cycle is None else seen.cycles[wait.cycle]
        after = cycle[(cycle.index(wait.task) + 1) % len(cycle)] if cycle else None
        if wait.on is not None and not wait.on.startswith("task "):
            middle = objects.setdefault((wait.on, state[wait.task]), len(graph.nodes))
            if middle == len(graph.nodes):
                graph.nodes.append(Node((wait.on, *([] if wait.partners else ["nobody could end this wait"]))))
            edge = (start, middle)
            found[edge] = found.get(edge, False) or after is not None
            start = middle
        for partner in wait.partners:
            edge = (start, place[partner])
            found[edge] = found.get(edge, False) or partner == after
    graph.edges += found
    graph.red |= {edge for edge, red in found.items() if red}


def draw(seen: Inspection, tasks: Collection[str] = ()) -> Drawing:
    """As a drawing: who waits at the left, cycles and their edges in red."""
    graph, svg = graph_of(seen, tasks), Svg()
    layers = layers_of(len(graph.nodes), graph.edges)
    wide = [max(map(width_of, node.lines)) + 2 * _PAD for node in graph.nodes]
    tall = [LINE * len(node.lines) + _PAD for node in graph.nodes]
    heights = [sum(tall[node] + _GAP for node in column) for column in layers.columns]
    left, corner = _LEFT, {}
    for column, height in zip(layers.columns, heights, strict=True):
        y = _TOP + (max(heights) - height) // 2
        for node in column:
            corner[node] = left, y
            y += tall[node] + _GAP
        left += max(wide[node] for node in column) + _BETWEEN
    bottom = _TOP + max(heights, default=0)
    lane = bottom
    for start, end in sorted(graph.edges, key=lambda edge: (edge in graph.red, edge)):
        kind = "stuck" if (start, end) in graph.red else "edge"
        (x, y), (to_x, to_y) = corner[start], corner[end]
        if (start, end) in layers.back:
            x, to_x = x + wide[start] // 2 + 8, to_x + wide[end] // 2 - 8
            svg.path(f"M{x},{y + tall[start]} V{lane} H{to_x} V{to_y + tall[end]}", kind)
            svg.arrow(to_x, to_y + tall[end], "up", kind)
            svg.reach(x, lane)
            lane += _LANE
        else:
            svg.curve((x + wide[start], y + tall[start] // 2), (to_x, to_y + tall[end] // 2), kind, _BETWEEN // 2)
            svg.arrow(to_x, to_y + tall[end] // 2, "right", kind)
    for place, each in enumerate(graph.nodes):
        _box(svg, each, corner[place], wide[place], tall[place])
    if not seen.waits:
        svg.text(_LEFT, _TOP + LINE, "nobody waits")
    svg.note(graph.notes)
    return svg.drawing(f"Who waits for whom in {seen.at.run}, {seen.at.text}")


def _box(svg: Svg, node: Node, corner: tuple[int, int], wide: int, tall: int) -> None:
    x, y = corner
    with svg.group("\n".join(node.tasks or node.lines), node.tasks):
        svg.rect(x, y, wide, tall, node.kind, 5 if node.tasks else 12)
        for place, line in enumerate(node.lines):
            kind = "name" if not place and node.tasks else "red" if line == node.mark else "small" if place else ""
            svg.text(x + _PAD, y + _PAD // 2 + LINE * place + LINE // 2, line, kind)


def text(seen: Inspection, tasks: Collection[str] = ()) -> str:
    """As text for Mermaid."""
    return mermaid.document("flowchart LR", _text(graph_of(seen, tasks)))


def _text(graph: Graph) -> Iterator[str]:
    for number, node in enumerate(graph.nodes):
        opens, closes = ("[", "]") if node.tasks else ("([", "])")
        yield f"n{number}{opens}{mermaid.label(node.lines)}{closes}:::{node.kind.removesuffix('box')}"
    for start, end in graph.edges:
        yield f"n{start} {'==>' if (start, end) in graph.red else '-->'} n{end}"
    for number, edge in enumerate(graph.edges):
        if edge in graph.red:
            yield f"linkStyle {number} stroke:#cf222e"
    if not graph.nodes:
        yield f"n0[{mermaid.label(['nobody waits'])}]"
    yield from (f"%% {mermaid.coded(note)}" for note in graph.notes)
    yield from mermaid.CLASSES
