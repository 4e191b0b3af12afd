"""The fuzz of the library OS: a share of its runs, and that it notices a check that is not there."""

from __future__ import annotations

import tempfile
from pathlib import Path
from random import Random

import pytest

from assurance.linux import fuzz
from assurance.linux.fuzz import Tally, furnish, system_in, trial
from assurance.linux.hostile import CALLS_MOST, archive, caller, left_behind
from tyrne.hosted.recorder import Listener
from tyrne.linux import returned
from tyrne.system import returned_files
from tyrne.system.run import Machine, Request, prepare


@pytest.mark.parametrize(
    ("machine", "runs"),
    [(Machine.NATIVE, 12), (Machine.HOSTED, 2), pytest.param(Machine.QEMU, 1, marks=pytest.mark.qemu)],
    ids=["native", "hosted", "qemu"],
)
@pytest.mark.promise(
    "Whatever a program of Linux calls, is given as files, or leaves to be written, the kernel does not panic, and "
    "nothing is written outside the folder that gets its files"
)
def test_a_program_that_calls_at_random_may_die_and_nothing_else_comes_of_it(machine: Machine, runs: int) -> None:
    tally = Tally()
    for seed in range(2, 2 + runs):  # those before die of their first calls
        trial(seed, machine, tally)
    assert tally.findings == []
    assert tally.runs == sum(tally.statuses.values()) == runs
    assert tally.refused > 10 * runs  # it does not die of its first calls


@pytest.mark.parametrize("machine", [Machine.HOSTED, pytest.param(Machine.QEMU, marks=pytest.mark.qemu)])
def test_calls_at_random_have_the_same_answers_and_leave_the_same_on_each_machine(
    machine: Machine, tmp_path: Path
) -> None:
    random = Random(103)  # one thread and no clock: time is not the same everywhere, nor whose turn it is
    furnish(tmp_path, random)
    system = system_in(tmp_path, random)
    found = []
    for each in (Machine.NATIVE, machine):
        result = prepare(Request(system, each, False, 0)).run(Listener())
        outcome = result.outcome()
        found.append([result.recorder.returned, *(outcome[key] for key in ("status", "tasks", "console", "syscalls"))])
    assert found[0] == found[1]
    assert len(found[0][-1]) > 50


def test_a_seed_makes_the_same_program_and_archives_again() -> None:
    for make in (caller, archive, left_behind):
        assert make(Random(1)) == make(Random(1)) != make(Random(2))
    assert CALLS_MOST >= 100


def test_a_path_that_is_not_looked_at_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(returned, "_why_not", lambda *_: "")
    tally = Tally()
    for seed in range(40):
        trial_of_what_is_left(seed, tally)
    assert any("written outside the folder" in finding for finding in tally.findings)


def test_a_link_that_is_followed_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(returned_files, "_FOLDER", returned_files._FOLDER & ~returned_files.os.O_NOFOLLOW)
    tally = Tally()
    for seed in range(40):
        trial_of_what_is_left(seed, tally)
    assert any("written outside the folder" in finding for finding in tally.findings)


def test_an_error_of_the_tool_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(returned, "up_to_word", lambda length: length // 0)
    tally = Tally()
    for seed in range(5):
        trial_of_what_is_left(seed, tally)
    assert any("ZeroDivisionError" in finding for finding in tally.findings)


def trial_of_what_is_left(seed: int, tally: Tally) -> None:
    """A trial without its run."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fuzz, "_run", lambda *_: None)
        trial(seed, Machine.NATIVE, tally)


def test_what_lies_in_the_folder_is_not_around_it() -> None:
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder)
        furnish(base, Random(0))
        names = {str(path.relative_to(base)) for path in fuzz._around(base)}
        assert names == {"outside", "outside/secret", "system", "system/caller", "system/files.cpio"}
