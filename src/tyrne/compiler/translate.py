"""From a root module to a unit, in a fresh process: options are chosen before anything is imported."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from tyrne.compiler.unit import Target, Unit

NO_OPTIONS: Mapping[str, bool] = {}


def inputs(root: str | Path) -> tuple[str, ...]:
    """The files of the import closure of a root (module name or .py file), absolute: what a translation depends on."""
    raise NotImplementedError


def translate(root: str | Path, target: Target, options: Mapping[str, bool] = NO_OPTIONS) -> Unit:
    """Translate a root (module name or .py file) and all it imports. Raises CompileError."""
    raise NotImplementedError
