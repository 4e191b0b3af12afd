"""One function in CPython and compiled: the same result, or the same check failed at the same line."""

from __future__ import annotations

import faulthandler
import importlib.util
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType, TracebackType
from typing import Any

from tyrne.compiler.build import HostLibrary
from tyrne.compiler.build.host import CompiledTrap
from tyrne.lang import Trap, u8, u16, u32, u64

Outcome = tuple[Any, ...]
"""("value", v) or ("trap", kind, file name, line)."""

WIDTHS: dict[str, Callable[[int], int]] = {"u8": u8, "u16": u16, "u32": u32, "u64": u64}


def load_module(path: Path) -> ModuleType:
    """A module of a generated file, imported under its own name."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


def interpreted(function: Callable[..., Any], *arguments: int) -> Outcome:
    """What CPython makes of a call."""
    try:
        return "value", function(*arguments)
    except Trap as error:
        return "trap", _kind_of(str(error)), *_place(error.__traceback__)
    except AttributeError as error:  # a field of None: narrowing went stale
        return "trap", "narrowing", *_place(error.__traceback__)
    except IndexError as error:  # bytes
        return "trap", "index", *_place(error.__traceback__)
    except AssertionError as error:
        return "trap", "assertion", *_place(error.__traceback__)


def compiled(function: Callable[..., Any], *arguments: int) -> Outcome:
    """What compiled code makes of the same call."""
    try:
        return "value", function(*arguments)
    except CompiledTrap as trap:
        return "trap", trap.kind, Path(trap.file).name, trap.line


def _kind_of(message: str) -> str:
    if message.startswith("index"):
        return "index"
    return "division" if message.startswith("division") else "overflow"


def _place(trace: TracebackType | None) -> tuple[str, int]:
    """File name and line, the innermost outside the vocabulary of the language."""
    file, line = "", 0
    while trace is not None:
        if "/tyrne/lang/" not in trace.tb_frame.f_code.co_filename:
            file, line = Path(trace.tb_frame.f_code.co_filename).name, trace.tb_lineno
        trace = trace.tb_next
    return file, line


@contextmanager
def watchdog(seconds: float) -> Iterator[None]:
    """End the process, with a trace, when compiled code does not come back."""
    assert sys.__stderr__ is not None
    faulthandler.dump_traceback_later(seconds, exit=True, file=sys.__stderr__)  # a test's own has no file
    try:
        yield
    finally:
        faulthandler.cancel_dump_traceback_later()


def differences(
    library: HostLibrary, name: str, function: Callable[..., Any], calls: Iterator[tuple[int, ...]]
) -> Iterator[str]:
    """One line per call that disagrees."""
    other = library.function(name)
    for arguments in calls:
        here, there = interpreted(function, *arguments), compiled(other, *arguments)
        if here != there:
            yield f"{name}{tuple(map(int, arguments))}: CPython {here}, compiled {there}"
