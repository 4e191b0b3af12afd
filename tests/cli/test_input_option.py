"""`tyrne run --input`, and a terminal that is connected to a console."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from commands import Tyrne

from tyrne.system.errors import RequestError
from tyrne.system.inputs import read_input
from tyrne.system.parts import Device

ROOT = Path(__file__).parents[2]
GREETER = ROOT / "systems" / "greeter.toml"
SERIAL = ROOT / "systems" / "serial.toml"
SAID = "What is your name?\nGood day, Ada!\nWhat is your name?\nGood bye.\n"
SECONDS = 60
BY_EITHER_DEVICE = pytest.mark.parametrize("system", [GREETER, SERIAL], ids=["console", "serial"])
ALL = pytest.mark.parametrize("machine", ["hosted", "native", pytest.param("qemu", marks=pytest.mark.qemu)])


@ALL
def test_a_file_is_typed(tyrne: Tyrne, tmp_path: Path, machine: str) -> None:
    (tmp_path / "in").write_bytes(b"Ada\n")
    outcome = tyrne("run", GREETER, "--machine", machine, "--input", "in", "--quiet")
    assert outcome == type(outcome)(0, SAID, "")


@pytest.mark.promise(
    "A report of hosted or native has what was typed, and tyrne run says so in a line before anything runs"
)
def test_that_keys_are_recorded_is_said_and_so_it_is(tyrne: Tyrne, tmp_path: Path) -> None:
    (tmp_path / "in").write_bytes(b"Ada\n")
    outcome = tyrne("run", GREETER, "--input", "in", "--quiet", "--report", "r.json")
    assert outcome.err == "tyrne: warning: what is typed is recorded in the report\n"
    (tmp_path / "in").unlink()
    replayed = tyrne("replay", "r.json")
    assert replayed.status == 0 and "identical" in replayed.out
    assert tyrne("replay", "r.json", "--to", "-10").status == 0


def test_a_report_does_not_replace_what_is_typed(tyrne: Tyrne, tmp_path: Path) -> None:
    (tmp_path / "in").write_bytes(b"Ada\n")
    outcome = tyrne("run", GREETER, "--input", "in", "--report", "in")
    assert outcome.status == 2
    assert (tmp_path / "in").read_bytes() == b"Ada\n"


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["--input", "no"], "--input no: cannot be read: no such file or directory; name a file"),
        (["--input", "."], "--input .: is no file; name one, or write - for standard input"),
    ],
)
def test_input_that_cannot_be_is_refused_before_anything_runs(tyrne: Tyrne, arguments: list[str], error: str) -> None:
    outcome = tyrne("run", GREETER, *arguments)
    assert (outcome.status, outcome.out, outcome.error) == (2, "", f"tyrne: error: {error}")


def test_input_for_a_system_without_a_console_is_refused(tyrne: Tyrne) -> None:
    outcome = tyrne("run", ROOT / "systems" / "hello.toml", "--input", "-")
    assert (outcome.status, outcome.out) == (2, "")
    what = 'the system has no console; add a [[device]] with kind = "console" or "serial", or leave --input out'
    assert outcome.error == f"tyrne: error: --input -: {what}"


def test_a_second_console_and_a_second_task_that_has_it_are_refused(tyrne: Tyrne, tmp_path: Path) -> None:
    text = GREETER.read_text().replace("../programs/", f"{ROOT}/programs/")
    (tmp_path / "a.toml").write_text(text.replace("[[memory]]", '[[device]]\nname = "k"\nkind = "console"\n[[memory]]'))
    (tmp_path / "b.toml").write_text(text.replace(", badge = 1 },", ', badge = 1 }, { device = "keys" },'))
    one, other = tyrne("check", "a.toml"), tyrne("check", "b.toml")
    assert (one.status, other.status) == (2, 2)
    assert one.error.endswith("a.toml:12: a second device of kind console, of which a machine has one; remove it")
    mend = "give it to one task, which may derive from it"
    assert re.fullmatch(
        rf'tyrne: error: b\.toml:\d+: device "keys" is given already at b\.toml:\d+; {mend}', other.error
    )


class Typing:
    """A `tyrne` at a terminal of its own."""

    def __init__(self, process: int, terminal: int) -> None:
        self.process = process
        self.terminal = terminal
        self.shown = ""

    def type(self, text: bytes) -> None:
        os.write(self.terminal, text)

    def until(self, text: str) -> None:
        """Read until it shows a text behind what was read before."""
        seen, end = "", time.monotonic() + SECONDS
        while text not in seen:
            assert select.select([self.terminal], [], [], max(0, end - time.monotonic()))[0], (text, self.shown)
            try:
                seen += os.read(self.terminal, 4096).decode().replace("\r\n", "\n")
            except OSError:  # it has ended
                break
        self.shown += seen
        assert text in seen, (text, self.shown)

    def end(self) -> int:
        """Its exit status."""
        try:
            while data := os.read(self.terminal, 4096):
                self.shown += data.decode().replace("\r\n", "\n")
        except OSError:
            pass
        _, status = os.waitpid(self.process, 0)
        return -os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)


@contextmanager
def at_a_terminal(folder: Path, system: Path, *arguments: str) -> Iterator[Typing]:
    process, terminal = pty.fork()
    if not process:
        os.chdir(folder)
        os.environ |= {"NO_COLOR": "1", "COLUMNS": "200"}
        signal.signal(signal.SIGINT, signal.default_int_handler)
        os.execv(sys.executable, [sys.executable, "-m", "tyrne", "run", str(system), *arguments])
    try:
        yield Typing(process, terminal)
    finally:
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)
        os.close(terminal)


@pytest.mark.parametrize("kind", ["console", "serial"])
@pytest.mark.promise("Only a system with a device of kind console or serial is connected to a terminal")
def test_a_system_without_a_console_leaves_the_terminal_alone(monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    terminal, other = pty.openpty()
    console = (Device("keys", kind),)
    with open(other) as stream:
        monkeypatch.setattr(sys, "stdin", stream)
        assert read_input(None, ()) is None
        given = read_input(None, console)
        assert given is not None and (given.content, given.terminal) == (None, other)
        assert read_input(Path("-"), console) == given
    os.close(terminal)
    assert read_input(None, console) is None  # it is closed
    with pytest.raises(RequestError, match="--input -: standard input is closed; name a file"):
        read_input(Path("-"), console)


def test_standard_input_is_read_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    source, sink = os.pipe()
    os.write(sink, b"some")
    os.close(sink)
    with open(source) as stream:
        monkeypatch.setattr(sys, "stdin", stream)
        given = read_input(Path("-"), (Device("keys", "console"),))
    assert given is not None and given.content == b"some"


@ALL
@BY_EITHER_DEVICE
@pytest.mark.promise(
    "What devices write is shown as what tasks write, and stands apart from the kernel's lines in the report"
)
def test_a_terminal_is_connected(tmp_path: Path, system: Path, machine: str) -> None:
    with at_a_terminal(tmp_path, system, "--machine", machine, "--quiet") as typing:
        typing.until("What is your name?")
        typing.type(b"Axe\x7f\x7fda\n")  # the terminal edits the line
        typing.until("Good day, Ada!")
        typing.type(b"\x1b[31m\n")
        typing.until("Good day, \\x1b[31m!")  # shown as an escape
        typing.type(b"\x04")
        typing.until("Good bye.")
        assert typing.end() == 0


@pytest.mark.parametrize("machine", ["hosted", "native"])
@BY_EITHER_DEVICE
@pytest.mark.promise(
    "What devices write is shown as what tasks write, and stands apart from the kernel's lines in the report"
)
def test_a_run_at_a_terminal_is_recorded_and_repeated(
    tyrne: Tyrne, tmp_path: Path, system: Path, machine: str
) -> None:
    with at_a_terminal(tmp_path, system, "--machine", machine, "--report", "r.json") as typing:
        typing.until("what is typed is recorded in the report")
        typing.until("What is your name?")
        typing.type(b"Ada\n")
        typing.until("Good day, Ada!")
        typing.type(b"\x04")
        assert typing.end() == 0
    report = json.loads((tmp_path / "r.json").read_text())
    assert (report["console"], report["devices"]) == (SAID, {"keys" if system == GREETER else "line": SAID})
    assert not any("name?" in line for line in report["log"])
    outcome = tyrne("replay", "r.json")
    assert outcome.status == 0 and "identical" in outcome.out


@ALL
@BY_EITHER_DEVICE
def test_who_waits_at_a_terminal_is_told_at_ctrl_c(tyrne: Tyrne, tmp_path: Path, system: Path, machine: str) -> None:
    with at_a_terminal(tmp_path, system, "--machine", machine, "--report", "r.json") as typing:
        typing.until("What is your name?")
        time.sleep(0.5)
        typing.type(b"\x03")
        assert typing.end() == 128 + signal.SIGINT
        assert "tyrne: greeter waits for an answer from console" in typing.shown
        assert 'tyrne: console waits for a message at endpoint "console"' in typing.shown
    report = json.loads((tmp_path / "r.json").read_text())
    assert {task["name"]: task["stands"]["waits"] for task in report["tasks"]} == {
        "console": 'waits for a message at endpoint "console"',
        "greeter": "waits for an answer from console",
    }
    if machine != "qemu":
        assert "identical" in tyrne("replay", "r.json").out
