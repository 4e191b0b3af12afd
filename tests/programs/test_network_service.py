"""systems/network.toml: a network for two clients, from devices that are right and others, beside hostile clients."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random
from struct import pack
from typing import Final

import pytest
from devices_that_lie import Liar, Model, have
from test_echo import Client, free_port, many

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
)
from running import Report, what_tasks_did
from tyrne import testing
from tyrne.hosted.bus import Bus
from tyrne.hosted.devices.device import Device as Attached
from tyrne.hosted.devices.device import SetLine
from tyrne.hosted.devices.faults import Fault, Faults
from tyrne.hosted.devices.network import RECEIVE, TRANSMIT, Network
from tyrne.hosted.devices.pcap import pcap_of
from tyrne.hosted.devices.peer import answer
from tyrne.system import models
from tyrne.system.parts import Device
from tyrne.system.replay import Replay

ROOT: Final = Path(__file__).parents[2]
SYSTEM: Final = ROOT / "systems" / "network.toml"
SAID: Final = (
    "answerer: answered 0 for an address, 0 pings, 3 datagrams; dropped 0\n"
    "answerer: answered 1 for an address, 1 pings, 3 datagrams; dropped 1\n"
)
MACHINES: Final = ["hosted", "native", pytest.param("qemu", marks=pytest.mark.qemu)]
FIRST, SECOND = 7, 8
"""The ports of both clients."""

HEAD: Final = """\
from __future__ import annotations
from typing import Final
from tyrne.lang import export, handle, irange, u64, wrapping_add, wrapping_mul
from tyrne.lang.machine import read64, write64
from tyrne.user import (
    MILLISECOND, SECOND, ClockCap, EndpointCap, MemoryCap, Message, NotificationCap, call, cap_query, clock_read,
    end_wait_at, granted, print_bytes, print_decimal, send, wait_signals
)
from tyrne.user.frames import FrameClient

CLOCK: Final = ClockCap(handle("clock"))
DRIVER: Final = EndpointCap(handle("requested"))
DONE: Final = NotificationCap(handle("done"))
RECEIVED: Final = MemoryCap(handle("received"))
NETWORK: Final = FrameClient()


def begin() -> None:
    NETWORK.begin(u64(0x1000_0000), u64(0x1100_0000), granted(cap_query(RECEIVED)).pages)
    while not NETWORK.ready():
        granted(wait_signals(DONE))


@export
def main() -> u64:
    begin()
"""
TAKES_NOTHING: Final = """\
    end = granted(clock_read(CLOCK)) + SECOND
    while granted(clock_read(CLOCK)) < end:
        end_wait_at(CLOCK, end)
        wait_signals(DONE)
    return u64(0)
"""
COUNTS: Final = """\
    count, end = u64(0), granted(clock_read(CLOCK)) + SECOND
    while granted(clock_read(CLOCK)) < end:
        while NETWORK.next() is not None:
            NETWORK.give_back()
            count += 1
        end_wait_at(CLOCK, end)
        wait_signals(DONE)
    print_decimal(count)
    print_bytes(b" came\\n")
    return u64(0)
"""
REFUSALS: Final = """\
    NETWORK.send(u64(64), u64(60))
    NETWORK.send(u64(0xFFFF_FFFF_FFFF_FFFF), u64(60))
    NETWORK.send(u64(0), u64(13))
    NETWORK.send(u64(0), u64(1515))
    NETWORK.send(u64(0), u64(0xFFFF_FFFF_FFFF_FFFF))
    NETWORK.send(u64(63), u64(1514))
    NETWORK.send(u64(0), u64(14))
    send(DRIVER, Message(u64(0)))
    done = u64(0)
    while done < 7:
        answer = NETWORK.take()
        if answer is None:
            granted(wait_signals(DONE))
        else:
            done += 1
            print_decimal(answer.status)
    print_bytes(b"\\n")
    return u64(0)
