"""What a search needs to go on after it was stopped: one folder for each model.

    keys        16 bytes for each distinct state, those of later levels behind those of earlier ones
    frontier    the next level: a line of numbers for each trace
    progress    JSON: the counts, how many keys count, and what was explored

`progress` is replaced last, in one step: whatever is interrupted, what it speaks of is there.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from tyrne.testing.explore.canonical import DIGEST, Key
from tyrne.testing.explore.model import Model

if TYPE_CHECKING:
    from tyrne.testing.explore.search import Progress


class CheckpointMismatchError(Exception):
    """A folder is about something else; says what to do."""


class Checkpoint:
    """A folder. `kernel` says which kernel is explored."""

    def __init__(self, folder: Path, kernel: str) -> None:
        self.folder = folder
        self.kernel = kernel

    def load(self, model: Model) -> tuple[Progress, set[Key]] | None:
        """The progress and the keys of the last level that was finished; None when there is none."""
        from tyrne.testing.explore.search import Progress

        folder = self.folder / model.name
        if not (folder / "progress").exists():
            return None
        stored = json.loads((folder / "progress").read_text())
        if stored["about"] != self._about(model):
            raise CheckpointMismatchError(
                f"{folder}: made with another kernel or another model; remove it to start anew"
            )
        data = (folder / "keys").read_bytes()[: stored["keys"] * DIGEST]
        seen = {data[start : start + DIGEST] for start in range(0, len(data), DIGEST)}
        lines = (folder / f"frontier-{stored['depth']}").read_text().splitlines()
        return Progress(
            depth=stored["depth"],
            expanded=stored["expanded"],
            transitions=stored["transitions"],
            refusals=stored["refusals"],
            met=Counter(stored["met"]),
            frontier=[tuple(map(int, line.split())) for line in lines],
        ), seen

    def save(self, model: Model, progress: Progress, seen: set[Key], new: list[Key]) -> None:
        """A level is finished; `new` are the keys that it has added to those that are seen."""
        folder = self.folder / model.name
        folder.mkdir(parents=True, exist_ok=True)
        keys = folder / "keys"
        first = progress.depth == 1
        with keys.open("wb" if first else "r+b") as file:
            if first:
                file.write(b"".join(seen - set(new)))
            file.truncate((len(seen) - len(new)) * DIGEST)
            file.seek(0, os.SEEK_END)
            file.write(b"".join(new))
        frontier = folder / f"frontier-{progress.depth}"
        frontier.write_text("".join(" ".join(map(str, trace)) + "\n" for trace in progress.frontier))
        stored = {
            "about": self._about(model),
            "keys": len(seen),
            "depth": progress.depth,
            "expanded": progress.expanded,
            "transitions": progress.transitions,
            "refusals": progress.refusals,
            "met": dict(progress.met),
        }
        fresh = folder / "progress.new"
        fresh.write_text(json.dumps(stored))
        fresh.replace(folder / "progress")
        for old in folder.glob("frontier-*"):
            if old != frontier:
                old.unlink()

    def _about(self, model: Model) -> str:
        """What keys and traces depend on: the kernel, the model, and what makes a key and a list of actions."""
        found = sha256(f"{self.kernel} {model!r}".encode())
        for name in ("alphabet.py", "canonical.py", "fixed_places.py", "left_over.py", "model.py"):
            found.update((Path(__file__).parent / name).read_bytes())
        return found.hexdigest()
