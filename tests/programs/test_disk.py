"""systems/disk.toml: a disk for two clients, from devices that are right and others, and beside a hostile client."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from struct import pack, unpack_from
from typing import Any, Final

import pytest
from devices_that_lie import Liar, block_with, have

from first_of import first_of
from running import run_system
from tyrne.hosted.bus import Bus
from tyrne.hosted.devices.block import Block, Sectors
from tyrne.hosted.devices.device import SetLine
from tyrne.hosted.devices.faults import Fault
from tyrne.system.parts import Device as Described

ROOT: Final = Path(__file__).parents[2]
SYSTEM: Final = ROOT / "systems" / "disk.toml"
IMAGE: Final = (ROOT / "systems" / "disk.img").read_bytes()
HALF: Final = 8
SAID: Final = "writer: eight blocks came back as they were written\n"

HEAD: Final = """\
from __future__ import annotations
from typing import Final
from tyrne.lang import Array, export, handle, irange, u64, wrapping_add, wrapping_mul
from tyrne.lang.machine import read64, write64
from tyrne.user import (
    EndpointCap, Message, NotificationCap, call, granted, print_bytes, print_decimal, send, task_yield, wait_signals
)
from tyrne.user.blocks import READ, WRITE, BlockClient

DRIVER: Final = EndpointCap(handle("requested"))
DONE: Final = NotificationCap(handle("done"))
DISK: Final = BlockClient()


class Counts:
    def __init__(self) -> None:
        self.of: Array[u64] = Array.filled(3, u64(0))


COUNTS: Final = Counts()


def begin() -> None:
    DISK.begin(u64(0x1000_0000))
    while DISK.blocks() == 0:
        granted(wait_signals(DONE))


def finish(count: u64) -> None:
    for _ in irange(count):
        answer = DISK.take()
        while answer is None:
            granted(wait_signals(DONE))
            answer = DISK.take()
        COUNTS.of[answer.status] += 1


def say() -> None:
    for status in irange(3):
        print_decimal(COUNTS.of[status])
        print_bytes(b" ")
        COUNTS.of[status] = u64(0)
    print_bytes(b"\\n")


@export
def main() -> u64:
    begin()
"""
ROUNDS: Final = """\
    for _ in irange(5):
        for i in irange(8):
            DISK.request(READ if i % 2 == 0 else WRITE, i, i)
        send(DRIVER, Message(u64(0)))
        finish(u64(8))
        say()
    return u64(0)
"""
"""Five batches of four reads and four writes, and after each how many were done, refused, and failed."""
REFUSALS: Final = """\
    DISK.request(READ, u64(8), u64(0))
    DISK.request(READ, u64(0xFFFF_FFFF_FFFF_FFFF), u64(0))
    DISK.request(READ, u64(0), u64(16))
    DISK.request(READ, u64(0), u64(0xFF_FFFF_FFFF_FFFF))
    DISK.request(u64(2), u64(0), u64(0))
    DISK.request(READ, u64(7), u64(15))
    send(DRIVER, Message(u64(0)))
    finish(u64(6))
    say()
    while DISK.request(READ, u64(1), u64(1)) is not None:
        pass
    send(DRIVER, Message(u64(0)))
    finish(u64(64))
    say()
    return u64(0)
"""
PAIRS: Final = """\
    for _ in irange(PAIRS):
        DISK.request(READ, u64(0), u64(0))
        send(DRIVER, Message(u64(0)))
        DISK.request(READ, u64(1), u64(1))
        send(DRIVER, Message(u64(0)))
        finish(u64(2))
    say()
    return u64(0)
"""
HOSTILE: Final = """\
    seed = u64(SEED)
    for _ in irange(400):
        for i in irange(20):
            seed = wrapping_add(wrapping_mul(seed, u64(0x5851_F42D_4C95_7F2D)), u64(0x1405_7B7E_F767_814F))
            value = seed >> 20
            word = value >> 8 & 7 if value & 3 != 0 else 0xFFFF_FFFF_FFFF_FFFF - (value >> 8 & 0xFFF)
            at = value % 0xA0 * 8
            write64(DISK.ring + (u64(0) if at == 0x40 else at), word if value & 0x30 != 0 else (word & 0xFFFF) << 8 | 1)
        finished = read64(DISK.ring + 0x40) & 0xFFFF
        write64(DISK.ring, finished + (seed >> 40) % 70 if seed >> 60 != 0 else seed)
        if seed >> 50 & 3 == 0:
            call(DRIVER, Message(seed))
        else:
            send(DRIVER, Message(seed))
        if seed >> 58 & 3 == 0:
            task_yield()
    return u64(0)
