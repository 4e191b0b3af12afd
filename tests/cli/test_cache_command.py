"""`tyrne cache` says where what was built is, and clears it while nobody uses it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

COMMAND = [str(Path(sys.executable).with_name("tyrne"))]


def test_the_cache_is_shown_cleared_and_filled_again(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    environment = {**os.environ, "TYRNE_CACHE": str(cache)}

    def tyrne(*words: str) -> tuple[int, str]:
        done = subprocess.run([*COMMAND, *words], env=environment, capture_output=True, text=True, cwd=tmp_path)
        return done.returncode, done.stdout + done.stderr

    shown = f"{cache}: 0 bytes, all of which can be built again; clear it with: tyrne cache clear\n"
    assert tyrne("cache") == (0, shown)
    (tmp_path / "a.S").write_text(".global _start\n_start: mov x0, #0\nmov x8, #4\nsvc #0\n")
    assert tyrne("run", "a.S")[0] == 0
    kept = [path for path in cache.rglob("a.elf") if path.is_file()]
    assert kept and tyrne("cache")[1] != shown
    assert tyrne("cache", "clear")[0] == 0
    assert tyrne("cache") == (0, shown) and not kept[0].exists()
    assert tyrne("cache", "drop")[0] == 2
    assert tyrne("run", "a.S")[0] == 0


@pytest.mark.parametrize("program", ["wrong.c", "wrong.py"])
def test_that_qemu_is_missing_is_told_before_anything_is_built(program: str, tmp_path: Path) -> None:
    (tmp_path / program).write_text("this is no program")
    done = subprocess.run(
        [*COMMAND, "run", "--machine", "qemu", program],
        env={**os.environ, "PATH": "/nowhere"},
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    assert done.returncode == 2 and done.stdout == ""
    assert done.stderr.startswith("tyrne: error: qemu-system-aarch64: not installed; install it with: apt-get install ")
