"""The memory map: what is mapped where in each address space, and which region is shared by which of them."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Final

from tyrne.inspect.objects import Inspection, Mapping, Region, Space
from tyrne.inspect.pictures import mermaid
from tyrne.inspect.pictures.holdings import ALIKE, names_of
from tyrne.inspect.pictures.svg import LINE, Drawing, Svg, shortened, width_of
from tyrne.inspect.words import counted

COLUMNS: Final = 8
"""Address spaces beside each other; further ones stand below."""
_TOP, _LEFT, _WIDE, _GAP, _PAD, _BLOCK = 16, 14, 164, 22, 6, 2 * LINE + 2
_MOST: Final = 3
"""Times that a block is enlarged: each time it has eight times as many pages."""


@dataclass(frozen=True)
class Column:
    """Address spaces with the same in them, mostly one."""

    title: str
    about: str
    tasks: tuple[str, ...]
    mappings: tuple[Mapping, ...]


def columns_of(seen: Inspection, tasks: Collection[str] = ()) -> tuple[list[Column], list[str]]:
    """The address spaces, or those of the named tasks and others that map memory of theirs; and what is not shown."""
    theirs = {m.region for space in seen.spaces if set(space.tasks) & set(tasks) for m in space.mappings if m.region}
    alike: dict[object, list[Space]] = {}
    left, empty = [], []
    for space in seen.spaces:
        near = set(space.tasks) & set(tasks) or theirs & {mapping.region for mapping in space.mappings}
        if tasks and not near:
            left.append(_name(space))
        elif not space.mappings:
            empty.append(_name(space))
        else:
            key = tuple((m.start, m.end, m.access, m.what, m.region) for m in space.mappings)
            alike.setdefault(key, []).append(space)
    few = sum(map(len, alike.values())) <= COLUMNS
    groups = []
    for group in alike.values():
        groups += [[space] for space in group] if few or len(group) < ALIKE else [group]
    order = {space.number: place for place, space in enumerate(seen.spaces)}
    columns = [_column(group) for group in sorted(groups, key=lambda group: order[group[0].number])]
    notes = [f"nothing is mapped in {names_of(empty, 'spaces')}"] if empty else []
    notes += [f"nothing in common with them: {names_of(left, 'spaces')}"] if left else []
    frames = seen.frames
    notes.append(f"frames: {frames.allocated:,} allocated, {frames.reserved:,} reserved, {frames.free:,} free")
    return columns, notes


def _name(space: Space) -> str:
    return _short(space.name, "space ")


def _short(name: str, kind: str) -> str:
    """A name without its kind, unless all that is left is a number."""
    rest = name.removeprefix(kind)
    return name if rest.isdecimal() else rest


def _column(group: list[Space]) -> Column:
    first = group[0]
    lives = [task for space in group for task in space.tasks]
    more = f", of {names_of(first.tasks)}" if len(group) == 1 and first.tasks not in ((), (_name(first),)) else ""
    about = f"{counted(first.frames, 'frame')}{more}"
    if len(group) == 1:
        return Column(_name(first), about, tuple(lives), first.mappings)
    title = f"{_name(first)} … {_name(group[-1])}"
    return Column(title, f"{len(group)} spaces, {about} each", tuple(lives), first.mappings)


def draw(seen: Inspection, tasks: Collection[str] = ()) -> Drawing:
    """As a drawing: a column for each address space, low addresses first; below them a row for each region that
    several have mapped, with a dot at each."""
    columns, notes = columns_of(seen, tasks)
    svg, kinds = Svg(), {region.name: region.kind for region in seen.regions}
    mapped = [name for column in columns for name in {mapping.region for mapping in column.mappings}]
    regions = [region for region in seen.regions if mapped.count(region.name) > 1]
    left = _LEFT + max((width_of(_about(region)) for region in regions), default=0) + (_GAP if regions else 0)
    y = _TOP
    for first in range(0, len(columns), COLUMNS):
        some = columns[first : first + COLUMNS]
        places = [left + number * (_WIDE + _GAP) for number in range(len(some))]
        ends = [_draw_column(svg, column, x, y, kinds) for column, x in zip(some, places, strict=True)]
        y = _draw_regions(svg, regions, some, places, max(ends) + _GAP)
    unmapped = [] if tasks else [_about(region) for region in seen.regions if region.name not in mapped]
    notes += [f"not mapped: {shortened(', '.join(unmapped), 160)}"] if unmapped else []
    svg.note(notes)
    return svg.drawing(f"Memory of {seen.at.run}, {seen.at.text}")


def _about(region: Region) -> str:
    kind = "" if region.kind == "memory" else f", {region.kind}"
    name = shortened(_short(region.name, "memory "), 30)
    return f"{name}: {counted(region.pages, 'page')}{kind}"


def _draw_column(svg: Svg, column: Column, x: int, y: int, kinds: dict[str, str]) -> int:
    """An address space from a height on; where it ends."""
    letters = (_WIDE - 2 * _PAD) // 8
    with svg.group(f"{column.title}\n{column.about}", column.tasks):
        svg.text(x, y + LINE // 2, shortened(column.title, letters), "name")
        svg.text(x, y + LINE + LINE // 2, shortened(column.about, letters), "small")
        y += 2 * LINE + 4
        before = None
        for mapping in column.mappings:
            if before is not None and before != mapping.start:
                svg.text(x + _WIDE // 2, y + 6, "⋮", "small", middle=True)
                y += 14
            tall = _BLOCK + LINE // 2 * min(_MOST, (mapping.pages.bit_length() - 1) // 3)
            what = mapping.what if mapping.region is None else _short(mapping.region, "memory ")
            kind = mapping.what if mapping.region is None else kinds.get(mapping.region, "memory")
            hint = f"{what} {mapping.access}, {counted(mapping.pages, 'page')}\n{mapping.start:#x} to {mapping.end:#x}"
            with svg.group(hint, address=mapping.start):
                svg.rect(x, y, _WIDE, tall, "memory" if kind == "shared" else kind)
                svg.text(x + _PAD, y + LINE // 2 + 1, shortened(what, letters - 6))
                svg.text(x + _WIDE - _PAD - width_of(mapping.access), y + LINE // 2 + 1, mapping.access)
                svg.text(x + _PAD, y + LINE + LINE // 2, f"{mapping.start:#x}", "small")
                pages = f"{mapping.pages:,} p"
                svg.text(x + _WIDE - _PAD - width_of(pages), y + LINE + LINE // 2, pages, "small")
            y, before = y + tall, mapping.end
    return y


def _draw_regions(svg: Svg, regions: list[Region], columns: list[Column], places: list[int], y: int) -> int:
    """Which regions are mapped in which columns; the height where the next ones may begin."""
    for region in regions:
        dots = []
        for column, x in zip(columns, places, strict=True):
            ways = sorted({mapping.access for mapping in column.mappings if mapping.region == region.name})
            dots += [(x + 10, " ".join(ways))] if ways else []
        if not dots:
            continue
        svg.text(_LEFT, y, _about(region))
        svg.path(f"M{dots[0][0]},{y} H{dots[-1][0]}", "share")
        for x, access in dots:
            svg.dot(x, y, "", 6)
            svg.label(x + 16 + width_of(access) // 2, y, access)
        y += LINE + 4
    return y + _GAP


def text(seen: Inspection, tasks: Collection[str] = ()) -> str:
    """As text for Mermaid: the parts of each address space in a frame, with lines to regions."""
    return mermaid.document("flowchart LR", _text(seen, tasks))


def _text(seen: Inspection, tasks: Collection[str]) -> Iterator[str]:
    columns, notes = columns_of(seen, tasks)
    places = {region.name: f"r{number}" for number, region in enumerate(seen.regions)}
    lines = []
    for number, column in enumerate(columns):
        yield f"subgraph s{number}[{mermaid.label([column.title])}]"
        for part, mapping in enumerate(column.mappings):
            what = mapping.what if mapping.region is None else _short(mapping.region, "memory ")
            about = [f"{what} {mapping.access}", f"{mapping.start:#x}, {counted(mapping.pages, 'page')}"]
            yield f"  s{number}p{part}[{mermaid.label(about)}]:::{'task' if mapping.region is None else 'object'}"
            if mapping.region in places:
                lines.append((f"s{number}p{part}", mapping.region))
        yield "end"
    for region in seen.regions:
        if region.name in {name for _, name in lines}:
            yield f"{places[region.name]}([{mermaid.label([_about(region)])}]):::object"
    yield from (f"{part} --- {places[name]}" for part, name in lines)
    yield from (f"%% {mermaid.coded(note)}" for note in notes)
    yield from mermaid.CLASSES
