"""`make assure` runs every campaign within its time, whatever becomes of one of them."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from assurance import assure
from assurance.assure import Step, main, run

Command = Callable[[int, Path], Sequence[str]]


def python(text: str) -> Command:
    """A campaign in a line of Python, which finds its seconds and its file as arguments."""
    return lambda seconds, output: [sys.executable, "-c", text, str(seconds), str(output)]


WRITES = "import sys; open(sys.argv[2], 'w').write(sys.argv[1])"


def test_a_campaign_that_fails_does_not_keep_the_others_from_running(tmp_path: Path) -> None:
    steps = [
        Step("broken", 1, python("import sys; sys.exit(3)")),
        Step("found", 1, python(f"{WRITES}; sys.exit(1)")),
        Step("missing", 1, lambda seconds, output: ["/nowhere/to/be/found"]),
        Step("good", 1, python(WRITES)),
    ]
    broken, found, missing, good = run(steps, 60, tmp_path)
    assert [outcome.status for outcome in (broken, found, missing, good)] == [3, 1, 127, 0]
    assert {path.name for path in tmp_path.iterdir()} == {"found.json", "good.json"}
    assert str(broken).startswith("broken: FAILED with exit status 3, ")
    assert str(good).startswith("good: done, ")


def test_figures_that_a_campaign_has_found_to_be_untrue_are_taken_away(tmp_path: Path) -> None:
    for name in ("found", "broken"):
        (tmp_path / f"{name}.json").write_text("of an earlier run")
    run([Step("found", 1, python("1 / 0")), Step("broken", 1, python("import sys; sys.exit(2)"))], 60, tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"broken.json"}


def test_time_is_divided_by_shares_and_what_one_leaves_over_goes_to_those_after_it(tmp_path: Path) -> None:
    steps = [Step("first", 3, python(WRITES)), Step("second", 1, python(WRITES)), Step("third", 1, python(WRITES))]
    run(steps, 1000, tmp_path)
    first, second, third = (int((tmp_path / f"{step.name}.json").read_text()) for step in steps)
    assert first in (599, 600)
    assert second > 450
    assert third > 900


def test_a_campaign_that_does_not_end_is_ended_with_its_children(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(assure, "GRACE", 1)
    alive = tmp_path / "alive"
    child = f"import time\\nwhile True:\\n open({str(alive)!r}, 'w').write(str(time.time())); time.sleep(.05)"
    text = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', \"{child}\"]).wait()"
    (outcome,) = run([Step("endless", 1, python(text))], 1, tmp_path)
    assert outcome.status is None
    assert str(outcome).startswith("endless: ENDED: its time was over")
    said = alive.read_text()
    time.sleep(0.5)
    assert alive.read_text() == said


def test_the_exit_status_says_whether_all_went_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(assure, "STEPS", (Step("good", 1, python(WRITES)), Step("bad", 1, python("1 / 0"))))
    results = ["--minutes", "1", "--results", str(tmp_path / "new")]
    assert main([*results, "--only", "good"]) == 0
    assert (tmp_path / "new" / "good.json").is_file()
    assert main(results) == 1
    assert capfd.readouterr().err.splitlines()[-1].startswith("assure: bad: FAILED, or found something, ")
    with pytest.raises(SystemExit, match="2"):
        main(["--minutes", "0"])