"""
HOSTILE: Final = """\
    for at in irange(64 * 0x800 // 8):
        write64(NETWORK.ring + 0x1000 + 8 * at, u64(0xE5E5_E5E5_E5E5_E5E5))
    seed = u64(SEED)
    for round in irange(1_200):
        if round % 2 == 0:
            end_wait_at(CLOCK, granted(clock_read(CLOCK)) + MILLISECOND)
            wait_signals(DONE)
        for i in irange(20):
            seed = wrapping_add(wrapping_mul(seed, u64(0x5851_F42D_4C95_7F2D)), u64(0x1405_7B7E_F767_814F))
            value = seed >> 20
            word = value >> 8 & 63 if value & 3 != 0 else 0xFFFF_FFFF_FFFF_FFFF - (value >> 8 & 0xFFF)
            write64(NETWORK.ring + value % 0x160 * 8, word if value & 0x30 != 0 else value >> 30 & 0x7FF)
        finished = read64(NETWORK.ring + 0x40) & 0xFFFF
        write64(NETWORK.ring, finished + (seed >> 40) % 70 if seed >> 60 != 0 else seed)
        given = read64(NETWORK.ring + 0x800) & 0xFFFF
        write64(NETWORK.ring + 0x840, given - min(given, (seed >> 44) % 70) if seed >> 61 != 0 else seed)
        if seed >> 50 & 3 == 0:
            call(DRIVER, Message(seed))
        else:
            send(DRIVER, Message(seed))
    return u64(0)
"""
WRITES_TO_WHAT_CAME: Final = """\
    write64(NETWORK.received, u64(0))
    return u64(0)
"""


def described(folder: Path, frames: list[bytes], gap: int = 10_000, **clients: str) -> Path:
    """The system with these frames, one each so many nanoseconds, and with other programs in the place of clients."""
    text = SYSTEM.read_text()
    for name, body in clients.items():
        one, two, three = text.partition(f'name = "answerer-{name[-1]}"\nprogram = "')
        assert two
        (folder / f"{name}.py").write_text(HEAD + body)
        text = one + two + three.replace("../programs/answerer.py", f"{name}.py", 1)
    (folder / "network.pcap").write_bytes(pcap_of((number * gap, made) for number, made in enumerate(frames)))
    (folder / "network.toml").write_text(text.replace("../programs", str(ROOT / "programs")))
    return folder / "network.toml"


def to(port: int, data: bytes = b"data", source_port: int = 4000) -> bytes:
    return frame(packet(17, datagram(data, port, source_port)))


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """The frames that a system sends."""
    found: list[bytes] = []

    def hear(made: bytes) -> bytes | None:
        found.append(made)
        return answer(made)

    monkeypatch.setattr(models, "answer", hear)
    return found


def run(path: Path, machine: str) -> Report:
    """To its end: its clients are quiet for two seconds."""
    return testing.run_system(path, machine, max_instructions=0).report()


def counts(report: Report) -> list[list[int]]:
    """What the clients say of themselves: with most datagrams last."""
    assert report["status"] == 0 and [task["fault"] for task in report["tasks"]] == [None] * 3, report["console"]
    assert report["tasks"][0]["state"] == "waiting"
    lines = [[int(word) for word in line.replace(";", " ").split() if word.isdigit()] for line in said(report)]
    return sorted(lines, key=lambda line: line[2])


def said(report: Report) -> list[str]:
    return [line for line in report["console"].splitlines() if line.startswith("answerer")]


@pytest.mark.parametrize("machine", MACHINES)
def test_every_machine_says_the_same(machine: str) -> None:
    report = run(SYSTEM, machine)
    assert (report["console"], report["status"]) == (SAID, 0)


def test_each_client_gets_the_datagrams_for_its_port_and_the_first_one_all_else(
    tmp_path: Path, sent: list[bytes]
) -> None:
    text = bytes(range(256)) * 5
    whole = packet(17, datagram(b"data", SECOND))
    part = frame(whole[:6] + b"\x20\0" + whole[8:])
    others = [arp(), frame(packet(1, echo(b"data"))), to(9), frame(packet(6, bytes(20))), part]
    asked = [to(FIRST, b"a"), to(SECOND, text), *others, to(SECOND, b"c"), frame(b"", EVERYBODY), to(FIRST, b"d")]
    report = run(described(tmp_path, asked), "native")
    assert sorted(counts(report)) == [[0, 0, 2, 0], [1, 1, 2, 3]]
    answers = [datagram_in(made) for made in sent if made[23:24] == b"\x11"]
    assert {(one.source_port, one.data) for one in answers} == {
        (FIRST, b"a"), (FIRST, b"d"), (SECOND, text), (SECOND, b"c")
    }  # fmt: skip
    assert {(one.to, one.port) for one in answers} == {(PEER, 4000)}
    assert sent.count(PEER_MAC + GUEST_MAC + b"\x08\x06\0\1\x08\0\6\4\0\2" + GUEST_MAC + GUEST + PEER_MAC + PEER) == 1
    assert len(sent) == 6


def test_what_is_for_another_device_comes_to_nobody(tmp_path: Path, sent: list[bytes]) -> None:
    other = frame(packet(17, datagram(b"data", SECOND)), to=bytes.fromhex("525400123457"))
    report = run(described(tmp_path, [other, to(SECOND)]), "native")
    assert counts(report) == [[0, 0, 0, 0], [0, 0, 1, 0]] and len(sent) == 1


@pytest.mark.parametrize("batch", [1, 8, 64])
def test_there_is_one_signal_and_one_message_for_each_batch(batch: int, tmp_path: Path) -> None:
    """Frames that come at one time are told of at one time, and so are answers that are put together. The device of
    this machine has sent all when it is notified, and interrupts for that: the second signal."""
    frames = [made for _ in range(batch) for made in (to(FIRST), to(SECOND))]
    report = run(described(tmp_path, frames, gap=0), "native")
    assert counts(report) == [[0, 0, batch, 0]] * 2
    calls: dict[tuple[str, str], int] = {}
    for made in report["syscalls"]:
        key = (str(made["task"]), made["name"])
        calls[key] = calls.get(key, 0) + 1
    named = {key: count for key, count in calls.items() if key[1] in ("notify", "send")}
    by_call = [sum(count for (_, call), count in named.items() if call == name) for name in ("notify", "send")]
    assert by_call == [2 + 2 + 2, 2]  # ready, frames, sent; answers


def test_a_thousand_frames_are_answered_alike_on_hosted_and_native_and_repeated(
    tmp_path: Path, sent: list[bytes]
) -> None:
    frames, right = many(Random(1))
    mixed = frames + [to(SECOND, one) for one in frames if len(one) <= 1_000][:200]
    Random(2).shuffle(mixed)
    path = described(tmp_path, mixed)
    native = run(path, "native")
    second = sum(made[36:38] == pack(">H", SECOND) for made in mixed)
    first = [line for line in counts(native) if line[0]]
    assert first[0][:3] == right and [0, 0, second, 0] in counts(native)
    answers = list(sent)
    assert len(answers) == sum(right) + second
    sent.clear()
    hosted = run(path, "hosted")
    assert what_tasks_did(hosted) == what_tasks_did(native)
    assert (sent, hosted["instructions"]) == (answers, native["instructions"])
    (tmp_path / "report.json").write_text(json.dumps(native))
    replay = Replay.load(tmp_path / "report.json")
    assert replay.difference() is None and replay.recorder.instructions == native["instructions"]


@pytest.mark.parametrize("machine", ["native", pytest.param("qemu", marks=pytest.mark.qemu)])
def test_what_cannot_be_sent_is_refused(machine: str, tmp_path: Path) -> None:
    report = run(described(tmp_path, [], client_2=REFUSALS), machine)
    assert "".join(sorted(report["console"].splitlines()[0])) == "0011111"
    assert report["status"] == 0


@pytest.mark.parametrize("machine", ["native", pytest.param("qemu", marks=pytest.mark.qemu)])
@pytest.mark.parametrize("number", [1, 2])
def test_a_client_that_takes_nothing_loses_its_own_frames_only(number: int, machine: str, tmp_path: Path) -> None:
    lazy, other = (FIRST, SECOND) if number == 1 else (SECOND, FIRST)
    frames = [to(lazy)] * 200 + [made for _ in range(100) for made in (to(other), to(lazy))]
    programs = {f"client_{number}": TAKES_NOTHING}
    report = run(described(tmp_path, frames, 1_000_000, **programs), machine)
    assert [line[2] for line in counts(report)] == [100]


@pytest.mark.parametrize(
    ("machine", "seed", "number"),
    [
        *[("native", seed, number) for seed in range(1, 5) for number in (1, 2)],
        ("hosted", 1, 1),
        ("hosted", 2, 2),
        pytest.param("qemu", 3, 1, marks=pytest.mark.qemu),
        pytest.param("qemu", 4, 2, marks=pytest.mark.qemu),
    ],
)
def test_a_hostile_client_harms_nobody(
    machine: str, seed: int, number: int, tmp_path: Path, sent: list[bytes]
) -> None:
    """It writes any number to the page that it shares, while frames come for both. All of the other's are answered,
    and what it sends comes from its own buffers."""
    hostile, other = (FIRST, SECOND) if number == 1 else (SECOND, FIRST)
    frames = [made for number in range(200) for made in (to(other, b"%d" % number), to(hostile))]
    programs = {f"client_{number}": HOSTILE.replace("SEED", str(seed * 987_654_321))}
    report = run(described(tmp_path, frames, 2_000_000, **programs), machine)
    assert [line[2] for line in counts(report)] == [200], report["console"]
    if machine == "qemu":
        return
    answers = [made for made in sent if made[:1] != b"\xe5"]
    assert [datagram_in(made).data for made in answers] == [b"%d" % number for number in range(200)]
    of_the_hostile = [made for made in sent if made[:1] == b"\xe5"]
    assert len(of_the_hostile) > 50 and all(set(made) == {0xE5} for made in of_the_hostile)


def test_a_client_that_gives_back_without_a_message_has_room_for_as_many_again(tmp_path: Path) -> None:
    """Of 70 that come at one time it has room for 64, each time."""
    path = described(tmp_path, [], client_2=COUNTS)
    frames = [(time * 1_000_000, to(SECOND)) for time in range(3) for _ in range(70)]
    (tmp_path / "network.pcap").write_bytes(pcap_of(frames))
    report = run(path, "native")
    assert report["status"] == 0 and f"{3 * 64} came\n" in report["console"]


@pytest.mark.parametrize("machine", ["native", pytest.param("qemu", marks=pytest.mark.qemu)])
def test_a_third_client_takes_a_line_in_the_driver_and_memory(machine: str, tmp_path: Path) -> None:
    """Each has room for 42 frames on their way then."""
    frames = [to(port) for _ in range(64) for port in (FIRST, SECOND, 9)]
    path = described(tmp_path, frames, 0 if machine == "native" else 1_000_000)
    driver = changed(
        (ROOT / "programs" / "network.py").read_text(),
        ("Client(RING_2, DONE_2, u64(8))", "{}, Client(RING_3, DONE_3, u64(9))"),
        ("RING_2: Final", 'RING_3: Final = MemoryCap(handle("ring_3"))\n{}'),
        ("DONE_2: Final", 'DONE_3: Final = NotificationCap(handle("done_3"))\n{}'),
        ("    STATE.own =", "    done(map_memory(SPACE, RING_3, u64(0x1002_0000), Access.READ_WRITE))\n{}"),
    )
    (tmp_path / "network.py").write_text(driver)
    text = path.read_text()
    task = text[text.index('[[task]]\nname = "answerer-2"') :].replace("-2", "-3").replace("_2", "_3")
    text = changed(
        text,
        ("pages = 96", "pages = 128"),
        ("[[endpoint]]", '[[memory]]\nname = "ring_3"\npages = 33\ndma = true\n\n{}'),
        ('[[notification]]\nname = "bell"', '[[notification]]\nname = "done_3"\n\n{}'),
        ('  { memory = "own" },', '  { memory = "ring_3" },\n  { notification = "done_3" },\n{}'),
        (str(ROOT / "programs" / "network.py"), "network.py"),
    )
    path.write_text(text + "\n" + task)
    report = run(path, machine)
    assert report["status"] == 0 and [task["fault"] for task in report["tasks"]] == [None] * 4
    assert [line.split(",")[2] for line in said(report)] == [" 64 datagrams; dropped 0"] * 3


def changed(text: str, *pairs: tuple[str, str]) -> str:
    """With something else in the one place of each text, in which {} is that text."""
    for old, new in pairs:
        assert text.count(old) == 1, old
        text = text.replace(old, new.replace("{}", old))
    return text


def test_no_client_can_write_to_what_came(tmp_path: Path) -> None:
    report = run(described(tmp_path, [to(FIRST)] * 9, client_2=WRITES_TO_WHAT_CAME), "hosted")
    driver, one, other = report["tasks"]
    assert (driver["fault"], one["fault"], other["fault"]["kind"]) == (None, None, "data_abort_write")
    assert "9 datagrams" in report["console"]


def network_with(faults: Faults, frames: list[bytes], lie: tuple[int, float] | None = None) -> Model:
    """A device that gets these frames, one each 100,000 ns, and does wrong by a table or by chance."""

    def model(bus: Bus, line: SetLine, device: Device) -> Network | Liar:
        coming = [(1_000_000 + 100_000 * number, made) for number, made in enumerate(frames)]
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
    """Of sixteen frames at most that one is lost which the device did not give back as it should have."""
    have(monkeypatch, "network", network_with({(queue, 4): fault}, [to(FIRST), to(SECOND)] * 8))
    lost = int(queue == RECEIVE and fault is not Fault.SPURIOUS)
    assert sum(line[2] for line in counts(run(SYSTEM, "native"))) == 16 - lost


def test_a_device_that_fails_again_and_again_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    faults: Faults = {(TRANSMIT, place): Fault.USED_ID for place in range(1000)}
    have(monkeypatch, "network", network_with(faults, [frame(packet(17, datagram(b"")), EVERYBODY)]))
    report = run(SYSTEM, "native")
    assert report["status"] == 0 and report["tasks"][0]["state"] == "waiting"
    faults = {(RECEIVE, place): Fault.USED_ID for place in range(1000)}
    have(monkeypatch, "network", network_with(faults, [to(FIRST)] * 20))
    report = run(SYSTEM, "native")
    assert report["console"].count("network: the device is given up\n") == 1
    assert counts(report) == [[0, 0, 0, 0]] * 2


SENDS_TWICE: Final = """\
    for _ in irange(2):
        NETWORK.send(u64(0), u64(60))
        send(DRIVER, Message(u64(0)))
        answer = NETWORK.take()
        while answer is None:
            granted(wait_signals(DONE))
            answer = NETWORK.take()
        print_decimal(answer.status)
    print_bytes(b"\\n")
    return u64(0)
"""


class Shrinking:
    """A network device whose queues have one place each when a driver begins anew."""

    size: Final = 4096

    def __init__(self, model: Attached) -> None:
        self.model: Final = model
        self.next_event, self.advance = model.next_event, model.advance
        self.begun = False

    def read(self, offset: int, width: int) -> int:
        return 1 if self.begun and offset == 0x34 else self.model.read(offset, width)

    def write(self, offset: int, width: int, value: int) -> None:
        self.begun = self.begun or (offset == 0x70 and value == 15)
        self.model.write(offset, width, value)


def test_what_is_to_be_sent_is_answered_too_when_the_device_was_given_up_for_its_queues(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    wrong = network_with({(TRANSMIT, 0): Fault.USED_ID}, [])
    have(monkeypatch, "network", lambda bus, line, device: Shrinking(wrong(bus, line, device)))
    report = run(described(tmp_path, [], client_2=SENDS_TWICE), "native")
    assert (report["console"].count("given up"), report["status"]) == (1, 0)
    assert "22\n" in report["console"]


def test_no_device_makes_it_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    """It goes on, or says that the device is given up, or that there is none; the clients do not fault either."""
    answered, endings = [], set()
    for seed in range(12):
        truth = (0.9, 0.97, 0.995)[seed % 3]
        have(monkeypatch, "network", network_with({}, [arp(), to(FIRST), to(SECOND)] * 20, (seed, truth)))
        report = testing.run_system(SYSTEM, "native", max_instructions=3_000_000_000).report()
        assert [task["fault"] for task in report["tasks"]] == [None] * 3, report["console"]
        endings.add("given up" in report["console"])
        answered.append(sum(int(line.split(",")[2].split()[0]) for line in said(report)))
    assert endings == {True, False} and max(answered) > 20 > min(answered), (endings, answered)


@pytest.mark.parametrize("machine", MACHINES)
def test_clients_of_the_host_are_answered_on_both_ports(tmp_path: Path, machine: str) -> None:
    random = Random(4)
    ports = {free_port(): FIRST, free_port(): SECOND}
    path = described(tmp_path, [])
    lines = ", ".join(f"{{ udp = {udp}, to = {guest} }}" for udp, guest in ports.items())
    path.write_text(path.read_text().replace('file = "network.pcap"', f"forward = [ {lines} ]"))
    texts = [[random.randbytes(random.choice((0, 1, 99, 1_472))) for _ in range(60)] for _ in ports]
    clients = [Client(port, data) for port, data in zip(ports, texts, strict=True)]
    for client in clients:
        client.start()
    report = run(path, machine)
    for client, data in zip(clients, texts, strict=True):
        client.join(5)
        assert client.answers == data
    assert all(line[2] >= 60 for line in counts(report))
