"""A kernel with files of the learner's: a copy of the package, in which they take the place of the kernel's own.

They are Python, and run as such, in a process of their own, with the rights of who asks for it.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from tyrne.labs.work import MissingError, UnusableError

SECONDS: Final = 300
"""What a run may take, the check and the build of a new kernel included."""


class ChangedKernel:
    """The copy, in a folder that its maker deletes."""

    def __init__(self, folder: Path, files: Mapping[str, bytes]) -> None:
        self.folder: Final = folder
        source = Path(__file__).parents[1]
        shutil.copytree(source, folder / "tyrne", ignore=shutil.ignore_patterns("__pycache__"))
        for name, content in files.items():
            (folder / "tyrne" / "kernel" / name).write_bytes(content)

    def report(self, system: Path, machine: str) -> dict[str, Any]:
        """Run a system on a machine; its report. UnusableError says why the kernel does not run."""
        file = self.folder / "report.json"
        done = self._python("tyrne", "run", "-q", str(system), "--machine", machine, "--report", str(file))
        if done.returncode not in (0, 1, 4, 5) or not file.is_file():
            raise UnusableError(f"the kernel does not run: {self._last(done)}")
        try:
            report: dict[str, Any] = json.loads(file.read_text())
        except ValueError:
            raise UnusableError("the kernel's run has left no report that can be read") from None
        return report

    def check_invariants(self, system: Path) -> None:
        """Step a system to its end on the hosted machine; MissingError says which invariant does not hold then."""
        done = self._python("tyrne.labs.stepped", str(system))
        if done.returncode != 0:
            raise MissingError(f"the kernel breaks what must hold of it between any two traps: {self._last(done)}")

    def _python(self, module: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
        environment["PYTHONPATH"] = str(self.folder)
        try:
            return subprocess.run(
                [sys.executable, "-m", module, *arguments],
                cwd=self.folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="backslashreplace",
                timeout=SECONDS,
            )
        except subprocess.TimeoutExpired:
            raise UnusableError(f"the kernel took more than {SECONDS} seconds and was stopped") from None

    def _last(self, done: subprocess.CompletedProcess[str]) -> str:
        lines = [line for line in (done.stderr or done.stdout).splitlines() if line.strip()]
        lines = [line for line in lines if line.startswith("tyrne: error: ")] or lines or ["it said nothing"]
        return lines[0].removeprefix("tyrne: error: ").replace(f"{self.folder}/", "")
