"""A new project: a directory with a program and a system description that run."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from tyrne.system.errors import RequestError
from tyrne.system.files import make_folder
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
    """Make the directory, and return its system description."""
    if not _NAME.fullmatch(directory.name):
        mend = "use at most 32 letters, digits, - and _, a letter first"
        raise RequestError(f"{directory}: no name for a project; {mend}")
    description = _DESCRIPTION.format(name=directory.name).encode()
    make_folder(directory, {"hello.py": shipped("programs/hello.py").read_bytes(), "system.toml": description})
    return directory / "system.toml"
