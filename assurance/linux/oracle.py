"""qemu-user, which runs programs of Linux on the host: what they do on Tyrne is compared with what it says."""

from __future__ import annotations

import shutil
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

NAMES = ("qemu-aarch64-static", "qemu-aarch64")
"""Its command has either name."""


def command() -> str | None:
    """Its path; None where it is not installed."""
    return next(filter(None, map(shutil.which, NAMES)), None)


def by_oracle(
    file: Path,
    arguments: Sequence[str] = (),
    *,
    folder: Path | None = None,
    env: Mapping[str, str] | None = None,
    given: bytes = b"",
    seconds: float = 60,
) -> tuple[bytes, int]:
    """What a program writes, both streams as one, and its exit status as a shell says it. TimeoutExpired when it takes
    longer.

    A program finds no signal ignored, as on Tyrne: one that is when this runs would be for the program too.
    """
    emulator = command()
    assert emulator is not None, "qemu-user is not installed"
    done = subprocess.run(
        [emulator, "-0", file.name, str(file), *arguments],
        cwd=folder,
        env=dict(env or {}),
        input=given,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=seconds,
        preexec_fn=_heed_signals,
    )
    return done.stdout, done.returncode if done.returncode >= 0 else 128 - done.returncode


def _heed_signals() -> None:
    """A shell has what it runs in the background ignore these two."""
    for number in (signal.SIGINT, signal.SIGQUIT):
        signal.signal(number, signal.SIG_DFL)
