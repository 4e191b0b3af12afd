"""Network devices of descriptions: their files, what a record has of them, and that nothing leaves the command."""

from __future__ import annotations

import json
import os
import select
import socket
import time
from pathlib import Path

import pytest
from descriptions import changes

from tyrne import testing
from tyrne.cli.running import run_system
from tyrne.hosted.devices.network import MOST_WAITING
from tyrne.hosted.devices.pcap import frames_of, pcap_of
from tyrne.hosted.devices.peer import ADDRESS, answer
from tyrne.system.description import read_description
from tyrne.system.device_files import read_files
from tyrne.system.devices import NO_WIRE, emulator_options
from tyrne.system.errors import BadRecordError, RequestError
from tyrne.system.limits import FRAME_FILE_BYTES
from tyrne.system.parts import Device
from tyrne.system.qemu_wire import Wire
from tyrne.system.record import from_json
from tyrne.system.report_file import read_report
from tyrne.system.shipped import shipped

TEXT = """\
[system]
name = "s"
[[device]]
name = "net"
kind = "network"
file = "frames.pcap"
address = "52:54:00:AB:cd:09"
[[task]]
name = "t"
program = "p.bin"
caps = [ { device = "net" } ]
"""
FRAMES = ((5_000_000_007, b"one" * 20), (5_000_000_009, b"other" * 20))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "p.bin").write_bytes(b"\x88\0\x80\xd2\1\0\0\xd4")  # mov x8, #4; svc #0
    (tmp_path / "frames.pcap").write_bytes(pcap_of(FRAMES))
    (tmp_path / "s.toml").write_text(TEXT)
    return tmp_path / "s.toml"


def test_the_first_frame_of_a_file_comes_a_millisecond_after_boot(path: Path) -> None:
    (device,) = read_files(read_description(path).devices, ())
    assert device.address == bytes.fromhex("525400abcd09")
    assert frames_of(device.content) == ((1_000_000, FRAMES[0][1]), (1_000_002, FRAMES[1][1]))


def test_a_network_without_a_file_has_the_first_address(path: Path) -> None:
    path.write_text(changes(TEXT, 'file = "frames.pcap"\n', "", 'address = "52:54:00:AB:cd:09"\n', ""))
    (device,) = read_files(read_description(path).devices, ())
    assert (device.content, device.address) == (b"", bytes.fromhex("525400123456"))
    assert testing.run_system(path, "native").report()["replay"]["devices"] == [
        {"kind": "network", "address": "52:54:00:12:34:56"}
    ]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is no pcap file; name one, such as tcpdump -w writes"),
        (b"\x0a\x0d\x0d\x0a" + bytes(99), "is in pcapng's format; convert it, with: editcap -F pcap OLD NEW"),
        (pcap_of(FRAMES)[:-1], "ends within frame 2; copy the whole file"),
        (pcap_of(((0, b""), (1 << 60, b""))), "its frames come over more than 30 years; name a part of it"),
        (
            bytes(FRAME_FILE_BYTES + 1),
            f"larger than {FRAME_FILE_BYTES} bytes, the limit for a pcap file; make it smaller",
        ),
    ],
)
def test_a_file_of_frames_that_is_none_is_named(path: Path, content: bytes, said: str) -> None:
    (path.parent / "frames.pcap").write_bytes(content)
    with pytest.raises(RequestError) as caught:
        testing.run_system(path, "native")
    assert str(caught.value) == f"{path}:6: {path.parent}/frames.pcap: {said}"


def test_a_file_of_frames_that_cannot_be_read_is_named(path: Path) -> None:
    file = path.parent / "frames.pcap"
    file.unlink()
    for make, said in (
        (lambda: None, "cannot be read: no such file or directory; name a pcap file"),
        (lambda: os.mkfifo(file), "is no file; name a pcap file"),
    ):
        make()
        with pytest.raises(RequestError, match=said):
            read_files(read_description(path).devices, ())


def test_a_record_has_the_frames_and_no_file(path: Path) -> None:
    report = json.loads(json.dumps(testing.run_system(path, "native").report()))
    (device,) = from_json(report["replay"]).devices
    assert device.address == bytes.fromhex("525400abcd09")
    assert [frame for _, frame in frames_of(device.content)] == [frame for _, frame in FRAMES]
    (told,) = report["replay"]["devices"]
    for wrong in (
        {"address": "52:54:00:ab:cd"},
        {"address": None},
        {"content": 3},
        {"open": 1},
        {"content": "?"},
        {"content": told["content"][:-8]},
        {"content": "eJwDAAAAAAE="},
    ):
        with pytest.raises(BadRecordError, match=r"replay\.devices has a network "):
            from_json(report["replay"] | {"devices": [told | wrong]})


@pytest.mark.promise("The frames that come to it are in the report of a run, and run says so")
def test_the_command_says_that_frames_are_recorded(path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    said = "tyrne: warning: the frames that the network device gets are recorded in the report\n"
    assert run_system([path], report=path.parent / "r.json") == 0
    assert capfd.readouterr().err == said
    assert run_system([path]) == 0
    assert capfd.readouterr().err == ""


@pytest.mark.promise(
    "What a system sends over its network reaches the peer within the command: no machine gives it the host's network"
)
def test_nothing_that_is_sent_leaves_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    with Wire(Device("n", "network")) as wire:
        options = wire.options(emulator_options([Device("n", "network")]))
        netdev = options[options.index("-netdev") + 1]
        ends = dict(word.partition("=")[::2] for word in netdev.split(","))
        assert [word for word in ends if "=" not in word and not ends[word]] == ["dgram"]
        assert (ends["local.type"], ends["remote.type"]) == ("unix", "unix")
        folder = Path(ends["remote.path"]).parent
        assert Path(ends["local.path"]).parent == folder and folder.stat().st_mode & 0o777 == 0o700
        assert sum("netdev" in word for word in options) == 2 and NO_WIRE not in options
    assert not folder.exists()
    monkeypatch.setattr(socket, "socket", lambda *_: pytest.fail("a socket"))
    for machine in ("hosted", "native"):
        run = testing.run_system(shipped("systems/echo.toml"), machine, max_instructions=0)
        assert "2 datagrams" in run.report()["console"]


def test_on_a_wire_so_many_answers_wait_for_qemu_as_frames_may_wait() -> None:
    """Nobody takes them here, as where QEMU's system asks again and again and takes no answer."""
    asks = ADDRESS + bytes.fromhex("525400123456 0806 0001080006040001 525400123456 0a00020f 000000000000 0a000202")
    assert answer(asks) is not None
    with Wire(Device("n", "network")) as wire, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as qemu:
        for _ in range(2 * MOST_WAITING):
            qemu.sendto(asks, str(wire._ours))
        end = time.monotonic() + 30
        while select.select([wire._socket], [], [], 0)[0] and time.monotonic() < end:
            time.sleep(0.01)
    assert len(wire._first) == MOST_WAITING


@pytest.mark.qemu
def test_a_run_of_qemu_with_a_network_is_refused_by_replay(tmp_path: Path) -> None:
    report = testing.run_system(shipped("systems/echo.toml"), "qemu", max_instructions=0).report()
    path = tmp_path / "report.json"
    path.write_text(json.dumps(report))
    with pytest.raises(RequestError, match="in no record; replay a run on --machine hosted or native"):
        read_report(path)


