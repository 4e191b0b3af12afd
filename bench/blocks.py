"""What a block of a disk takes on its way to a client: programs/disk.py with one client, in batches."""

from __future__ import annotations

import tempfile
from collections import defaultdict
from pathlib import Path
from typing import Final

from counts import BenchError, boot, samples_in

from tyrne.system.build import kernel_elf
from tyrne.system.device_files import read_files
from tyrne.system.devices import emulator_options
from tyrne.system.select import load_system, select

ROOT: Final = Path(__file__).parents[1]
SYSTEM: Final = ROOT / "systems" / "disk.toml"
CLIENT: Final = Path(__file__).parent / "programs" / "blocks.py"
SAMPLES_CAP: Final = '  { memory = "samples", at = 0x1100_0000 },\n'
REGION: Final = '[[memory]]\nname = "samples"\npages = 4\n\n'
ROUNDS: Final = 200
WRITES: Final = 256
BATCHES: Final = (0, 1, 8, 64, WRITES + 64)
"""As in the program: with 256 more, a batch of writes."""


def batches() -> dict[int, list[int]]:
    """Instructions of a client, the driver and the kernel for each of BATCHES; 0 is one refused request."""
    with tempfile.TemporaryDirectory(prefix="tyrne-bench-") as name:
        folder = Path(name)
        (folder / "disk.img").write_bytes(bytes(2 * 64 * 4096))
        (folder / "disk.toml").write_text(description())
        system = load_system(select([folder / "disk.toml"]))
        options = emulator_options(read_files(system.devices, ()))
        with tempfile.NamedTemporaryFile(prefix="tyrne-bench-") as ram:
            boot("blocks", kernel_elf(system, release=True, counted=True), ram.name, options=options)
            samples = samples_in("blocks", Path(ram.name), ROUNDS * len(BATCHES))
    found = defaultdict(list)
    for batch, instructions in samples:
        found[batch].append(instructions)
    if {batch: len(each) for batch, each in found.items()} != dict.fromkeys(BATCHES, ROUNDS):
        raise BenchError("blocks: not the samples that its program takes")
    return dict(found)


def description() -> str:
    """systems/disk.toml with one client, which counts, and has 64 buffers."""
    text = SYSTEM.read_text().replace("../programs/disk.py", str(ROOT / "programs" / "disk.py"))
    start, end = text.index('[[task]]\nname = "writer-1"'), text.index('[[task]]\nname = "writer-2"')
    client = text[end:].replace("../programs/writer.py", str(CLIENT)).rstrip().removesuffix("]") + SAMPLES_CAP + "]\n"
    return (REGION + text[:start]).replace("pages = 17", "pages = 65") + client
