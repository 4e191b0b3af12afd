"""The machine's power button, at a pin of its GPIO (PL061). It is pressed to stop a run that is followed, where the
serial line is a task's."""

from __future__ import annotations

from typing import Final

from tyrne.boards.qemu_virt.memory_map import DIRECT_MAP, GPIO
from tyrne.lang import u32, u64
from tyrne.lang.machine import write32

EDGE: Final = u64(0x40C)
"""GPIOIEV: which edge of a pin is an event; 1 is the rising one. Directions and senses are 0 after reset: inputs, by
edges."""
ENABLED: Final = u64(0x410)
"""GPIOIE: whose events raise the line."""
BUTTON: Final = u32(1 << 3)
"""The pin."""
NONE: Final = u32(0)
LINE: Final = u32(39)
"""Interrupt id of the GPIO (SPI 7)."""


class PowerButton:
    """Raises the interrupt line when it is pressed, once."""

    def __init__(self) -> None:
        pass

    def listen(self) -> None:
        self._write(EDGE, BUTTON)
        self._write(ENABLED, BUTTON)

    def ignore(self) -> None:
        """The line falls, however often it is pressed."""
        self._write(ENABLED, NONE)

    def _write(self, register: u64, value: u32) -> None:
        # audit: U-16
        write32(GPIO + DIRECT_MAP + register, value)
