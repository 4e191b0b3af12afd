"""Python may leave asserts out, and the kernel's checks with them: then nothing runs."""

from __future__ import annotations

import subprocess
import sys


def optimized(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-O", "-c", code], capture_output=True, text=True, timeout=60)


def test_the_command_refuses_a_python_without_asserts() -> None:
    done = optimized("from tyrne.cli.main import main; main()")
    assert done.returncode == 2
    assert done.stderr == (
        "tyrne: error: the kernel's checks are asserts; run Python without -O and without PYTHONOPTIMIZE\n"
    )


def test_the_kernel_is_not_imported_without_asserts() -> None:
    done = optimized("import tyrne.kernel.kernel")
    assert done.returncode != 0 and "the checks of Kernel Python are asserts" in done.stderr
