"""What `make` offers is what it says, and .ci/run tests in the environment of a new login."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MAKEFILE = (ROOT / "Makefile").read_text()
BARE = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
"""The environment without what a `make` that runs these tests hands on to another."""


def test_make_alone_lists_every_target_with_a_line() -> None:
    (phony,) = re.findall(r"^\.PHONY: ((?:.*\\\n)*.*)$", MAKEFILE, re.MULTILINE)
    told = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True, env=BARE).stdout
    listed = dict(re.findall(r"^make ([a-z-]+) +(.+)$", told, re.MULTILINE))
    assert sorted(listed) == sorted(phony.replace("\\\n", " ").split())
    assert told.count("\n") == len(listed) and all(len(line) <= 145 for line in told.splitlines())
    command = ["make", "help"]
    assert told == subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, env=BARE).stdout


@pytest.mark.parametrize("terminal", [True, False])
def test_pip_shows_how_far_it_is_on_a_terminal(terminal: bool, tmp_path: Path) -> None:
    """And nothing but errors elsewhere. What stands for pip says what it was asked."""
    (tmp_path / "Makefile").write_text(MAKEFILE)
    (tmp_path / "pyproject.toml").touch()
    python = tmp_path / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text('#!/bin/sh\necho "asked: $*"\n')
    python.chmod(0o755)
    leader, follower = os.openpty()
    try:
        out = follower if terminal else subprocess.PIPE
        command = ["make", ".venv/base.stamp"]
        done = subprocess.run(command, cwd=tmp_path, stdout=out, text=True, check=True, env=BARE)
        told = os.read(leader, 1000).decode() if terminal else done.stdout
    finally:
        os.close(leader)
        os.close(follower)
    assert told.startswith("asked: -m pip install ")
    assert ("--quiet" in told) is not terminal and "-e ." in told


def test_what_is_accepted_is_tested_without_what_only_developers_have_set(tmp_path: Path) -> None:
    (tmp_path / ".ci").mkdir()
    (tmp_path / ".ci" / "run").write_text((ROOT / ".ci" / "run").read_text())
    (tmp_path / "Makefile").write_text("test:\n\t@env\n")
    set_ = {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONUNBUFFERED": "1", "PYTHONOPTIMIZE": "2", "PYTHONPATH": "/other"}
    set_ |= {"TYRNE_CACHE": "/x", "TYRNE_TRACEBACK": "1", "TYRNE_CALLS": "1", "UPDATE_GOLDEN": "1"}
    set_ |= {"PYTEST_ADDOPTS": "-k nothing", "HYPOTHESIS_PROFILE": "fast", "COVERAGE_CORE": "pytrace"}
    kept = {"PATH": os.environ["PATH"], "HOME": "/home/somebody", "PYTHON": "python3.12", "LANG": "C.UTF-8"}
    command = ["sh", str(tmp_path / ".ci" / "run")]
    told = subprocess.run(command, env=set_ | kept, capture_output=True, text=True, check=True).stdout
    found = dict(line.split("=", 1) for line in told.splitlines() if "=" in line)
    assert not set_.keys() & found.keys() and kept.items() <= found.items()


def test_every_variable_that_the_project_reads_is_one_that_it_unsets() -> None:
    """Those that it shares with other programs are a new login's as well."""
    shared = {"PATH", "XDG_CACHE_HOME"}
    read = set()
    for folder in ("src", "tests", "assurance", "bench"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            text = path.read_text()
            read |= set(re.findall(r"""environ(?:\.get\(|\[)"([A-Z_]+)\"""", text))
            read |= set(re.findall(r"""getenv\("([A-Z_]+)\"""", text)) | set(
                re.findall(r'"([A-Z_]+)" (?:not )?in os.environ', text)
            )
    patterns = re.findall(r"^    (PYTHON.*)\) unset", (ROOT / ".ci" / "run").read_text(), re.MULTILINE)[0].split(" | ")
    assert len(read) > 5
    for name in read - shared:
        assert any(re.fullmatch(p.replace("*", ".*").replace("?", "."), name) for p in patterns), name
