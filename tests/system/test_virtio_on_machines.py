"""A driver of a virtio device, described by [[device]], runs from the same binary on every machine."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tyrne import testing
from tyrne.system.replay import Replay

DESCRIPTION = """\
[system]
name = "virtio"
[[memory]]
name = "other"
pages = 1
dma = true
[[memory]]
name = "ring"
pages = 4
dma = true
[[device]]
name = "virtio"
kind = "KIND"
[[notification]]
name = "bell"
[[task]]
name = "driver"
program = "driver.py"
caps = [
  { console = true },
  { device = "virtio", at = 0x1000_0000 },
  { memory = "ring", at = 0x1001_0000 },
  { notification = "bell" },
]
"""
DRIVER = """\
from __future__ import annotations
from typing import Final
from tyrne.lang import export, handle, irange, u16, u32, u64
from tyrne.lang.machine import read8, read16, read32, read64, write8, write16, write32, write64
from tyrne.user import (
    InterruptCap, MemoryCap, NotificationCap, cap_query, done, granted, interrupt_ack, interrupt_bind, print_bytes,
    print_decimal, print_hex, wait_signals,
)

INTERRUPT: Final = InterruptCap(handle("virtio_interrupt"))
BELL: Final = NotificationCap(handle("bell"))
R: Final = u64(0x1000_0000)
RING: Final = u64(0x1001_0000)
MEMORY: Final = MemoryCap(handle("ring"))
DATA: Final = u64(0x1000)
WRITABLE: Final = u64(2)


class Queue:
    def __init__(self) -> None:
        self.place: u64 = u64(0)
        self.offered: u64 = u64(0)
        self.descriptors: u64 = u64(0)


QUEUE: Final = Queue()


def start() -> None:
    assert read32(R) == u32(0x7472_6976)
    assert read32(R + 4) == u32(2)
    write32(R + 0x70, u32(0))
    write32(R + 0x70, u32(1))
    write32(R + 0x70, u32(3))
    write32(R + 0x24, u32(0))
    write32(R + 0x20, u32(0))
    write32(R + 0x24, u32(1))
    write32(R + 0x20, u32(1))
    write32(R + 0x70, u32(11))
    assert read32(R + 0x70) == u32(11)
    write32(R + 0x30, u32(0))
    write32(R + 0x38, u32(8))
    QUEUE.place = granted(cap_query(MEMORY)).place
    write64(R + 0x80, QUEUE.place)
    write64(R + 0x90, QUEUE.place + 0x100)
    write64(R + 0xA0, QUEUE.place + 0x200)
    write32(R + 0x44, u32(1))
    write32(R + 0x70, u32(15))
    done(interrupt_bind(INTERRUPT, BELL, u64(1)))


def add(offset: u64, length: u64, flags: u64, more: bool) -> None:
    at = RING + 16 * QUEUE.descriptors
    QUEUE.descriptors += 1
    write64(at, QUEUE.place + offset)
    following = QUEUE.descriptors << 48 if more else u64(0)
    write64(at + 8, length | (flags | (u64(1) if more else u64(0))) << 32 | following)


def serve() -> u64:
    write16(RING + 0x104 + 2 * (QUEUE.offered % 8), u16(0))
    QUEUE.offered += 1
    QUEUE.descriptors = u64(0)
    write16(RING + 0x102, u16(QUEUE.offered))
    write32(R + 0x50, u32(0))
    assert granted(wait_signals(BELL)) == 1
    assert read32(R + 0x60) == u32(1)
    write32(R + 0x64, u32(1))
    done(interrupt_ack(INTERRUPT))
    assert u64(read16(RING + 0x202)) == QUEUE.offered
    return u64(read32(RING + 0x208 + 8 * ((QUEUE.offered - 1) % 8)))


"""
ENTROPY = """\
@export
def main() -> u64:
    start()
    for length in irange(u64(1), u64(4)):
        add(DATA, 100 * length, WRITABLE, False)
        print_decimal(serve())
        print_bytes(b" bytes\\n")
    assert read64(RING + DATA) != 0
    return u64(0)
"""
BLOCK = """\
def request(kind: u64, sector: u64, flags: u64) -> None:
    write64(RING + 0xC00, kind)
    write64(RING + 0xC08, sector)
    write8(RING + 0xD00, read8(RING) | 0xFF)
    add(u64(0xC00), u64(16), u64(0), True)
    add(DATA, u64(512), flags, True)
    add(u64(0xD00), u64(1), WRITABLE, False)
    print_decimal(serve())
    print_bytes(b" bytes, status ")
    print_decimal(u64(read8(RING + 0xD00)))
    print_bytes(b", ")
    print_hex(read64(RING + DATA))
    print_bytes(b"\\n")


@export
def main() -> u64:
    start()
    print_decimal(read64(R + 0x100))
    print_bytes(b" sectors\\n")
    request(u64(0), u64(1), WRITABLE)
    write64(RING + DATA, u64(0xFEED))
    request(u64(1), u64(1), u64(0))
    write64(RING + DATA, u64(0))
    request(u64(0), u64(1), WRITABLE)
    request(u64(0), u64(2), WRITABLE)
    return u64(0)
"""
SAID = {
    "entropy": "100 bytes\n200 bytes\n300 bytes\n",
    "block": """\
2 sectors
513 bytes, status 0, 0x736563746f722031
1 bytes, status 0, 0xfeed
513 bytes, status 0, 0xfeed
""",
}
IMAGE = b"0 rotces".ljust(512, b".") + b"1 rotces".ljust(512, b".")


@pytest.fixture(params=["entropy", "block"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def path(kind: str, tmp_path: Path) -> Path:
    (tmp_path / "disk.img").write_bytes(IMAGE)
    (tmp_path / "driver.py").write_text(DRIVER + (ENTROPY if kind == "entropy" else BLOCK))
    file = '"\nfile = "disk.img"' if kind == "block" else '"'
    (tmp_path / "s.toml").write_text(DESCRIPTION.replace('KIND"', kind + file))
    return tmp_path / "s.toml"


@pytest.mark.promise("No run writes to it")
@pytest.mark.parametrize("machine", ["hosted", "native", pytest.param("qemu", marks=pytest.mark.qemu)])
def test_a_driver_is_served(path: Path, kind: str, machine: str) -> None:
    report = testing.run_system(path, machine, max_instructions=0).report()
    assert report["console"].startswith(SAID[kind])
    assert report["status"] == 0
    assert (path.parent / "disk.img").read_bytes() == IMAGE  # writes stay in the run


@pytest.mark.parametrize("machine", ["native", pytest.param("qemu", marks=pytest.mark.qemu)])
@pytest.mark.parametrize("kind", ["entropy"], indirect=True)
def test_entropy_is_the_same_in_each_run(path: Path, machine: str) -> None:
    (path.parent / "driver.py").write_text(DRIVER + ENTROPY.replace("return u64(0)", "return read64(RING + DATA)"))
    one, other = (testing.run_system(path, machine, max_instructions=0).report()["tasks"] for _ in range(2))
    assert one == other and one[0]["code"] > 0xFFFF


def test_a_run_is_repeated_without_the_file(path: Path, tmp_path: Path) -> None:
    report = testing.run_system(path, "native").report()
    (path.parent / "disk.img").unlink()
    (tmp_path / "r.json").write_text(json.dumps(report))
    replay = Replay.load(tmp_path / "r.json")
    replay.to(-2)
    replay.back()
    assert replay.difference() is None
