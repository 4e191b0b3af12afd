"""The start of a lab: a folder of the learner's own, with its page."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Final

from tyrne.labs.lab import Lab
from tyrne.system.files import make_folder

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
    """Make the folder; RequestError if something is there already."""
    files = {file: lab.original(file).read_bytes() for file in (*lab.given, *lab.mine)}
    files[PAGE] = without_links(lab.page.read_text()).encode()
    make_folder(folder, files, "name another folder")


def without_links(page: str) -> str:
    """The text of a page of docs/labs that is read elsewhere: where it leads to stands beside it, from docs/ on."""

    def told(link: re.Match[str]) -> str:
        target = os.path.normpath(f"docs/labs/{link[2]}")
        return link[1] if link[1].strip("`") in target else f"{link[1]} ({target})"

    return _LINK.sub(told, page)
