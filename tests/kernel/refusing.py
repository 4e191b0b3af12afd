"""Which line of the kernel refuses a call: the lines that name a status, and the last of them that a call executes."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import FrameType
from typing import Any

import tyrne.kernel
from tyrne.abi import Status
from tyrne.kernel.kernel import Kernel

KERNEL = Path(tyrne.kernel.__file__).parent


@dataclass(frozen=True, order=True)
class Site:
    """A line that can give a status."""

    file: str
    function: str
    line: int
    status: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.function}: {self.status}"


class Collector(ast.NodeVisitor):
    """Every `Status.X` of a file that is a value, and not compared with."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.function = ""
        self.sites: list[Site] = []

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        outer, self.function = self.function, node.name
        for statement in node.body:
            self.visit(statement)
        self.function = outer

    def visit_Compare(self, node: ast.Compare) -> None:
        pass

    def visit_MatchValue(self, node: ast.MatchValue) -> None:
        pass

    def visit_Attribute(self, node: ast.Attribute) -> None:
        if isinstance(node.value, ast.Name) and node.value.id == "Status" and node.attr in Status.__members__:
            self.sites.append(Site(self.file, self.function, node.lineno, node.attr))
        self.visit(node.value)


@cache
def sites() -> frozenset[Site]:
    """Every line of the kernel that gives a status other than Ok."""
    found: list[Site] = []
    for path in sorted(KERNEL.glob("*.py")):
        collector = Collector(path.name)
        collector.visit(ast.parse(path.read_text()))
        found += collector.sites
    return frozenset(site for site in found if site.function and site.status != "OK")


@cache
def _sites_at() -> dict[tuple[str, int], list[Site]]:
    found: dict[tuple[str, int], list[Site]] = {}
    for site in sites():
        found.setdefault((site.file, site.line), []).append(site)
    return found


class Watch:
    """What the kernel executes while it is watched: `met`, the sites in the order in which they were passed."""

    def __init__(self) -> None:
        self.met: list[Site] = []

    def _line(self, frame: FrameType, event: str, _: Any) -> Any:
        if event == "line":
            self.met += _sites_at().get((Path(frame.f_code.co_filename).name, frame.f_lineno), [])
        return self._line

    def _call(self, frame: FrameType, event: str, _: Any) -> Any:
        return self._line if Path(frame.f_code.co_filename).parent == KERNEL else None

    @contextmanager
    def watching(self, kernel: Kernel[Any]) -> Iterator[Watch]:
        """The next traps of a kernel are watched, and `met` begins anew with each."""
        trap = kernel.trap

        def watched(*arguments: Any) -> Any:
            self.met = []
            before = sys.gettrace()
            sys.settrace(self._call)
            try:
                return trap(*arguments)
            finally:
                sys.settrace(before)

        kernel.trap = watched  # type: ignore[method-assign]
        try:
            yield self
        finally:
            del kernel.trap

    def refusing(self, status: Status) -> Site:
        """The line that gave a status: the last that names it."""
        return [site for site in self.met if site.status == status.name][-1]
