"""What bounds a hostile task is taken away in the kernel, in two ways at least for each row: a test must notice."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from assurance.promises.faults import FIELDS, FaultError, missing, read_faults, try_faults
from assurance.promises.promises import Promises, read

ROOT = Path(__file__).parents[2]
TABLE = "Denial of service"
HARMLESS = {
    "row": "a notification",
    "what": "nothing is wrong",
    "file": "kernel/signals.py",
    "function": "poll",
    "old": "done(notification.consume())",
    "new": "done((notification.consume()))",
}


def promises(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "assurance.promises", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)


@pytest.fixture(scope="module")
def page() -> Promises:
    return read()


def written(folder: Path, **changes: str) -> Path:
    """A file with the harmless fault, or one that differs from it."""
    path = folder / "faults.toml"
    entry = {**HARMLESS, **changes}
    path.write_text("[[fault]]\n" + "".join(f"{name} = {json.dumps(value)}\n" for name, value in entry.items()))
    return path


@pytest.mark.parametrize(("section", "least"), [(TABLE, 2), ("Revocation", 1), ("What ends with a task", 1)])
def test_each_row_has_its_faults(section: str, least: int, page: Promises) -> None:
    rows = page.rows(section)
    assert len(rows) > 5 and missing(read_faults(), rows, least) == {}


def test_each_fault_is_about_a_row_and_can_still_be_put_into_the_kernel(page: Promises) -> None:
    for fault in read_faults():
        assert page.of_row(fault.row), fault.row
        compile(fault.broken(), fault.file, "exec")


def test_each_fault_that_takes_a_bound_away_is_noticed_by_a_test_of_its_row(page: Promises) -> None:
    done = promises("--faults", "--section", TABLE, "--workers", 2)
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(done.stdout.splitlines()) >= 2 * len(page.rows(TABLE))


def test_a_fault_that_no_test_notices_is_said_to_be_and_status_1(tmp_path: Path) -> None:
    done = promises("--faults", written(tmp_path))
    assert (done.returncode, done.stdout) == (1, "a notification: nothing is wrong: NO TEST NOTICES\n")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"old": "no such text"}, "poll in kernel/signals.py has 'no such text' 0 times; write the fault anew"),
        ({"old": "notification"}, "poll in kernel/signals.py has 'notification' 6 times; write the fault anew"),
        ({"function": "pull"}, "no function is called pull; write the fault anew"),
        ({"row": "a row"}, "no test pins a promise of the row 'a row'; name one that has some"),
    ],
)
def test_a_fault_that_cannot_be_put_in_is_named(
    tmp_path: Path, changes: dict[str, str], said: str, page: Promises
) -> None:
    with pytest.raises(FaultError, match=f"^seeded_faults.toml: {said}"):
        try_faults(read_faults(written(tmp_path, **changes)), page, 1)


def test_a_fault_has_all_its_fields_and_no_other(tmp_path: Path) -> None:
    with pytest.raises(FaultError, match=f"a fault has exactly {', '.join(sorted(FIELDS))}"):
        read_faults(written(tmp_path, why="because"))
