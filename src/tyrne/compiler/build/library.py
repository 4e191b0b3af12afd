"""Where the library of user programs is."""

from __future__ import annotations

import importlib.util
from functools import cache
from pathlib import Path
from typing import Final

from tyrne.compiler import CompileError

LIBRARY: Final = "tyrne.user"
"""The package with start.S, user.ld and tyrne.h, and what programs in C are linked with in the folder c."""


@cache
def library() -> Path:
    """The folder of the user library."""
    spec = importlib.util.find_spec(LIBRARY)
    if spec is None or spec.origin is None:
        raise CompileError(f"{LIBRARY}: the user library is not installed")
    return Path(spec.origin).parent
