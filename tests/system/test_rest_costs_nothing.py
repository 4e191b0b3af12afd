"""A processor that rests takes no time of the host's: while a system sleeps for long, the host's processors are idle.

Processor time is compared with that of the same system when it sleeps for a moment, so nothing depends on how fast or
how busy the computer is.
"""

from __future__ import annotations

import resource
import time
from pathlib import Path

import pytest

from tyrne.hosted.recorder import Listener
from tyrne.system.run import Machine, Request, prepare
from tyrne.system.select import load_system, select

SLEEPER = """\
from typing import Final

from tyrne.abi import Status
from tyrne.lang import export, handle, u64
from tyrne.user import ClockCap, NotificationCap, clock_read, granted, sleep_until

CLOCK: Final = ClockCap(handle("clock"))
QUIET: Final = NotificationCap(handle("quiet"))


@export
def main() -> u64:
    until = granted(clock_read(CLOCK)) + {nanoseconds}
    assert sleep_until(CLOCK, until, QUIET) is Status.TIMED_OUT
    return u64(0)
"""
SYSTEM = """\
[system]
name = "rest"
{device}
[[notification]]
name = "quiet"
[[task]]
name = "sleeper"
program = "sleeper.py"
caps = [{{ clock = true }}, {{ notification = "quiet", rights = ["WAIT"] }}]
"""
IN_HOSTS_TIME = '[[device]]\nname = "random"\nkind = "entropy"'
"""With a virtio device QEMU sleeps as long as its guest does."""
SHORT = 1_000_000


def processor_seconds(folder: Path, machine: Machine, nanoseconds: int, device: str) -> float:
    """Of this process and of those that it has waited for, for a run that sleeps so long."""
    (folder / "sleeper.py").write_text(SLEEPER.format(nanoseconds=nanoseconds))
    (folder / "system.toml").write_text(SYSTEM.format(device=device))
    ready = prepare(Request(load_system(select([folder / "system.toml"])), machine, False, 0))
    before = time.process_time() + _of_children()
    result = ready.run(Listener())
    assert result.status == 0
    return time.process_time() + _of_children() - before


def _of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


@pytest.mark.parametrize(
    "machine", [Machine.HOSTED, Machine.NATIVE, pytest.param(Machine.QEMU, marks=pytest.mark.qemu)]
)
def test_a_million_million_instructions_of_rest_cost_no_time(machine: Machine, tmp_path: Path) -> None:
    short = processor_seconds(tmp_path, machine, SHORT, "")
    long = processor_seconds(tmp_path, machine, 1_000_000 * SHORT, "")
    assert long < 3 * short + 0.2, "to execute them would take minutes"


@pytest.mark.qemu
def test_a_system_that_sleeps_in_the_hosts_time_keeps_no_processor_busy(tmp_path: Path) -> None:
    short = processor_seconds(tmp_path, Machine.QEMU, SHORT, IN_HOSTS_TIME)
    began = time.monotonic()
    long = processor_seconds(tmp_path, Machine.QEMU, 4_000 * SHORT, IN_HOSTS_TIME)
    slept = time.monotonic() - began
    assert slept >= 4
    assert long - short < slept / 4
