"""The bugs that tests plant in the kernel to see that exploration finds them."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Final

BUGS: Final = Path(__file__).parents[2] / "tests" / "testing" / "explore" / "seeded_bugs.py"


def seeded_bugs(path: Path = BUGS) -> list[dict[str, object]]:
    """What is wrong, where, in which model it is found, and how long the shortest trace is that shows it."""
    bugs = runpy.run_path(str(path))["BUGS"]
    return [{"what": bug.what, "place": bug.place, "model": bug.model.name, "steps": bug.steps} for bug in bugs]
