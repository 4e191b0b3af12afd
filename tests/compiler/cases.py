"""Small programs in files: a source, a line of equals signs, and what the compiler makes of it.

All of a folder are checked by mypy in one build. UPDATE_GOLDEN=1 rewrites what is expected (look at the diff).
"""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tyrne.compiler import CompileError, Target, Unit
from tyrne.compiler.front.check import Checked, check
from tyrne.compiler.front.modules import Module, Root, closure
from tyrne.compiler.translate import compile_modules

HERE = Path(__file__).parent
SEPARATOR = "\n=====\n"
HEADER = """from __future__ import annotations
from dataclasses import dataclass, field
from enum import Enum, IntEnum, IntFlag, StrEnum
from typing import Any, Callable, ClassVar, Final, Generic, NewType, NoReturn, Protocol, TypeVar
from tyrne.lang import *
from tyrne.lang.machine import *
"""
"""What stands above every source; lines are counted from the one below it."""
HEADER_LINES = HEADER.count("\n")


@dataclass(frozen=True)
class Case:
    """One file of a folder."""

    folder: str
    name: str

    @property
    def path(self) -> Path:
        return HERE / self.folder / f"{self.name}.case"

    @property
    def source(self) -> str:
        return self.path.read_text().partition(SEPARATOR)[0] + "\n"

    @property
    def expected(self) -> str:
        return self.path.read_text().partition(SEPARATOR)[2]

    def compare(self, actual: str) -> None:
        if os.environ.get("UPDATE_GOLDEN"):
            self.path.write_text(self.source.rstrip("\n") + SEPARATOR + actual)
        assert actual == self.expected


def names(folder: str) -> list[str]:
    return sorted(path.stem for path in (HERE / folder).glob("*.case"))


@cache
def checked(folder: str, directory: Path) -> tuple[Checked, dict[str, tuple[Root, list[Module]]]]:
    """One mypy build over every case of a folder, as modules of a directory. Without what CPython cannot parse."""
    programs = {}
    parsed: dict[str, Module] = {}
    for name in names(folder):
        path = directory / f"{folder}_{name}.py"
        path.write_text(HEADER + Case(folder, name).source)
        root = Root(path.stem, path, str(directory))
        with suppress(CompileError):
            programs[name] = (root, closure(root, parsed))
    modules = {module.name: module for _, found in programs.values() for module in found}
    return check(list(modules.values())), programs


def compile_case(case: Case, directory: Path, target: Target = Target.HOST) -> Unit | str:
    """The unit, or the errors with plain names and with lines of the case's own source."""
    types, programs = checked(case.folder, directory)
    path = directory / f"{case.folder}_{case.name}.py"
    try:
        if case.name not in programs:
            closure(Root(path.stem, path, str(directory)))
        return compile_modules(*programs[case.name], types, target, {})
    except CompileError as error:
        return "\n".join(_own_lines(line, path.name) for line in str(error).splitlines()) + "\n"


def _own_lines(text: str, name: str) -> str:
    _, found, rest = text.partition(f"{name}:")
    if not found:
        return text
    line, _, message = rest.partition(":")
    return f"case.py:{max(int(line) - HEADER_LINES, 1)}:{message}"
