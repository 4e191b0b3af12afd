"""Clients of the console service that wait for a line no more when it is typed: nobody else is the worse for it."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest
from devices_that_lie import have
from test_console_service import ROOT

from tyrne import testing
from tyrne.hosted.bus import Bus
from tyrne.hosted.devices.console import Console
from tyrne.hosted.devices.device import Device, SetLine
from tyrne.hosted.devices.serial import Serial
from tyrne.system.parts import Device as Described
from tyrne.testing.systems import Run

TYPED: Final = ((2_000_000_000, b"hello\n"), (3_000_000_000, b"again\n"))
HEAD: Final = """\
from typing import Final
from tyrne.lang import export, handle, u64
from tyrne.user import SECOND, ClockCap, EndpointCap, Message, NotificationCap, Status, call, end_wait_at, granted
from tyrne.user import wait_signals

CONSOLE: Final = EndpointCap(handle("console"))
CLOCK: Final = ClockCap(handle("clock"))
NEVER: Final = NotificationCap(handle("never"))
READ: Final = Message(u64(2))


@export
def main() -> u64:
"""
GIVES_UP: Final = """\
    end_wait_at(CLOCK, SECOND)
    assert call(CONSOLE, READ) == Status.TIMED_OUT
"""
READS: Final = """\
    answer = granted(call(CONSOLE, READ))
    assert answer.label == 0
    return answer.word1
"""
ENDS: Final = "    return u64(0)\n"


def later(half_seconds: int) -> str:
    return f"    end_wait_at(CLOCK, u64({half_seconds}) * SECOND // 2)\n    wait_signals(NEVER)\n"


def run(folder: Path, monkeypatch: pytest.MonkeyPatch, system: str, **clients: str) -> Run:
    def console(bus: Bus, line: SetLine, device: Described) -> Device:
        return Console(line, bus.memory, bus.now, output=lambda data: None, keys=TYPED)

    def serial(bus: Bus, line: SetLine, device: Described) -> Device:
        return Serial(line, bus.now, output=lambda data: None, keys=TYPED)

    have(monkeypatch, "console", console)
    have(monkeypatch, "serial", serial)
    text = (ROOT / "systems" / f"{system}.toml").read_text().replace("../programs/", f"{ROOT}/programs/")
    text = text[: text.rindex("[[task]]")] + '[[notification]]\nname = "never"\n'
    for badge, (name, body) in enumerate(clients.items()):
        (folder / f"{name}.py").write_text(HEAD + body)
        text += f'[[task]]\nname = "{name}"\nprogram = "{name}.py"\n'
        text += f'caps = [{{ endpoint = "console", rights = ["SEND"], badge = {badge} }}, {{ clock = true }},'
        text += ' { notification = "never", rights = ["WAIT"] }]\n'
    (folder / "s.toml").write_text(text)
    return testing.run_system(folder / "s.toml", "native", max_instructions=0)


def first_bytes(text: bytes) -> int:
    return int.from_bytes(text, "little")


BOTH: Final = pytest.mark.parametrize("system", ["greeter", "serial"])


@BOTH
def test_who_has_given_up_reads_again_what_is_typed_then(
    system: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    done = run(tmp_path, monkeypatch, system, one=GIVES_UP + READS)
    assert done.task("one").exit_code == first_bytes(b"hello\n")


@BOTH
def test_who_ends_instead_of_reading_leaves_the_line_to_another(
    system: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    done = run(tmp_path, monkeypatch, system, one=GIVES_UP + ENDS, other=later(3) + READS)
    assert done.task("other").exit_code == first_bytes(b"hello\n")


@BOTH
def test_a_line_that_comes_when_the_reader_has_given_up_is_kept_for_the_next(
    system: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    done = run(tmp_path, monkeypatch, system, one=GIVES_UP + later(5) + READS)
    assert done.task("one").exit_code == first_bytes(b"hello\n")


@BOTH
def test_while_one_waits_another_is_still_refused(
    system: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    refused = later(2) + "    return granted(call(CONSOLE, READ)).label\n"
    done = run(tmp_path, monkeypatch, system, one=READS, other=refused)
    assert (done.task("one").exit_code, done.task("other").exit_code) == (first_bytes(b"hello\n"), 4)
