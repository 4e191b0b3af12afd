"""Each lab: its start fails, its solution passes, and what is planted wrong fails with a reason of its own.

The solutions and the wrong ones are in folders beside this file: `2-message/wrong-one-account/bank.py`. The course of a
teacher has them here; an installation does not. Those of lab 4 are changes of the kernel's own file.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tyrne.labs.checking import Outcome, check_lab, checks_of
from tyrne.labs.lab import LABS, Lab, find_lab
from tyrne.labs.starting import start_lab

HERE: Final = Path(__file__).parent
SOLUTION: Final = "solution"
START: Final = {
    1: ("The description fits its programs", 'task "desk" (system.toml:16) has no capability "reports"'),
    2: ("Carla has 100, takes 30, and does not get 71", 'written is "carla: 2, 0"'),
    3: (
        "The walker finds in its four pages",
        "walker has faulted: writes to address 0x20000ff8, where nothing is mapped",
    ),
    4: ("Who has waited runs when the running turn is over", "still waits for the turns of others who are as urgent"),
    5: ("The client is woken after the second", "it was woken after 0 s: a client that asks WAKE is answered when"),
    6: ("The thief prints the secret of the notary", 'of the thief what was written is "thief: the secret is 0x0"'),
}
"""What the start of a lab misses first, and what is said of it."""
WRONG: Final = {
    "1-capability/wrong-right": (
        "The desk hears both reporters, and can tell them apart",
        'anna was refused: call gave status 0x203: 0x0 is endpoint "reports" with RECV, and lacks SEND',
    ),
    "1-capability/wrong-too-much": (
        "Nobody holds more than its program needs",
        "visitor holds board with WRITE, which its program never uses",
    ),
    "2-message/wrong-one-account": (
        "Dora has nothing but what she has put in herself",
        "Whose account it is says the badge of the message",
    ),
    "2-message/wrong-keeps-gifts": (
        "The bank goes on when somebody sends it capabilities and wants no answer",
        "takes one of the bank's 64 places",
    ),
    "3-page-fault/wrong-no-limit": (
        "The stray, who reaches behind its heap, is ended, and the pager lives on",
        "It has to look whether an address lies in the heap",
    ),
    "3-page-fault/wrong-shares": (
        "The walker finds in its four pages what it wrote there",
        "Walker and runner share pages",
    ),
    "4-scheduler/wrong-always": (
        "Tasks begin in the order of the description",
        "they begin in the order listener, second, first",
    ),
    "4-scheduler/wrong-most-urgent": (
        "A turn belongs to its task: nobody as urgent interrupts it",
        "in the middle of a turn of somebody as urgent",
    ),
    "5-driver/wrong-no-ack": (
        "So it is the second and the third time",
        "it was woken 1 times of 3",
    ),
    "5-driver/wrong-no-clear": (
        "So it is the second and the third time",
        "it asked for 2 s and was woken after 0 s. The device holds its line up until CLEAR is written",
    ),
    "6-attack/wrong-guess": (
        "The thief prints the secret of the notary, with the lender as it was",
        'another one each time, and of the thief what was written is "thief: the secret is 0x21362d454e525954"',
    ),
    "6-attack/wrong-copies": (
        "The same thief gets nothing with your lender",
        "a copy is its peer, and stays",
    ),
    "6-attack/wrong-leaves": (
        "Who borrows the page next finds nothing in it",
        "Memory keeps what was written to it",
    ),
}
"""What a wrong one misses, and what is said of it."""

each_lab: Final = pytest.mark.parametrize("lab", LABS, ids=lambda lab: lab.name)


def made(lab: Lab, folder: Path, answer: str | None) -> Path:
    """A started lab, with the files of an answer in it."""
    start_lab(lab, folder)
    for file in sorted((HERE / lab.name / answer).iterdir()) if answer else ():
        if lab.kernel:
            edit(folder / f"{file.stem}.py", tomllib.loads(file.read_text()))
        else:
            assert file.name in lab.mine
            (folder / file.name).write_bytes(file.read_bytes())
    return folder


def edit(path: Path, change: dict[str, str]) -> None:
    """Make a change of the kernel: of its file as it is now, so that an answer does not stay behind."""
    text = path.read_text()
    assert text.count(change["before"]) == 1, f"{path.name} of the kernel has no such lines any more: adapt the answers"
    path.write_text(text.replace(change["before"], change["after"]))


def missing(outcomes: Iterator[Outcome]) -> list[tuple[str, str]]:
    return [(outcome.looks_at, outcome.missing) for outcome in outcomes if outcome.missing is not None]


@each_lab
def test_the_start_of_a_lab_fails_and_says_why(lab: Lab, tmp_path: Path) -> None:
    (looks_at, why), *_ = missing(check_lab(lab, made(lab, tmp_path / "lab", None)))
    assert looks_at.startswith(START[lab.number][0])
    assert START[lab.number][1] in why


@each_lab
def test_the_solution_of_a_lab_passes_all_its_tests(lab: Lab, tmp_path: Path) -> None:
    outcomes = list(check_lab(lab, made(lab, tmp_path / "lab", SOLUTION)))
    assert missing(iter(outcomes)) == []
    assert len(outcomes) == len(checks_of(lab))


@pytest.mark.qemu
@each_lab
def test_the_solution_of_a_lab_passes_on_qemu_too(lab: Lab, tmp_path: Path) -> None:
    assert missing(check_lab(lab, made(lab, tmp_path / "lab", SOLUTION), "qemu")) == []


@pytest.mark.parametrize("wrong", WRONG)
def test_a_wrong_answer_fails_with_a_reason_of_its_own(wrong: str, tmp_path: Path) -> None:
    name, answer = wrong.split("/")
    found = missing(check_lab(find_lab(int(name[0])), made(find_lab(int(name[0])), tmp_path / "lab", answer)))
    looks_at, why = WRONG[wrong]
    assert looks_at in [test for test, _ in found]
    assert why in dict(found)[looks_at]
    assert len({reason for _, reason in WRONG.values()}) == len(WRONG)


def test_what_went_wrong_in_a_run_is_said_once(tmp_path: Path) -> None:
    found = missing(check_lab(find_lab(2), made(find_lab(2), tmp_path / "lab", "wrong-keeps-gifts")))
    (_, first), (_, second) = found
    assert "bank was refused: wait gave status 0x206" in first
    assert "was refused" not in second and "; why is said above. What has another label" in second


def test_each_lab_has_a_solution_and_two_wrong_answers_at_least() -> None:
    for lab in LABS:
        answers = {folder.name for folder in (HERE / lab.name).iterdir()}
        assert {f"{lab.name}/{answer}" for answer in answers - {SOLUTION}} == {w for w in WRONG if lab.name in w}
        assert SOLUTION in answers and len(answers) >= 3


@each_lab
def test_each_test_of_a_lab_says_in_a_line_what_it_looks_at_and_stands_in_its_page(lab: Lab) -> None:
    lines = [(check.__doc__ or "").partition("\n")[0].rstrip(".") for check in checks_of(lab)]
    assert all(lines) and len(set(lines)) == len(lines)
    page = " ".join(lab.page.read_text().split())
    assert [line for line in lines if line not in page] == []
