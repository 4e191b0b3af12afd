"""Tests that interrupt what they have started do so too where a shell has begun the tests in the background."""

import signal
import subprocess
import sys
from pathlib import Path

ASK = """
import signal, sys
sys.path.insert(0, "tests")
from interrupts import heed_interrupts
heed_interrupts()
print(signal.getsignal(signal.SIGINT) is signal.default_int_handler, signal.getsignal(signal.SIGQUIT) == signal.SIG_DFL)
"""


def test_what_a_background_shell_has_ignored_is_heeded() -> None:
    def ignored() -> None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGQUIT, signal.SIG_IGN)

    done = subprocess.run(
        [sys.executable, "-c", ASK], capture_output=True, text=True, preexec_fn=ignored, cwd=Path(__file__).parents[1]
    )
    assert done.stdout == "True True\n", done.stderr
