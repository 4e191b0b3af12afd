"""gdb on compiled code: stops at Python lines and shows values in Python's words."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from tyrne.compiler import Unit
from tyrne.compiler.build import build_objects, link_kernel
from tyrne.compiler.build.debugger import gdb_command

CODE = """\
typedef unsigned char u8; typedef unsigned short u16; typedef unsigned int u32; typedef unsigned long u64;
typedef enum : u8 { IS_None, IS_CapError, IS_Node, IS_Pair, IS_u64 } Tag;
typedef enum Color : u8 { Color_RED = 1, Color_BLUE = 2 } Color;
typedef enum Mode : u32 { Mode_R = 1, Mode_W = 2, Mode_X = 8 } Mode;
typedef enum CapError : u8 { CapError_FULL = 1 } CapError;
typedef struct Pair { u64 x; u16 y; } Pair;
typedef struct Node { u64 number; } Node;
typedef struct Thing { Tag tag; union { CapError as_cap_error; Node *as_node; Pair as_pair; u64 as_u64; }; } Thing;
typedef struct World { Node nodes[2]; Thing things[5]; Node *first; Node *second; Color color; Mode mode; u8 bytes[3]; }
World;
World WORLD = {
    .nodes = {{5}, {6}}, .second = &WORLD.nodes[1], .color = Color_BLUE, .mode = Mode_R | Mode_X, .bytes = {1, 65, 255},
    .things = {{.tag = IS_None}, {.tag = IS_CapError, .as_cap_error = CapError_FULL},
               {.tag = IS_Node, .as_node = &WORLD.nodes[1]}, {.tag = IS_Pair, .as_pair = {1, 2}},
               {.tag = IS_u64, .as_u64 = 77}},
};
u64 k_main(u64 a) {
    u64 total = a;
#line 4 "sample.py"
    total = total + WORLD.nodes[1].number;
#line 5 "sample.py"
    return total;
}
"""
PYTHON = """\
# sample
def main(a: u64) -> u64:
    total = a
    total = total + WORLD.nodes[1].number
    return total
"""
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


def debugged(elf: Path, folder: Path, commands: Sequence[str]) -> str:
    """What gdb prints for commands on an image that stands at its first instruction on QEMU."""
    socket = folder / "gdb"
    machine = ["qemu-system-aarch64", "-M", "virt", "-cpu", "cortex-a72", "-display", "none", "-serial", "none"]
    machine += ["-monitor", "none", "-nic", "none", "-kernel", str(elf), "-S"]
    machine += ["-chardev", f"socket,id=gdb,path={socket},server=on,wait=off", "-gdb", "chardev:gdb"]
    with subprocess.Popen(machine) as process:
        try:
            for _ in range(100):
                if socket.exists():
                    break
                time.sleep(0.05)
            command = gdb_command(elf, str(socket), [folder], [*commands, "kill"])
            command.insert(1, "-batch")
            return subprocess.run(command, capture_output=True, text=True, timeout=60).stdout
        finally:
            process.kill()


@pytest.mark.qemu
@pytest.mark.skipif(shutil.which("gdb-multiarch") is None, reason="gdb-multiarch is not installed")
@pytest.mark.skipif(shutil.which("qemu-system-aarch64") is None, reason="qemu-system-aarch64 is not installed")
def test_gdb_stops_at_python_lines_and_shows_python_values(tmp_path: Path) -> None:
    (tmp_path / "sample.py").write_text(PYTHON)
    (tmp_path / "start.S").write_text(START)
    (tmp_path / "board.ld").write_text(SCRIPT)
    unit = Unit(c=CODE, offsets="", declarations="", types={}, files=(), inputs=())
    objects = build_objects(unit, [tmp_path / "start.S"], debug=True)
    elf = link_kernel(objects.files, tmp_path / "board.ld", bytes(4096))
    shown = ["total", "WORLD.color", "WORLD.mode", "WORLD.first", "WORLD.second", "WORLD.bytes"]
    shown += [f"WORLD.things[{index}]" for index in range(5)]
    text = debugged(elf, tmp_path, ["break sample.py:5", "continue", *(f"print {name}" for name in shown)])
    assert "sample.py:5" in text and "return total" in text
    values = [line.partition(" = ")[2] for line in text.splitlines() if line.startswith("$")]
    assert values[:4] == ["42", "Color.BLUE", "Mode.R | Mode.X", "None"]
    assert values[4].startswith("Node 0x") and values[4].endswith("<WORLD+8>")
    assert values[5] == "{1, 65, 255}"
    assert values[6:8] == ["None", "CapError.FULL"]
    assert values[8].startswith("Node 0x")
    assert values[9:] == ["Pair {x = 1, y = 2}", "77"]
