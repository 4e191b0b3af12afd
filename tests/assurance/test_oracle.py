"""What qemu-user says does not depend on how this was started."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from assurance.linux import oracle

ASK = """
import sys
from pathlib import Path
from assurance.linux import oracle
print(oracle.by_oracle(Path(sys.argv[1]), ["-c", "import signal; print(signal.getsignal(signal.SIGINT))"]))
"""


@pytest.fixture
def named_python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A command of qemu-user's name that runs what follows the first two arguments, as qemu-user would."""
    folder = tmp_path / "bin"
    folder.mkdir()
    command = folder / "qemu-aarch64-static"
    command.write_text('#!/bin/sh\nshift 2\nexec "$@"\n')
    command.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    return Path(sys.executable)


def test_a_program_finds_no_signal_ignored_though_a_shell_runs_this_in_the_background(named_python: Path) -> None:
    def ignored() -> None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)

    command = [sys.executable, "-c", ASK, str(named_python)]
    done = subprocess.run(command, capture_output=True, text=True, preexec_fn=ignored, cwd=Path(__file__).parents[2])
    assert "default_int_handler" in done.stdout, done.stderr


def test_the_status_of_a_program_that_a_signal_ends_is_that_of_a_shell(named_python: Path) -> None:
    dying = ["-c", "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"]
    assert oracle.by_oracle(named_python, dying) == (b"", 128 + signal.SIGKILL)
