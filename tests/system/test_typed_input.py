"""What is typed into a console: the same run each time, on every machine, recorded and replayed."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from console_driver import DESCRIPTION, driver

from tyrne import testing
from tyrne.hosted.recorder import Listener
from tyrne.hosted.stop import StopRequest
from tyrne.hosted.typist import MOST
from tyrne.system import limits
from tyrne.system.errors import BadRecordError, RequestError
from tyrne.system.inputs import Input, read_input
from tyrne.system.known import known_system
from tyrne.system.qemu_console import ConsolePort
from tyrne.system.record import from_json
from tyrne.system.replay import Replay
from tyrne.system.run import STATUS_DEADLOCK, STATUS_LIMIT, Machine, Ready, Request, prepare

BOTH = pytest.mark.parametrize("machine", ["hosted", "native"])
ALL = pytest.mark.parametrize("machine", ["hosted", "native", pytest.param("qemu", marks=pytest.mark.qemu)])


@pytest.fixture
def system(tmp_path: Path) -> Path:
    (tmp_path / "driver.py").write_text(driver())
    (tmp_path / "s.toml").write_text(DESCRIPTION)
    return tmp_path / "s.toml"


@pytest.fixture
def ends() -> Iterator[tuple[int, int]]:
    """A descriptor that is read as a terminal's, and where what is typed there is written."""
    source, sink = os.pipe()
    yield source, sink
    for end in (source, sink):
        with suppress(OSError):  # a test has closed it
            os.close(end)


def ready_with(path: Path, machine: str, source: int) -> Ready:
    return prepare(Request(known_system([path]), Machine(machine), False, 0, input=Input(None, source)))


def replayed(report: dict[str, Any], folder: Path) -> Replay:
    (folder / "r.json").write_text(json.dumps(report))
    return Replay.load(folder / "r.json")


@ALL
@pytest.mark.parametrize("typed", [b"hello\nworld", b"", bytes(range(5, 128)) * 20])
def test_each_byte_of_a_file_is_typed_and_then_its_end(system: Path, machine: str, typed: bytes) -> None:
    run = testing.run_system(system, machine, max_instructions=0, typed=typed)
    said = typed.upper().decode() + "$\n"
    assert (run.report()["console"], run.report()["devices"]) == (said, {"keys": said})
    assert int(run.status) == 0


