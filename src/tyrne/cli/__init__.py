"""The command line: `tyrne run`, `replay`, `build`, `check`, `new`, `cache`, and those that look into a run.

The kernel's sources may be half changed: what keeps them from being imported is told in one line.
"""

import os
import sys
import traceback
from pathlib import Path


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
        last = traceback.extract_tb(error.__traceback__)[-1]
        path, line = last.filename, last.lineno or 1
    return f"{path.removeprefix(f'{Path.cwd()}/')}:{line}"


if not __debug__:
    _fail("the kernel's checks are asserts; run Python without -O and without PYTHONOPTIMIZE")

try:
    import tyrne.boot.start  # which imports all of the kernel
except SyntaxError as error:
    _fail(f"{_place(error)}: syntax error: {error.msg}; write Python 3.11")
except KeyboardInterrupt:
    _interrupted()
except BaseException as error:
    if os.environ.get("TYRNE_TRACEBACK"):
        raise
    what = " ".join(f"{type(error).__name__}: {error}".split())
    _fail(f"{_place(error)}: the kernel cannot be imported: {what}; set TYRNE_TRACEBACK=1 to see from where")

try:
    import tyrne.cli.main  # noqa: F401
except KeyboardInterrupt:
    _interrupted()
