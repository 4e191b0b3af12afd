"""`tyrne run` gives the same on every machine."""

import json
from pathlib import Path

import pytest
from commands import Tyrne
from test_run import BRANCH_TO_SELF, DEADLOCK, UNDEFINED, WAITS, exits, words, writes

pytestmark = [pytest.mark.parametrize("machine", ["native", pytest.param("qemu", marks=pytest.mark.qemu)])]


def test_reports_agree_with_the_hosted_machine(tyrne: Tyrne, tmp_path: Path, machine: str) -> None:
    for name, code in (("good", writes(b"one\ntwo")), ("bad", exits(3)), ("wild", words(UNDEFINED))):
        (tmp_path / f"{name}.bin").write_bytes(code)
    reports = {}
    for where in ("hosted", machine):
        status = tyrne("run", "--machine", where, "good.bin", "bad.bin", "wild.bin", "--report", "r.json").status
        reports[where] = json.loads((tmp_path / "r.json").read_text())
        assert status == reports[where]["status"] == 1
    for key in ("profile", "console", "tasks", "syscalls"):
        assert reports["hosted"][key] == reports[machine][key]


def test_a_deadlock_is_told_as_on_the_hosted_machine(tyrne: Tyrne, tmp_path: Path, machine: str) -> None:
    (tmp_path / "waits.bin").write_bytes(WAITS)
    (tmp_path / "exits.bin").write_bytes(exits(0))
    (tmp_path / "s.toml").write_text(DEADLOCK)
    outcome = tyrne("run", "--machine", machine, "s.toml", "--report", "r.json")
    assert outcome.status == 5
    assert outcome.err.splitlines() == [
        'tyrne: deadlock: one waits for a message at endpoint "door"',
        'tyrne: deadlock: three waits for a message at endpoint "door"',
    ]
    tasks = json.loads((tmp_path / "r.json").read_text())["tasks"]
    assert [task["state"] for task in tasks] == ["waiting", "exited", "waiting"]


def test_the_limit_of_instructions_ends_the_run(tyrne: Tyrne, tmp_path: Path, machine: str) -> None:
    (tmp_path / "a.bin").write_bytes(words(BRANCH_TO_SELF))
    outcome = tyrne("run", "--machine", machine, "a.bin", "--max-instructions", 100_000)
    assert outcome.status == 4
    assert outcome.err.splitlines() == [
        "tyrne: stopped: the limit of 100000 instructions was reached",
        "tyrne: a stood at pc 0x800000",
    ]


def test_a_release_kernel_has_no_console(tyrne: Tyrne, tmp_path: Path, machine: str) -> None:
    (tmp_path / "a.bin").write_bytes(writes(b"secret\n"))
    outcome = tyrne("run", "--machine", machine, "--release", "a.bin", "--report", "r.json")
    assert outcome.status == 0
    report = json.loads((tmp_path / "r.json").read_text())
    assert report["console"] == ""
    assert "secret" not in outcome.out
    assert report["syscalls"][0]["status"] == "0x1"
