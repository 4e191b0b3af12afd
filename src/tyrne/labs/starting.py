"""The start of a lab: a folder of the learner's own, with its page."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from pathlib import Path
from typing import Final

from tyrne.labs.lab import Lab
from tyrne.system.errors import RequestError, reason

PAGE: Final = "README.md"
_LINK: Final = re.compile(r"\[([^]]+)\]\((?!https?:|#)([^)#\s]*)(#[^)\s]*)?\)")


def default_folder(lab: Lab) -> Path:
    """Where a lab is done if nothing is said."""
    return Path(f"lab-{lab.name}")


def folder_of(lab: Lab) -> Path:
    """Where a lab is looked for if nothing is said: here, if its files are here, else where it is started."""
    here = all(Path(file).is_file() for file in (*lab.given, *lab.mine))
    return Path() if here else default_folder(lab)


def start_lab(lab: Lab, folder: Path) -> None:
    """Make the folder, whole or not at all; RequestError if something is there already."""
    if os.path.lexists(folder):
        raise RequestError(f"{folder}: exists already, and nothing in it was touched; name another folder")
    files = {file: lab.original(file).read_bytes() for file in (*lab.given, *lab.mine)}
    files[PAGE] = without_links(lab.page.read_text()).encode()
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(prefix=".tyrne-lab-", dir=folder.parent))
    except OSError as error:
        raise RequestError(f"{folder}: cannot be made: {reason(error)}; name another folder") from None
    try:
        for name, content in files.items():
            (made / name).write_bytes(content)
        made.chmod(0o755)
        made.rename(folder)
    except OSError as error:
        shutil.rmtree(made, ignore_errors=True)
        raise RequestError(f"{folder}: cannot be made: {reason(error)}; name another folder") from None


def without_links(page: str) -> str:
    """The text of a page of docs/labs that is read elsewhere: where it leads to stands beside it, from docs/ on."""

    def told(link: re.Match[str]) -> str:
        target = os.path.normpath(f"docs/labs/{link[2]}")
        return link[1] if link[1].strip("`") in target else f"{link[1]} ({target})"

    return _LINK.sub(told, page)
