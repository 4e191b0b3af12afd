"""The devices of QEMU's `virt` board that a task may be given, and those that it may not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tyrne.boards.qemu_virt.memory_map import CPU_INTERFACE, DISTRIBUTOR, RAM_END, RAM_START, UART
from tyrne.boards.qemu_virt.uart import LINE as UART_LINE
from tyrne.system.errors import RequestError
from tyrne.system.limits import PAGE
from tyrne.system.manifest import System


@dataclass(frozen=True)
class Range:
    """Physical addresses from `start` up to but without `end`."""

    start: int
    end: int
    name: str

    def overlaps(self, start: int, end: int) -> bool:
        return self.start < end and start < self.end


_GIC_PART: Final = 0x1_0000

DEVICES: Final = (
    Range(0x0400_0000, 0x0800_0000, "flash"),
    Range(0x0901_0000, 0x0901_1000, "clock (PL031)"),
    Range(0x0903_0000, 0x0903_1000, "GPIO (PL061)"),
    Range(0x0A00_0000, 0x0A00_4000, "virtio"),
)
"""What a task may be given. There is no IOMMU: who drives a virtio device reaches all memory through it."""

REFUSED: Final = (
    Range(int(DISTRIBUTOR), int(DISTRIBUTOR) + _GIC_PART, "the interrupt controller, which is the kernel's"),
    Range(int(CPU_INTERFACE), int(CPU_INTERFACE) + _GIC_PART, "the interrupt controller, which is the kernel's"),
    Range(int(UART), int(UART) + PAGE, "the serial line, which is the kernel's"),
    Range(0x0902_0000, 0x0902_1000, "fw_cfg, which can write to all memory"),
)


LINES: Final = range(32, 288)
"""The lines of devices on the board, as the interrupt controller numbers them."""
_LINES_THERE_ARE: Final = "there is 34 of the clock (PL031), and 48 to 79 of virtio"


def range_error(start: int, pages: int) -> str | None:
    """What is wrong with giving a task these pages of physical addresses; None if nothing is."""
    if start % PAGE:
        return f"{start:#x} does not begin a page; write a multiple of {PAGE:#x}"
    end = start + pages * PAGE
    if start < RAM_END and int(RAM_START) < end:
        return f"{start:#x} to {end:#x} is RAM; leave address out, and the kernel finds pages"
    known = ", ".join(f"{d.name} at {d.start:#x} ({_pages((d.end - d.start) // PAGE)})" for d in DEVICES)
    for refused in REFUSED:
        if refused.overlaps(start, end):
            return f"{start:#x} to {end:#x} holds {refused.name}; there is {known}"
    if not any(device.start <= start and end <= device.end for device in DEVICES):
        return f"{start:#x} to {end:#x} lies in no device; there is {known}"
    return None


def line_error(line: int) -> str | None:
    """What is wrong with giving a task an interrupt line; None if nothing is."""
    if line == UART_LINE:
        return f"interrupt {line} is the serial line's, which is the kernel's; {_LINES_THERE_ARE}"
    return None if line in LINES else f"interrupt {line} is no device's; {_LINES_THERE_ARE}"


def refuse_devices(system: System, machine: str) -> None:
    """RequestError for a system that needs devices on a machine that has none."""
    errors = [
        f'{region.place}: memory "{region.name}" is a device at {region.address:#x}, '
        f"and the {machine} machine has none; run it with --machine qemu"
        for region in system.memory
        if region.address
    ]
    if errors:
        raise RequestError(*errors)


def _pages(number: int) -> str:
    return f"{number} page{'' if number == 1 else 's'}"
