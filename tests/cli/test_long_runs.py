"""Runs that are longer than what a report has, and reports that would be repeated for ever."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from commands import Tyrne
from test_run import exits, words, writes

from tyrne.cli.terminal import LINE_BYTES, OPEN_LINES, TerminalPresenter
from tyrne.hosted.kept import REPORT

BRANCH_TO_ITSELF = 0x1400_0000


@pytest.fixture
def small_reports(monkeypatch: pytest.MonkeyPatch) -> None:
    small = replace(REPORT, calls=2, console=6, log=100)
    for module in ("tyrne.cli.running", "tyrne.system.report_file"):
        monkeypatch.setattr(f"{module}.REPORT", small)


@pytest.fixture
def long(tyrne: Tyrne, tmp_path: Path, small_reports: None) -> Path:
    """The report of a run that does not fit into it."""
    (tmp_path / "one.bin").write_bytes(writes(b"one\n"))
    (tmp_path / "two.bin").write_bytes(writes(b"two\n"))
    assert tyrne("run", "one.bin", "two.bin", "--report", "r.json").status == 0
    return tmp_path / "r.json"


@pytest.mark.promise(
    "A report keeps the first of each kind up to a bound, says what it leaves out, and can be replayed all the same"
)
def test_a_report_says_what_it_leaves_out(long: Path) -> None:
    report = json.loads(long.read_text())
    assert len(report["syscalls"]) == 2 and report["console"] == "one\ntw"
    assert report["left_out"]["syscalls"] == 2 and report["left_out"]["console"] == 2
    assert report["left_out"]["log"] > 0 and len("\n".join(report["log"])) == 100
    assert [task["state"] for task in report["tasks"]] == ["exited", "exited"]


@pytest.mark.promise(
    "A report keeps the first of each kind up to a bound, says what it leaves out, and can be replayed all the same"
)
def test_a_replay_knows_what_its_report_leaves_out(tyrne: Tyrne, long: Path) -> None:
    outcome = tyrne("replay", long, "--report", "again.json")
    assert outcome.status == 0
    assert outcome.out.splitlines()[-1] == (
        "identical: 4 transitions, 4 system calls (2 of which the report only counts), 16 instructions; status 0"
    )
    assert json.loads((long.parent / "again.json").read_text()) == json.loads(long.read_text())


def test_a_call_more_than_was_counted_is_a_difference(tyrne: Tyrne, long: Path) -> None:
    report = json.loads(long.read_text())
    report["left_out"]["syscalls"] = 1
    long.write_text(json.dumps(report))
    outcome = tyrne("replay", long)
    assert outcome.status == 1
    assert outcome.out.splitlines()[-1] == ("different: number of syscalls that are left out: recorded 1, replayed 2")


def test_a_run_whose_interrupts_are_left_out_is_repeated_up_to_the_last_one_kept(tyrne: Tyrne, tmp_path: Path) -> None:
    (tmp_path / "spin.bin").write_bytes(words(BRANCH_TO_ITSELF))
    assert tyrne("run", "spin.bin", "--max-instructions", 5000, "--report", "r.json").status == 4
    report = json.loads((tmp_path / "r.json").read_text())
    report["machine"], report["left_out"] = "qemu", {"interrupts": 9}
    report["replay"]["interrupts"] = ["0+100 tick", "0+300 tick"]
    (tmp_path / "r.json").write_text(json.dumps(report))
    outcome = tyrne("replay", "r.json")
    assert (outcome.status, outcome.out.splitlines()[-1]) == (
        0,
        "identical: 2 transitions, 0 system calls, 300 instructions; the record breaks off here",
    )


def test_a_record_without_interrupts_loses_none_whatever_its_report_claims(tyrne: Tyrne, tmp_path: Path) -> None:
    (tmp_path / "a.bin").write_bytes(exits(0))
    assert tyrne("run", "a.bin", "--report", "r.json").status == 0
    report = json.loads((tmp_path / "r.json").read_text())
    report["left_out"], report["tasks"][0]["code"] = {"interrupts": 9}, 5
    (tmp_path / "r.json").write_text(json.dumps(report))
    outcome = tyrne("replay", "r.json")
    assert outcome.status == 1
    assert outcome.out.splitlines()[-1] == "different: task a: recorded exited with 5, replayed exited with 0"


@pytest.fixture
def endless(tyrne: Tyrne, tmp_path: Path) -> Path:
    """A report that claims more instructions than anybody would wait for."""
    (tmp_path / "spin.bin").write_bytes(words(BRANCH_TO_ITSELF))
    assert tyrne("run", "spin.bin", "--max-instructions", 5000, "--report", "r.json").status == 4
    text = (tmp_path / "r.json").read_text()
    report = json.loads(text)
    report["machine"], report["instructions"] = "qemu", 10**18
    report["replay"]["interrupts"] = []
    (tmp_path / "r.json").write_text(json.dumps(report))
    return tmp_path / "r.json"


@pytest.mark.parametrize("more", [[], ["--to", "1"], ["--to", "-1"], ["--list"]])
def test_a_replay_can_be_limited(tyrne: Tyrne, endless: Path, more: list[str]) -> None:
    outcome = tyrne("replay", endless, "--max-instructions", 7000, *more)
    assert outcome.status == 4
    assert "stopped: the limit of 7000 instructions was reached" in outcome.out.splitlines()[-1] or "--to" in more
    if "--to" in more:
        assert "nothing: stopped: the limit of 7000 instructions was reached" in outcome.out.splitlines()[-1]


def test_a_replay_that_ends_before_its_limit_is_compared(tyrne: Tyrne, tmp_path: Path) -> None:
    (tmp_path / "a.bin").write_bytes(exits(0))
    assert tyrne("run", "a.bin", "--report", "r.json").status == 0
    for limit in (3, 4, 1000):
        assert tyrne("replay", "r.json", "--max-instructions", limit).status == 0
    assert tyrne("replay", "r.json", "--max-instructions", 2).status == 4


def test_a_line_without_an_end_and_lines_of_many_tasks_are_shown_in_time() -> None:
    shown: list[object] = []

    class Console:
        def print(self, line: object, soft_wrap: bool) -> None:
            shown.append(line)

    presenter = TerminalPresenter(Console(), ["a"])  # type: ignore[arg-type]
    for _ in range(10 * LINE_BYTES):
        presenter.console(0, 0x78)
    assert len(shown) == 10
    for task in range(10 * OPEN_LINES):
        presenter.console(task, 0x78)
    assert len(shown) == 10 + 9 * OPEN_LINES
