"""Marks on functions, which say who calls them and what they are compiled for, and options of a build."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Literal, TypeVar

F = TypeVar("F", bound=Callable[..., Any])

Register = Literal[
    "x0", "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14", "x15"
]  # fmt: skip
"""What a routine in assembly may be said to change. x16 and x17 any may."""

_OPTIONS: Final[dict[str, bool]] = {}


def export(function: F) -> F:
    """Callable from assembly or from a host program, under the name `k_<function name>`."""
    return function


def extern(function: F) -> F:
    """Written in assembly or C under the function's own name; its body here is what CPython runs."""
    return function


def changes(*registers: Register) -> Callable[[F], F]:
    """An extern that calls nothing, leaves the stack alone, and changes only these of the general registers, and flags.

    Its caller keeps everything else in registers across the call, and needs no stack frame for it.
    """
    return lambda function: function


def hot(function: F) -> F:
    """On a way that programs wait for: a kernel compiles it for speed, and everything that has no mark for size."""
    return function


def inline(function: F) -> F:
    """Small, or called from one place: a part of each of its callers, and compiled as they are."""
    return function


def apart(function: F) -> F:
    """Never a part of its callers: what only it needs, of registers and of the stack, costs them nothing."""
    return function


def cold(function: F) -> F:
    """Seldom called: compiled for size and apart from its callers, so that these stay short and quick."""
    return function


def option(name: str, default: bool) -> bool:
    """An option of the build, for module level only: what `set_options` said before the import."""
    return _OPTIONS.get(name, default)


def set_options(options: dict[str, bool]) -> None:
    """Choose the options of this process, before any module that reads them is imported."""
    _OPTIONS.clear()
    _OPTIONS.update(options)
