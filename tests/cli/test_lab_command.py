"""`tyrne lab`: what it makes, what it says, what it refuses."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Final

import pytest
from commands import Tyrne

from tyrne.labs.lab import find_lab
from tyrne.labs.starting import start_lab, without_links
from tyrne.labs.work import Work, read_mine
from tyrne.system.errors import RequestError

ANSWERS: Final = Path(__file__).parents[1] / "labs"


def test_the_list_has_six_labs(tyrne: Tyrne) -> None:
    outcome = tyrne("lab", "list")
    assert (outcome.status, outcome.err) == (0, "")
    assert [line[0] for line in outcome.out.splitlines()] == ["1", "2", "3", "4", "5", "6"]
    assert outcome.out.startswith("1  a capability: give four tasks what they need, and nothing else\n")


def test_a_start_makes_a_folder_and_a_check_says_what_is_missing_until_nothing_is(
    tyrne: Tyrne, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outcome = tyrne("lab", "start", 1)
    assert (outcome.status, outcome.err) == (0, "")
    assert outcome.out == (
        "made lab-1-capability: read README.md there, change system.toml, and see what is missing with: "
        "tyrne lab check 1\n"
    )
    folder = tmp_path / "lab-1-capability"
    assert sorted(os.listdir(folder)) == ["README.md", "desk.py", "reporter.py", "system.toml", "visitor.py"]
    outcome = tyrne("lab", "check", 1)
    assert (outcome.status, outcome.err) == (1, "")
    first, found, why, *_, left, count = outcome.out.splitlines()
    assert first.startswith("lab 1, a capability; its tests: ") and Path(first.partition("tests: ")[2]).is_file()
    assert found == "missing: The description fits its programs"
    assert why.startswith(
        '    it cannot be built: desk.py:11: task "desk" (system.toml:16) has no capability "reports"'
    )
    assert (left, count) == ("not looked at: 3 more", "0 of 4")
    (folder / "system.toml").write_bytes((ANSWERS / "1-capability/solution/system.toml").read_bytes())
    (folder / "desk.py").write_text("what the lab gives is taken from the lab")
    monkeypatch.chdir(folder)
    outcome = tyrne("lab", "check", 1)
    assert (outcome.status, outcome.err) == (0, "")
    assert outcome.out.splitlines()[1:] == [
        "ok: The description fits its programs",
        "ok: The desk hears both reporters, and can tell them apart",
        "ok: The visitor reads on the board what the desk has written",
        "ok: Nobody holds more than its program needs",
        "4 of 4",
    ]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ("lab start 7", "there is no lab 7; tyrne lab list shows those from 1 to 6"),
        ("lab start one", "Invalid value for 'N': "),
        ("lab start 1 there", "there: exists already, and nothing in it was touched; name another folder"),
        ("lab start 1 link", "link: exists already, and nothing in it was touched; name another folder"),
        ("lab start 1 a.txt/lab", "a.txt/lab: cannot be made: "),
        ("lab check 1", "lab-1-capability: there is no such folder; make it with: tyrne lab start 1 lab-1-capability"),
        ("lab check 1 there", "there/system.toml: cannot be read: no such file or directory; tyrne lab start 1 makes "),
        ("lab check 1 linked", "linked/system.toml: cannot be read: "),
        ("lab check 1 piped", "piped/system.toml: is no file; tyrne lab start 1 makes a folder that has it"),
        ("lab check 1 large", "large/system.toml: is larger than 256 KiB; tyrne lab start 1 makes a folder that has "),
        ("lab strat 1", "No such command 'strat'; did you mean \"start\"? See tyrne lab --help"),
        ("lab a.toml", "No such command 'a.toml'; see tyrne lab --help"),
        ("lab check 1 there --machine moon", "Invalid value for '--machine': 'moon' is not one of "),
    ],
)
def test_a_wrong_request_is_one_line_and_status_2(tyrne: Tyrne, tmp_path: Path, arguments: str, expected: str) -> None:
    (tmp_path / "a.txt").write_text("")
    (tmp_path / "link").symlink_to("nowhere")
    for folder in ("there", "linked", "piped", "large"):
        (tmp_path / folder).mkdir()
    (tmp_path / "linked" / "system.toml").symlink_to("/etc/passwd")
    os.mkfifo(tmp_path / "piped" / "system.toml")
    (tmp_path / "large" / "system.toml").write_bytes(bytes(256 * 1024 + 1))
    before = sorted(os.listdir(tmp_path))
    outcome = tyrne(*arguments.split())
    assert (outcome.status, outcome.out) == (2, "")
    assert outcome.error.startswith(f"tyrne: error: {expected}")
    assert sorted(os.listdir(tmp_path)) == before and os.listdir(tmp_path / "there") == []


def test_what_a_learner_has_written_steers_no_terminal(tyrne: Tyrne, tmp_path: Path) -> None:
    tyrne("lab", "start", 1, "lab")
    answer = (ANSWERS / "1-capability/solution/system.toml").read_text()
    (tmp_path / "lab" / "system.toml").write_text(answer.replace('name = "visitor"', 'name = "\\u001b[2Jv\\u0085"'))
    outcome = tyrne("lab", "check", 1, "lab")
    assert outcome.status == 1
    assert "\x1b" not in outcome.out + outcome.err and "\x85" not in outcome.out + outcome.err


@pytest.mark.promise(
    "tyrne lab check takes of a folder the files that are the learner's, no link and none above 256 KiB, and all "
    "others as the lab has them"
)
def test_a_check_takes_the_files_of_the_learner_and_no_other(tmp_path: Path) -> None:
    lab = find_lab(2)
    start_lab(lab, tmp_path / "lab")
    for file in lab.given:
        (tmp_path / "lab" / file).write_text("changed")
    work = Work(lab, read_mine(lab, tmp_path / "lab"), tmp_path)
    placed = work.place()
    assert {path.name: path.read_bytes() for path in placed.iterdir()} == {
        file: lab.original(file).read_bytes() for file in (*lab.given, *lab.mine)
    }
    mine = tmp_path / "lab" / "bank.py"
    mine.write_bytes(bytes(256 * 1024))
    assert read_mine(lab, tmp_path / "lab")["bank.py"] == bytes(256 * 1024)
    mine.write_bytes(bytes(256 * 1024 + 1))
    with pytest.raises(RequestError, match="is larger than 256 KiB"):
        read_mine(lab, tmp_path / "lab")
    mine.unlink()
    mine.symlink_to(lab.original("bank.py"))
    with pytest.raises(RequestError, match=r"bank\.py: cannot be read"):
        read_mine(lab, tmp_path / "lab")


def test_a_folder_is_one_that_others_may_look_into(tyrne: Tyrne, tmp_path: Path) -> None:
    tyrne("lab", "start", 2, "deep/lab")
    assert stat.S_IMODE((tmp_path / "deep" / "lab").stat().st_mode) == 0o755


def test_the_page_in_a_folder_says_where_its_links_lead() -> None:
    page = "see [the guide](../guide.md#time), [this](#here), [a site](https://example.org) and [walk.md](../walk.md)"
    assert without_links(page) == (
        "see the guide (docs/guide.md), [this](#here), [a site](https://example.org) and walk.md"
    )
