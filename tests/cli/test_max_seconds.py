"""`tyrne run --max-seconds`: an end by the clock on the wall, on each machine."""

from pathlib import Path
from typing import Final

import pytest
from commands import Tyrne

LOOP: Final = ".global _start\n_start: b _start\n"


@pytest.mark.parametrize("machine", ["hosted", "native", pytest.param("qemu", marks=pytest.mark.qemu)])
def test_a_run_without_end_ends_after_so_many_seconds_and_says_where_its_tasks_stood(
    tyrne: Tyrne, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, machine: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "loop.S").write_text(LOOP)
    done = tyrne("run", "loop.S", "--machine", machine, "--max-seconds", 0.5, "-q")
    assert done.status == 4
    assert done.err.splitlines() == [
        "tyrne: stopped: 0.5 seconds have passed; give it more with --max-seconds N",
        "tyrne: loop stood at loop.S:2 in _start",
    ]


def test_a_run_that_ends_before_is_as_without(tyrne: Tyrne, tmp_path: Path) -> None:
    (tmp_path / "end.S").write_text(".global _start\n_start: mov x0, #7\n mov x8, #4\n svc #0\n")
    done = tyrne("run", tmp_path / "end.S", "--max-seconds", 60, "-q")
    assert (done.status, done.out) == (1, "")


@pytest.mark.parametrize("seconds", ["0", "-1", "nan", "soon"])
def test_no_time_at_all_is_refused_in_one_line(tyrne: Tyrne, seconds: str) -> None:
    done = tyrne("run", "--max-seconds", seconds)
    assert done.status == 2 and "--max-seconds" in done.error
