"""One device of each kind, with memory, a line and a driver, as tests want them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from hosted.devices.ring_driver import Line, Reach, RingDriver
from tyrne.hosted.devices.block import Block, Sectors
from tyrne.hosted.devices.console import Console
from tyrne.hosted.devices.entropy import Entropy
from tyrne.hosted.devices.faults import NONE, Faults
from tyrne.hosted.devices.network import HAS_ADDRESS, Network
from tyrne.hosted.devices.virtio_mmio import VirtioMmio

ADDRESS: Final = bytes.fromhex("525400123456")
DISK: Final = bytes(sector for sector in range(8) for _ in range(512))
KINDS: Final = {"entropy": (1, 0), "block": (1, 1 << 9), "console": (2, 0), "network": (2, HAS_ADDRESS)}
"""How many queues each has, and which features beside VERSION_1."""


@dataclass
class Made:
    """A device and what is around it. `sent` is what it handed to the outside; `now` its time."""

    line: Line = field(default_factory=Line)
    memory: Reach = field(default_factory=Reach)
    sent: list[bytes] = field(default_factory=list)
    now: int = 0

    def entropy(self, seed: bytes = b"seed", faults: Faults = NONE) -> Entropy:
        return Entropy(self.line, self.memory, lambda: self.now, seed=seed, faults=faults)

    def block(self, disk: bytes = DISK, read_only: bool = False, faults: Faults = NONE) -> Block:
        return Block(
            self.line,
            self.memory,
            lambda: self.now,
            sectors=Sectors(disk),
            name=b"disk",
            read_only=read_only,
            faults=faults,
        )

    def console(self, faults: Faults = NONE) -> Console:
        return Console(self.line, self.memory, lambda: self.now, output=self.sent.append, faults=faults)

    def network(self, faults: Faults = NONE) -> Network:
        return Network(
            self.line, self.memory, lambda: self.now, address=ADDRESS, send=self.sent.append, faults=faults
        )

    def kind(self, kind: str, faults: Faults = NONE) -> VirtioMmio:
        match kind:
            case "entropy":
                return self.entropy(faults=faults)
            case "block":
                return self.block(faults=faults)
            case "console":
                return self.console(faults=faults)
        return self.network(faults=faults)

    def driver(self, device: VirtioMmio, size: int = 8) -> RingDriver:
        return RingDriver(device, self.memory, size)