"""


def system_with(folder: Path, body: str) -> Path:
    """The system in `folder`, with this client in the place of the second one."""
    text = SYSTEM.read_text().replace("../programs/disk.py", str(ROOT / "programs" / "disk.py"))
    one, two, three = text.partition('name = "writer-2"\nprogram = "')
    assert two
    text = one.replace("../programs/writer.py", str(ROOT / "programs" / "writer.py")) + two + three.replace(
        "../programs/writer.py", "client.py"
    )
    (folder / "disk.toml").write_text(text)
    (folder / "disk.img").write_bytes(IMAGE)
    (folder / "client.py").write_text(HEAD + body)
    return folder / "disk.toml"


def alone(path: Path) -> Path:
    """Without the first client."""
    text = path.read_text()
    start, end = text.index('\n[[task]]\nname = "writer-1"'), text.index('\n[[task]]\nname = "writer-2"')
    path.write_text(text[:start] + text[end:])
    return path


def well(report: dict[str, Any]) -> bool:
    """Whether the driver serves and the clients have ended well."""
    return bool(report["status"] == 0 and report["tasks"][0]["state"] == "waiting")


def kept(patch: pytest.MonkeyPatch) -> list[Block]:
    """The models of runs from now on."""
    made: list[Block] = []

    def model(bus: Bus, line: SetLine, device: Described) -> Block:
        made.append(Block(line, bus.memory, bus.now, sectors=Sectors(device.content)))
        return made[-1]

    have(patch, "block", model)
    return made


@pytest.mark.parametrize("seed", range(1, 6))
def test_no_step_at_which_calls_are_interrupted_changes_anything(seed: int) -> None:
    report = run_system([SYSTEM], "hosted", preempt_calls=seed)
    assert report["console"] == SAID * 2 and well(report)


def test_each_client_writes_to_its_own_half(monkeypatch: pytest.MonkeyPatch) -> None:
    made = kept(monkeypatch)
    assert well(run_system([SYSTEM], "native"))
    disk = made[0].sectors.read(0, len(IMAGE) // 512)
    for block in range(2 * HALF):
        (seed,) = unpack_from("<Q", IMAGE, 4096 * HALF * (block // HALF))
        expected = b"".join(pack("<Q", seed ^ (block % HALF << 32 | at)) for at in range(512))
        assert disk[4096 * block : 4096 * (block + 1)] == expected


@pytest.mark.parametrize("machine", ["native", pytest.param("qemu", marks=pytest.mark.qemu)])
def test_what_is_not_there_is_refused_and_a_full_ring_is_served(tmp_path: Path, machine: str) -> None:
    report = run_system([alone(system_with(tmp_path, REFUSALS))], machine)
    assert report["console"] == "1 5 0 \n64 0 0 \n" and well(report)


@pytest.mark.promise(
    "`programs/entropy.py` and `programs/disk.py` answer with an error what their device has failed to do, and go on "
    "serving"
)
@pytest.mark.parametrize(
    ("fault", "place", "second"),
    [
        (Fault.IO_ERROR, 8, "7 0 1"),
        (Fault.IO_ERROR, 15, "7 0 1"),
        (Fault.SHORT, 8, "7 0 1"),
        (Fault.SHORT, 9, "8 0 0"),  # a write: nothing is read
        (Fault.SPURIOUS, 8, "8 0 0"),
        (Fault.SPURIOUS, 12, "8 0 0"),
        (Fault.USED_ID, 8, "0 0 8"),
        (Fault.USED_ID, 12, "4 0 4"),
        (Fault.USED_ID, 15, "7 0 1"),
        (Fault.USED_LENGTH, 8, "0 0 8"),
        (Fault.USED_LENGTH, 15, "7 0 1"),
    ],
)
def test_what_a_device_does_wrong_is_told_and_goes_no_further(
    fault: Fault, place: int, second: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It does it in the second of five batches of eight. Of the batches behind it all is done."""
    have(monkeypatch, "block", block_with({(0, place): fault}))
    report = run_system([alone(system_with(tmp_path, ROUNDS))], "hosted")
    assert report["console"].splitlines() == ["8 0 0 ", f"{second} ", *["8 0 0 "] * 3] and well(report)


