"""What a terminal shows."""

import io
from pathlib import Path

import pytest
from rich.console import Console

from tyrne.cli.presenter import TerminalPresenter, visible
from tyrne.cli.summary import show_summary
from tyrne.system.run import Machine, Request, prepare
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
    result = prepare(Request(system, Machine.HOSTED, False, 0)).run(presenter, keep_calls=False)
    show_summary(console, result, presenter.calls)
    assert expected in out.getvalue()
    assert out.getvalue().splitlines()[-1] == "system calls 0 · instructions 1 · hosted · debug kernel · status 1"
