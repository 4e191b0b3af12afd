"""systems/serial.toml: the console as a service over the serial line, with the client that knows the virtio console."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from test_console_service import ALL, SYSTEM, greeted

from tyrne import testing
from tyrne.hosted.bus import Bus
from tyrne.hosted.devices.device import Device, SetLine
from tyrne.hosted.devices.serial import Serial
from tyrne.system.parts import Device as Described
from tyrne.system.replay import Replay
from tyrne.testing.systems import Run

SERIAL = SYSTEM.with_name("serial.toml")
BOTH = pytest.mark.parametrize("machine", ["hosted", "native"])


def greet(typed: bytes, machine: str = "hosted", release: bool = False) -> Run:
    return testing.run_system(SERIAL, machine, max_instructions=0, typed=typed, release=release)


@ALL
@pytest.mark.parametrize("release", [False, True], ids=["debug", "release"])
def test_a_client_of_the_console_is_a_client_of_the_serial_line(machine: str, release: bool) -> None:
    run = greet(b"Ada\nGraxe\b\bce Hopper\r\nhalf", machine, release)
    assert run.console == greeted("Ada", "Grace Hopper", "half")
    assert (run.report()["devices"], int(run.status)) == ({"line": run.console}, 0)


@ALL
@pytest.mark.parametrize(
    ("typed", "names"),
    [
        (b"", []),
        (b"one\n\x04two\n", ["one"]),
        (b"x" * 1000 + b"\nA\n", ["x" * 32, "A"]),
        (b"A name\n" * 100, ["A name"] * 100),
    ],
)
def test_what_is_typed_ahead_of_a_reader_waits_in_the_line(machine: str, typed: bytes, names: list[str]) -> None:
    run = greet(typed, machine)
    assert (run.console, int(run.status)) == (greeted(*names), 0)


@BOTH
@pytest.mark.parametrize("byte_time", [1, 300, 4_000])
def test_a_line_on_which_bytes_take_time_is_waited_for(
    monkeypatch: pytest.MonkeyPatch, machine: str, byte_time: int
) -> None:
    """Nanoseconds: as long as an instruction, as a call, and as many."""
    from devices_that_lie import have

    def model(bus: Bus, line: SetLine, device: Described) -> Device:
        write = bus.recorder.device
        return Serial(
            line, bus.now, output=lambda data: write(device.name, data), keys=device.keys, byte_time=byte_time
        )

    have(monkeypatch, "serial", model)
    run = greet(b"Ada\n" + b"x" * 400 + b"\nB\n", machine)
    assert (run.console, int(run.status)) == (greeted("Ada", "x" * 32, "B"), 0)


def test_hosted_and_native_do_the_same() -> None:
    typed = b"Ada\nGraxe\b\bce\n" * 5
    assert greet(typed, "hosted").what_tasks_did() == greet(typed, "native").what_tasks_did()


def test_the_invariants_of_the_kernel_hold_at_each_step() -> None:
    system = testing.boot_system(SERIAL, typed=b"Ada\n")
    system.until(console="Good day, Ada!")
    assert system.finish().console == greeted("Ada")


@BOTH
def test_a_run_is_repeated_without_its_input_forwards_and_backwards(tmp_path: Path, machine: str) -> None:
    report = greet(b"some words\n" * 9, machine).report()
    (device,) = report["replay"]["devices"]
    assert (device["kind"], device["name"], device["open"]) == ("serial", "line", False)
    (tmp_path / "r.json").write_text(json.dumps(report))
    replay = Replay.load(tmp_path / "r.json")
    assert replay.difference() is None
    assert replay.report()["replay"]["devices"] == report["replay"]["devices"]
    replay.to(-20)
    replay.back()
    assert replay.recorder.console_text() != report["console"]
    assert replay.difference() is None


@BOTH
def test_without_input_it_is_told_who_waits_for_whom(machine: str) -> None:
    run = testing.run_system(SERIAL, machine)
    assert run.status.name == "DEADLOCK"
    waits = {task["name"]: task["stands"]["waits"] for task in run.report()["tasks"]}
    assert waits == {
        "console": 'waits for a message at endpoint "console"',
        "greeter": "waits for an answer from console",
    }
