"""How many lines of code a file or a part of the kernel has."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

SOURCES: Final = Path(__file__).parents[2] / "src" / "tyrne"
_COMMENT: Final = re.compile(r"/\*.*?\*/|//[^\n]*", re.DOTALL)


@dataclass(frozen=True)
class Layer:
    """A part of what boots: what it is, and its files below src/tyrne."""

    name: str
    what: str
    pattern: str


LAYERS: Final = (
    Layer("kernel", "the kernel: objects, calls, scheduling", "kernel/*.py"),
    Layer("abi", "the interface between programs and the kernel", "abi/*.py"),
    Layer("boot", "what runs once, before the first task", "boot/*.py"),
    Layer("hal", "what kernel, boards and tools agree on", "hal/*.py"),
    Layer("hal, AArch64", "traps, registers and page tables of the architecture", "hal/aarch64/*.py"),
    Layer("lang", "the types of Kernel Python; only their compiled meaning boots", "lang/*.py"),
    Layer("board, Python", "QEMU `virt`: devices, boot tables, panic report", "boards/qemu_virt/*.py"),
    Layer("board, assembly", "QEMU `virt`: reset, vectors, registers", "boards/qemu_virt/*.S"),
)


def lines_of_code(path: Path) -> int:
    """Lines that are neither blank, nor a comment, nor part of a docstring."""
    return _assembly(path.read_text()) if path.suffix == ".S" else _python(path.read_text())


def _python(text: str) -> int:
    documentation = {
        line
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
        for line in range(node.lineno, (node.end_lineno or node.lineno) + 1)
    }
    lines = enumerate(text.splitlines(), start=1)
    return sum(1 for number, line in lines if line.strip() and line.strip()[0] != "#" and number not in documentation)


def _assembly(text: str) -> int:
    return sum(1 for line in _COMMENT.sub("", text).splitlines() if line.strip())


def layers(root: Path = SOURCES) -> list[dict[str, object]]:
    """Each layer with its number of files and its lines of code."""
    found: list[dict[str, object]] = []
    for layer in LAYERS:
        files = sorted(root.glob(layer.pattern))
        found.append(
            {"name": layer.name, "what": layer.what, "files": len(files), "lines": sum(map(lines_of_code, files))}
        )
    return found
