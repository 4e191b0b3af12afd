"""What the virtio part of the user library finds in CPython: the registers of a model, and memory that both reach."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import pytest

from hosted.devices.ring_driver import BASE, Reach
from tyrne.hosted.devices.device import Device
from tyrne.lang import u16, u32, u64
from tyrne.user import virtio_device, virtqueue
from tyrne.user.virtio import DeviceMemory

REGISTERS: Final = 0x1000_0000
MAPPED: Final = 0x2000_0000
SIZE: Final = 0x4_0000
MEMORY: Final = DeviceMemory(u64(MAPPED), u64(BASE), u64(SIZE))


class VirtioMachine:
    """Every access of the library; one outside of both fails the test. `seen` are the registers that were written."""

    def __init__(self, device: Device, reach: Reach, patch: pytest.MonkeyPatch) -> None:
        self.device: Final = device
        self.reach: Final = reach
        self.seen: Final[list[tuple[int, int]]] = []
        self.order: Final[list[str]] = []
        """Barriers, and accesses of memory and registers between them, as they come."""
        self.before_load: Callable[[], None] = lambda: None
        """Called before the driver loads from memory: what a device does meanwhile."""
        for module in (virtio_device, virtqueue):
            for width, kind in ((2, u16), (4, u32)):
                if hasattr(module, f"read{8 * width}"):
                    patch.setattr(module, f"read{8 * width}", lambda at, w=width, k=kind: k(self.load(int(at), w)))
            for width in (2, 4, 8):
                if hasattr(module, f"write{8 * width}"):
                    patch.setattr(module, f"write{8 * width}", lambda at, v, w=width: self.store(int(at), w, int(v)))
        patch.setattr(virtqueue, "execute", lambda instruction: self.order.append(instruction.name))

    def load(self, at: int, width: int) -> int:
        assert at % width == 0
        if REGISTERS <= at < REGISTERS + 0x200:
            return self.device.read(at - REGISTERS, width)
        self.before_load()
        self.order.append(f"load {at:#x}")
        return int.from_bytes(self.reach.read(at - MAPPED + BASE, width), "little")

    def store(self, at: int, width: int, value: int) -> None:
        assert at % width == 0
        if REGISTERS <= at < REGISTERS + 0x200:
            self.seen.append((at - REGISTERS, value))
            self.order.append(f"register {at - REGISTERS:#x}")
            self.device.write(at - REGISTERS, width, value)
        else:
            assert MAPPED <= at <= MAPPED + SIZE - width
            self.order.append(f"store {at:#x}")
            self.reach.write(at - MAPPED + BASE, value.to_bytes(width, "little"))

    def notifications(self) -> int:
        return sum(offset == int(virtio_device.QUEUE_NOTIFY) for offset, _ in self.seen)
