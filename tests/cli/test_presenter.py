"""What a terminal shows."""

import io
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from tyrne.cli.summary import EXPLAINED, explain, explain_faults, show_summary
from tyrne.cli.terminal import TerminalPresenter, visible
from tyrne.hosted.kept import SUMMARY
from tyrne.hosted.recorder import Recorder
from tyrne.system.manifest import System
from tyrne.system.run import Machine, Request, Result, prepare
from tyrne.system.select import load_system, select


def terminal() -> tuple[Console, io.StringIO]:
    out = io.StringIO()
    return Console(file=out, force_terminal=True, color_system=None, width=60, highlight=False), out


def test_each_line_stands_whole_under_its_tasks_name() -> None:
    console, out = terminal()
    presenter = TerminalPresenter(console, ["a", "long"])
    pieces = [(0, b"one "), (1, b"two\n"), (None, b"kernel: "), (0, b"three\n\n"), (None, b"line\n"), (1, b"x")]
    for source, text in pieces:
        for byte in text:
            if source is None:
                presenter.log(byte)
            else:
                presenter.console(source, byte)
    presenter.finish()
    assert out.getvalue().splitlines() == ["long │ two", "   a │ one three", "   a │ ", "kernel: line", "long │ x"]


def test_what_a_device_writes_stands_under_its_name_with_control_characters_shown() -> None:
    console, out = terminal()
    presenter = TerminalPresenter(console, ["one"], ["keyboard"])
    presenter.device("keyboard", b"a\x1b[31m")
    presenter.console(0, 0x62)
    presenter.device("keyboard", b"c\n")
    presenter.finish()
    assert out.getvalue().splitlines() == ["keyboard │ a\\x1b[31mc", "     one │ b"]


def test_a_task_that_another_made_is_named_by_its_number() -> None:
    console, out = terminal()
    presenter = TerminalPresenter(console, ["a"])
    for byte in b"x\n":
        presenter.console(17, byte)
    assert out.getvalue() == "task 17 │ x\n"


@pytest.mark.promise(
    "What tasks write is shown with control characters escaped on a terminal, and in a debugger, so a program cannot "
    "steer it",
)
def test_control_characters_are_shown_not_obeyed() -> None:
    assert visible(b"a\x1b[31m\x07\xffb\tc\xc2\x9b\r") == "a\\x1b[31m\\x07\\xffb\tc\\x9b"
    console, out = terminal()
    presenter = TerminalPresenter(console, ["[red]a"])
    for byte in b"[bold]x\x1b[2J\n":
        presenter.console(0, byte)
    assert out.getvalue() == "[red]a │ [bold]x\\x1b[2J\n"


@pytest.mark.parametrize(("code", "expected"), [(b"\0\0\0\0", "faulted  undefined instruction at pc 0x800000")])
def test_the_summary_says_what_became_of_each_task(tmp_path: Path, code: bytes, expected: str) -> None:
    (tmp_path / "a.bin").write_bytes(code)
    console, out = terminal()
    system = load_system(select([tmp_path / "a.bin"]))
    presenter = TerminalPresenter(console, ["a"])
    result = prepare(Request(system, Machine.HOSTED, False, 0)).run(presenter, SUMMARY)
    show_summary(console, result)
    assert expected in out.getvalue()
    assert out.getvalue().splitlines()[-1] == "system calls 0 · instructions 1 · hosted · debug kernel · status 1"


def ended(folder: Path, names: list[str], waiting: list[int], status: int) -> Result:
    """A run of tasks of which those waited at its end."""
    (folder / "a.bin").write_bytes(bytes(4))
    tasks = load_system(select([folder / "a.bin"])).tasks
    recorder = Recorder()
    for number in waiting:
        recorder.standing(number, 3, 0, 3, 1, 0)
    recorder.end(status, 1000)
    system = System("s", 0, tuple(replace(tasks[0], name=name) for name in names))
    return Result(Request(system, Machine.HOSTED, False, 1000), recorder)


@pytest.mark.parametrize(
    ("waiting", "expected"),
    [
        ([0], ["deadlock: a waits for signals of notification 1"]),
        ([2, 0], [f"deadlock: {name} waits for signals of notification 1" for name in ("a", "c")]),
        ([17], ["deadlock: task 17 waits for signals of notification 1"]),
        ([], ["deadlock: no task can run, and nothing is left to start one"]),
    ],
)
def test_a_deadlock_is_told_with_all_who_wait(tmp_path: Path, waiting: list[int], expected: list[str]) -> None:
    assert list(explain(ended(tmp_path, ["a", "b", "c"], waiting, 5))) == expected


@pytest.mark.parametrize(("status", "told"), [(5, ""), (4, "waits, or is suspended")])
def test_the_summary_says_who_waits(tmp_path: Path, status: int, told: str) -> None:
    console, out = terminal()
    show_summary(console, ended(tmp_path, ["a", "b"], [1], status))
    assert [line.split() for line in out.getvalue().splitlines()[1:3]] == [
        ["a", "ready"],
        ["b", "waiting", *told.split()],
    ]


def test_a_name_that_looks_like_markup_is_shown_as_it_is(tmp_path: Path) -> None:
    console, out = terminal()
    show_summary(console, ended(tmp_path, ["[red]a", "[/]"], [], 4))
    assert [line.split()[0] for line in out.getvalue().splitlines()[1:3]] == ["[red]a", "[/]"]


@pytest.mark.parametrize(
    "line",
    [b'tyrne: deadlock: task "a" waits for a receiver\n', b"tyrne: the instruction limit is reached\n"],
)
def test_a_terminal_leaves_the_kernels_lines_on_why_a_run_ends_to_the_end_and_no_others(line: bytes) -> None:
    console, out = terminal()
    presenter = TerminalPresenter(console, ["a"])
    for byte in line + b"tyrne: boot-to-end elapsed = 16 ns\n":
        presenter.log(byte)
    for byte in line:  # a task's own words are not the kernel's
        presenter.console(0, byte)
    presenter.finish()
    assert out.getvalue().splitlines() == ["tyrne: boot-to-end elapsed = 16 ns", f"a │ {line.decode().rstrip()}"]


def test_of_very_many_faults_the_first_are_explained(tmp_path: Path) -> None:
    run = ended(tmp_path, ["a"], [], 1)
    for number in range(1, 31):
        run.recorder.fault(number, 0x9200_0007, 8, 0x80_0000)
    told = list(explain_faults(run))
    assert told[0] == "task 1: null pointer: reads from address 0x8"
    assert (len(told), told[-1]) == (EXPLAINED + 1, "and 14 more tasks were ended by faults")
