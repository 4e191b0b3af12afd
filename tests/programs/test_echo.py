"""systems/echo.toml: an answer to each question over the network, and none to what is wrong or for others."""

from __future__ import annotations

import json
import socket
import threading
import time
from pathlib import Path
from random import Random

import pytest
from devices_that_lie import Liar, Model, have

from hosted.devices.packets import (
    EVERYBODY,
    GUEST,
    GUEST_MAC,
    PEER,
    PEER_MAC,
    arp,
    datagram,
    datagram_in,
    echo,
    frame,
    packet,
    total,
)
from running import Report, what_tasks_did
from tyrne import testing
from tyrne.hosted.bus import Bus
from tyrne.hosted.devices.device import SetLine
from tyrne.hosted.devices.faults import Fault, Faults
from tyrne.hosted.devices.network import RECEIVE, TRANSMIT, Network
from tyrne.hosted.devices.pcap import pcap_of
from tyrne.hosted.devices.peer import answer
from tyrne.system import models
from tyrne.system.parts import Device
from tyrne.system.replay import Replay
from tyrne.system.transition import Interrupt

ROOT = Path(__file__).parents[2]
SYSTEM = ROOT / "systems" / "echo.toml"
SAID = "echo: answered 1 for an address, 1 pings, 2 datagrams; dropped 2\n"


def described(folder: Path, frames: list[bytes], gap: int = 10_000) -> Path:
    """The system, with these frames instead of its own, one each so many nanoseconds."""
    text = SYSTEM.read_text().replace("../programs/echo.py", str(ROOT / "programs" / "echo.py"))
    (folder / "echo.pcap").write_bytes(pcap_of((number * gap, made) for number, made in enumerate(frames)))
    (folder / "echo.toml").write_text(text)
    return folder / "echo.toml"


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """The frames that a guest sends."""
    found: list[bytes] = []

    def hear(made: bytes) -> bytes | None:
        found.append(made)
        return answer(made)

    monkeypatch.setattr(models, "answer", hear)
    return found


def run(path: Path, machine: str) -> Report:
    """To its end: it is quiet for two seconds."""
    return testing.run_system(path, machine, max_instructions=0).report()


def counts(report: Report) -> list[int]:
    """What the program says of itself."""
    assert (report["status"], [task["fault"] for task in report["tasks"]]) == (0, [None])
    return [int(word) for word in report["console"].replace(";", " ").split() if word.isdigit()]


@pytest.mark.parametrize("machine", ["hosted", "native", pytest.param("qemu", marks=pytest.mark.qemu)])
def test_every_machine_says_the_same(machine: str) -> None:
    report = run(SYSTEM, machine)
    assert (report["console"], report["status"]) == (SAID, 0)


def test_each_question_is_answered_as_it_should_be(tmp_path: Path, sent: list[bytes]) -> None:
    text = bytes(range(256)) * 5
    asked = [
        arp(),
        arp(to=GUEST_MAC) + bytes(18),
        frame(packet(1, echo(b"data"))),
        frame(packet(1, echo(b"odd")) + b"behind the packet"),
        frame(packet(1, echo(text + bytes(192)))),
        frame(packet(17, datagram(b"data"))),
        frame(packet(17, datagram(b"odd"))) + bytes(20),
        frame(packet(17, datagram(b"", checked=False))),
        frame(packet(17, datagram(text))),
    ]
    report = run(described(tmp_path, asked), "native")
    assert counts(report) == [2, 3, 4, 0]
    assert sent[0] == sent[1]
    assert sent[0] == PEER_MAC + GUEST_MAC + b"\x08\x06\0\1\x08\0\6\4\0\2" + GUEST_MAC + GUEST + PEER_MAC + PEER
    for made, data in zip(sent[2:5], (b"data", b"odd", text + bytes(192)), strict=True):
        assert made[:14] == PEER_MAC + GUEST_MAC + b"\x08\0"
        assert not total(made[14:34]) and made[26:34] == GUEST + PEER
        assert made[34:] == echo(data, kind=0)
    for made, data in zip(sent[5:], (b"data", b"odd", text), strict=False):
        assert made[:14] == PEER_MAC + GUEST_MAC + b"\x08\0"
        if made[40:42] != b"\0\0":
            assert datagram_in(made) == (PEER, 7, 4000, data)
    assert sent[7][14:][20:] == datagram(b"", 4000, 7, checked=False)
    assert datagram_in(sent[8]).data == text


