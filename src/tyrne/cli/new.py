"""A new project: a directory with a program and a system description that run."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from pathlib import Path
from typing import Final

from tyrne.system.errors import RequestError, reason
from tyrne.system.shipped import shipped

_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,31}")

_DESCRIPTION: Final = """\
# Run it:  tyrne run system.toml     (--machine qemu boots the same on QEMU)

[system]
name = "{name}"

[[task]]
name = "hello"
program = "hello.py"    # Kernel Python, C (.c), assembly (.S), an AArch64 ELF, or a raw image (.bin)
stack_pages = 1
caps = [                # what the task may do; a program finds an endpoint x as handle("x")
  {{ console = true }},
]
"""


def create_project(directory: Path) -> Path:
    """Make the directory, whole or not at all, and return its system description."""
    if not _NAME.fullmatch(directory.name):
        raise RequestError(f"{directory}: no name for a project; use letters, digits, - and _, a letter first")
    if os.path.lexists(directory):
        raise RequestError(f"{directory}: exists already; choose another name")
    program = shipped("programs/hello.py").read_text()
    try:
        directory.parent.mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(prefix=".tyrne-new-", dir=directory.parent))
    except OSError as error:
        raise RequestError(f"{directory}: cannot be made: {reason(error)}; choose another place") from None
    try:
        (work / "hello.py").write_text(program)
        (work / "system.toml").write_text(_DESCRIPTION.format(name=directory.name))
        work.chmod(0o755)
        work.rename(directory)
    except OSError:
        shutil.rmtree(work, ignore_errors=True)
        raise
    return directory / "system.toml"
