"""The report of a kernel panic under CPython: what failed, and at which line of the kernel."""

from __future__ import annotations

import traceback
from pathlib import Path
from typing import Final

from tyrne.lang import Trap

_SOURCES: Final = Path(__file__).resolve().parents[2]
_LANGUAGE: Final = _SOURCES / "tyrne" / "lang"
_KERNEL: Final = ("tyrne/kernel/", "tyrne/boot/", "tyrne/hal/")


def describe(cause: BaseException) -> str:
    """The report: `!! tyrne panic: ` and the cause at its line, then the lines that called it, innermost first.

    It ends where the kernel was entered: who ran it makes no difference.
    """
    what = str(cause) or "failed check"
    if isinstance(cause, AssertionError):
        what = f"failed check: {cause}" if str(cause) else "failed check"
    elif not isinstance(cause, Trap):
        what = f"{type(cause).__name__}: {what}"
    lines = []
    for entry in reversed(traceback.extract_tb(cause.__traceback__)):
        path = Path(entry.filename).resolve()
        if path.is_relative_to(_LANGUAGE):
            continue
        name = path.relative_to(_SOURCES).as_posix() if path.is_relative_to(_SOURCES) else path.name
        lines.append(f"{name}:{entry.lineno} in {entry.name}")
    while len(lines) > 1 and not lines[-1].startswith(_KERNEL):
        lines.pop()
    first, *callers = lines or ["an unknown place"]
    return "\n".join([f"!! tyrne panic: {what} at {first}", *(f"   called from {line}" for line in callers), ""])
