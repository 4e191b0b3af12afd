"""What was built before and is kept: where it is, how much it is, and away with it."""

from __future__ import annotations

from pathlib import Path

from tyrne.compiler import CompileError
from tyrne.compiler.build import cache
from tyrne.system.errors import RequestError


def place_and_size() -> tuple[Path, int]:
    """The folder of the cache, and the bytes of all files in it."""
    return cache.cache_directory(), cache.disk_use()


def clear() -> None:
    """Delete all of it; RequestError while another process uses it."""
    try:
        cache.clear()
    except CompileError as error:
        raise RequestError(str(error)) from None
