"""The cache: stored once, whole or not at all, by any number of processes."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tyrne.compiler import CompileError
from tyrne.compiler.build import cache


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    directory = tmp_path / "cache"
    monkeypatch.setenv("TYRNE_CACHE", str(directory))
    yield directory
    let_go(directory)


def let_go(directory: Path) -> None:
    """What the end of a process does."""
    if directory in cache._held:
        os.close(cache._held.pop(directory))


def test_a_result_is_made_once() -> None:
    made: list[Path] = []

    def make(folder: Path) -> None:
        made.append(folder)
        (folder / "result").write_text("done")

    first = cache.stored("kind", "key", make)
    second = cache.stored("kind", "key", make)
    assert first == second and (first / "result").read_text() == "done"
    assert len(made) == 1


def test_a_failure_stores_nothing(own_cache: Path) -> None:
    def fail(folder: Path) -> None:
        (folder / "half").write_text("x")
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        cache.stored("kind", "key", fail)
    assert [entry.name for entry in (own_cache / "kind").iterdir()] == ["key.lock"]
    assert (cache.stored("kind", "key", lambda folder: (folder / "whole").touch()) / "whole").exists()


def test_who_builds_or_waits_for_a_build_uses_the_cache(own_cache: Path) -> None:
    with cache.locked(own_cache / "index" / "key.lock"), pytest.raises(CompileError, match="another process uses"):
        cache.clear()


def test_simultaneous_builders_do_the_work_once() -> None:
    made: list[int] = []

    def make(folder: Path) -> None:
        made.append(1)
        time.sleep(0.05)
        (folder / "result").touch()

    with ThreadPoolExecutor(8) as pool:
        folders = set(pool.map(lambda _: cache.stored("kind", "key", make), range(8)))
    assert len(folders) == 1 and len(made) == 1


def outdated(folder: Path) -> None:
    past = time.time() - cache.KEPT_SECONDS - 60
    os.utime(folder, (past, past))


def begin_anew(directory: Path) -> None:
    """As a new process does, the day after."""
    let_go(directory)
    past = time.time() - cache.DAY - 60
    os.utime(directory / cache.USERS, (past, past))


def test_what_nobody_used_for_long_is_dropped_and_what_is_used_stays(own_cache: Path) -> None:
    old = cache.stored("kind", "old", lambda folder: None)
    kept = cache.stored("kind", "kept", lambda folder: None)
    outdated(old)
    outdated(kept)
    cache.known("kind", "kept")
    begin_anew(own_cache)
    cache.stored("other", "new", lambda folder: None)
    assert not old.exists() and kept.exists()


USER = """
import sys
from tyrne.compiler.build import cache
print(cache.known("kind", "old"), flush=True)
sys.stdin.read()
"""
"""Uses an entry until its input ends."""


def test_nothing_is_deleted_while_another_process_uses_the_cache(own_cache: Path) -> None:
    old = cache.stored("kind", "old", lambda folder: None)
    with subprocess.Popen([sys.executable, "-c", USER], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as user:
        assert user.stdin is not None and user.stdout is not None
        assert user.stdout.readline().decode().strip() == str(old)
        outdated(old)
        begin_anew(own_cache)
        cache.known("kind", "new")
        with pytest.raises(CompileError, match="another process uses the cache; try again when it has ended"):
            cache.clear()
        assert old.exists()
        user.stdin.close()
    begin_anew(own_cache)
    cache.known("kind", "new")
    assert not old.exists()


def test_a_cache_is_cleared_whole_and_works_on(own_cache: Path) -> None:
    cache.clear()  # there is none yet
    folder = cache.stored("kind", "key", lambda folder: (folder / "result").write_bytes(bytes(1000)))
    assert cache.disk_use() > 1000
    begin_anew(own_cache)
    cache.clear()
    assert not folder.exists() and [entry.name for entry in own_cache.iterdir()] == [cache.USERS]
    assert cache.stored("kind", "key", lambda folder: None) == folder


def test_the_parts_of_a_key_do_not_run_together() -> None:
    assert cache.digest(["ab", "c"]) != cache.digest(["a", "bc"])
    assert cache.digest(["ab"]) == cache.digest([b"ab"])


def test_the_cache_is_where_the_environment_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("TYRNE_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache.cache_directory() == tmp_path / "tyrne"
    for nowhere in ("", "relative"):
        monkeypatch.setenv("XDG_CACHE_HOME", nowhere)
        assert cache.cache_directory() == Path.home() / ".cache" / "tyrne"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert cache.cache_directory() == Path.home() / ".cache" / "tyrne"


@pytest.mark.parametrize("name", ["a\nb", "a\udcff", "a\x1b[2J"])
def test_a_cache_whose_path_is_not_printable_is_not_used(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TYRNE_CACHE", str(tmp_path / name))
    with pytest.raises(CompileError) as caught:
        cache.stored("kind", "key", filled)
    what = "the cache cannot be used: its path is no line of UTF-8; set TYRNE_CACHE to another folder"
    assert str(caught.value) == f"{tmp_path}/{name.encode('unicode_escape').decode()}/kind: {what}"
    assert not (tmp_path / name / "kind").exists()
    monkeypatch.setenv("TYRNE_CACHE", str(tmp_path / "a\u3000ü"))
    assert cache.stored("kind", "key", filled).is_dir()


def filled(folder: Path) -> None:
    (folder / "result").write_text("done")
    (folder / "below").mkdir()
    (folder / "below" / "more").write_text("too")


DAMAGES: dict[str, Callable[[Path], object]] = {
    "a file is cut short": lambda folder: (folder / "result").write_text(""),
    "a file is missing": lambda folder: (folder / "result").unlink(),
    "a file below is missing": lambda folder: (folder / "below" / "more").unlink(),
    "a file is a folder": lambda folder: ((folder / "result").unlink(), (folder / "result").mkdir()),
    "the list is cut short": lambda folder: (folder / cache.SIZES).write_text('{"result": 4'),
    "the list is no list": lambda folder: (folder / cache.SIZES).write_text("[]"),
    "the list is missing": lambda folder: (folder / cache.SIZES).unlink(),
    "all is missing": lambda folder: (shutil.rmtree(folder), folder.mkdir()),
    "a file is in its place": lambda folder: (shutil.rmtree(folder), folder.write_text("")),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_result_is_made_again_beside_the_old_one(damage: Callable[[Path], object]) -> None:
    damaged = cache.stored("kind", "key", filled)
    damage(damaged)
    left = [damaged, *damaged.rglob("*")]
    assert cache.known("kind", "key") is None
    found = cache.stored("kind", "key", filled)
    assert (found / "result").read_text() == "done" and (found / "below" / "more").read_text() == "too"
    assert cache.known("kind", "key") == found and all(path.exists() for path in left)


def test_files_that_others_have_added_do_no_harm() -> None:
    folder = cache.stored("kind", "key", filled)
    (folder / "__pycache__").mkdir()
    (folder / "__pycache__" / "result.pyc").write_bytes(b"compiled")
    (folder / "below" / "result~").touch()
    assert cache.known("kind", "key") == folder
    assert cache.stored("kind", "key", lambda folder: pytest.fail("made again")) == folder


def test_a_place_that_cannot_hold_a_cache_is_named(own_cache: Path) -> None:
    own_cache.write_text("a file")
    with pytest.raises(CompileError, match="cache/kind: the cache cannot be used: not a directory; set TYRNE_CACHE to"):
        cache.stored("kind", "key", lambda folder: None)
