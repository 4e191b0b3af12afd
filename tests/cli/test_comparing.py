"""`tyrne diff`: where two runs part, and how the systems stand there."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from commands import Tyrne
from test_run import exits, writes

from tyrne.system.shipped import shipped


@pytest.fixture
def pair(tyrne: Tyrne, tmp_path: Path) -> Path:
    """Two systems of which one task may not revoke what the other's may."""
    text = shipped("systems/grant.toml").read_text().replace("../programs", str(shipped("programs/grantor.py").parent))
    (tmp_path / "a.toml").write_text(text)
    (tmp_path / "b.toml").write_text(text.replace('"REVOKE", ', ""))
    return tmp_path


def test_the_first_transition_that_differs_is_shown_with_what_is_different_after_it(tyrne: Tyrne, pair: Path) -> None:
    outcome = tyrne("diff", "a.toml", "b.toml")
    assert (outcome.status, outcome.err) == (1, "")
    assert outcome.out.splitlines() == [
        "the same for 8 transitions; then:",
        "- grantor: cap_revoke(0x2) = OK",
        "+ grantor: cap_revoke(0x2) = INSUFFICIENT_RIGHTS",
        "                       - a.toml                              + b.toml",
        "task grantor: refused  0                                     1",
        "grantor 0x2: rights    DERIVE; REVOKE; TRANSFER; SEND; RECV  DERIVE; TRANSFER; SEND; RECV",
        "grantee 0x2            -                                     there",
    ]


def test_positions_are_compared_where_one_is_named(tyrne: Tyrne, pair: Path) -> None:
    outcome = tyrne("diff", "a.toml", "b.toml", "--at", 2)
    assert (outcome.status, outcome.out.splitlines()[0]) == (1, "different after transition 2:")
    assert [line.split(":")[0] for line in outcome.out.splitlines()[2:]] == ["grantor 0x2"]
    assert tyrne("diff", "a.toml", "a.toml", "--at", 2).out == "the same after transition 2\n"
    assert tyrne("diff", "a.toml", "b.toml", "--at", 99).status == 2


def test_a_run_and_its_report_are_the_same(tyrne: Tyrne, pair: Path) -> None:
    assert tyrne("run", "a.toml", "--report", "a.json").status == 0
    outcome = tyrne("diff", "a.toml", "a.json")
    assert (outcome.status, outcome.out) == (0, "the same to the end: 15 transitions\n")


@pytest.mark.qemu
def test_a_run_on_qemu_is_the_same_as_a_hosted_one(tyrne: Tyrne, pair: Path) -> None:
    assert tyrne("run", "a.toml", "--machine", "qemu", "--report", "a.json").status == 0
    assert tyrne("diff", "a.toml", "a.json").out == "the same to the end: 15 transitions\n"


def test_runs_that_begin_otherwise_are_the_same_for_no_transition(tyrne: Tyrne, tmp_path: Path) -> None:
    for name, code in (("a", writes(b"one\n")), ("b", exits(0))):
        (tmp_path / name).mkdir()
        (tmp_path / name / "task.bin").write_bytes(code)
    outcome = tyrne("diff", "a/task.bin", "b/task.bin")
    assert outcome.status == 1
    assert outcome.out.splitlines()[:3] == [
        "the same for 0 transitions; then:",
        "- task: console_write(0x0, 0x800020, 0x4) = OK (0x4)",
        "+ task: task_exit(0x0)",
    ]


def test_the_json_says_what_each_did_and_what_differs(tyrne: Tyrne, pair: Path) -> None:
    found = json.loads(tyrne("diff", "a.toml", "b.toml", "--json").out)
    assert found.keys() == {"format", "same", "same_for", "made", "at", "changes"}
    assert (found["same"], found["same_for"], len(found["made"])) == (False, 8, 2)
    assert [at["transition"] for at in found["at"]] == [9, 9]
    assert found["changes"][-1] == {"what": "grantee 0x2", "one": None, "other": "there"}


def test_a_limit_that_both_runs_reach_alike_is_status_4(tyrne: Tyrne, tmp_path: Path) -> None:
    (tmp_path / "spin.bin").write_bytes(b"\x00\x00\x00\x14")
    outcome = tyrne("diff", "spin.bin", "spin.bin", "--max-instructions", 1000)
    assert outcome.status == 4
    assert outcome.error == "tyrne: stopped: the limit of 1000 instructions was reached"
