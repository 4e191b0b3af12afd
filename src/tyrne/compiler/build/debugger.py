"""The command line of a gdb that knows Kernel Python: its sources, its printers, and the machine to attach to."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from tyrne.compiler import CompileError

PRINTERS: Final = Path(__file__).with_name("gdb_printers.py")

DEBUGGERS: Final = ("gdb-multiarch", "aarch64-linux-gnu-gdb", "aarch64-none-elf-gdb")
"""gdbs that know AArch64, in the order of preference."""


def gdb_command(elf: Path, target: str, sources: Sequence[Path] = (), commands: Sequence[str] = ()) -> list[str]:
    """gdb on an ELF, attached to `target` (a path of a socket, or host:port), then `commands`.

    `sources` are folders in which gdb looks for the Python files that lines name. CompileError when there is no gdb.
    """
    debugger = next(filter(None, map(shutil.which, DEBUGGERS)), None)
    if debugger is None:
        raise CompileError("gdb-multiarch is not installed; run: apt-get install gdb-multiarch")
    first = ["set pagination off", "set confirm off", *(f"directory {folder}" for folder in sources)]
    first += [f"source {PRINTERS}", f"target remote {target}"]
    words = [word for command in [*first, *commands] for word in ("-ex", command)]
    return [debugger, "-q", "-nx", *words, str(elf)]
