"""What mypy has made of the standard library's stubs, kept from one check to the next: most of its work on a program.

It is mypy's own cache, filled by the first check that ends. From then on its modules are only read, so that any number
of processes may share it; what it lacks is checked each time. The program's own modules are never in it: a cached
module has neither trees nor types.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import mypy
from mypy import build
from mypy.modulefinder import BuildSource
from mypy.options import Options

from tyrne.compiler.build.cache import digest, stored
from tyrne.compiler.build.identity import compiler_part
from tyrne.compiler.unit import CompileError

NOWHERE: Final = {"cache_dir": os.devnull}
"""The options of a module that is not to be written into mypy's cache."""
EVERY_MODULE: Final = "*.*"
"""In mypy's patterns, modules without a dot as well."""


def check_with_stubs(sources: list[BuildSource], options: Options) -> build.BuildResult:
    """mypy's build of the sources, in which the stubs are those of the cache where it has them."""
    made: list[build.BuildResult] = []

    def make(folder: Path) -> None:
        made.append(_build(sources, options, folder, [str(source.module) for source in sources]))

    try:
        kept = stored("stubs", digest([compiler_part(), mypy.__file__]), make)
    except CompileError:  # no cache to keep them in
        return build.build(sources, options)
    if made:
        return made[0]
    if not os.access(kept, os.W_OK):  # mypy leaves the same two bytes there at each end, and calls it a mistake if not
        return build.build(sources, options)
    return _build(sources, options, kept, [EVERY_MODULE])


def _build(sources: list[BuildSource], options: Options, folder: Path, unwritten: Iterable[str]) -> build.BuildResult:
    """With mypy's cache in a folder, into which modules of these names are not written."""
    own = options.per_module_options
    keeping = options.apply_changes(
        {
            "cache_dir": str(folder),
            "incremental": True,
            "sqlite_cache": False,  # which writes to its files when they are read
            "per_module_options": own | {name: {**own.get(name, {}), **NOWHERE} for name in unwritten},
        }
    )
    return build.build(sources, keeping)