def changed(made: bytes, at: int, *values: int) -> bytes:
    return made[:at] + bytes(values) + made[at + len(values) :]


def header_changed(made: bytes, at: int, *values: int) -> bytes:
    """With something else in the packet's header, and the checksum that it then has."""
    other = changed(changed(made, at, *values), 24, 0, 0)
    return changed(other, 24, *total(other[14:34]).to_bytes(2, "big"))


PING, DATAGRAM = frame(packet(1, echo(b"data"))), frame(packet(17, datagram(b"data")))
WRONG = {
    "half a packet's header": PING[:33],
    "no packet at all": PING[:14],
    "a packet that is cut off": DATAGRAM[:-1],
    "no version 4": header_changed(PING, 14, 0x65),
    "options": header_changed(PING, 14, 0x46),
    "a header's wrong checksum": changed(PING, 24, 0, 1),
    "a length below that of the header": header_changed(PING, 16, 0, 19),
    "a length without a message": header_changed(PING, 16, 0, 27),
    "a length beyond the frame": header_changed(PING, 16, 0xFF, 0xFF),
    "more parts": header_changed(PING, 20, 0x20, 0),
    "a later part": header_changed(PING, 20, 0, 1),
    "for another host": frame(packet(1, echo(b""), to=bytes((10, 0, 2, 16)))),
    "from itself": frame(packet(1, echo(b""), source=GUEST)),
    "from everybody": frame(packet(1, echo(b""), source=bytes([255] * 4))),
    "from a group": frame(packet(1, echo(b""), source=bytes((224, 0, 0, 1)))),
    "from a group's device": frame(packet(1, echo(b"")), sender=EVERYBODY),
    "another protocol": frame(packet(6, bytes(20))),
    "a message's wrong checksum": changed(PING, 36, 1, 1),
    "an answer": frame(packet(1, echo(b"data", kind=0))),
    "a datagram's wrong checksum": changed(DATAGRAM, 40, 1, 1),
    "a datagram's length beyond the packet": changed(DATAGRAM, 38, 0, 13),
    "a datagram's length below the packet's": changed(DATAGRAM, 38, 0, 11),
    "another port": frame(packet(17, datagram(b"data", port=9))),
    "from port 7": frame(packet(17, datagram(b"data", source_port=7))),
}
OTHERS = {
    "half a question for an address": arp()[:41],
    "a question for another address": arp(PEER),
    "a question to another device": arp(to=PEER_MAC),
    "an answer for an address": changed(arp(), 21, 2),
    "another kind of address": changed(arp(), 15, 6),
    "to another device": frame(packet(1, echo(b"")), to=PEER_MAC),
    "to everybody": frame(packet(1, echo(b"")), to=EVERYBODY),
    "another kind of frame": changed(PING, 12, 0x86, 0xDD),
}


@pytest.mark.parametrize("what", [*WRONG, *OTHERS])
def test_what_is_wrong_or_for_others_is_not_answered(what: str, tmp_path: Path, sent: list[bytes]) -> None:
    made = WRONG.get(what) or OTHERS[what]
    report = run(described(tmp_path, [made, DATAGRAM]), "native")
    assert counts(report) == [0, 0, 1, int(what in WRONG)]
    assert len(sent) == 1


