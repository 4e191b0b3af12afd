"""The files of a task's program: one file, or several sources in C and assembly with how they are compiled."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Final

from tyrne.system import limits
from tyrne.system.loading import C_SOURCES
from tyrne.system.mistakes import Mistakes, Where
from tyrne.system.parts import ABIS, BuildOptions, Given
from tyrne.system.shape import ProgramTable, TaskTable, example

_DEFINITION: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(=.*)?")


def read_program(
    mistakes: Mistakes, description: Path, here: Where, table: ProgramTable
) -> tuple[Path, BuildOptions]:
    """The first file of a program and how it is built; paths are relative to the description."""
    for key in type(table).model_fields:
        given = getattr(table, key)
        if len(given) > limits.SOURCES:
            what = f"{len(given)} in {key}; a program has at most {limits.SOURCES}, remove some"
            mistakes.add((*here, key, limits.SOURCES), what)
    if not table.sources:
        mistakes.add((*here, "sources"), f"a program without a source; write {example('sources')}")
    alone = len(table.sources) == 1 and not table.include and not table.define
    for key in ("sources", "include"):
        for number, name in enumerate(getattr(table, key)):
            if "\0" in name or not name:
                fit = example("program") if alone else example(key)
                mistakes.add((*here, key, number), f"no file is named {name!r}; write {fit}")
    sources = [beside(description, name) for name in table.sources[: limits.SOURCES]] or [Path()]
    include = [beside(description, name) for name in table.include[: limits.SOURCES]]
    if len(sources) > 1 or include or table.define:
        for number, source in enumerate(sources):
            if source.suffix not in C_SOURCES:
                what = f"{source} is built alone; several sources, include and define are for C and assembly (.c, .S)"
                mistakes.add((*here, "sources", number), what)
            elif source in sources[:number]:
                mistakes.add((*here, "sources", number), f"{source} a second time; remove it")
    for number, folder in enumerate(include):
        if not folder.is_dir():
            mistakes.add((*here, "include", number), f"{folder}: there is no such folder; name one with headers")
    for number, definition in enumerate(table.define[: limits.SOURCES]):
        if not _DEFINITION.fullmatch(definition) or not definition.isprintable():
            what = f"{definition!r} is no definition; write {example('define')}"
            mistakes.add((*here, "define", number), what)
    return sources[0], BuildOptions(tuple(sources[1:]), tuple(include), tuple(table.define))


def read_given(mistakes: Mistakes, description: Path, here: Where, table: TaskTable) -> Given:
    """What a task gives to its program of Linux; whether it is one shows when it is loaded."""
    if table.abi not in (None, *ABIS):
        what = f'no system is called "{table.abi}"; write one of {", ".join(ABIS)}'
        mistakes.add((*here, "abi"), what)
    for number, argument in enumerate(table.args):
        if "\0" in argument:
            mistakes.add((*here, "args", number), f"a zero byte, with which arguments end; write {example('args')}")
    for name, value in table.env.items():
        if "\0" in name + value or not name or "=" in name:
            mistakes.add((*here, "env", name), f"no variable is called {name!r}; write {example('env')}")
    files, stdin = (_given_file(mistakes, description, (*here, key), getattr(table, key)) for key in ("files", "stdin"))
    out = None if table.out is None else beside(description, table.out)
    if table.out is not None and ("\0" in table.out or not table.out):
        mistakes.add((*here, "out"), f"no folder is named {table.out!r}; write {example('out')}")
    elif out is not None:
        from tyrne.system.out_folders import check_inputs, check_out  # here: few tasks get files back

        if wrong := check_out(out, description.parent) or check_inputs(out, [description]):
            mistakes.add((*here, "out"), wrong)
    variables = tuple(table.env.items())
    return Given(table.abi, tuple(table.args), variables, table.heap_pages, files, stdin, out, table.threads)


def _given_file(mistakes: Mistakes, description: Path, here: Where, name: str | None) -> Path | None:
    """What a program is given, which lies below the folder of the description, wherever links lead."""
    if name is None:
        return None
    path = beside(description, name)
    if "\0" in name or not name:
        mistakes.add(here, f"no file is named {name!r}; write {example(str(here[-1]))}")
    elif not Path(os.path.realpath(path)).is_relative_to(os.path.realpath(description.parent)):
        mistakes.add(here, f"{path} lies outside the folder of the description; move it there")
    return path


def beside(description: Path, program: str) -> Path:
    """The path of what a description names, without links, and as short as it can be said from the working
    directory."""
    path = Path(os.path.realpath(description.parent / program.replace("\0", "")))  # passes a loop of links, unlike Path
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