@pytest.mark.qemu
def test_what_a_console_says_is_not_lost_on_a_host_that_is_slow_to_read_it(
    system: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def move_late(port: ConsolePort, ready: Sequence[int]) -> None:
        if ready:
            time.sleep(0.5)
        move(port, ready)

    move = ConsolePort.move
    monkeypatch.setattr(ConsolePort, "move", move_late)
    typed = b"0123456789abcde\n" * 500
    run = testing.run_system(system, "qemu", max_instructions=0, typed=typed)
    assert run.report()["devices"] == {"keys": typed.upper().decode() + "$\n"}


def test_the_same_bytes_are_the_same_run_on_hosted_and_native(system: Path) -> None:
    machines = ("hosted", "hosted", "native")
    one, again, native = (testing.run_system(system, machine, typed=b"abc\n").report() for machine in machines)
    assert one == again
    assert {**native, "machine": "hosted"} == one


@BOTH
def test_a_run_with_a_file_is_repeated_without_it_forwards_and_backwards(
    system: Path, tmp_path: Path, machine: str
) -> None:
    report = testing.run_system(system, machine, typed=b"some words\n" * 9).report()
    (console,) = report["replay"]["devices"]
    assert (console["kind"], console["name"], console["open"]) == ("console", "keys", False)
    assert [time for time, _ in console["typed"]] == [0]
    replay = replayed(report, tmp_path)
    assert replay.difference() is None
    assert replay.report()["replay"]["devices"] == report["replay"]["devices"]
    said = replay.recorder.console_text()
    replay.to(-20)
    early = replay.recorder.console_text()
    replay.back()
    assert len(replay.recorder.console_text()) <= len(early) < len(said)
    assert replay.difference() is None


@BOTH
def test_what_comes_from_a_terminal_is_repeated_at_its_place(
    system: Path, tmp_path: Path, machine: str, ends: tuple[int, int]
) -> None:
    source, sink = ends

    def type_slowly() -> None:
        for piece in (b"one", b" two\n", b"three"):
            time.sleep(0.05)
            os.write(sink, piece)
        time.sleep(0.05)
        os.close(sink)

    ready = ready_with(system, machine, source)
    somebody = threading.Thread(target=type_slowly)
    somebody.start()
    report = ready.run(Listener()).report()
    somebody.join()
    assert (report["console"], report["status"]) == ("ONE TWO\nTHREE$\n", 0)
    times = [at for at, _ in report["replay"]["devices"][0]["typed"]]
    assert len(times) >= 2 and times == sorted(set(times))
    assert times[-1] > 50_000_000  # so long nobody was ready
    assert report["instructions"] < 10_000
    replay = replayed(report, tmp_path)
    assert replay.difference() is None
    replay.back()
    replay.back()
    assert replay.difference() is None


@BOTH
def test_keys_that_come_while_a_task_runs_are_repeated_to_the_instruction(
    tmp_path: Path, machine: str, ends: tuple[int, int]
) -> None:
    """The driver never waits: it looks, and counts how often."""
    source, sink = ends
    looks = driver().replace(
        "        granted(wait_signals(BELL))\n",
        "        looks = u64(0)\n"
        "        while u64(read16(RING + 0x202)) != SEEN.offered & 0xFFFF:\n"
        "            looks += 1\n"
        "        send(u8(48 + (looks & 7)))\n",
    )
    (tmp_path / "driver.py").write_text(looks)
    (tmp_path / "s.toml").write_text(DESCRIPTION)
    ready = ready_with(tmp_path / "s.toml", machine, source)

    def type_late() -> None:
        os.write(sink, b"a\n")
        time.sleep(0.1)
        os.close(sink)

    somebody = threading.Timer(0.1, type_late)
    somebody.start()
    report = ready.run(Listener()).report()
    somebody.join()
    assert report["console"][-1:] == "\n" and "A" in report["console"]
    assert report["instructions"] > 100_000
    assert replayed(report, tmp_path).difference() is None


@BOTH
@pytest.mark.promise(
    "One that waits for a device is told likewise as soon as no device will do anything, where devices are models"
)
def test_who_waits_for_keys_that_do_not_come_is_told(system: Path, tmp_path: Path, machine: str) -> None:
    run = testing.run_system(system, machine)
    assert int(run.status) == STATUS_DEADLOCK
    assert run.report()["log"][-2] == "tyrne: deadlock: task \"driver\" waits for a message or signals"
    (task,) = run.report()["tasks"]
    assert (task["state"], task["stands"]["waits"]) == ("waiting", 'waits for signals of notification "bell"')
    assert replayed(run.report(), tmp_path).difference() is None


@BOTH
def test_who_waits_at_a_terminal_takes_no_time_and_is_told_when_the_run_is_stopped(
    system: Path, tmp_path: Path, machine: str, ends: tuple[int, int]
) -> None:
    stop = StopRequest()
    ready = ready_with(system, machine, ends[0])
    threading.Timer(1.0, setattr, (stop, "made", True)).start()
    before = time.process_time()
    result = ready.run(Listener(), stop=stop)
    assert time.process_time() - before < 0.4
    assert (result.interrupted, result.status) == (True, STATUS_LIMIT)
    report = result.report()
    assert report["tasks"][0]["stands"]["waits"] == 'waits for signals of notification "bell"'
    assert report["replay"]["devices"][0]["open"] is True
    assert replayed(report, tmp_path).difference() is None


@BOTH
def test_a_terminal_that_types_without_end_ends_where_a_report_could_not_hold_it(
    system: Path, machine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tyrne.hosted.typist.MOST", 80_000)
    assert MOST <= limits.INPUT_BYTES
    source = os.open("/dev/zero", os.O_RDONLY)
    try:
        result = ready_with(system, machine, source).run(Listener())
    finally:
        os.close(source)
    assert result.recorder.console_bytes == bytes(80_000) + b"$\n"


@pytest.mark.promise("Without --report no key is kept")
def test_without_a_report_no_key_is_kept(system: Path) -> None:
    from tyrne.hosted.kept import SUMMARY

    result = prepare(Request(known_system([system]), Machine.HOSTED, False, 0, input=Input(b"secret"))).run(
        Listener(), SUMMARY
    )
    assert not result.recorder.typed and not result.recorder.console_bytes


@pytest.mark.qemu
def test_what_was_typed_on_qemu_is_in_no_record_and_that_is_said(system: Path, tmp_path: Path) -> None:
    report = testing.run_system(system, "qemu", max_instructions=0, typed=b"a").report()
    with pytest.raises(RequestError, match="is in no record; replay a run on --machine hosted or native"):
        replayed(report, tmp_path)


@pytest.mark.qemu
def test_on_qemu_no_time_is_skipped_while_keys_are_under_way(system: Path) -> None:
    run = testing.run_system(system, "qemu", max_instructions=0, typed=b"a" * 3000)
    assert run.instructions < 1_000_000_000


def damaged(report: dict[str, Any], **changes: object) -> dict[str, Any]:
    (console,) = report["replay"]["devices"]
    return {**report["replay"], "devices": [{**console, **changes}]}


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"typed": 1}, "a console whose name, typed or open is damaged"),
        ({"open": 1}, "a console whose name, typed or open is damaged"),
        ({"name": None}, "a console whose name, typed or open is damaged"),
        ({"typed": [[0]]}, r"has \[0\], where a time and what was typed belong"),
        ({"typed": [[-1, ""]]}, "where a time and what was typed belong"),
        ({"typed": [[True, ""]]}, "where a time and what was typed belong"),
        ({"typed": [[0, "?"]]}, "where what was typed is"),
    ],
)
def test_a_damaged_record_of_keys_is_refused(system: Path, changes: dict[str, object], what: str) -> None:
    report = testing.run_system(system, typed=b"a").report()
    with pytest.raises(BadRecordError, match=what):
        from_json(damaged(report, **changes))


