"""A system that was loaded before is known as long as all that it was made from is as it was."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tyrne.abi import CapKind, Rights
from tyrne.compiler.build import cache
from tyrne.system import known
from tyrne.system.errors import RequestError
from tyrne.system.known import decoded, encoded, known_system
from tyrne.system.manifest import System, Task
from tyrne.system.parts import Cap, Device, Mapping, Quota, Region, Supervisor
from tyrne.system.program import Program, Segment
from tyrne.system.select import load_system, select

SYSTEMS = Path(__file__).parents[2] / "systems"
DESCRIPTION = """\
[system]
name = "two"
[[endpoint]]
name = "table"
[[task]]
name = "a"
program = "a.bin"
caps = [{ endpoint = "table", rights = ["SEND"] }]
[[task]]
name = "b"
program = "b.bin"
"""
EXIT, SPIN = bytes.fromhex("880080d2010000d4"), bytes.fromhex("00000014")
FULL = System(
    "all kinds", 1,
    (
        Task(
            "t",
            Program(
                4096, (Segment(4096, False, True, b"\0\xff", 9), Segment(8192, True, False, b"", 1)), 1 << 20, ("w",)
            ),
            2, (Cap(0, Rights.SEND | Rights.RECV, 7), Cap(1, Rights(0), kind=CapKind.MEMORY)), 3, Supervisor(0, 9),
            Quota(1, 2, 3, 4, 5, 6, 7), (Mapping(1, 1 << 30, True, False, "f:1"),), True,
        ),
    ),
    2, (Region("m", 3, 0x0900_0000, "f:2"),), 1000, ("e",), ("n", "ü"), (Device("d", "rtc", Path("f"), "f:3"),),
)  # fmt: skip


def whole(system: System) -> tuple[object, ...]:
    """What compares, and what does not."""
    return system, [(task.program.elf, task.program.source) for task in system.tasks]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A system of two programs, made a while ago, and a cache of its own."""
    monkeypatch.setenv("TYRNE_CACHE", str(tmp_path / "cache"))
    place = tmp_path / "place"
    place.mkdir()
    for name, content in (("two.toml", DESCRIPTION.encode()), ("a.bin", EXIT), ("b.bin", SPIN)):
        old(place / name, content)
    return place


