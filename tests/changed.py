"""A copy of the package whose kernel a test changes, and the command as it runs from there."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


class Changed:
    """A copy of the sources, and of other files of the project that a test names."""

    def __init__(self, folder: Path, *more: str) -> None:
        self.folder = folder
        self.kernel = folder / "src" / "tyrne" / "kernel"
        ignored = shutil.ignore_patterns("__pycache__")
        for name in ("src/tyrne", "programs", "systems", *more):
            source = ROOT / name
            if source.is_dir():
                shutil.copytree(source, folder / name, ignore=ignored)
            else:
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(source, folder / name)

    def replace(self, file: str, old: str, new: str) -> int:
        """Replace a text that is in a file once; the line where it began."""
        path = self.folder / file
        text = path.read_text()
        assert text.count(old) == 1, (file, old)
        path.write_text(text.replace(old, new))
        return text[: text.index(old)].count("\n") + 1

    def python(self, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """Run Python on the copy, from its folder."""
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(self.folder / "src"), str(self.folder)])}
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=self.folder,
            env=environment,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=120,
        )

    def tyrne(self, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        return self.python("-m", "tyrne", *arguments, stdin=stdin)
