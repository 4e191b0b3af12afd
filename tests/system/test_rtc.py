"""The real-time clock: its registers are those of QEMU's on every machine, and its alarm comes at the same time."""

from __future__ import annotations

from pathlib import Path

import pytest

from tyrne.testing import run_system

DESCRIPTION = """\
[system]
name = "clock"
[[device]]
name = "rtc"
kind = "rtc"
[[notification]]
name = "quiet"
[[task]]
name = "driver"
program = "driver.py"
caps = [ { console = true }, { device = "rtc", at = 0x1000_0000 }, { clock = true }, { notification = "quiet" } ]
"""
HEAD = """\
from __future__ import annotations
from typing import Final
from tyrne.abi import Status
from tyrne.lang import export, handle, irange, u8, u16, u32, u64
from tyrne.lang.machine import read8, read16, read32, read64, write8, write16, write32, write64
from tyrne.user import ClockCap, NotificationCap, print_bytes, print_hex, sleep_until

CLOCK: Final = ClockCap(handle("clock"))
QUIET: Final = NotificationCap(handle("quiet"))
R: Final = u64(0x1000_0000)


def show(value: u64) -> None:
    print_hex(value)
    print_bytes(b" ")


def show_all(text: bytes) -> None:
    for i in irange(8):
        show(u64(read32(R + 4 * i)))
    print_bytes(text)
    print_bytes(b"\\n")


def rest(milliseconds: u64) -> None:
    assert sleep_until(CLOCK, milliseconds * 1_000_000, QUIET) is Status.TIMED_OUT


@export
def main() -> u64:
"""
REGISTERS = """\
    show_all(b"at the start")
    for i in irange(8):
        show(u64(read32(R + 0xFE0 + 4 * i)))
        show(u64(read8(R + 0xFE1 + 4 * i)))
        show(read64(R + 0xFE0 + 8 * (i // 2)))
    print_bytes(b"\\n")
    show(u64(read8(R)))
    show(u64(read8(R + 1)))
    show(u64(read16(R)))
    show(u64(read16(R + 2)))
    show(read64(R))
    show(u64(read32(R + 0x20)))
    show(u64(read32(R + 0xFDC)))
    print_bytes(b"\\n")
    write32(R + 0x10, u32(0xFFFF_FFFF))
    show_all(b"IMSC all")
    write32(R + 0x4, read32(R))
    show_all(b"MR = DR")
    write32(R + 0x10, u32(2))
    show_all(b"IMSC 2")
    write32(R + 0x1C, u32(2))
    show_all(b"ICR 2")
    write32(R + 0x1C, u32(1))
    show_all(b"ICR 1")
    write32(R + 0x8, u32(0x7FFF_FFFF))
    show_all(b"LR")
    write32(R + 0x8, u32(5))
    show_all(b"LR 5")
    write32(R + 0x4, u32(5))
    show_all(b"MR 5")
    write32(R + 0x1C, u32(0xFF))
    write32(R + 0xC, u32(0))
    write32(R, u32(99))
    write32(R + 0x14, u32(1))
    write32(R + 0x18, u32(1))
    write32(R + 0xFE0, u32(1))
    show_all(b"those that are not written")
    write8(R + 0x8, u8(0x81))
    show_all(b"a byte of LR")
    write16(R + 0x4, u16(0x1234))
    show_all(b"half of MR")
    write8(R + 0x5, u8(0x77))
    show_all(b"the second byte of MR")
    write64(R + 0x8, u64(0x1_1111_2222))
    show_all(b"LR and CR")
    write32(R + 0x4, u32(3))
    write32(R + 0x8, u32(3))
    show_all(b"LR = MR")
    return u64(0)
"""
ALARMS = """\
    rest(u64(500))
    write32(R + 0x4, read32(R) + 2)
    show_all(b"set")
    rest(u64(2_400))
    show_all(b"the second is there")
    rest(u64(2_600))
    show_all(b"two seconds after it was set")
    write32(R + 0x1C, u32(1))
    rest(u64(5_700))
    write32(R + 0x4, u32(7))
    write32(R + 0x8, u32(6))
    show_all(b"set by LR")
    rest(u64(6_600))
    show_all(b"not yet")
    rest(u64(6_800))
    show_all(b"there")
    write32(R + 0x1C, u32(1))
    write32(R + 0x4, u32(9))
    write32(R + 0x4, u32(1))
    rest(u64(20_000))
    show_all(b"called off, for one after the seconds have begun anew")
    return u64(0)
"""


def console(folder: Path, machine: str, body: str) -> str:
    (folder / "driver.py").write_text(HEAD + body)
    (folder / "clock.toml").write_text(DESCRIPTION)
    report = run_system([folder / "clock.toml"], machine, max_instructions=0).report()
    assert report["status"] == 0, report
    return str(report["console"])


@pytest.mark.qemu
@pytest.mark.parametrize("body", [REGISTERS, ALARMS], ids=["registers", "alarms"])
def test_the_clock_is_that_of_qemu(tmp_path: Path, body: str) -> None:
    expected = console(tmp_path, "qemu", body)
    assert console(tmp_path, "hosted", body) == expected
    assert console(tmp_path, "native", body) == expected


def test_what_the_registers_say(tmp_path: Path) -> None:
    start, *_, last = console(tmp_path, "hosted", REGISTERS).splitlines()
    assert start == "0x6955b900 0x0 0x0 0x1 0x0 0x0 0x0 0x0 at the start"
    assert last == "0x3 0x3 0x3 0x1 0x0 0x1 0x0 0x0 LR = MR"


def test_an_alarm_comes_whole_seconds_after_it_is_set(tmp_path: Path) -> None:
    rang = [line.split()[5] for line in console(tmp_path, "hosted", ALARMS).splitlines()]
    assert rang == ["0x0", "0x0", "0x1", "0x0", "0x0", "0x1", "0x0"]
