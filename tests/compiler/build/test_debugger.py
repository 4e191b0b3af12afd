"""gdb on compiled code: stops at Python lines and shows values in Python's words."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from debugging import debugged, needs_gdb
from tyrne.compiler import Target
from tyrne.compiler.build import build_objects, link_kernel, translated

PYTHON = """\
from __future__ import annotations
from dataclasses import dataclass
from enum import Enum, IntFlag
from typing import Final
from tyrne.lang import Array, export, u8, u16, u32, u64

class Color(Enum):
    RED = 1
    BLUE = 2

class Mode(IntFlag):
    R = 1
    W = 2
    X = 8

class CapError(Enum):
    FULL = 1

@dataclass(frozen=True)
class Pair:
    x: u64
    y: u16

class Node:
    def __init__(self, number: int) -> None:
        self.number: u64 = u64(number)

@dataclass(frozen=True)
class Pointed:
    node: Node

@dataclass(frozen=True)
class Tagged:
    x: u16
    what: CapError | Color

class World:
    def __init__(self) -> None:
        self.nodes: Array[Node] = Array.of(2, lambda i: Node(5 + i))
        self.things: Array[CapError | Node | Pair | u64 | None] = Array.filled(5, None)
        self.first: Node | None = None
        self.second: Node | None = self.nodes[1]
        self.color: Color = Color.BLUE
        self.mode: Mode = Mode.R | Mode.X
        self.pointed: Array[Pointed | None] = Array.filled(2, None)
        self.tagged: Array[Tagged | None] = Array.filled(2, None)
        self.bytes: Array[u8] = Array([u8(1), u8(65), u8(255), *[u8(0)] * 13])

WORLD: Final = World()
WORLD.pointed[1] = Pointed(WORLD.nodes[0])
WORLD.tagged[1] = Tagged(u16(3), Color.RED)
WORLD.things[1] = CapError.FULL
WORLD.things[2] = WORLD.nodes[1]
WORLD.things[3] = Pair(u64(1), u16(2))
WORLD.things[4] = u64(77)

@export
def main(a: u64) -> u64:
    total = a
    total = total + WORLD.nodes[1].number
    return total + (u64(1) if WORLD.things[0] is None else u64(0))

@export
def panic(kind: u32, file: u32, line: u32) -> None:
    pass
"""
STOP = PYTHON[: PYTHON.index("    return total")].count("\n") + 1
START = """\
        .section .text.boot, "ax"
        .global _start
_start: ldr     x1, =stack_top
        mov     sp, x1
        mov     x0, #36
        bl      k_main
1:      wfe
        b       1b
        .bss
        .balign 16
        .skip   4096
stack_top:
"""
SCRIPT = """\
ENTRY(_start)
SECTIONS {
  . = 0x40080000;
  .text : { *(.text.boot) *(.text*) }
  .rodata : { *(.rodata*) *(.manifest) }
  .data : { *(.data*) }
  .bss : { *(.bss*) }
}
"""


@pytest.mark.qemu
@needs_gdb
@pytest.mark.skipif(shutil.which("qemu-system-aarch64") is None, reason="qemu-system-aarch64 is not installed")
def test_gdb_stops_at_python_lines_and_shows_python_values(tmp_path: Path) -> None:
    (tmp_path / "sample.py").write_text(PYTHON)
    (tmp_path / "start.S").write_text(START)
    (tmp_path / "board.ld").write_text(SCRIPT)
    unit = translated(tmp_path / "sample.py", Target.METAL, {})
    objects = build_objects(unit, [tmp_path / "start.S"], debug=True)
    elf = link_kernel(objects.files, tmp_path / "board.ld", bytes(4096))
    shown = ["total", "WORLD.color", "WORLD.mode", "WORLD.first", "WORLD.second", "WORLD.bytes"]
    shown += [f"WORLD.{name}[{index}]" for name in ("pointed", "tagged") for index in range(2)]
    shown += [f"WORLD.things[{index}]" for index in range(5)]
    text = debugged(
        elf, tmp_path, [f"break sample.py:{STOP}", "continue", *(f"print {name}" for name in shown)], tmp_path
    )
    assert f"sample.py:{STOP}" in text and "return total" in text
    values = [line.partition(" = ")[2] for line in text.splitlines() if line.startswith("$")]
    assert values[:4] == ["42", "Color.BLUE", "Mode.R | Mode.X", "None"]
    assert values[4].startswith("Node 0x") and values[4].endswith("<WORLD+8>")
    assert values[5] == "{1, 65, 255, 0 <repeats 13 times>}"
    assert values[6] == "None"
    assert values[7].startswith("Pointed {node = Node 0x")
    assert values[8:10] == ["None", "Tagged {x = 3, what = Color.RED}"]
    assert values[10:12] == ["None", "CapError.FULL"]
    assert values[12].startswith("Node 0x")
    assert values[13:] == ["Pair {x = 1, y = 2}", "77"]