def test_keys_out_of_order_are_refused(system: Path) -> None:
    report = testing.run_system(system, typed=b"a").report()
    key = report["replay"]["devices"][0]["typed"][0][1]
    with pytest.raises(BadRecordError, match="in another order than that of time"):
        from_json(damaged(report, typed=[[5, key], [4, key]]))


def refusal(file: Path, system: Path) -> str:
    with pytest.raises(RequestError) as error:
        read_input(file, known_system([system]).devices)
    return str(error.value)


def test_input_that_cannot_be_is_refused_with_its_mend(system: Path, tmp_path: Path, monkeypatch: Any) -> None:
    other = tmp_path / "other.toml"
    other.write_text('[system]\nname = "s"\n[[task]]\nname = "t"\nprogram = "driver.bin"\n')
    (tmp_path / "driver.bin").write_bytes(bytes(8))
    nowhere, folder, long = tmp_path / "no", tmp_path, tmp_path / "long"
    monkeypatch.setattr(limits, "INPUT_BYTES", 10)
    long.write_bytes(bytes(11))
    assert refusal(nowhere, system) == f"--input {nowhere}: cannot be read: no such file or directory; name a file"
    assert refusal(folder, system) == f"--input {folder}: is no file; name one, or write - for standard input"
    assert refusal(long, system) == f"--input {long}: larger than 10 bytes, the limit for input; shorten it"
    assert refusal(nowhere, other) == (
        f"--input {nowhere}: the system has no console; "
        'add a [[device]] with kind = "console" or "serial", or leave --input out'
    )
    os.mkfifo(tmp_path / "fifo")
    assert "is no file" in refusal(tmp_path / "fifo", system)
