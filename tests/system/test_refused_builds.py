"""What mypy or clang refuses is told with file and line, and no image of it is kept, run or written."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from changed import Changed

EXITS = bytes.fromhex("000080d2 880080d2 010000d4")
"""task_exit(0)."""
MYPY_REFUSES = ("src/tyrne/kernel/quota.py", "self.claims[claim] -= amount", "self.claims[claim] -= kind")
"""A mistake in a line that CPython does not come to when it imports the kernel."""
CLANG_REFUSES = ("src/tyrne/boards/qemu_virt/leave.S", "        .global leave_machine\n", "        bogus x0\n")
IMAGES = {"unit", "objects", "kernel", "program", "host"}
"""The kinds of entries of the cache that are made of what a compiler has said yes to."""

Kept = Callable[[], set[str]]


@pytest.fixture
def changed(tmp_path: Path) -> Changed:
    made = Changed(tmp_path)
    (tmp_path / "a.bin").write_bytes(EXITS)
    return made


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Kept:
    """The kinds of images that are in the cache, which is empty at first."""
    cache = tmp_path / "cache"
    monkeypatch.setenv("TYRNE_CACHE", str(cache))
    return lambda: {kind for kind in IMAGES for entry in (cache / kind).glob("*") if entry.is_dir()}


def build(changed: Changed) -> tuple[int, list[str]]:
    """The exit status of a build, and its complaints; the image is written in one of these cases."""
    done = changed.tyrne("build", "--emit", "elf", "a.bin", "-o", "kernel.elf")
    assert (done.returncode == 0) == (changed.folder / "kernel.elf").exists()
    assert done.stdout == ""
    return done.returncode, done.stderr.splitlines()


def test_nothing_is_compiled_of_a_kernel_that_mypy_refuses(changed: Changed, kept: Kept) -> None:
    line = changed.replace(*MYPY_REFUSES)
    for _ in range(2):
        status, (complaint,) = build(changed)
        assert status == 2
        assert complaint.startswith(f'tyrne: error: src/tyrne/kernel/quota.py:{line}: Name "kind" is not defined')
        assert not kept()


def test_nothing_is_kept_of_what_clang_refuses(changed: Changed, kept: Kept) -> None:
    """mypy has said yes to the kernel, whose translation is kept."""
    line = changed.replace(*CLANG_REFUSES)
    for _ in range(2):
        status, (complaint,) = build(changed)
        assert status == 2
        assert complaint.startswith(f"tyrne: error: leave.S:{line}: ")
        assert kept() == {"unit"}
    file, old, new = CLANG_REFUSES
    changed.replace(file, new, old)
    assert build(changed) == (0, [])
    assert kept() == {"unit", "objects", "kernel"}


def test_of_two_mistakes_that_of_the_kernel_is_told_first(changed: Changed, kept: Kept) -> None:
    line = changed.replace(*MYPY_REFUSES)
    changed.replace(*CLANG_REFUSES)
    status, (complaint,) = build(changed)
    assert status == 2
    assert complaint.startswith(f"tyrne: error: src/tyrne/kernel/quota.py:{line}: ")
    assert not kept()


def test_a_program_runs_on_no_kernel_that_mypy_refuses(changed: Changed, kept: Kept) -> None:
    """On the hosted machine the program is built first; the kernel has not begun."""
    line = changed.replace(*MYPY_REFUSES)
    done = changed.tyrne("run", "programs/hello.py")
    assert (done.returncode, done.stdout) == (2, "")
    assert f"src/tyrne/kernel/quota.py:{line}: " in done.stderr
    assert kept() == {"unit", "objects", "program"}


def test_nothing_is_kept_of_a_program_that_mypy_refuses(changed: Changed, kept: Kept) -> None:
    line = changed.replace("programs/hello.py", "@export\n", 'wrong: u64 = "text"\n\n\n@export\n')
    done = changed.tyrne("run", "programs/hello.py")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"tyrne: error: programs/hello.py:{line}: Incompatible types in assignment")
    assert not kept()