def many(random: Random) -> tuple[list[bytes], list[int]]:
    """1,000 frames, and how many of them are to be answered, by the kind of their answers."""
    made: list[bytes] = []
    right = [0, 0, 0]
    for number in range(1_000):
        data = random.randbytes(random.choice((0, 1, 18, 64, 501, 1_472)))
        kind = random.randrange(4)
        if kind == 0:
            made.append(arp())
        elif kind == 1:
            made.append(frame(packet(1, echo(data, number))))
        elif kind == 2:
            made.append(frame(packet(17, datagram(data, checked=random.random() < 0.5))))
        else:
            made.append(random.choice([*WRONG.values(), *OTHERS.values()]))
        if kind < 3:
            right[kind] += 1
    return made, right


def test_a_thousand_frames_are_answered_alike_on_hosted_and_native(tmp_path: Path, sent: list[bytes]) -> None:
    frames, right = many(Random(1))
    path = described(tmp_path, frames)
    native = run(path, "native")
    assert counts(native)[:3] == right
    answers = list(sent)
    assert len(answers) == sum(right)
    sent.clear()
    assert run(path, "native") == native
    assert sent == answers
    sent.clear()
    hosted = run(path, "hosted")
    assert what_tasks_did(hosted) == what_tasks_did(native)
    assert (sent, hosted["instructions"]) == (answers, native["instructions"])


@pytest.mark.qemu
def test_no_frame_is_lost_on_qemu(tmp_path: Path) -> None:
    """However fast they come: they wait until the device has room."""
    frames, right = many(Random(5))
    assert counts(run(described(tmp_path, frames), "qemu"))[:3] == right


def test_no_frame_makes_it_fail(tmp_path: Path, sent: list[bytes]) -> None:
    random = Random(2)
    whole = [arp(), PING, DATAGRAM, frame(packet(17, datagram(bytes(1_472))))]
    frames = []
    for _ in range(4_000):
        made = bytearray(random.choice(whole))
        for _ in range(random.randrange(4)):
            made[random.randrange(14, min(len(made), 50))] = random.choice((0, 1, 127, 128, 255, random.randrange(256)))
        if random.random() < 0.3:
            del made[random.randrange(14, len(made)) :]
        frames.append(bytes(made))
    counted = counts(run(described(tmp_path, frames), "native"))
    assert all(counted) and sum(counted[:3]) == len(sent)


def test_a_run_with_a_thousand_frames_is_repeated_without_the_file(tmp_path: Path) -> None:
    frames, _ = many(Random(3))
    path = described(tmp_path, frames)
    report = run(path, "native")
    (tmp_path / "echo.pcap").unlink()
    (tmp_path / "report.json").write_text(json.dumps(report))
    replay = Replay.load(tmp_path / "report.json")
    assert replay.difference() is None
    assert replay.recorder.instructions == report["instructions"]


def test_a_replay_steps_back_into_an_interrupt(tmp_path: Path) -> None:
    (tmp_path / "report.json").write_text(json.dumps(run(SYSTEM, "native")))
    replay = Replay.load(tmp_path / "report.json")
    found = []
    while (transition := replay.step()) is not None:
        if transition.cause is Interrupt.DEVICE:
            found.append(replay.position)
    assert len(found) >= 6  # a frame each
    for position in reversed(found):
        replay.to(position)
        there = replay.instructions, replay.recorder.console_text()
        replay.back()
        again = replay.step()
        assert again is not None and again.cause is Interrupt.DEVICE
        assert there == (replay.instructions, replay.recorder.console_text())


def network_with(faults: Faults, frames: list[bytes], lie: tuple[int, float] | None = None) -> Model:
    """A device that gets these frames, one each 10,000 ns, and does wrong by a table or by chance."""

    def model(bus: Bus, line: SetLine, device: Device) -> Network | Liar:
        coming = [(1_000_000 + 10_000 * number, made) for number, made in enumerate(frames)]
        made = Network(
            line, bus.memory, bus.now, address=GUEST_MAC, send=lambda _: None, frames=coming, faults=faults
        )
        return made if lie is None else Liar(made, line, bus.memory, bus.now, *lie)

    return model


