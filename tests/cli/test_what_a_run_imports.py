"""A command imports what it uses: starting `tyrne run` takes longer than the run, and most of it is imports."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NEVER = {
    "elftools", "email", "importlib.metadata", "mypy", "pydantic", "rich", "tyrne.compiler.translate",
    "tyrne.compiler.build.toolchain", "tyrne.hosted.devices.virtio_mmio",
    "tyrne.system.description", "tyrne.system.explanation", "tyrne.testing",
    "tyrne.user", "typer",
}  # fmt: skip
"""What no run into a pipe needs whose system is in the cache."""
SCRIPT = """\
import json, sys
from tyrne.cli.main import run_arguments
status = run_arguments(sys.argv[1:])
sys.stderr.write("\\n" + json.dumps([status, sorted(sys.modules)]))
"""


def imported(*arguments: str) -> set[str]:
    """The modules of a process that has run a command line; it is run twice, so that all is in the cache."""
    for _ in range(2):
        done = subprocess.run(
            [sys.executable, "-c", SCRIPT, *arguments], capture_output=True, text=True, check=True,
            env={name: value for name, value in os.environ.items() if "COVERAGE" not in name},
        )  # fmt: skip
    status, modules = json.loads(done.stderr.splitlines()[-1])
    assert status == 0
    return set(modules)


@pytest.mark.parametrize("system", ["programs/hello.py", "systems/ping-pong.toml"])
def test_a_run_of_a_known_system_imports_no_more_than_it_uses(system: str) -> None:
    assert not imported("run", str(ROOT / system)) & NEVER


def test_the_greeting_is_known_too() -> None:
    assert not imported("run") & NEVER


def test_an_option_brings_the_parser_of_options_and_nothing_else_that_is_slow() -> None:
    modules = imported("run", str(ROOT / "programs/hello.py"), "--quiet")
    assert modules & NEVER <= {"email", "importlib.metadata", "pydantic", "rich", "typer"}
    assert "typer" in modules


COMPILES = """\
import json, os, sys
def execv(path, words):
    print(json.dumps([words[-2:], sorted(sys.modules)]))
    sys.exit(0)
os.execv = execv
sys.argv = ["tyrne", "cc", "-c", "a.c"]
from tyrne.cli.main import main
main()
"""


def test_what_only_compiles_imports_neither_kernel_nor_compiler_nor_parser() -> None:
    done = subprocess.run([sys.executable, "-c", COMPILES], capture_output=True, text=True, check=True)
    words, modules = json.loads(done.stdout)
    assert words == ["-c", "a.c"]
    assert not set(modules) & {*NEVER, "subprocess", "tyrne.boot", "tyrne.compiler", "tyrne.hosted", "tyrne.kernel"}
