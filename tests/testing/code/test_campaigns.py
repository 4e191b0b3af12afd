"""The commands behind `make battery` and `make fuzz-code`: what they print and how they end."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

import pytest

from tyrne.hosted.board import HostedBoard
from tyrne.lang import u16, u64
from tyrne.testing.code import battery, command, fuzz
from tyrne.testing.code.shrinking import Shrinker


def test_a_difference_ends_with_status_1_and_a_test(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    def forget_nothing(self: HostedBoard, asid: u16, address: u64, pages: u64) -> None: ...

    monkeypatch.setattr(HostedBoard, "invalidate_pages", forget_nothing)
    monkeypatch.setattr(command, "Shrinker", partial(Shrinker, limit=1))
    target, figures = tmp_path / "test_found.py", tmp_path / "figures.json"
    options = ["--programs", "13", "--machine", "native", "--workers", "1"]
    assert battery.main([*options, "--test", str(target), "--json", str(figures)]) == 1
    found = json.loads(figures.read_text())
    assert found["divergences"] > 0 and found["panics"] == 0
    assert "program-1: " in capsys.readouterr().out
    compile(target.read_text(), str(target), "exec")


def test_the_same_figures_come_from_any_number_of_workers(tmp_path: Path) -> None:
    figures = []
    for workers in "12":
        path = tmp_path / workers
        assert fuzz.main(["--instructions", "1", "--machine", "native", "--workers", workers, "--json", str(path)]) == 0
        figures.append(path.read_text())
    assert figures[0] == figures[1] and '--machine native"' in figures[0].replace("\\", "")


def test_without_qemu_it_says_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", "")
    assert fuzz.main([]) == 2
    error = capsys.readouterr().err
    assert error.startswith("fuzz-code: ") and "not installed; install it with" in error


@pytest.mark.parametrize("wrong", [["--programs", "0"], ["--workers", "none"], ["--machine", "moon"]])
def test_a_wrong_option_is_refused(wrong: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        battery.main(wrong)
    assert "error: argument" in capsys.readouterr().err


def test_a_place_that_cannot_be_written_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--programs", "1", "--machine", "native", "--workers", "1", "--json", "/proc/none/figures.json"]
    assert battery.main(options) == 2
    assert capsys.readouterr().err == (
        "battery: /proc/none/figures.json: cannot be written: no such file or directory; choose another file\n"
    )


def test_an_interrupt_ends_it_quietly(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(command, "_in_turn", interrupted)
    assert battery.main(["--machine", "native"]) == 130
    assert capsys.readouterr() == ("", "battery: interrupted\n")
