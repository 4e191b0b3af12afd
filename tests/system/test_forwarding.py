"""Ports of the host that lead to a system: what is said of wrong ones, and who hears what the system sends."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from descriptions import mistakes, read

from hosted.devices.packets import GUEST, GUEST_MAC, PEER, PEER_MAC, datagram, datagram_in, frame, packet
from tyrne import testing
from tyrne.hosted.devices.network import LONGEST
from tyrne.hosted.devices.peer import Datagram, datagram_of, frame_of
from tyrne.system.errors import RequestError
from tyrne.system.forwarding import Ports
from tyrne.system.outline import outline
from tyrne.system.parts import Device, Forward
from tyrne.system.qemu_wire import Wire
from tyrne.system.select import load_system, select

TEXT = """\
[system]
name = "s"
[[device]]
name = "net"
kind = "network"
forward = [
  { udp = 4000, to = 7 },
  { udp = 4001, to = 8 },
]
[[task]]
name = "t"
program = "p.bin"
caps = [ { device = "net" } ]
"""


def test_ports_are_read(tmp_path: Path) -> None:
    (device,) = read(tmp_path, TEXT).devices
    place = f"{tmp_path}/s.toml"
    assert device.forward == (Forward(4000, 7, f"{place}:7"), Forward(4001, 8, f"{place}:8"))


def test_check_says_which_ports_lead_to_a_system(tmp_path: Path) -> None:
    (tmp_path / "p.bin").write_bytes(b"\x88\0\x80\xd2\1\0\0\xd4")
    (tmp_path / "s.toml").write_text(TEXT)
    description = select([tmp_path / "s.toml"])
    (device,) = [line for line in outline(description, load_system(description)) if line.startswith("  device net")]
    assert device == (
        "  device net: network at 0xa001000, line 56, address 52:54:00:12:34:56, UDP port 4000 of this host leads to "
        "7, UDP port 4001 of this host leads to 8"
    )


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("udp = 4001", "udp = 4000", "s:8: udp = 4000 stands there a second time; write another port"),
        ("to = 8", "to = 7", "s:8: to = 7 stands there a second time; write another port"),
        ("udp = 4001", "udp = 0", "s:8: udp is 0; write a port, from 1 to 65535"),
        ("to = 8", "to = 65_536", "s:8: to is 65536; write a port, from 1 to 65535"),
        ("udp = 4001", "udp = true", 's:8: "udp" is true; write udp = 4000'),
        ("udp = 4001, ", "", 's:8: no "udp" in forward; add udp = 4000'),
        ("udp = 4001", "tcp = 4001, udp = 1", 's:8: unknown key "tcp" in forward; the keys are udp, to'),
        ('kind = "network"', 'kind = "rtc"', "s:6: only a device of kind network forwards ports; remove it"),
        (
            "forward = [\n  {",
            "forward = [ 3,\n  {",
            's:6: "forward" is a number; write forward = [ { udp = 4000, to = 7 } ]',
        ),
        (
            "  { udp = 4000, to = 7 },\n",
            "".join(f"{{ udp = {n}, to = {n} }}," for n in range(100, 116)) + "\n",
            "s:8: 17 ports are forwarded; at most 16 can be, remove some",
        ),
    ],
)
def test_a_wrong_port_is_named_with_its_line_and_mend(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert old in TEXT
    assert mistakes(tmp_path, TEXT.replace(old, new, 1)) == [said]


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as made:
        made.bind(("127.0.0.1", 0))
        yield made.getsockname()[1]


@pytest.mark.parametrize("machine", ["hosted", "native", pytest.param("qemu", marks=pytest.mark.qemu)])
def test_a_port_that_is_taken_is_said_before_anything_runs(tmp_path: Path, taken: int, machine: str) -> None:
    (tmp_path / "p.bin").write_bytes(b"\x88\0\x80\xd2\1\0\0\xd4")
    path = tmp_path / "s.toml"
    path.write_text(TEXT.replace("4001", str(taken)))
    with pytest.raises(RequestError) as caught:
        testing.run_system(path, machine)
    assert str(caught.value) == (
        f"{path}:8: port {taken} of this host cannot be had: address already in use; write another one, from 1024 on"
    )


def test_a_socket_that_cannot_be_made_is_said_with_its_mend(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / ("long" * 30)
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    with pytest.raises(RequestError, match=r"no socket can be made there: .*; let TMPDIR name a folder with a short"):
        Wire(Device("n", "network"))
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("data", [b"", b"odd", b"even", bytes(1_472), bytes([255] * 1_471)])
def test_a_datagram_becomes_a_frame_and_a_frame_a_datagram(data: bytes) -> None:
    made = frame_of(GUEST_MAC, Datagram(GUEST, 4000, 7, data))
    assert made[:14] == GUEST_MAC + PEER_MAC + b"\x08\0" and len(made) <= LONGEST
    assert datagram_in(made) == (GUEST, 4000, 7, data)
    for checked in True, False:
        sent = frame(packet(17, datagram(data, 4000, 7, GUEST, PEER, checked), GUEST, PEER), PEER_MAC, GUEST_MAC)
        assert datagram_of(sent) == (GUEST, 7, 4000, data)
        assert datagram_of(sent[:-1]) is None or not data
        assert datagram_of(sent[:6] + b"\1" + sent[7:13] + b"\6" + sent[14:]) is None
        assert datagram_of(sent[:38] + b"\0\7" + sent[40:]) is None
    assert datagram_of(sent[:40] + b"\1\1" + sent[42:]) is None


def sent_to(port: int, data: bytes, source_port: int = 7, source: bytes = GUEST) -> bytes:
    """A frame as a system sends it."""
    content = datagram(data, port, source_port, source, PEER)
    return frame(packet(17, content, source, PEER), PEER_MAC, GUEST_MAC)


def take(ports: Ports) -> bytes | None:
    """What has come, of what was sent just now."""
    for _ in range(1000):
        for descriptor in ports.descriptors:
            if (found := ports.take(descriptor)) is not None:
                return found
        time.sleep(0.001)
    return None


@pytest.mark.promise(
    "Only who has sent a datagram from 127.0.0.1 to a port of the host that the description names hears what a system "
    "sends, at the port that it came from"
)
def test_only_who_has_sent_something_is_answered(taken: int) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client, socket.socket(
        socket.AF_INET, socket.SOCK_DGRAM
    ) as other:
        for made in client, other:
            made.bind(("127.0.0.1", 0))
            made.settimeout(0.2)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
            free.bind(("127.0.0.1", 0))
            number = free.getsockname()[1]
        ports = Ports(Device("n", "network", forward=(Forward(number, 7),)))
        try:
            mine, others = client.getsockname()[1], other.getsockname()[1]
            client.sendto(b"question", ("127.0.0.1", number))
            question = take(ports)
            assert question is not None and datagram_in(question) == (GUEST, mine, 7, b"question")
            ports.give(sent_to(others, b"a guess"))
            ports.give(sent_to(mine, b"of another port", 9))
            ports.give(sent_to(mine, b"from elsewhere", source=bytes((10, 0, 2, 16))))
            ports.give(sent_to(mine, b"answer"))
            assert client.recvfrom(99) == (b"answer", ("127.0.0.1", number))
            for made in client, other:
                with pytest.raises(TimeoutError):
                    made.recv(99)
        finally:
            ports.close()


def test_a_datagram_that_no_frame_holds_is_dropped() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
            free.bind(("127.0.0.1", 0))
            number = free.getsockname()[1]
        ports = Ports(Device("n", "network", forward=(Forward(number, 7),)))
        try:
            client.sendto(bytes(1_473), ("127.0.0.1", number))
            client.sendto(bytes(1_472), ("127.0.0.1", number))
            made = take(ports)
            assert made is not None and len(made) == LONGEST
        finally:
            ports.close()
