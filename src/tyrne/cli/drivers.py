"""What `tyrne cc`, `c++`, `ar` and `ranlib` do: they become zig's tools. `tyrne cc` has two options of its own."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from tyrne.linux.driver import FLAGS, TARGET, DriverError, note_object, replace_process, run, steps, zig
from tyrne.system.errors import RequestError

OWN: Final = ("--print-flags", "--toolchain")
"""The options of `tyrne cc` that are its own, each without anything beside it."""


def drive(tool: str, arguments: Sequence[str]) -> int:
    """Answer an option of `tyrne cc`'s own, with an exit status; or do what the tool does, as a rule by becoming it."""
    try:
        option, equals, value = (arguments[0] if arguments else "").partition("=")
        if tool != "cc" or option not in OWN:
            first, *others = steps(tool, arguments)
            if first.target is None and not others:
                replace_process(first.words)
            statuses = [run(step) for step in (first, *others)]
            return next((status for status in statuses if status), 0)
        words = [*([value] if equals else []), *arguments[1:]]
        if option == OWN[0]:
            if words or equals:
                raise RequestError(f"{option} stands alone; see tyrne cc --help")
            sys.stdout.write(makefile())
        else:
            if len(words) != 1 or not words[0]:
                raise RequestError(f"{option} takes one file to write, and nothing beside it; see tyrne cc --help")
            _write_toolchain(Path(words[0]))
    except DriverError as error:
        raise RequestError(str(error)) from None
    return 0


def makefile() -> str:
    """Variables for make: the tools, and the flags with which they make programs for Tyrne."""
    tool = shlex.quote(zig())
    values = {
        "CC": f"{tool} cc",
        "CXX": f"{tool} c++",
        "AR": f"{tool} ar",
        "RANLIB": f"{tool} ranlib",
        "TYRNE_CFLAGS": shlex.join([*TARGET, *FLAGS]),
        "TYRNE_LDFLAGS": shlex.quote(str(note_object())),
    }
    return "".join(f"{name} = {_for_make(value)}\n" for name, value in values.items())


def _for_make(value: str) -> str:
    return value.replace("$", "$$").replace("#", "\\#")


def _write_toolchain(path: Path) -> None:
    from tyrne.cli.cmake import toolchain
    from tyrne.system.files import check_writable, write_atomically

    zig()
    check_writable(path, [])
    write_atomically(path, toolchain([sys.executable, "-P", "-m", "tyrne"]).encode())
