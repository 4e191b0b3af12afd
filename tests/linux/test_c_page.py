"""docs/guide.md, "C projects": who follows it from the C file to the running system sees what it shows."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[2]
PAGE: Final = (
    (ROOT / "docs" / "guide.md").read_text().partition("\n## C projects\n")[2].partition("\nA project is built")[0]
)
BLOCK: Final = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FILES: Final = {"c": "count.c", "toml": "fruit.toml"}
TYRNE: Final = shlex.join((sys.executable, "-P", "-m", "tyrne"))


def steps(block: str) -> list[tuple[str, str]]:
    """The commands of a block, each with what it prints."""
    found = re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]
    return [(command, said) for command, _, said in (text.partition("\n") for text in found)]


def as_shown(said: str, shown: str) -> bool:
    """An ellipsis stands for anything."""
    return re.fullmatch(".*".join(map(re.escape, shown.split("…"))), said, re.DOTALL) is not None


@pytest.mark.qemu
def test_from_a_c_file_to_a_running_system_with_files(tmp_path: Path) -> None:
    script = tmp_path / "bin" / "tyrne"
    script.parent.mkdir()
    script.write_text(f'#!/bin/sh\nexec {TYRNE} "$@"\n')
    script.chmod(0o755)
    environment = {**os.environ, "PATH": f"{script.parent}:{os.environ['PATH']}"}
    done = []
    for language, text in BLOCK.findall(PAGE):
        if language:
            (tmp_path / FILES[language]).write_text(text)
        for command, shown in steps(text) if not language else []:
            ran = subprocess.run(
                ["sh", "-c", command],
                cwd=tmp_path,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
            assert as_shown(ran.stdout, shown), f"$ {command}\n{ran.stdout}"
            done.append(command.split()[0:2])
    assert done.count(["tyrne", "run"]) == 3 and ["tyrne", "cc"] in done


def test_what_is_not_shown_is_noticed() -> None:
    assert as_shown("a: 1\nb\n", "…: 1\nb\n")
    assert not as_shown("a: 2\nb\n", "…: 1\nb\n")
    assert not as_shown("b\nmore\n", "b\n")
