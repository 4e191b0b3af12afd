"""`tyrne run --preempt-calls`: long calls are interrupted where a seed says, alike on both machines and replayed."""

import json
from pathlib import Path
from typing import Any

import pytest
from commands import Tyrne

from long_work import long_work
from tyrne.testing import run_system

SEEDS = (1, 2, (1 << 63) - 1)


def reported(tyrne: Tyrne, folder: Path, *options: object) -> dict[str, Any]:
    """The report of a run of long work, in which one task is ended with 7."""
    assert tyrne("run", "--quiet", "long-work.toml", *options, "--report", "r.json").status == 1
    report: dict[str, Any] = json.loads((folder / "r.json").read_text())
    return report


def test_both_machines_interrupt_at_the_same_places_and_a_replay_as_well(tyrne: Tyrne, tmp_path: Path) -> None:
    long_work(tmp_path)
    without = reported(tyrne, tmp_path)
    assert without["replay"]["preempt_calls"] is None
    order = [call["task"] for call in without["syscalls"]]
    orders = [order]
    for seed in SEEDS:
        hosted = reported(tyrne, tmp_path, "--preempt-calls", seed)
        native = reported(tyrne, tmp_path, "--machine", "native", "--preempt-calls", seed)
        assert hosted["replay"]["preempt_calls"] == seed
        assert {**native, "machine": "hosted"} == hosted
        replayed = tyrne("replay", "r.json", "--report", "again.json")  # what native has written
        assert (replayed.status, replayed.out.splitlines()[-1].split(":")[0]) == (0, "identical")
        again = json.loads((tmp_path / "again.json").read_text())
        assert again["syscalls"] == hosted["syscalls"] and again["replay"] == hosted["replay"]
        ends = [(task["state"], task["code"]) for task in hosted["tasks"]]
        assert ends == [("exited", 0), ("exited", 7), ("exited", 0)]
        orders.append([call["task"] for call in hosted["syscalls"]])
    assert len({tuple(order) for order in orders}) == 1 + len(SEEDS), "each seed lets tasks run in another order"


def test_a_record_whose_seed_is_another_is_not_the_same_run(tyrne: Tyrne, tmp_path: Path) -> None:
    long_work(tmp_path)
    report = reported(tyrne, tmp_path, "--preempt-calls", 1)
    report["replay"]["preempt_calls"] = 2
    (tmp_path / "r.json").write_text(json.dumps(report))
    outcome = tyrne("replay", "r.json")
    assert outcome.status == 1 and "different: " in outcome.out


def test_a_position_within_such_a_run_is_found_again(tyrne: Tyrne, tmp_path: Path) -> None:
    long_work(tmp_path)
    reported(tyrne, tmp_path, "--preempt-calls", 3)
    shown = [tyrne("replay", "r.json", "--to", place) for place in (200, -200)]
    assert [outcome.status for outcome in shown] == [0, 0]
    assert shown[0].out == tyrne("replay", "r.json", "--to", 200).out


def test_on_qemu_it_is_refused_in_one_line(tyrne: Tyrne, tmp_path: Path) -> None:
    long_work(tmp_path)
    outcome = tyrne("run", "long-work.toml", "--machine", "qemu", "--preempt-calls", 7)
    assert (outcome.status, outcome.out) == (2, "")
    assert outcome.error == (
        "tyrne: error: --preempt-calls: on qemu interrupts come between the steps of long calls by themselves; "
        "leave it out, or run on --machine hosted or native"
    )


@pytest.mark.parametrize("seed", ["0", "-1", "x", str(1 << 63)])
def test_what_is_no_seed_is_refused(tyrne: Tyrne, seed: str) -> None:
    outcome = tyrne("run", "--preempt-calls", seed)
    assert outcome.status == 2 and "Invalid value for '--preempt-calls'" in outcome.error


def test_tests_of_programs_can_ask_for_it(tmp_path: Path) -> None:
    path = long_work(tmp_path)
    runs = [run_system(path, preempt_calls=seed).report()["syscalls"] for seed in (0, 5, 5, 6)]
    assert runs[1] == runs[2] and len({json.dumps(calls) for calls in runs}) == 3
    with pytest.raises(Exception, match=r"preempt_calls -1 is no seed; give a number from 1 to 2\^63 - 1"):
        run_system(path, preempt_calls=-1)
