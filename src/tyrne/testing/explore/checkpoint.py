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

from tyrne.system.errors import RequestError
from tyrne.testing.explore.canonical import DIGEST, Key
from tyrne.testing.explore.model import Model
from tyrne.testing.explore.progress import Progress


class CheckpointMismatchError(RequestError):
    """A folder is about something else, or damaged; says what to do."""


class Checkpoint:
    """A folder. `kernel` says which kernel is explored."""

    def __init__(self, folder: Path, kernel: str) -> None:
        self.folder = folder
        self.kernel = kernel

    def load(self, model: Model) -> tuple[Progress, set[Key]] | None:
        """The progress and the keys of the last level that was finished; None when there is none."""
        folder = self.folder / model.name
        if not (folder / "progress").exists():
            return None
        try:
            stored = json.loads((folder / "progress").read_text())
            if stored["about"] != self.about(model):
                raise CheckpointMismatchError(
                    f"{folder}: made with another kernel, another model or other checks; remove it to start anew"
                )
            data = (folder / "keys").read_bytes()[: stored["keys"] * DIGEST]
            seen = {data[start : start + DIGEST] for start in range(0, len(data), DIGEST)}
            if len(seen) != stored["keys"]:
                raise ValueError("keys are missing")
            lines = (folder / f"frontier-{stored['depth']}").read_text().splitlines()
            return Progress(
                depth=stored["depth"],
                expanded=stored["expanded"],
                transitions=stored["transitions"],
                refusals=stored["refusals"],
                met=Counter(stored["met"]),
                frontier=[tuple(map(int, line.split())) for line in lines],
            ), seen
        except (OSError, ValueError, KeyError, TypeError):
            raise CheckpointMismatchError(f"{folder}: is damaged; remove it to start anew") from None

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
            "about": self.about(model),
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

    def about(self, model: Model) -> str:
        """What keys, traces and verdicts depend on: kernel, model, and the tools, as they were when it began."""
        return sha256(f"{self.kernel} {_TOOLS} {model!r}".encode()).hexdigest()


def _tools() -> str:
    """SHA-256 over what makes a first state, a key, a list of actions, and what is checked of each."""
    found = sha256()
    testing = Path(__file__).parents[1]
    for path in sorted([*testing.glob("*.py"), *testing.glob("explore/*.py"), *testing.glob("invariants/*.py")]):
        found.update(path.read_bytes())
    return found.hexdigest()


_TOOLS = _tools()
