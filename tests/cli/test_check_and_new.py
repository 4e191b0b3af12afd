"""`tyrne check` and `tyrne new`."""

import errno
import os
import shlex
from pathlib import Path

import pytest
from commands import Tyrne


def test_check_lists_tasks_with_what_they_hold(tyrne: Tyrne, tmp_path: Path) -> None:
    (tmp_path / "a.bin").write_bytes(bytes(5000))
    (tmp_path / "s.toml").write_text(
        '[system]\nname = "pair"\n[[endpoint]]\nname = "door"\n'
        '[[task]]\nname = "one"\nprogram = "a.bin"\ncaps = [{ console = true }, { endpoint = "door" }]\n'
        '[[task]]\nname = "two"\nprogram = "a.bin"\nstack_pages = 3\n'
    )
    outcome = tyrne("check", "s.toml")
    assert (outcome.status, outcome.err) == (0, "")
    assert outcome.out.splitlines() == [
        "pair: 2 tasks, 1 endpoint",
        "  128M of memory: 20480 frames for all are left",
        "  one: a.bin, 5000 bytes, 1 stack page, console, door (SEND|RECV)",
        "  two: a.bin, 5000 bytes, 3 stack pages, no capability",
    ]


def test_check_tells_what_is_not_the_default(tyrne: Tyrne, tmp_path: Path) -> None:
    (tmp_path / "a.bin").write_bytes(bytes(4))
    (tmp_path / "s.toml").write_text(
        """\
[system]
name = "all"
[[endpoint]]
name = "door"
[[notification]]
name = "bell"
[[memory]]
name = "ring"
pages = 2
[[memory]]
name = "rtc"
pages = 1
address = 0x0901_0000
[[task]]
name = "one"
program = "a.bin"
priority = 3
quota = { tasks = 1, frames = 9 }
caps = [
  { console = true, rights = ["CONSOLE_WRITE", "TRANSFER"] },
  { endpoint = "door", rights = ["RECV"] },
  { endpoint = "door", rights = ["SEND"], badge = 0x51 },
  { notification = "bell" },
  { memory = "ring", at = 0x2000_0000 },
  { memory = "ring", rights = ["READ", "EXECUTE"], at = 0x3000_0000, executable = true },
  { memory = "rtc", at = 0x4000_0000, writable = false },
  { task = "two" },
  { space = "two", rights = [] },
  { quota = true },
  { clock = true, rights = ["READ"] },
]
[[task]]
name = "two"
program = "a.bin"
start = false
serves = true
supervisor = { endpoint = "door", badge = 2 }
"""
    )
    outcome = tyrne("check", "s.toml")
    assert (outcome.status, outcome.err) == (0, "")
    assert outcome.out.splitlines() == [
        "all: 2 tasks, 1 endpoint, 1 notification, 2 memory regions",
        "  128M of memory: of 20480 frames for all, 2 for memory regions, 9 for quotas; 20469 are left",
        "  memory ring: 2 pages",
        "  memory rtc: 1 page, a device at 0x9010000",
        "  one: a.bin, 4 bytes, 1 stack page, priority 3, quota of 1 tasks + 9 frames, "
        "console (TRANSFER|CONSOLE_WRITE), door (RECV), door (SEND) badge 0x51, bell (NOTIFY|WAIT), "
        "ring (READ|WRITE) mapped writable at 0x20000000, ring (READ|EXECUTE) mapped executable at 0x30000000, "
        "rtc (READ|WRITE) mapped at 0x40000000, task two (CONTROL|INSPECT), space of two (no rights), quota (CREATE), "
        "clock (READ)",
        "  two: a.bin, 4 bytes, 1 stack page, held until it is started, serves, supervised at door badge 0x2, "
        "no capability",
    ]


def test_programs_given_twice_get_names_of_their_own(tyrne: Tyrne, tmp_path: Path) -> None:
    (tmp_path / "a.bin").write_bytes(bytes(4))
    lines = tyrne("check", "a.bin", "./a.bin", "a.bin").out.splitlines()
    assert [line.split(":")[0].strip() for line in lines] == ["a", "128M of memory", "a", "a-2", "a-3"]


def test_a_new_project_checks_and_is_made_whole(tyrne: Tyrne, tmp_path: Path) -> None:
    outcome = tyrne("new", "first")
    assert outcome.status == 0
    assert outcome.out == "made first; run it with: tyrne run first/system.toml\n"
    assert sorted(os.listdir(tmp_path)) == ["first"]
    assert sorted(os.listdir(tmp_path / "first")) == ["hello.py", "system.toml"]
    checked = tyrne("check", "first/system.toml")
    assert checked.status == 0
    assert checked.out.splitlines()[0] == "first: 1 task, 0 endpoints"
    again = "first: exists already, and nothing in it was touched; choose another name"
    assert tyrne("new", "first").error == f"tyrne: error: {again}"


@pytest.mark.parametrize("command", ["new", "lab start 1"])
def test_the_command_that_is_advised_can_be_typed_though_a_folder_has_a_space(tyrne: Tyrne, command: str) -> None:
    said = tyrne(*command.split(), "my own/first").out
    advised = shlex.split(said.rpartition("with: tyrne ")[2])
    assert "/first" in advised[-1] and tyrne(*advised).status == (0 if command == "new" else 1)


@pytest.mark.parametrize("command", ["new", "lab start 1"])
def test_a_folder_that_cannot_be_made_is_one_line_and_leaves_nothing(
    tyrne: Tyrne, tmp_path: Path, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: Path, content: bytes) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    outcome = tyrne(*command.split(), "first")
    assert outcome.status == 2 and outcome.error.startswith("tyrne: error: first: cannot be made: no space left")
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("machine", ["hosted", "native", pytest.param("qemu", marks=pytest.mark.qemu)])
def test_a_new_project_runs(tyrne: Tyrne, machine: str) -> None:
    assert tyrne("new", "first").status == 0
    outcome = tyrne("run", "--machine", machine, "first/system.toml")
    assert (outcome.status, outcome.err) == (0, "")
    assert "\nhello from userspace\n" in outcome.out
