"""The cache: stored once, whole or not at all, by any number of processes."""

from __future__ import annotations

import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tyrne.compiler import CompileError
from tyrne.compiler.build import cache


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TYRNE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


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


def test_simultaneous_builders_do_the_work_once() -> None:
    made: list[int] = []

    def make(folder: Path) -> None:
        made.append(1)
        time.sleep(0.05)
        (folder / "result").touch()

    with ThreadPoolExecutor(8) as pool:
        folders = set(pool.map(lambda _: cache.stored("kind", "key", make), range(8)))
    assert len(folders) == 1 and len(made) == 1


def test_what_nobody_used_for_long_is_dropped_and_what_is_used_stays(own_cache: Path) -> None:
    old = cache.stored("kind", "old", lambda folder: None)
    kept = cache.stored("kind", "kept", lambda folder: None)
    past = time.time() - cache.KEPT_SECONDS - 60
    for folder in (old, kept):
        os.utime(folder, (past, past))
    cache.stored("kind", "kept", lambda folder: None)
    cache.stored("kind", "new", lambda folder: None)
    assert not old.exists() and kept.exists()


def test_the_parts_of_a_key_do_not_run_together() -> None:
    assert cache.digest(["ab", "c"]) != cache.digest(["a", "bc"])
    assert cache.digest(["ab"]) == cache.digest([b"ab"])


def test_the_cache_is_where_the_environment_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("TYRNE_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache.cache_directory() == tmp_path / "tyrne"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert cache.cache_directory() == Path.home() / ".cache" / "tyrne"


def test_a_damaged_result_is_made_again() -> None:
    def make(folder: Path) -> None:
        (folder / "result").write_text("done")

    for damage in (lambda path: path.write_text(""), lambda path: path.unlink()):
        damage(cache.stored("kind", "key", make) / "result")
        assert cache.known("kind", "key") is None
        assert (cache.stored("kind", "key", make) / "result").read_text() == "done"


def test_a_place_that_cannot_hold_a_cache_is_named(own_cache: Path) -> None:
    own_cache.write_text("a file")
    with pytest.raises(CompileError, match="cache/kind: the cache cannot be used: not a directory; set TYRNE_CACHE to"):
        cache.stored("kind", "key", lambda folder: None)
