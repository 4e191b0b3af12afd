"""What a frame of a network takes on its way through programs/echo.py and back, in batches of a size that is sure."""

from __future__ import annotations

import tempfile
from collections import defaultdict
from pathlib import Path
from struct import pack
from typing import Final

from counts import BenchError, boot, samples_in

from tyrne.hosted.devices.pcap import pcap_of
from tyrne.hosted.devices.peer import ADDRESS, GUEST, IP, checksum
from tyrne.system.build import kernel_elf
from tyrne.system.device_files import read_files
from tyrne.system.devices import emulator_options
from tyrne.system.parts import FIRST_ADDRESS
from tyrne.system.qemu_wire import Wire
from tyrne.system.select import load_system, select

ROOT: Final = Path(__file__).parents[1]
PROGRAM: Final = ROOT / "programs" / "echo.py"
SYSTEM: Final = ROOT / "systems" / "echo.toml"
MAIN: Final = Path(__file__).parent / "programs" / "frames.txt"
FRAME_BYTES: Final = 1_500
ROUNDS: Final = 50
PHASES: Final = ((1, False), (8, False), (64, False), (64, True))
"""Frames of a batch, and whether they have a checksum of UDP, which the program then computes. As in the program."""
_CHANGES: Final = (
    ("PLACES: Final = 32\n", "PLACES: Final = 128\n"),
    ("BUFFERS_AT: Final = u64(0x1000)\n", "BUFFERS_AT: Final = u64(0x3000)\n"),
    ("TRANSMIT_AT: Final = u64(0x800)\n", "TRANSMIT_AT: Final = u64(0x1100)\n"),
    ("irange(RECEIVED.places)", "irange(1)"),
)
"""Of the program, so that 64 frames are read while 64 answers are on their way; it begins with one buffer."""
_GIVEN: Final = """\
  { notification = "quiet" },
  { memory = "samples", at = 0x1200_0000 },
]
"""
_PARTS: Final = '[[notification]]\nname = "quiet"\n\n[[memory]]\nname = "samples"\npages = 1\n\n[[task]]'


def batches() -> list[list[int]]:
    """For each phase, instructions of the program and the kernel for each batch."""
    with tempfile.TemporaryDirectory(prefix="tyrne-bench-") as name:
        folder = Path(name)
        (folder / "echo.pcap").write_bytes(pcap_of((0, frame) for frame in frames()))
        (folder / "echo.py").write_text(program())
        (folder / "echo.toml").write_text(description())
        system = load_system(select([folder / "echo.toml"]))
        devices = read_files(system.devices, ())
        kernel = kernel_elf(system, release=True, counted=True)
        with tempfile.NamedTemporaryFile(prefix="tyrne-bench-") as ram, Wire(devices[0]) as wire:
            boot("frames", kernel, ram.name, options=wire.options(emulator_options(devices)))
            samples = samples_in("frames", Path(ram.name), ROUNDS * len(PHASES))
    found = defaultdict(list)
    for phase, instructions in samples:
        found[phase].append(instructions)
    if {phase: len(each) for phase, each in found.items()} != dict.fromkeys(range(len(PHASES)), ROUNDS):
        raise BenchError("frames: not the samples that its program takes")
    return [found[phase] for phase in range(len(PHASES))]


def program() -> str:
    """programs/echo.py with another beginning and another end."""
    text, _, _ = PROGRAM.read_text().partition("@export\n")
    return changed(text, PROGRAM, _CHANGES) + MAIN.read_text()


def changed(text: str, path: Path, changes: tuple[tuple[str, str], ...]) -> str:
    """The text of a file with changes, each of which has one place there."""
    for old, new in changes:
        if text.count(old) != 1:
            raise BenchError(f"{path.name} does not say {old.strip()} once")
        text = text.replace(old, new)
    return text


def description() -> str:
    """systems/echo.toml with more memory, and what it counts in."""
    text = SYSTEM.read_text().replace("../programs/echo.py", "echo.py").replace("pages = 17", "pages = 67")
    return text.replace("[[task]]", _PARTS).rstrip().removesuffix("]") + _GIVEN


def frames() -> list[bytes]:
    """What is sent, in order: of each phase one batch more than is counted, and one frame before all."""
    return [datagram(False)] + [datagram(summed) for batch, summed in PHASES for _ in range(batch * (ROUNDS + 1))]


def datagram(summed: bool) -> bytes:
    """A frame with a datagram to port 7, with or without its checksum."""
    length = FRAME_BYTES - 14 - 20
    ports, body = pack(">HHH", 4000, 7, length), bytes(length - 8)
    total = checksum(IP + GUEST + pack(">HH", 17, length) + ports + bytes(2) + body) if summed else 0
    head = pack(">BBHIBBH", 0x45, 0, FRAME_BYTES - 14, 0, 64, 17, 0) + IP + GUEST
    head = head[:10] + pack(">H", checksum(head)) + head[12:]
    return FIRST_ADDRESS + ADDRESS + b"\x08\0" + head + ports + pack(">H", total) + body
