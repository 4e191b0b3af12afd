"""Which kernel a record or a figure is about."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Final

PARTS: Final = ("lang", "hal", "abi", "kernel", "boot")
"""What every machine compiles or runs of the kernel, whatever its board."""


def digest() -> str:
    """SHA-256, in hexadecimal, over the names and contents of the kernel's sources."""
    root = Path(__file__).parents[1]
    found = hashlib.sha256()
    for path in sorted(path for part in PARTS for path in (root / part).rglob("*.py")):
        name, content = path.relative_to(root).as_posix().encode(), path.read_bytes()
        found.update(b"%d %s %d " % (len(name), name, len(content)) + content)
    return found.hexdigest()
