"""The command line: `tyrne run`, `replay`, `build`, `check`, `new`, `cache`, those that look into a run, and the tools
for C projects.

The kernel's sources may be half changed: what keeps them from being imported is told in one line.
"""

import os
import sys
from pathlib import Path

DRIVERS = ("cc", "c++", "ar", "ranlib")
"""The commands that become another tool. A build starts them hundreds of times, and they need no kernel."""


def _fail(what: str) -> None:
    sys.stderr.write(f"tyrne: error: {what}\n")
    sys.exit(2)


def _interrupted() -> None:
    """By Ctrl-C, before `main` could see to it."""
    sys.stderr.write("tyrne: interrupted\n")
    sys.exit(130)


def _place(error: BaseException) -> str:
    """Where an import went wrong, as a person at the current directory would write it."""
    if isinstance(error, SyntaxError):
        path, line = error.filename or "?", error.lineno or 1
    else:
        import traceback

        last = traceback.extract_tb(error.__traceback__)[-1]
        path, line = last.filename, last.lineno or 1
    return f"{path.removeprefix(f'{Path.cwd()}/')}:{line}"


def _import_kernel() -> None:
    if not __debug__:
        _fail("the kernel's checks are asserts; run Python without -O and without PYTHONOPTIMIZE")
    try:
        import tyrne.boot.start  # noqa: F401  which imports all of the kernel
    except SyntaxError as error:
        _fail(f"{_place(error)}: syntax error: {error.msg}; write Python 3.11")
    except KeyboardInterrupt:
        _interrupted()
    except BaseException as error:
        if os.environ.get("TYRNE_TRACEBACK"):
            raise
        what = " ".join(f"{type(error).__name__}: {error}".split())
        _fail(f"{_place(error)}: the kernel cannot be imported: {what}; set TYRNE_TRACEBACK=1 to see from where")


if sys.argv[1:2] == [] or sys.argv[1] not in DRIVERS:
    _import_kernel()

try:
    import tyrne.cli.main  # noqa: F401
except KeyboardInterrupt:
    _interrupted()
