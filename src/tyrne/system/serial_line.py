"""What a system whose task drives the serial line cannot have: its kernel says nothing there, and needs the button."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from tyrne.boards.qemu_virt.memory_map import GPIO
from tyrne.boards.qemu_virt.power_button import LINE
from tyrne.system.capabilities import overlap
from tyrne.system.mistakes import Mistakes
from tyrne.system.parts import CONSOLE, SERIAL, Device
from tyrne.system.shape import Description

_BUTTON: Final = (
    "the GPIO has the power button, by which a kernel that leaves the serial line to a task is stopped; remove it"
)


def check_serial_line(mistakes: Mistakes, model: Description, devices: Sequence[Device]) -> None:
    """No task has the debug console, nobody types into two devices, and the kernel has the power button."""
    serial = next((device for device in devices if device.kind == SERIAL), None)
    if serial is None:
        return
    for number, device in enumerate(devices):
        if device.kind == CONSOLE:
            what = f'device "{serial.name}" is a console already, and what is typed goes to one; remove one of them'
            mistakes.add(("device", number, "kind"), what)
    for number, memory in enumerate(model.memory):
        if memory.address is not None and overlap(memory.address, memory.pages or 1, int(GPIO), 1):
            mistakes.add(("memory", number, "address"), _BUTTON)
    for task, table in enumerate(model.task):
        for number, cap in enumerate(table.caps):
            if cap.console:
                what = f'the kernel has no console, since device "{serial.name}" is the serial line; '
                mend = "remove { console = true }, and let the task ask who drives the line, or remove the device"
                mistakes.add(("task", task, "caps", number, "console"), what + mend)
            if cap.interrupt == LINE:
                mistakes.add(("task", task, "caps", number, "interrupt"), _BUTTON)