def test_a_device_that_fails_again_and_again_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    have(monkeypatch, "block", block_with({(0, place): Fault.USED_ID for place in range(1000)}))
    rounds = ROUNDS.replace("irange(5)", "irange(12)")
    report = run_system([alone(system_with(tmp_path, rounds))], "hosted")
    assert report["console"].splitlines() == [
        *["0 0 8 "] * 8, "disk: the device is given up", *["0 0 8 "] * 4
    ] and well(report)  # fmt: skip


class Late(Block):
    """Serves what it is notified of so many instructions later as the next number says."""

    delays: Iterator[int]
    at: int | None = None

    def write(self, offset: int, width: int, value: int) -> None:
        if offset == 0x50 and self.driver.works():
            self.at = self._now() + next(self.delays) if self.at is None else self.at
        else:
            super().write(offset, width, value)

    def next_event(self) -> int | None:
        return self.at

    def advance(self, now: int) -> None:
        self.at = None
        self.serve_queue(0)


@pytest.mark.parametrize("first", range(1, 4000, 500))
def test_an_interrupt_may_come_at_each_instruction(
    first: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One comes 1, 2, … 4,000 instructions behind the store that notifies: while the driver waits, is woken by the next
    request, takes it, or answers. Nothing is lost."""
    came: set[int] = set()

    def model(bus: Bus, line: SetLine, device: Described) -> Late:
        made = Late(line, bus.memory, bus.now, sectors=Sectors(device.content))

        def delays() -> Iterator[int]:
            for delay in range(first, first + 500):
                came.add(delay)
                yield delay
            while True:
                yield 7

        made.delays = delays()
        return made

    have(monkeypatch, "block", model)
    path = alone(system_with(tmp_path, PAIRS.replace("irange(PAIRS)", "irange(600)")))
    report = run_system([path], "native")
    assert report["console"] == "1200 0 0 \n" and well(report)
    assert len(came) == 500


@pytest.mark.promise(
    "A client of `programs/disk.py` reaches its own part of the disk only, and only by its own buffers, whatever it "
    "writes to the ring that it shares with the driver",
    "No number there keeps the driver from its other clients",
)
@pytest.mark.parametrize("seed", range(1, 7))
def test_a_hostile_client_harms_nobody(seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = kept(monkeypatch)
    path = system_with(tmp_path, HOSTILE.replace("SEED", str(seed * 987_654_321)))
    report = run_system([path], "native")
    driver, writer, hostile = report["tasks"]
    assert report["console"] == SAID
    assert driver["fault"] is None and driver["state"] == "waiting"
    assert (writer["code"], hostile["fault"]) == (0, None)
    sectors = {sector // 8 for sector in made[0].sectors.written()}
    assert set(range(HALF)) < sectors <= set(range(2 * HALF))
    (seed_found,) = unpack_from("<Q", IMAGE)
    assert made[0].sectors.read(0, 8) == b"".join(pack("<Q", seed_found ^ at) for at in range(512))


@first_of("truth", [0.9, 0.98, 0.995])
def test_no_device_makes_the_driver_fail(truth: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = alone(system_with(tmp_path, ROUNDS))
    said = set()
    for seed in range(12):

        def model(bus: Bus, line: SetLine, device: Described, seed: int = seed) -> Liar:
            honest = Block(line, bus.memory, bus.now, sectors=Sectors(device.content))
            return Liar(honest, line, bus.memory, bus.now, seed, truth)

        have(monkeypatch, "block", model)
        report = run_system([path], "native")
        driver, client = report["tasks"]
        assert driver["fault"] is client["fault"] is None
        assert driver["code"] is None and client["code"] in (None, 0)
        said |= set(re.findall(r"[0-8] 0 [0-8]|given up", report["console"]))
    assert {"8 0 0", "0 0 8"} <= said
