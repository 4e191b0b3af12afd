"""The console as a service: `tyrne.user.line_service` over a virtio console, which is heard by its interrupt."""

from __future__ import annotations

from typing import Final

from tyrne.lang import export, handle, irange, u32, u64
from tyrne.lang.machine import read8, write8
from tyrne.user import (
    EndpointCap,
    InterruptCap,
    MemoryCap,
    NotificationCap,
    bind,
    done,
    granted,
    interrupt_ack,
    interrupt_bind,
    wait_signals,
)
from tyrne.user.line_service import Line, Typed, serve
from tyrne.user.virtio import DeviceMemory, VirtioDevice, VirtioError, VirtioQueue, device_memory

REQUESTS: Final = EndpointCap(handle("console"))
INTERRUPT: Final = InterruptCap(handle("keys_interrupt"))
BELL: Final = NotificationCap(handle("bell"))
SHARED: Final = MemoryCap(handle("shared"))
REGISTERS: Final = u64(0x1000_0000)
RING: Final = u64(1)
CONSOLE: Final = u32(3)
"""The device's id."""
RECEIVE: Final = u64(0)
TRANSMIT: Final = u64(1)
PLACES: Final = u64(4)
"""Of each queue."""

RECEIVE_AT: Final = u64(0)
TRANSMIT_AT: Final = u64(0x200)
KEYS_AT: Final = u64(0x400)
LINE_AT: Final = u64(0x500)
"""Where queues and buffers lie in the shared page."""
KEYS: Final = 64
"""Bytes of the buffer of keys."""


class VirtioConsole:
    """Satisfies `LineDevice`."""

    def __init__(self) -> None:
        self.device: VirtioDevice = VirtioDevice()
        self.keys: VirtioQueue = VirtioQueue()
        self.lines: VirtioQueue = VirtioQueue()
        self.memory: DeviceMemory = DeviceMemory(u64(0), u64(0), u64(0))
        self.at: u64 = u64(0)
        self.held: u64 = u64(0)
        """Of the buffer of keys: which byte comes next, and how many there are."""
        self.offered: bool = False
        """Whether the device has that buffer."""
        self.works: bool = False

    def start(self, memory: DeviceMemory) -> None:
        self.memory = memory
        error = self.device.start(REGISTERS, CONSOLE, u64(0))
        if error is None:
            error = self.keys.set_up(self.device, RECEIVE, memory, RECEIVE_AT, PLACES)
        if error is None:
            error = self.lines.set_up(self.device, TRANSMIT, memory, TRANSMIT_AT, PLACES)
        if error is None:
            self.device.go()
        self.works = error is None

    def hear(self) -> bool:
        error = self.device.acknowledge()
        done(interrupt_ack(INTERRUPT))
        return error is None

    def put_out(self, line: Line) -> bool:
        for i in irange(line.length):
            write8(self.memory.address + LINE_AT + i, line.text[i])
        if self.lines.add(self.memory, LINE_AT, line.length, False) is not None:
            return False
        self.lines.offer()
        self.lines.notify(self.device)
        while True:
            used = self.lines.take(self.device)
            if used is not None:
                return not isinstance(used, VirtioError)
            granted(wait_signals(BELL))
            if not self.hear():
                return False

    def take_keys(self, typed: Typed) -> bool:
        while self.works and not typed.over:
            if self.at < self.held:
                if not typed.edit(read8(self.memory.address + KEYS_AT + self.at)):
                    return True
                self.at += 1
            elif self.offered:
                used = self.keys.take(self.device)
                if used is None:
                    return True
                if isinstance(used, VirtioError):
                    return False
                self.offered = False
                self.at = u64(0)
                self.held = used.written
            else:
                if self.keys.add(self.memory, KEYS_AT, u64(KEYS), True) is not None:
                    return False
                self.keys.offer()
                self.keys.notify(self.device)
                self.offered = True
        return self.works


DEVICE: Final = VirtioConsole()


@export
def main() -> u64:
    memory = granted(device_memory(SHARED))
    done(interrupt_bind(INTERRUPT, BELL, RING))
    done(bind(REQUESTS, BELL))
    DEVICE.start(memory)
    serve(DEVICE, REQUESTS)