def old(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    os.utime(path, (time.time() - 60,) * 2)


@pytest.fixture
def loads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the systems that are loaded from their files."""
    loaded: list[str] = []

    def counted(description: object) -> System:
        system = load_system(description)  # type: ignore[arg-type]
        loaded.append(system.name)
        return system

    monkeypatch.setattr(known, "load_system", counted)
    return loaded


@pytest.mark.parametrize("name", ["hello", "ping-pong", "supervisor", "semaphore"])
def test_a_system_comes_back_whole(name: str) -> None:
    system = load_system(select([SYSTEMS / f"{name}.toml"]))
    back = decoded(encoded(system))
    assert back is not None and whole(back) == whole(system)


def test_a_system_whose_devices_reach_memory_comes_back(folder: Path) -> None:
    both = "caps = [ { console = true }, { device = \"d\" }, { memory = \"m\" } ]"
    shared = "[[device]]\nname = \"d\"\nkind = \"entropy\"\n[[memory]]\nname = \"m\"\npages = 2\ndma = true\n"
    (folder / "s.toml").write_text(DESCRIPTION.replace("[[endpoint]]", f"{shared}[[endpoint]]") + both)
    system = load_system(select([folder / "s.toml"]))
    back = decoded(encoded(system))
    assert back is not None and whole(back) == whole(system)


def test_every_kind_of_part_comes_back() -> None:
    back = decoded(encoded(FULL))
    assert back is not None and whole(back) == whole(FULL) and repr(back) == repr(FULL)


def test_what_is_damaged_is_nothing() -> None:
    data = encoded(FULL)
    for place in range(0, len(data), 7):
        assert decoded(data[:place]) is None
        assert decoded(data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]) is None
    assert decoded(data + b"\0") is None


@pytest.mark.parametrize(
    "text", [b"[]", b'{"System": []}', b'{"Strange": []}', b'{"path": "x"}', b"{}", b"\xff", b"[" * 9999]
)
def test_what_is_whole_but_no_system_is_nothing(text: bytes) -> None:
    body = len(text).to_bytes(8, "little") + text
    assert decoded(known.hashlib.sha256(body).digest() + body) is None


def test_a_system_is_loaded_once(folder: Path, loads: list[str]) -> None:
    first, second = (known_system([folder / "two.toml"]) for _ in range(2))
    assert whole(first) == whole(second) and loads == ["two"]
    assert whole(known_system([folder / "a.bin", folder / "b.bin"])) != whole(first)
    assert loads == ["two", "a"]


@pytest.mark.parametrize(
    "change",
    [
        lambda folder: old(folder / "two.toml", DESCRIPTION.replace('"two"', '"other"').encode()),
        lambda folder: old(folder / "b.bin", EXIT),
        lambda folder: old(folder / "a.bin", SPIN),
    ],
)
def test_a_file_that_has_changed_counts(change: Callable[[Path], None], folder: Path, loads: list[str]) -> None:
    known_system([folder / "two.toml"])
    change(folder)
    assert whole(known_system([folder / "two.toml"])) == whole(load_system(select([folder / "two.toml"])))
    assert len(loads) == 2


def test_a_file_that_has_gone_is_missed(folder: Path) -> None:
    known_system([folder / "two.toml"])
    (folder / "b.bin").unlink()
    with pytest.raises(RequestError, match=r"b\.bin"):
        known_system([folder / "two.toml"])


def test_a_file_that_was_written_meanwhile_is_read_again(folder: Path, loads: list[str]) -> None:
    os.utime(folder / "a.bin", (time.time() + 60,) * 2)
    for _ in range(2):
        known_system([folder / "two.toml"])
    assert len(loads) == 2


def test_sources_that_a_program_is_built_from_count(folder: Path, loads: list[str]) -> None:
    old(folder / "p.S", b'#include "code.h"\n.text\n.global _start\n_start: EXIT\n')
    old(folder / "code.h", b"#define EXIT mov x8, #4; svc #0\n")
    first = known_system([folder / "p.S"])
    assert whole(known_system([folder / "p.S"])) == whole(first) and len(loads) == 1
    old(folder / "code.h", b"#define EXIT mov x0, #3; mov x8, #4; svc #0\n")
    assert known_system([folder / "p.S"]) != first and len(loads) == 2


def test_a_relative_name_means_another_file_elsewhere(
    folder: Path, loads: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "deeper").mkdir()
    old(folder / "deeper" / "a.bin", SPIN)
    found = []
    for place in (folder, folder / "deeper"):
        monkeypatch.chdir(place)
        found.append(known_system([Path("a.bin")]).tasks[0].program.segments[0].data)
    assert found == [EXIT, SPIN] and len(loads) == 2


@pytest.mark.parametrize(
    "damage", [lambda data: data[:-1], lambda data: b"", lambda data: data[:40] + b"?" + data[41:]]
)
def test_a_damaged_entry_is_passed_over(damage: Callable[[bytes], bytes], folder: Path, loads: list[str]) -> None:
    first = known_system([folder / "two.toml"])
    (entry,) = (cache.cache_directory() / known.KIND).glob(f"*/{known.ENTRY}")
    entry.write_bytes(damage(entry.read_bytes()))
    assert whole(known_system([folder / "two.toml"])) == whole(first) and len(loads) == 2


def test_without_a_cache_a_system_is_loaded_each_time(
    folder: Path, loads: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    old(folder / "file", b"")
    monkeypatch.setenv("TYRNE_CACHE", str(folder / "file"))
    for _ in range(2):
        assert known_system([folder / "two.toml"]).name == "two"
    assert len(loads) == 2


def test_a_name_that_is_no_text_is_loaded_each_time(folder: Path, loads: list[str]) -> None:
    strange = folder / os.fsdecode(b"\xff.bin")
    old(strange, EXIT)
    for _ in range(2):
        known_system([strange])
    assert len(loads) == 2
