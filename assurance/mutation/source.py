"""One source file of the kernel: its text, its tree, and where the one is in the other."""

from __future__ import annotations

import ast
from functools import cached_property
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
PACKAGE: Final = ROOT / "src" / "tyrne"
PURE: Final = (
    *(f"hal/{name}.py" for name in ("image", "interrupt", "manifest", "timer")),
    *(f"hal/aarch64/{name}.py" for name in ("descriptors", "syndrome")),
)
"""What of the machine's side decides something, and touches no machine."""


def files_of(part: str) -> list[str]:
    """The files of a folder of src/tyrne, relative to it."""
    return sorted(path.relative_to(PACKAGE).as_posix() for path in (PACKAGE / part).glob("*.py"))


def kernel_files() -> list[str]:
    """The files that are mutated, relative to src/tyrne: an `__init__.py` says what there is, and decides nothing."""
    found = [*files_of("abi"), *files_of("boot"), *files_of("kernel"), *PURE]
    return sorted(name for name in found if not name.endswith("/__init__.py"))


class Source:
    """A file of src/tyrne. Places in it are offsets in bytes, as `ast` counts columns."""

    def __init__(self, name: str, content: bytes | None = None) -> None:
        self.name: Final = name
        """Relative to src/tyrne: kernel/arena.py."""
        self.content: Final = (PACKAGE / name).read_bytes() if content is None else content

    @property
    def module(self) -> str:
        return "tyrne." + self.name.removesuffix(".py").replace("/", ".").removesuffix(".__init__")

    @property
    def path(self) -> str:
        return str(PACKAGE / self.name)

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.content)

    @cached_property
    def _lines(self) -> list[int]:
        starts = [0]
        for line in self.content.splitlines(keepends=True):
            starts.append(starts[-1] + len(line))
        return starts

    def span(self, node: ast.expr | ast.stmt | ast.pattern) -> tuple[int, int]:
        """The first byte of a node, and the first after it."""
        assert node.end_lineno is not None and node.end_col_offset is not None
        return (
            self._lines[node.lineno - 1] + node.col_offset,
            self._lines[node.end_lineno - 1] + node.end_col_offset,
        )

    def text(self, node: ast.expr | ast.stmt | ast.pattern) -> str:
        start, end = self.span(node)
        return self.content[start:end].decode()

    def edited(self, start: int, end: int, text: str) -> bytes:
        return self.content[:start] + text.encode() + self.content[end:]


def enumerations(files: list[str]) -> dict[str, list[str]]:
    """The members of each Enum and IntFlag that some files define, in their order."""
    found: dict[str, list[str]] = {}
    for name in files:
        for node in Source(name).tree.body:
            if isinstance(node, ast.ClassDef) and {ast.unparse(base) for base in node.bases} & {"Enum", "IntFlag"}:
                found[node.name] = [
                    target.id
                    for statement in node.body
                    if isinstance(statement, ast.Assign)
                    for target in statement.targets
                    if isinstance(target, ast.Name)
                ]
    return found
