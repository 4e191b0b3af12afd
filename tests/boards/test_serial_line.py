"""The serial line of the board carries the kernel's lines and what tasks were allowed to write, and not a byte more."""

from __future__ import annotations

from pathlib import Path

import pytest
from metal import boot

from running import run_hosted
from tyrne.hosted.recorder import Listener
from tyrne.system.build import kernel_elf
from tyrne.system.manifest import encode
from tyrne.system.select import load_system, select

TREE = Path(__file__).parents[2]
OF_THE_MACHINE = ("tyrne: pmm initialized", "tyrne: address-space-arena ready", "tyrne: boot-to-end elapsed")
"""Lines with sizes and times of one machine."""


class Line(Listener):
    """What a serial line would carry."""

    def __init__(self) -> None:
        self.sent = bytearray()

    def log(self, byte: int) -> None:
        self.sent.append(byte)

    def console(self, task: int, byte: int) -> None:
        self.sent.append(byte)


def comparable(text: str) -> list[str]:
    return [line for line in text.splitlines() if not line.startswith(OF_THE_MACHINE)]


@pytest.mark.qemu
@pytest.mark.parametrize("description", ["intruder.toml", "intruder-memory.toml"])
@pytest.mark.parametrize("release", [False, True])
def test_an_attack_puts_nothing_on_the_serial_line_that_the_hosted_console_does_not_show(
    description: str, release: bool
) -> None:
    system = load_system(select([TREE / "systems" / description]))
    line = Line()
    run_hosted(encode(system), debug_console=not release, listener=line)
    outcome = boot(kernel_elf(system, release=release))
    assert comparable(outcome.serial) == comparable(line.sent.decode())
    assert ("got 0x" in outcome.serial or "expected" in outcome.serial) is not release
