"""What a frame of a network takes on its way through programs/network.py to a client, and one of the client's out."""

from __future__ import annotations

import tempfile
from collections import defaultdict
from pathlib import Path
from typing import Final

from counts import BenchError, boot, samples_in
from frames import changed, datagram

from tyrne.hosted.devices.pcap import pcap_of
from tyrne.system.build import kernel_elf
from tyrne.system.device_files import read_files
from tyrne.system.devices import emulator_options
from tyrne.system.qemu_wire import Wire
from tyrne.system.select import load_system, select

ROOT: Final = Path(__file__).parents[1]
PROGRAM: Final = ROOT / "programs" / "network.py"
SYSTEM: Final = ROOT / "systems" / "network.toml"
MAIN: Final = Path(__file__).parent / "programs" / "served.txt"
CLIENT: Final = Path(__file__).parent / "programs" / "served.py"
ROUNDS: Final = 50
PHASES: Final = ((1, False), (8, False), (64, False), (64, True))
"""Frames of a batch, and whether the client copies each and answers in the copy. As in the programs."""
_TO_PROGRAM: Final = (
    (", Client(RING_2, DONE_2, u64(8))", ""),
    ("in irange(STATE.buffers()):", "in irange(1):"),
    ("    if not STATE.given_up:\n        done(interrupt_ack(INTERRUPT))\n", ""),
)
"""One client; it begins with one buffer; and who measures lets the next interrupt come."""
_TO_SYSTEM: Final = (
    ('"../programs/network.py"', '"network.py"'),
    ("serves = true\n", ""),
    ('"../programs/answerer.py"\n', f'"{CLIENT}"\nserves = true\n'),
    ('{ memory = "ring_2", at = 0x1020_0000 }', '{ memory = "ring_2" }'),
    ('  { space = "network"', '  { clock = true },\n  { notification = "quiet" },\n  { space = "network"'),
    ('  { memory = "own" }', '  { memory = "samples", at = 0x1020_0000 },\n  { memory = "own" }'),
    ("[[endpoint]]", '[[notification]]\nname = "quiet"\n\n[[memory]]\nname = "samples"\npages = 1\n\n[[endpoint]]'),
)


def batches() -> list[list[int]]:
    """For each phase, instructions of the driver, the client and the kernel for each batch."""
    with tempfile.TemporaryDirectory(prefix="tyrne-bench-") as name:
        folder = Path(name)
        (folder / "network.pcap").write_bytes(pcap_of((0, frame) for frame in frames()))
        (folder / "network.py").write_text(program())
        (folder / "network.toml").write_text(description())
        system = load_system(select([folder / "network.toml"]))
        devices = read_files(system.devices, ())
        kernel = kernel_elf(system, release=True, counted=True)
        with tempfile.NamedTemporaryFile(prefix="tyrne-bench-") as ram, Wire(devices[0]) as wire:
            boot("served", kernel, ram.name, options=wire.options(emulator_options(devices)))
            samples = samples_in("served", Path(ram.name), ROUNDS * len(PHASES))
    found = defaultdict(list)
    for phase, instructions in samples:
        found[phase].append(instructions)
    if {phase: len(each) for phase, each in found.items()} != dict.fromkeys(range(len(PHASES)), ROUNDS):
        raise BenchError("served: not the samples that its program takes")
    return [found[phase] for phase in range(len(PHASES))]


def program() -> str:
    """programs/network.py with one client, another beginning and another end."""
    text, _, _ = PROGRAM.read_text().partition("@export\n")
    return changed(text, PROGRAM, _TO_PROGRAM) + MAIN.read_text()


def description() -> str:
    """systems/network.toml with the first client only, and what the driver counts in."""
    text, _, _ = SYSTEM.read_text().partition('[[task]]\nname = "answerer-2"')
    return changed(text, SYSTEM, _TO_SYSTEM)


def frames() -> list[bytes]:
    """What is sent, in order: a frame before all, and then those that are counted."""
    plain = datagram(False)
    answered = plain[:42] + b"\1" + plain[43:]
    return [plain] + [answered if copied else plain for batch, copied in PHASES for _ in range(batch * ROUNDS)]