@pytest.mark.parametrize("queue", [RECEIVE, TRANSMIT])
@pytest.mark.parametrize("fault", [Fault.SHORT, Fault.SPURIOUS, Fault.USED_ID, Fault.USED_LENGTH])
def test_after_what_a_device_does_wrong_it_goes_on(
    fault: Fault, queue: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of eight frames at most that one is lost which the device did not give back as it should have."""
    have(monkeypatch, "network", network_with({(queue, 2): fault}, [DATAGRAM] * 8))
    lost = int(queue == RECEIVE and fault is not Fault.SPURIOUS)
    assert counts(run(SYSTEM, "native")) == [0, 0, 8 - lost, int(queue == RECEIVE and fault is Fault.SHORT)]


def test_no_device_makes_it_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    """It answers what it can, or says that the device has failed, or begins with it again and again."""
    endings: dict[int, list[int]] = {0: [], 1: [], 4: []}
    for seed in range(30):
        truth = (0.9, 0.95, 0.99)[seed % 3]
        have(monkeypatch, "network", network_with({}, [arp(), PING, DATAGRAM] * 20, (seed, truth)))
        report = testing.run_system(SYSTEM, "native", max_instructions=2_200_000_000).report()
        (task,) = report["tasks"]
        assert task["fault"] is None, report["console"]
        endings[report["status"]].append(sum(counts(report)[:3]) if report["status"] == 0 else 0)
    assert len(endings[0]) > 5 and len(endings[1]) > 5 and max(endings[0]) > 10 > min(endings[0]), endings


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def forwarded(folder: Path, *ports: tuple[int, int]) -> Path:
    """The system, with ports of the host that lead to it, and no frames of its own."""
    lines = ", ".join(f"{{ udp = {udp}, to = {to} }}" for udp, to in ports)
    path = described(folder, [])
    path.write_text(path.read_text().replace('file = "echo.pcap"', f"forward = [ {lines} ]"))
    return path


class Client(threading.Thread):
    """Sends each of some datagrams to a port of the host until it comes back, one after another."""

    def __init__(self, port: int, data: list[bytes]) -> None:
        super().__init__(daemon=True)
        self.port = port
        self.data = data
        self.answers: list[bytes] = []

    def run(self) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as made:
            made.settimeout(1)
            made.connect(("127.0.0.1", self.port))
            for data in self.data:
                for _ in range(30):
                    try:
                        made.send(data)
                        self.answers.append(made.recv(2_000))
                        break
                    except (TimeoutError, ConnectionRefusedError):
                        time.sleep(0.01)


@pytest.mark.parametrize("machine", ["hosted", "native", pytest.param("qemu", marks=pytest.mark.qemu)])
def test_two_clients_of_the_host_are_answered(tmp_path: Path, machine: str) -> None:
    random = Random(4)
    port, closed = free_port(), free_port()
    path = forwarded(tmp_path, (port, 7), (closed, 9))
    texts = [[random.randbytes(random.choice((0, 1, 99, 1_472))) for _ in range(100)] for _ in range(2)]
    clients = [Client(port, data) for data in texts]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.connect(("127.0.0.1", closed))
        for client in clients:
            client.start()
        report = run(path, machine)
    for client, data in zip(clients, texts, strict=True):
        client.join(5)
        assert client.answers == data
    arps, pings, datagrams, dropped = counts(report)
    assert (arps, pings, dropped) == (0, 0, 0) and datagrams >= 200
    if machine != "qemu":
        (told,) = report["replay"]["devices"]
        assert told["open"] is True
        (tmp_path / "report.json").write_text(json.dumps(report))
        replay = Replay.load(tmp_path / "report.json")
        assert replay.difference() is None and replay.recorder.instructions == report["instructions"]
        assert replay.report()["replay"]["devices"] == [told]
