"""The state comparer names the first difference by its path."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tyrne.compiler.build import HostLibrary, build_host_library
from tyrne.compiler.build.compare import Comparer
from tyrne.lang import u8, u64

PROGRAM = """\
from __future__ import annotations
from dataclasses import dataclass
from enum import Enum, IntFlag
from typing import Final
from tyrne.lang import Array, export, u8, u64

class Color(Enum):
    RED = 1
    BLUE = 2

class Mode(IntFlag):
    R = 1
    W = 2

@dataclass(frozen=True)
class Pair:
    x: u64
    color: Color

class Node:
    def __init__(self) -> None:
        self.cells: Array[u64] = Array.filled(3, u64(0))
        self.pair: Pair = Pair(u64(1), Color.RED)
        self.mode: Mode = Mode(0)
        self.held: Pair | u8 | None = None
        self.next: Node | None = None

@dataclass(frozen=True)
class Tagged:
    n: u64
    what: Color | u8

@dataclass(frozen=True)
class Pointed:
    node: Node

class Bare:
    def __init__(self) -> None:
        self.tagged: Tagged | None = None
        self.pointed: Pointed | None = None

class Empty:
    def __init__(self) -> None:
        self.count: u64 = u64(0)

class World:
    def __init__(self) -> None:
        self.nodes: Array[Node] = Array.of(2, lambda i: Node())
        self.count: u64 = u64(0)

WORLD: Final = World()
SPARE: Final = World()
EMPTY: Final = Empty()
BARE: Final = Bare()
WORLD.nodes[0].next = WORLD.nodes[1]

@export
def nothing(a: u64) -> u64:
    return WORLD.count + a + (WORLD.nodes[0].cells[0] if WORLD.nodes[0].mode & Mode.R else u64(0))
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[HostLibrary, Path]:
    source = tmp_path_factory.mktemp("compare") / "compared_world.py"
    source.write_text(PROGRAM)
    return build_host_library(source), source


@pytest.fixture
def sides(built: tuple[HostLibrary, Path]) -> tuple[Comparer, ModuleType, Any]:
    """A comparer, and both worlds in their initial state."""
    library, source = built
    library.reset()
    spec = importlib.util.spec_from_file_location(source.stem, source)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[source.stem] = module
    spec.loader.exec_module(module)
    return Comparer(library), module, library.lib.WORLD


def test_equal_states_have_no_difference(sides: tuple[Comparer, Any, Any]) -> None:
    comparer, module, there = sides
    assert comparer.difference() is None
    module.WORLD.nodes[1].cells[2] = u64(9)
    there.nodes[1].cells[2] = 9
    assert comparer.difference() is None


def test_each_kind_of_difference_is_named_by_its_path(sides: tuple[Comparer, Any, Any]) -> None:
    comparer, module, _ = sides
    node = module.WORLD.nodes[1]

    def difference_with(name: str, value: Any) -> str | None:
        saved = getattr(node, name)
        setattr(node, name, value)
        try:
            return comparer.difference()
        finally:
            setattr(node, name, saved)

    pair = module.Pair(u64(1), module.Color.BLUE)
    assert difference_with("pair", pair) == "WORLD.nodes[1].pair.color: CPython Color.BLUE, compiled Color.RED"
    assert difference_with("mode", module.Mode.W) == f"WORLD.nodes[1].mode: CPython {module.Mode.W!r}, compiled 0"
    assert difference_with("held", u8(3)) == "WORLD.nodes[1].held: CPython u8(3), compiled None"
    assert difference_with("next", node) == "WORLD.nodes[1].next: CPython refers to WORLD.nodes[1], compiled to None"
    assert comparer.difference() is None
    module.WORLD.nodes[0].next = module.WORLD.nodes[0]
    assert comparer.difference() == (
        "WORLD.nodes[0].next: CPython refers to WORLD.nodes[0], compiled to WORLD.nodes[1]"
    )


def test_the_held_alternative_and_its_content_count(sides: tuple[Comparer, Any, Any]) -> None:
    comparer, module, there = sides
    node, struct = module.WORLD.nodes[0], there.nodes[0]
    alternatives = {a["member"]: a["tag"] for a in _alternatives(comparer)}
    node.held = module.Pair(u64(5), module.Color.RED)
    struct.held.tag = alternatives["as_pair"]
    struct.held.as_pair = {"x": 6, "color": 1}
    assert comparer.difference() == "WORLD.nodes[0].held.x: CPython u64(5), compiled 6"
    struct.held.tag = alternatives["as_u8"]
    assert comparer.difference() == f"WORLD.nodes[0].held: CPython {node.held!r}, compiled a u8"
    struct.held.tag = 99
    assert comparer.difference() == f"WORLD.nodes[0].held: CPython {node.held!r}, compiled a bad tag"


def test_a_union_without_a_tag_is_compared_by_what_tells(sides: tuple[Comparer, Any, Any], built: Any) -> None:
    comparer, module, _ = sides
    there, world = built[0].lib.BARE, built[0].lib.WORLD
    alternatives = comparer._types["unions"]["Color_or_u8"]["alternatives"]
    is_color = next(a["tag"] for a in alternatives if a["member"] == "as_color")
    assert comparer.difference() is None
    module.BARE.tagged = module.Tagged(u64(4), module.Color.BLUE)
    assert comparer.difference() == f"BARE.tagged: CPython {module.BARE.tagged!r}, compiled None"
    there.tagged.as_tagged.what.tag = is_color
    there.tagged.as_tagged.what.as_color = 2
    there.tagged.as_tagged.n = 5
    assert comparer.difference() == "BARE.tagged.n: CPython u64(4), compiled 5"
    there.tagged.as_tagged.n = 4
    there.pointed.as_pointed.node = built[0].ffi.addressof(world.nodes[0])
    assert comparer.difference() == "BARE.pointed: CPython None, compiled a Pointed"
    module.BARE.pointed = module.Pointed(module.WORLD.nodes[0])
    assert comparer.difference() is None


def test_reset_renews_every_place_also_those_that_start_as_zeroes(
    built: tuple[HostLibrary, Path], sides: tuple[Comparer, Any, Any]
) -> None:
    comparer, _, there = sides
    library, _ = built
    for world in (there, library.lib.SPARE, library.lib.EMPTY):
        world.count = 3
    library.reset()
    assert comparer.difference() is None


def test_skipped_fields_do_not_count(built: tuple[HostLibrary, Path], sides: tuple[Comparer, Any, Any]) -> None:
    _, module, there = sides
    there.count = 7
    assert Comparer(built[0], {"WORLD": module.WORLD}).difference() == "WORLD.count: CPython u64(0), compiled 7"
    assert Comparer(built[0], {"WORLD": module.WORLD}, {"World.count"}).difference() is None


def _alternatives(comparer: Comparer) -> list[dict[str, Any]]:
    return list(comparer._types["unions"]["Pair_or_u8_or_None"]["alternatives"])
