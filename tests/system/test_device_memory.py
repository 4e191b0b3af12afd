"""Devices that a description gives to a task: their registers are where it says, and only as it says."""

from pathlib import Path

import pytest

from running import run_system

pytestmark = pytest.mark.qemu

DESCRIPTION = """\
[system]
name = "devices"
[[memory]]
name = "clock"
pages = 1
address = 0x0901_0000
[[memory]]
name = "gpio"
pages = 1
address = 0x0903_0000
[[memory]]
name = "virtio"
pages = 4
address = 0x0A00_0000
[[memory]]
name = "flash"
pages = 512
address = 0x07E0_0000
[[task]]
name = "driver"
program = "driver.S"
caps = [
  { memory = "clock", at = 0x1000_0000, writable = false },
  { memory = "gpio", at = 0x1000_1000 },
  { memory = "virtio", at = 0x1001_0000 },
  { memory = "flash", at = 0x2000_0000 },
]
"""

IDENTITIES = """\
        .text
        .global _start
_start: mov     x1, #0x10000000
        ldr     w2, [x1, #0xfe0]        // PL031: 0x31
        mov     x3, #0x1fe0
        ldr     w3, [x1, x3]            // PL061: 0x61
        add     x1, x1, #0x10000
        ldr     w4, [x1]                // the first virtio transport: "virt"
        mov     x6, #0x3000
        ldr     w6, [x1, x6]            // one on the last page: "virt"
        mov     x7, #0x20000000
        ldr     w8, [x7]
        mov     x9, #0x1ffffc
        ldr     w9, [x7, x9]
        sub     x0, x2, #0x31
        sub     x3, x3, #0x61
        orr     x0, x0, x3
        ldr     x10, =0x74726976
        sub     x4, x4, x10
        sub     x6, x6, x10
        orr     x0, x0, x4
        orr     x0, x0, x6
        mov     x8, #4
        svc     #0
"""
STORE = """\
        .text
        .global _start
_start: mov     x1, #0x10000000
        str     w1, [x1, #8]
        mov     x8, #4
        svc     #0
"""


def driven(folder: Path, program: str) -> dict[str, object]:
    (folder / "driver.S").write_text(program)
    (folder / "devices.toml").write_text(DESCRIPTION)
    (task,) = run_system([folder / "devices.toml"], "qemu")["tasks"]
    assert isinstance(task, dict)
    return task


def test_a_driver_reads_the_registers_of_its_devices(tmp_path: Path) -> None:
    ended = {"name": "driver", "state": "exited", "code": 0, "fault": None, "stands": None}
    assert driven(tmp_path, IDENTITIES) == ended


def test_a_driver_that_may_only_read_does_not_write(tmp_path: Path) -> None:
    task = driven(tmp_path, STORE)
    assert task["state"] == "faulted"
    assert isinstance(task["fault"], dict) and task["fault"]["far"] == "0x10000008"
