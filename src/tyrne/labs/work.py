"""What a learner has made of a lab, and running it beside the files that the lab gives.

What is tested are the files that are the learner's; all others are taken as the lab has them, whatever stands in the
folder. Each of the learner's is a file of its own, no link, and small: it is data until it is compiled.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tyrne.host_file import NoFileError, read_file
from tyrne.labs.lab import Lab
from tyrne.labs.words import troubles
from tyrne.system.errors import RequestError, reason
from tyrne.testing import LiveSystem, Run, boot_system, run_system

LARGEST: Final = 256 * 1024
"""Bytes of a file."""
INSTRUCTIONS: Final = 5_000_000
"""So long may a system take, unless its lab says otherwise. While nobody is ready a nanosecond counts as one."""
ALL: Final = ("*",)


class MissingError(Exception):
    """What is missing, and where to look: a sentence or two."""


class UnusableError(MissingError):
    """Nothing of the work can be run, so no further test can say anything."""


@dataclass
class Work:
    """A learner's files of a lab, and a folder for what is run. A run is made once for each choice of files."""

    lab: Lab
    mine: dict[str, bytes]
    scratch: Path
    machine: str = "hosted"

    def __post_init__(self) -> None:
        self._runs: dict[tuple[tuple[str, ...], tuple[tuple[str, bytes], ...]], Run] = {}
        self.kept: dict[str, Any] = {}
        """What tests of one lab keep for one another."""
        self._said: set[str] = set()

    def place(self, mine: tuple[str, ...] = ALL, more: dict[str, bytes] | None = None) -> Path:
        """A new folder with the files of the lab, and of the learner's those that are named; `more` take the place of
        both."""
        files = {file: self.lab.original(file).read_bytes() for file in (*self.lab.given, *self.lab.mine)}
        files |= {file: self.mine[file] for file in (self.lab.mine if mine == ALL else mine)}
        folder = self.scratch / str(len(os.listdir(self.scratch)))
        folder.mkdir()
        for name, content in (files | (more or {})).items():
            (folder / name).write_bytes(content)
        return folder

    def run(
        self,
        mine: tuple[str, ...] = ALL,
        more: dict[str, bytes] | None = None,
        max_instructions: int = INSTRUCTIONS,
    ) -> Run:
        """Run the system of the lab to its end. UnusableError says why it cannot be built."""
        key = mine, tuple(sorted((more or {}).items()))
        if key not in self._runs:
            folder = self.place(mine, more)
            try:
                run = run_system("system.toml", self.machine, folder=folder, max_instructions=max_instructions)
            except RequestError as error:
                raise self.unusable(error.lines) from None
            self._runs[key] = run
        return self._runs[key]

    def boot(self, mine: tuple[str, ...] = ALL, more: dict[str, bytes] | None = None) -> LiveSystem:
        """The system, booted on the hosted machine, to be stepped."""
        try:
            return boot_system("system.toml", folder=self.place(mine, more), check=False, max_instructions=INSTRUCTIONS)
        except RequestError as error:
            raise self.unusable(error.lines) from None

    def unusable(self, lines: tuple[str, ...]) -> UnusableError:
        return UnusableError(self.told("it cannot be built: " + "; ".join(lines[:3])))

    def told(self, text: str) -> str:
        """A text without the places of the folders in which the work is run."""
        return re.sub(rf"[^\s\"(]*{re.escape(self.scratch.name)}/\d+/", "", text)

    def why(self, run: Run) -> str:
        """What went wrong in a run, to stand behind a sentence: "" if nothing did. Said once, though it be the reason
        of several."""
        found = troubles(run.report())
        if found in self._said:
            return "; why is said above"
        self._said.update([found] if found else [])
        return f"; {found}" if found else ""


def read_mine(lab: Lab, folder: Path) -> dict[str, bytes]:
    """The learner's files; RequestError if one is not there, or is no file."""
    if not folder.is_dir():
        raise RequestError(f"{folder}: there is no such folder; make it with: tyrne lab start {lab.number} {folder}")
    return {name: _content(folder / name, lab) for name in lab.mine}


def _content(path: Path, lab: Lab) -> bytes:
    mend = f"tyrne lab start {lab.number} makes a folder that has it"
    try:
        content = read_file(path, LARGEST, follow=False)
    except NoFileError:
        raise RequestError(f"{path}: is no file; {mend}") from None
    except OSError as error:
        raise RequestError(f"{path}: cannot be read: {reason(error)}; {mend}") from None
    if len(content) > LARGEST:
        raise RequestError(f"{path}: is larger than {LARGEST // 1024} KiB; {mend}")
    return content
